//! What a new schema changes for clients, as Mayfly and as graphql-js find it, over generated pairs of schemas.
//!
//! `CONFORMANCE_SEED` and `CONFORMANCE_COUNT` choose others.

use super::reference::Reference;
use mayfly_graphql::{Change, ChangeKind, Schema};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The seed of the first pair, and how many there are: enough for every kind of change to occur.
const SEED: u64 = 1;
const PAIRS: u64 = 300;
/// Pairs made by one request to the reference.
const AT_ONCE: u64 = 50;
/// The kinds of change the reference knows.
const KINDS: usize = 22;

/// Kind, coordinate, severity.
type Told = BTreeSet<(String, String, String)>;

#[tokio::test]
async fn changes_of_generated_schemas_are_found_as_by_the_reference() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let (seed, count) = (
        number("CONFORMANCE_SEED", SEED),
        number("CONFORMANCE_COUNT", PAIRS),
    );
    let reference = Reference::start().await;
    let (mut report, mut kinds) = (String::new(), BTreeSet::new());
    for from in (seed..seed + count).step_by(AT_ONCE as usize) {
        let answer = reference
            .ask(json!({ "schemas": AT_ONCE.min(seed + count - from), "from": from }))
            .await;
        for pair in answer["pairs"].as_array().unwrap() {
            let (mut theirs, ours) = (theirs(pair), ours(pair));
            forgive_defaults_of_types_that_changed_kind(&mut theirs, &ours);
            kinds.extend(theirs.iter().map(|(kind, ..)| kind.clone()));
            if theirs != ours {
                let _ = writeln!(
                    report,
                    "== CONFORMANCE_SEED={} CONFORMANCE_COUNT=1",
                    pair["seed"]
                );
                let _ = writeln!(
                    report,
                    "only the reference: {:#?}",
                    theirs.difference(&ours).collect::<Vec<_>>()
                );
                let _ = writeln!(
                    report,
                    "only Mayfly: {:#?}",
                    ours.difference(&theirs).collect::<Vec<_>>()
                );
                let _ = writeln!(report, "{}\n--\n{}", text(pair, "old"), text(pair, "new"));
            }
        }
    }
    assert!(report.is_empty(), "{report}");
    assert!(
        count < PAIRS || kinds.len() == KINDS,
        "only {kinds:?} occurred"
    );
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

fn theirs(pair: &Value) -> Told {
    let changes = pair["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            told(
                text(change, "kind"),
                text(change, "coordinate"),
                text(change, "severity"),
            )
        })
        .collect()
}

fn ours(pair: &Value) -> Told {
    let [old, new] = ["old", "new"].map(|name| {
        let sdl = text(pair, name);
        Schema::parse(sdl)
            .unwrap_or_else(|problems| panic!("seed {}: {problems:#?}\n{sdl}", pair["seed"]))
    });
    old.changes_to(&new)
        .iter()
        .filter_map(as_the_reference_would)
        .collect()
}

/// The reference prints a default as its type would: `V0` of an enum is `"V0"` once the enum is a scalar, though clients are given
/// the same. The type's change is told anyway.
fn forgive_defaults_of_types_that_changed_kind(theirs: &mut Told, ours: &Told) {
    if theirs
        .iter()
        .any(|(kind, ..)| kind == ChangeKind::TypeChangedKind.as_str())
    {
        theirs.retain(|told| {
            told.0 != ChangeKind::ArgumentDefaultChanged.as_str() || ours.contains(told)
        });
    }
}

/// A change in the reference's words; none for what the reference does not see.
fn as_the_reference_would(change: &Change) -> Option<(String, String, String)> {
    let (kind, severity) = match change.kind {
        ChangeKind::RootChanged
        | ChangeKind::InputFieldDefaultChanged
        | ChangeKind::InputFieldBecameRequired
        | ChangeKind::InputBecameOneOf
        | ChangeKind::DirectiveArgumentChanged => return None,
        // It sees the default that went, and not what follows.
        ChangeKind::ArgumentBecameRequired => {
            (ChangeKind::ArgumentDefaultChanged.as_str(), "dangerous")
        }
        // It does not ask whether a document can use the directive.
        kind if change.coordinate.starts_with('@') => (kind.as_str(), "breaking"),
        kind => (kind.as_str(), change.severity.as_str()),
    };
    Some(told(kind, &change.coordinate, severity))
}

fn told(kind: &str, coordinate: &str, severity: &str) -> (String, String, String) {
    (kind.to_owned(), coordinate.to_owned(), severity.to_owned())
}
