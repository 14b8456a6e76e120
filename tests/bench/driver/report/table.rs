//! The table a person reads.

use std::fmt::Write;

use super::{Bound, Line, Measured, Report, Target};
use crate::statistics::Spread;

pub(super) fn write(report: &Report) -> String {
    let workload = report.plan.workload;
    let base = format!("× {}", workload.base_word());
    let headings = [
        "",
        "CPU µs/request",
        "× floor",
        &base,
        "requests/s",
        "busy",
        "p50 µs",
        "p99 µs",
        "peak MiB",
    ];
    let mut rows = vec![headings.map(str::to_owned)];
    rows.extend(
        report
            .lines
            .iter()
            .map(|line| row(line, report.rate.is_some())),
    );
    let mut text = format!(
        "\nWorkload {}: {}. {}.\n\n",
        workload.letter().to_uppercase(),
        workload.what(),
        conditions(report)
    );
    text.push_str(&aligned(&rows));
    for absent in &report.absent {
        let _ = writeln!(text, "not measured: {}: {}", absent.name, absent.reason);
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "WARNING: {warning}");
    }
    let _ = writeln!(text, "\nTargets, for `{}`:", workload.subject());
    for target in &report.targets {
        let _ = writeln!(text, "  {:<28}  {}", target.what, verdict(target));
    }
    text
}

fn row(line: &Line, with_latencies: bool) -> [String; 9] {
    let latency = |of: Option<&Spread>| match of {
        None if with_latencies => "overloaded".to_owned(),
        of => optional(of, 0),
    };
    [
        line.name.to_owned(),
        spread(&line.cpu_us, 1),
        optional(line.of_floor.as_ref(), 2),
        optional(line.of_base.as_ref(), 2),
        format!("{:.0}", line.requests_per_second.median),
        format!("{:.0} %", line.busy.median * 100.0),
        latency(line.p50_us.as_ref()),
        latency(line.p99_us.as_ref()),
        format!(
            "{:.0}",
            line.peak_resident_bytes as f64 / f64::from(1 << 20)
        ),
    ]
}

/// How it was measured, in a sentence without its point.
pub(super) fn conditions(report: &Report) -> String {
    let plan = &report.plan;
    let latencies = report.rate.map_or_else(String::new, |rate| {
        format!(
            "; latencies at {rate:.0} requests/s, {:.0} % of what {} can serve",
            plan.share * 100.0,
            plan.workload.base()
        )
    });
    format!(
        "Median (least to most) of {} interleaved rounds of {} s, servers on one core, {} connections{latencies}",
        plan.rounds,
        plan.measured.as_secs_f64(),
        plan.connections
    )
}

fn verdict(target: &Target) -> String {
    let measured = match target.measured {
        Measured::Ratio(ratio) => spread(&ratio, 2),
        Measured::Overloaded => "overloaded at that load".to_owned(),
        Measured::Nothing => return "not measured".to_owned(),
    };
    let met = |met| if met { "met" } else { "MISSED" };
    match (target.bound, target.met()) {
        (Some(Bound::Most(most)), Some(is_met)) => {
            format!("{measured}, at most {most:.2}: {}", met(is_met))
        }
        (Some(Bound::Least(least)), Some(is_met)) => {
            format!("{measured}, at least {least:.2}: {}", met(is_met))
        }
        _ => measured,
    }
}

pub(crate) fn spread(spread: &Spread, digits: usize) -> String {
    format!(
        "{:.digits$} ({:.digits$}–{:.digits$})",
        spread.median, spread.least, spread.most
    )
}

fn optional(of: Option<&Spread>, digits: usize) -> String {
    of.map_or_else(|| "–".to_owned(), |of| spread(of, digits))
}

/// Rows with columns of one width, the first to the left and the others to the right.
pub(crate) fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let _ = if column == 0 {
                write!(text, "{cell:<width$}")
            } else {
                write!(text, "  {cell:>width$}")
            };
        }
        text.push('\n');
    }
    text
}
