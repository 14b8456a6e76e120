//! The record a program reads: every round of every contender, and what it was measured on.

use std::fs;
use std::process::Command;

use serde_json_plain::{Value, json};

use super::{Bound, Line, Measured, Report};
use crate::node;
use crate::rounds::{Entry, Sample};
use crate::statistics::Spread;

pub(super) fn write(report: &Report) -> anyhow::Result<String> {
    let contenders: Vec<_> = report
        .lines
        .iter()
        .zip(&report.entries)
        .map(|(line, entry)| contender(line, entry))
        .collect();
    let absent: Vec<_> = report
        .absent
        .iter()
        .map(|absent| json!({ "name": absent.name, "reason": absent.reason }))
        .collect();
    let targets = report.targets.iter().map(|target| {
        let measured = if let Measured::Ratio(ratio) = target.measured { Some(ratio) } else { None };
        let (most, least) = match target.bound {
            Some(Bound::Most(most)) => (Some(most), None),
            Some(Bound::Least(least)) => (None, Some(least)),
            None => (None, None),
        };
        json!({ "what": target.what, "measured": spread(measured), "most": most, "least": least, "met": target.met() })
    });
    let record = json!({
        "workload": format!("{}: {}", report.plan.workload.letter(), report.plan.workload.what()),
        "base": report.plan.workload.base(),
        "machine": machine(),
        "warnings": report.warnings,
        "plan": {
            "rounds": report.plan.rounds,
            "seconds": report.plan.measured.as_secs_f64(),
            "connections": report.plan.connections,
            "openRequestsPerSecond": report.rate,
        },
        "contenders": contenders,
        "absent": absent,
        "targets": targets.collect::<Vec<_>>(),
    });
    Ok(format!("{record:#}\n"))
}

fn contender(line: &Line, entry: &Entry) -> Value {
    let round = |sample: &Sample| {
        json!({
            "cpuMicrosPerRequest": sample.cpu_us_per_request,
            "requestsPerSecond": sample.requests_per_second,
            "busy": sample.busy,
            "p50Micros": sample.latency_us.map(|(p50, _)| p50),
            "p99Micros": sample.latency_us.map(|(_, p99)| p99),
        })
    };
    json!({
        "name": line.name,
        "kind": line.kind.word(),
        "cpuMicrosPerRequest": spread(Some(line.cpu_us)),
        "ofFloor": spread(line.of_floor),
        "ofBase": spread(line.of_base),
        "requestsOfBase": spread(line.requests_of_base),
        "requestsPerSecond": spread(Some(line.requests_per_second)),
        "busy": spread(Some(line.busy)),
        "p50Micros": spread(line.p50_us),
        "p99Micros": spread(line.p99_us),
        "p99OfBase": spread(line.p99_of_base),
        "peakResidentBytes": line.peak_resident_bytes,
        "rounds": entry.samples.iter().map(round).collect::<Vec<_>>(),
    })
}

pub(crate) fn spread(of: Option<Spread>) -> Value {
    of.map_or(
        Value::Null,
        |of| json!({ "median": of.median, "least": of.least, "most": of.most }),
    )
}

/// What the numbers depend on.
pub(crate) fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let processor = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([':', ' ', '\t']));
    let node = Command::new("node")
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let packages = node::wanted()
        .unwrap_or_default()
        .into_iter()
        .map(|(name, _)| {
            let version = node::version(&name);
            (name, json!(version))
        });
    json!({
        "processor": processor,
        "cores": cpuinfo.lines().filter(|line| line.starts_with("processor")).count(),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "node": node.as_deref().map(str::trim),
        "packages": Value::Object(packages.collect()),
    })
}
