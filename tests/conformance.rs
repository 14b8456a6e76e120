//! Mayfly against the reference implementation, graphql-js: one schema (`guest/apps/everything`), one file of data, and a corpus of
//! documents, to which both answer. They agree on whether a document is accepted, where the first error of a refused one is, the
//! data with the order of its fields, and the paths of errors. Where they do not, `conformance/differences.txt` says why.
//!
//! - `conformance/corpus/` are documents written by hand, by section of the specification; [`corpus`] reads them;
//! - `conformance/generate.mjs` makes more, from a seed; `CONFORMANCE_SEED` and `CONFORMANCE_COUNT` choose others. One that is
//!   answered differently is shrunk before it is shown;
//! - `conformance/schema_pairs.mjs` makes pairs of schemas, whose differences [`schema_changes`] compares in the same way;
//! - `conformance/schemas/` are schemas written by hand, which [`schemas`] has both judge, with generated ones that have tokens
//!   changed; `conformance/schema_differences.txt` says where they do not agree;
//! - `conformance/reference.mjs` is graphql-js as a process; [`reference`] talks to it. It is installed when it is not there.

mod compare;
mod corpus;
mod reference;
mod schema_changes;
mod schemas;

use compare::{difference, first_difference};
use corpus::{Case, read};
use futures_util::{StreamExt, stream};
use mayfly_tests::{TestApp, TestHost};
use reference::Reference;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

/// How many requests are under way at once.
const AT_ONCE: usize = 8;
/// This many of the generated documents that fail are shrunk; the others are shown as they are.
const MOST_SHRUNK: usize = 8;
/// This many smaller documents are tried for each.
const MOST_TRIES: usize = 400;
/// This many characters of an answer are shown.
const MOST_SHOWN: usize = 2_000;
/// The seed of the first generated document, and how many there are.
const SEED: u64 = 1;
const GENERATED: u64 = 300;

/// A document that the two answer differently.
struct Mismatch {
    case: Case,
    /// In one word, what differs.
    kind: &'static str,
    reference: Value,
    mayfly: Value,
}

struct Pair {
    host: TestHost,
    reference: Reference,
}

impl Pair {
    async fn start() -> Self {
        let reference = Reference::start().await;
        Self {
            host: TestHost::start(TestApp::everything()).await,
            reference,
        }
    }

    /// Asks both; gives what differs.
    async fn ask(&self, case: Case) -> Result<Case, Box<Mismatch>> {
        let request = case.request();
        let (reference, mayfly) = futures_util::join!(
            self.reference.ask(request.clone()),
            self.host.post(&request)
        );
        let mayfly = mayfly.json();
        match difference(&reference, &mayfly) {
            None => Ok(case),
            Some(kind) => Err(Box::new(Mismatch {
                case,
                kind,
                reference,
                mayfly,
            })),
        }
    }

    /// Asks both about all of them; the answers are in the order of the cases.
    async fn ask_all(&self, cases: Vec<Case>) -> Vec<Result<Case, Box<Mismatch>>> {
        stream::iter(cases)
            .map(|case| self.ask(case))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// The smallest document found that still fails in the same way.
    async fn shrink(&self, mut mismatch: Box<Mismatch>) -> Box<Mismatch> {
        let mut tries = MOST_TRIES;
        'smaller: loop {
            let answer = self
                .reference
                .ask(json!({ "shrink": mismatch.case.request() }))
                .await;
            for request in answer["requests"].as_array().unwrap() {
                if tries == 0 {
                    return mismatch;
                }
                tries -= 1;
                let smaller = Case::of(
                    format!(
                        "{}, shrunk",
                        mismatch.case.name.trim_end_matches(", shrunk")
                    ),
                    request,
                );
                if let Err(found) = self.ask(smaller).await
                    && found.kind == mismatch.kind
                {
                    mismatch = found;
                    continue 'smaller;
                }
            }
            return mismatch;
        }
    }

    async fn generated(&self) -> Vec<Case> {
        let number = |name: &str, default| {
            std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
        };
        let (seed, count) = (
            number("CONFORMANCE_SEED", SEED),
            number("CONFORMANCE_COUNT", GENERATED),
        );
        let answer = self
            .reference
            .ask(json!({ "generate": count, "from": seed }))
            .await;
        let requests = answer["requests"].as_array().unwrap();
        requests
            .iter()
            .map(|request| {
                Case::of(
                    format!("CONFORMANCE_SEED={} CONFORMANCE_COUNT=1", request["seed"]),
                    request,
                )
            })
            .collect()
    }
}

#[tokio::test]
async fn documents_of_every_section_of_the_specification_are_answered_as_by_the_reference() {
    let pair = Pair::start().await;
    let cases = read("corpus");
    let documents: HashSet<_> = cases.iter().map(|case| case.query.as_str()).collect();
    assert!(
        documents.len() >= 950,
        "{} documents are too few",
        documents.len()
    );
    let failed = pair
        .ask_all(cases)
        .await
        .into_iter()
        .filter_map(Result::err)
        .collect::<Vec<_>>();
    assert!(failed.is_empty(), "{}", report(&failed));
}

#[tokio::test]
async fn generated_documents_are_answered_as_by_the_reference() {
    let pair = Pair::start().await;
    let cases = pair.generated().await;
    let mut failed = Vec::new();
    for answered in pair.ask_all(cases).await {
        match answered {
            Err(mismatch) if failed.len() < MOST_SHRUNK => failed.push(pair.shrink(mismatch).await),
            Err(mismatch) => failed.push(mismatch),
            Ok(_) => {}
        }
    }
    assert!(failed.is_empty(), "{}", report(&failed));
}

#[tokio::test]
async fn every_documented_difference_is_still_there() {
    let pair = Pair::start().await;
    let mut wrong = String::new();
    for answered in pair.ask_all(read("differences.txt")).await {
        let said = match answered {
            Ok(case) => format!(
                "== {} no longer differs: move it to the corpus\n{}\n",
                case.name, case.query
            ),
            Err(mismatch) if mismatch.case.difference.as_deref() == Some(mismatch.kind) => continue,
            Err(mismatch) => report(&[mismatch]),
        };
        wrong.push_str(&said);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Every mismatch in full, after how many there are of which kind.
fn report(mismatches: &[Box<Mismatch>]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for mismatch in mismatches {
        *kinds.entry(mismatch.kind).or_default() += 1;
    }
    let mut text = format!(
        "{} documents are answered differently: {kinds:?}\n",
        mismatches.len()
    );
    for Mismatch {
        case,
        kind,
        reference,
        mayfly,
    } in mismatches.iter().map(Box::as_ref)
    {
        let _ = writeln!(text, "\n== {} ({kind})\n{}", case.name, case.query);
        if let Some(variables) = &case.variables {
            let _ = writeln!(text, "   variables: {variables}");
        }
        if let Some(name) = &case.operation_name {
            let _ = writeln!(text, "   operation: {name}");
        }
        if *kind == "data" {
            let _ = writeln!(
                text,
                "   first difference: data{}",
                first_difference(&reference["data"], &mayfly["data"])
            );
        }
        let _ = writeln!(
            text,
            "   reference: {}\n   mayfly:    {}",
            shown(reference),
            shown(mayfly)
        );
    }
    text
}

/// An answer as text, without the rest of one that is very long.
fn shown(answer: &Value) -> String {
    let text = answer.to_string();
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
