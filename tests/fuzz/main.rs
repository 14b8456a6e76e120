//! `make fuzz`: every target in turns, each time with a fresh seed, until the time is up.
//!
//! A seed is printed before its run, so that a run which takes this process with it can be seen again, too.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use mayfly_fuzz::run::Run;
use mayfly_fuzz::{TARGETS, Target};

/// Fuzz Mayfly.
#[derive(Parser)]
struct Arguments {
    /// Minutes to go on for
    #[arg(long, default_value = "10")]
    minutes: f64,
    /// Only this target
    #[arg(long)]
    target: Option<String>,
    /// One run with this seed, in place of fresh ones
    #[arg(long)]
    seed: Option<u64>,
    /// Cases in a run, in place of the target's own number
    #[arg(long)]
    cases: Option<u32>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |target: &&Target| {
        arguments
            .target
            .as_ref()
            .is_none_or(|name| name == target.name)
    };
    let targets: Vec<_> = TARGETS.iter().filter(wanted).collect();
    if targets.is_empty() {
        eprintln!(
            "error: no such target; the targets are {}",
            TARGETS.map(|target| target.name).join(", ")
        );
        return ExitCode::FAILURE;
    }
    let until = Instant::now() + Duration::from_secs_f64(arguments.minutes * 60.0);
    let mut failures = 0;
    let mut cases = vec![0_u64; targets.len()];
    loop {
        for (target, done) in targets.iter().zip(&mut cases) {
            let run = Run {
                seed: arguments.seed.unwrap_or_else(rand::random),
                cases: arguments.cases.unwrap_or(target.cases),
            };
            println!(
                "{}: {} cases from seed {}",
                target.name, run.cases, run.seed
            );
            if let Err(failure) = (target.fuzz)(run) {
                failures += 1;
                println!("FAILED: {failure}\n{}", run.again(target.name));
            }
            *done += u64::from(run.cases);
        }
        if arguments.seed.is_some() || Instant::now() >= until {
            break;
        }
    }
    for (target, cases) in targets.iter().zip(cases) {
        println!("{}: {cases} cases", target.name);
    }
    println!("{failures} runs failed");
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
