//! `make soak`: leaking, crashing and honest resolvers together, for minutes or a million leaks, over HTTP against a real host; and in
//! the same run, slice by slice in turns, the same requests against a Node server that keeps every result.
//!
//! `soak handler` is about one handler as AppSync calls it, whose client keeps every connection: the resident memory of the server that
//! runs it stays where it was.
//!
//! In turns, so that neither takes the processor from the other while it is measured, and both have answered as many requests at any
//! point of the picture. Resident memory is read at the end of each slice. A server that ends before the soak does stays ended.

#[path = "../bench/driver/connection.rs"]
mod connection;
#[path = "../bench/driver/report/draw.rs"]
mod draw;

mod chart;
mod course;
mod handler;
mod load;
mod report;
mod requests;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::course::Course;
use crate::load::Load;
use crate::report::Report;
use crate::requests::{Kind, Requests, with_leaks};
use crate::server::{Server, value};

/// Soak Mayfly beside a server that leaks.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Minutes to go on for
    #[arg(long, default_value = "10")]
    minutes: f64,
    /// Leaking invocations to go on for, in place of minutes
    #[arg(long)]
    invocations: Option<u64>,
    /// Requests under way at once
    #[arg(long, default_value = "8")]
    connections: usize,
    /// Requests to one server before it is the other's turn
    #[arg(long, default_value = "2400")]
    slice: u64,
    /// Where pictures and tables go
    #[arg(long, default_value = "target/soak")]
    output: PathBuf,
}

/// What to soak in place of the servers that leak and crash.
#[derive(Subcommand)]
enum What {
    /// The sample app with a handler of AppSync, whose client's array of connections is never emptied
    Handler {
        /// Events to send to it
        #[arg(long, default_value = "1000000")]
        events: u64,
    },
}

/// A server and its course; no load once it has ended.
struct Contender {
    server: Server,
    load: Option<Load>,
    course: Course,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.output)?;
    if let Some(What::Handler { events }) = arguments.what {
        return handler::soak(events, &arguments);
    }
    let mut contenders = [start_mayfly(&arguments)?, start_node(&arguments)?];
    let requests = soak(&arguments, &mut contenders);
    let [mayfly, node] = contenders;
    let metrics = mayfly
        .server
        .metrics()
        .context("Mayfly no longer answers")?;
    let report = Report {
        requests,
        connections: arguments.connections,
        plan_bytes: value(&metrics, "mayfly_memory_plan"),
        outcomes: outcomes(&metrics),
        courses: [mayfly.course, node.course],
    };
    write(&report, &arguments.output)?;
    let failed = report
        .courses
        .first()
        .is_none_or(|mayfly| mayfly.wrong > 0 || mayfly.ended.is_some());
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn start_mayfly(arguments: &Arguments) -> anyhow::Result<Contender> {
    contender("Mayfly", &mut serve("guest/soak")?, arguments)
}

/// A command that serves an app.
fn serve(app: &str) -> anyhow::Result<Command> {
    let program = std::env::current_exe()?.with_file_name("mayfly");
    let mut command = Command::new(program);
    command
        .args(["serve", app])
        .args(["--listen", "127.0.0.1:0"])
        .args(["--admin-listen", "127.0.0.1:0"])
        .args(["--log-format", "text"])
        .env("RUST_LOG", "warn");
    Ok(command)
}

fn start_node(arguments: &Arguments) -> anyhow::Result<Contender> {
    let mut command = Command::new("node");
    command
        .arg("tests/soak/leaks.js")
        .env("NODE_ENV", "production");
    contender("Node, keeping every result", &mut command, arguments)
}

fn contender(
    name: &'static str,
    command: &mut Command,
    arguments: &Arguments,
) -> anyhow::Result<Contender> {
    let log = format!(
        "{}.log",
        name.split(',').next().unwrap_or(name).to_ascii_lowercase()
    );
    let server = Server::start(command, &arguments.output.join(log))?;
    let requests = Requests::to(server.address)?;
    let load = Load::connect(server.address, requests, arguments.connections)?;
    Ok(Contender {
        server,
        load: Some(load),
        course: Course::new(name),
    })
}

/// Sends slices in turns until it is over; how many requests each server was sent that lasted.
fn soak(arguments: &Arguments, contenders: &mut [Contender; 2]) -> u64 {
    let end = arguments.invocations.map(with_leaks);
    let until = Instant::now() + Duration::from_secs_f64(arguments.minutes * 60.0);
    let (mut sent, mut leaks) = (0, 0);
    let mut told = Instant::now();
    while end.map_or_else(|| Instant::now() < until, |end| sent < end) {
        let numbers = sent..end.unwrap_or(u64::MAX).min(sent + arguments.slice);
        sent = numbers.end;
        leaks += numbers
            .clone()
            .filter(|number| Kind::of(*number).is_leak())
            .count() as u64;
        for contender in contenders.iter_mut() {
            contender.slice(numbers.clone(), leaks);
        }
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!(
                "{sent} requests, {leaks} of them leaking: {}",
                contenders.each_ref().map(Contender::state).join("; ")
            );
        }
    }
    sent
}

impl Contender {
    fn slice(&mut self, numbers: std::ops::Range<u64>, leaks: u64) {
        let Some(load) = &mut self.load else { return };
        let (slice, resident) = (load.slice(numbers.clone()), self.server.resident_bytes());
        match (slice, resident) {
            (Ok(slice), Some(resident)) => self.course.add(&slice, numbers.end, leaks, resident),
            (slice, _) => {
                let reason = slice
                    .err()
                    .map_or("the process ended".to_owned(), |error| format!("{error:#}"));
                println!(
                    "{} ended within requests {numbers:?}: {reason}",
                    self.course.name
                );
                self.course.ended = Some(self.server.end().to_owned());
                self.load = None;
            }
        }
    }

    fn state(&self) -> String {
        let resident = self
            .course
            .last()
            .map_or(0, |last| last.resident_bytes >> 20);
        format!(
            "{} {} MiB{}",
            self.course.name,
            resident,
            if self.load.is_some() { "" } else { " (ended)" }
        )
    }
}

/// Mayfly's own count of invocations, by field and outcome.
fn outcomes(metrics: &[String]) -> Vec<(String, u64)> {
    let lines = metrics
        .iter()
        .filter_map(|line| line.strip_prefix("mayfly_invocations_total{"));
    let counts = lines.filter_map(|line| {
        let (labels, count) = line.rsplit_once(' ')?;
        Some((
            labels.trim_end_matches('}').to_owned(),
            count.parse::<f64>().ok()? as u64,
        ))
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Prints the table, and writes it, the samples and the picture.
fn write(report: &Report, output: &Path) -> anyhow::Result<()> {
    let table = report.table();
    println!("{table}");
    let file = |extension: &str| output.join(format!("soak.{extension}"));
    fs::write(file("txt"), &table)?;
    fs::write(file("json"), format!("{:#}\n", report.record()))?;
    fs::write(file("svg"), chart::write(report))?;
    println!("written: {}, .json, .svg", file("txt").display());
    match draw::draw(&file("svg"), &file("png"), chart::SIZE) {
        Ok(()) => println!("         {}", file("png").display()),
        Err(error) => println!("no PNG: {error:#}"),
    }
    Ok(())
}
