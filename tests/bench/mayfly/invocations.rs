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

/// Runs both fields of the bench's app `count` times each, in turns, and prints medians.
pub(crate) async fn measure(app: App, count: u32) -> anyhow::Result<()> {
    let app = Arc::new(app);
    let fields = [("in-guest", "report"), ("host-calls", "reportByHostCalls")];
    let mut samples = fields.map(|_| Samples::default());
    for round in 0..count + count / 10 {
        for ((module, field), samples) in fields.iter().zip(&mut samples) {
            // Each is an operation of its own, which may make only so many.
            let resolver = Resolver::new(app.clone(), Operation::default());
            let started = Instant::now();
            let outcome = resolver.invoke(invocation(module, field)).await?;
            let whole = started.elapsed();
            let answers = outcome.answers?;
            ensure!(answers.iter().all(|answer| {
                answer
                    .as_ref()
                    .is_ok_and(|json| json.matches("takenAt").count() == 20)
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
    for ((_, field), samples) in fields.iter().zip(samples) {
        let Samples {
            empty,
            instantiate,
            run,
            whole,
        } = samples;
        let [empty, instantiate, run, whole] = [empty, instantiate, run, whole].map(median);
        println!(
            "{field}: whole {whole:?}, of which instantiating {instantiate:?} and running {run:?}; \
             an instance that is made and dropped {empty:?} (medians of {count})"
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

fn invocation(module: &str, field: &str) -> Invocation {
    Invocation {
        module: module.into(),
        type_name: "Query".into(),
        field_name: field.into(),
        arguments: r#"{"studentId":"S1"}"#.to_owned(),
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
