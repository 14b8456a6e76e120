//! What one invocation costs, without GraphQL and HTTP: run one after the other, on one thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use mayfly::app::App;
use mayfly::imports::Operation;
use mayfly::resolve::Resolver;
use mayfly_graphql::Invocation;

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
            ensure!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|json| json.matches("takenAt").count() == 20)));
            // The first tenth warms up.
            if round >= count / 10 {
                samples.instantiate.push(outcome.timing.instantiate);
                samples.run.push(outcome.timing.run);
                samples.whole.push(whole);
            }
        }
    }
    for ((_, field), samples) in fields.iter().zip(samples) {
        let [instantiate, run, whole] = [samples.instantiate, samples.run, samples.whole].map(median);
        println!("{field}: whole {whole:?}, of which instantiating {instantiate:?} and running {run:?} (medians of {count})");
    }
    Ok(())
}

#[derive(Default)]
struct Samples {
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
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}
