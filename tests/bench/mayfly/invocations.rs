//! What one invocation costs, without GraphQL and HTTP: run one after the other, on one thread; and what counting what it uses
//! against its budgets costs of that.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use mayfly::resolve::Resolver;
use mayfly::serving::app::App;
use mayfly_config::{Budget, Operation as Limits};
use mayfly_graphql::Invocation;
use mayfly_runtime::imports::{Allowance, Operation, Usage};
use mayfly_runtime::sandbox::Request;

use crate::in_memory::NOBODY;

/// A field, the module that answers it, and of whom it is asked.
const FIELDS: [(&str, &str, Student); 4] = [
    ("in-guest", "report", Student::WithRows),
    ("host-calls", "reportByHostCalls", Student::WithRows),
    ("javascript", "report", Student::WithRows),
    ("javascript", "report", Student::Nobody),
];

/// Of whom a report is asked.
#[derive(Clone, Copy)]
enum Student {
    /// One with 20 rows.
    WithRows,
    /// Nobody: no rows, where they come from a call.
    Nobody,
}

impl Student {
    fn id(self) -> &'static str {
        match self {
            Self::WithRows => "S1",
            Self::Nobody => NOBODY,
        }
    }

    fn rows(self) -> usize {
        match self {
            Self::WithRows => 20,
            Self::Nobody => 0,
        }
    }
}

/// Runs the fields of the bench's app `count` times each, in turns, and prints medians.
pub(crate) async fn measure(app: App, count: u32) -> anyhow::Result<()> {
    let app = Arc::new(app);
    let fields: Vec<_> = FIELDS
        .iter()
        .filter(|(module, _, _)| app.versions.contains_key(*module))
        .collect();
    let mut samples: Vec<_> = fields.iter().map(|_| Samples::default()).collect();
    for round in 0..count + count / 10 {
        for ((module, field, student), samples) in fields.iter().zip(&mut samples) {
            // Each is an operation of its own, which may make only so many.
            let resolver = Resolver::new(app.clone(), Operation::default());
            let started = Instant::now();
            let invocation = invocation(module, field, *student);
            let outcome = resolver.invoke(invocation).await?;
            let whole = started.elapsed();
            let answers = outcome.answers?;
            ensure!(answers.iter().all(|answer| {
                answer
                    .as_ref()
                    .is_ok_and(|json| json.matches("takenAt").count() == student.rows())
            }));
            let empty = empty(&app, module).await?;
            // The first tenth warms up.
            if round >= count / 10 {
                samples.empty.push(empty);
                samples.instantiate.push(outcome.timing.instantiate);
                samples.run.push(outcome.timing.run);
                samples.whole.push(whole);
            }
        }
    }
    for ((module, field, student), samples) in fields.iter().zip(samples) {
        let Samples {
            empty,
            instantiate,
            run,
            whole,
        } = samples;
        let [empty, instantiate, run, whole] = [empty, instantiate, run, whole].map(median);
        println!(
            "{module}, {field}, {} rows: whole {whole:?}, of which instantiating {instantiate:?} and running {run:?}; \
             an instance that is made and dropped {empty:?} (medians of {count})",
            student.rows()
        );
    }
    println!(
        "counting two calls and their answers against the budgets of invocation and operation: {:?} (mean of {ROUNDS})",
        counting()?
    );
    Ok(())
}

/// How often counting is measured: it takes nanoseconds.
const ROUNDS: u32 = 1_000_000;

/// How long it takes to count what an invocation with two calls uses, without the calls.
fn counting() -> anyhow::Result<Duration> {
    let budget = Budget::default();
    let allowance = Allowance::new(Limits {
        invocations: u32::MAX,
        host_calls: u32::MAX,
        exchanged_bytes: usize::MAX,
        ..Limits::default()
    });
    let started = Instant::now();
    for _ in 0..ROUNDS {
        let mut usage = Usage::default();
        allowance.begin_invocation()?;
        allowance.exchange(black_box(18))?;
        for bytes in [34, 33] {
            usage.begin_call(black_box(bytes), black_box(&budget))?;
            allowance.begin_call()?;
            usage.arrive(black_box(2_000), black_box(&budget))?;
            usage.release(black_box(2_000));
            usage.give(black_box(2_000), black_box(&budget))?;
        }
        black_box(usage);
    }
    Ok(started.elapsed() / ROUNDS)
}

/// How long it takes to admit an invocation, make its store and instance, and drop both uncalled.
async fn empty(app: &App, module: &str) -> anyhow::Result<Duration> {
    let version = app.versions.get(module).context("no such module")?;
    let request = Request {
        module: version.module.clone(),
        backends: app.backends.clone(),
        version: version.digest.clone(),
        operation: Arc::new(Operation::default()),
        type_name: "Query".into(),
        field_name: "none".into(),
        arguments: String::new(),
        parents: Vec::new(),
        selection: Arc::new([]),
    };
    let started = Instant::now();
    app.sandbox.rehearse(&version.prepared, request).await?;
    Ok(started.elapsed())
}

#[derive(Default)]
struct Samples {
    empty: Vec<Duration>,
    instantiate: Vec<Duration>,
    run: Vec<Duration>,
    whole: Vec<Duration>,
}

fn invocation(module: &str, field: &str, student: Student) -> Invocation {
    Invocation {
        module: module.into(),
        type_name: "Query".into(),
        field_name: field.into(),
        arguments: format!(r#"{{"studentId":"{}"}}"#, student.id()),
        parents: Vec::new(),
        selection: Arc::new([]),
        mutation: false,
    }
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations
        .get(durations.len() / 2)
        .copied()
        .unwrap_or_default()
}
