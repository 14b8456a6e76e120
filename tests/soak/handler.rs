//! `soak handler`: a million events for a handler of AppSync whose module-level client keeps what it is given.
//!
//! The handler's array of connections is gone with each instance. So resident memory, once the server is warm, stays where it is: that is
//! what is held here, beside every answer.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use serde_json_plain::{Value, from_slice};

use crate::course::Course;
use crate::load::{Ask, Load};
use crate::requests::request;
use crate::server::Server;
use crate::{Arguments, serve};

/// The app, built before.
const APP: &str = "guest/apps/assessments-appsync";

/// Students of the seed, `S1` and so on, who are asked for in turns.
const STUDENTS: u64 = 1_000;

/// Assessments of each.
const ASSESSMENTS: usize = 20;

/// The part of the events after which the server is warm.
const WARM: u64 = 10;

/// How much more resident memory there may be in the end than when the server was warm: a twentieth, and what a burst leaves.
const GROWTH: (u64, u64) = (20, 16 << 20);

/// Events of the handler, one for each student.
struct Events(Vec<Vec<u8>>);

impl Events {
    fn to(address: SocketAddr) -> Self {
        let document = |student: u64| {
            format!(
                "{{ assessments(studentId: \"S{student}\") {{ id studentId score takenAt studentGrade }} }}"
            )
        };
        let students = 1..=STUDENTS;
        Self(
            students
                .map(|student| request(address, &document(student)))
                .collect(),
        )
    }
}

impl Ask for Events {
    fn bytes(&self, number: u64) -> &[u8] {
        let place = usize::try_from(number % STUDENTS).unwrap_or(0);
        self.0.get(place).map_or(&[], Vec::as_slice)
    }

    fn verify(&self, number: u64, status: u16, body: &[u8]) -> anyhow::Result<()> {
        let shown = || {
            let text = String::from_utf8_lossy(body.get(..400).unwrap_or(body));
            format!("status {status}: {text}")
        };
        let answer: Value = from_slice(body).with_context(shown)?;
        let student = format!("S{}", number % STUDENTS + 1);
        let rows = answer.get("data").and_then(|data| data.get("assessments"));
        let rows = rows
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let of_student = rows
            .iter()
            .filter(|row| row.get("studentId") == Some(&Value::from(student.as_str())));
        ensure!(
            status == 200 && answer.get("errors").is_none() && of_student.count() == ASSESSMENTS,
            "{}",
            shown()
        );
        Ok(())
    }
}

/// Sends so many events, and says whether memory stayed where it was.
pub(crate) fn soak(events: u64, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let server = Server::start(&mut serve(APP)?, &arguments.output.join("handler.log"))?;
    let requests = Events::to(server.address);
    let mut load = Load::connect(server.address, requests, arguments.connections)?;
    let mut course = Course::new("a handler of AppSync");
    let mut sent = 0;
    while sent < events {
        let numbers = sent..events.min(sent + arguments.slice);
        sent = numbers.end;
        let slice = load.slice(numbers)?;
        let resident = server.resident_bytes().context("the server ended")?;
        course.add(&slice, sent, sent, resident);
    }
    report(&course, events, arguments)
}

fn report(course: &Course, events: u64, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let warm = course.at(events / WARM).context("no event was answered")?;
    let last = course.last().context("no event was answered")?;
    let (part, burst) = GROWTH;
    let most = warm.resident_bytes + warm.resident_bytes / part + burst;
    let is_flat = last.resident_bytes <= most;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut table = format!(
        "{}: {} events, each with a connection that is kept\n  resident memory after {}: {:.1} MiB, in the end {:.1} MiB: {}\n  {:.0} events/s, p99 {:.1} ms in the last slice; {} wrong answers\n",
        course.name,
        last.requests,
        warm.requests,
        mib(warm.resident_bytes),
        mib(last.resident_bytes),
        if is_flat { "flat" } else { "it grew" },
        last.requests_per_second,
        last.p99.as_secs_f64() * 1e3,
        course.wrong,
    );
    if let Some(wrong) = &course.first_wrong {
        table.push_str(&format!("  the first of them: {wrong}\n"));
    }
    println!("{table}");
    let file = arguments.output.join("handler.txt");
    std::fs::write(&file, table)?;
    println!("written: {}", file.display());
    Ok(if is_flat && course.wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
