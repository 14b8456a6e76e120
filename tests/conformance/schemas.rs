//! Which schemas are accepted, as by graphql-js: small ones by hand for every rule, and generated ones with tokens changed.
//!
//! `conformance/schemas/` holds one schema a line; one that begins with a quote and ends with one is a JSON string, for characters
//! that are hard to see. Unless a line begins with `%`, a query type is added. In `conformance/schema_differences.txt` each line
//! says first what Mayfly does that the reference does not: `refused:` or `accepted:`. Where both refuse a text for its syntax,
//! they do at the same place.
//!
//! What is between tokens means nothing: every schema of the tests is also read in other styles.

use super::reference::Reference;
use mayfly_graphql::Schema;
use mayfly_tests::repository;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What every schema needs, for schemas that are about something else.
const QUERY: &str = " type Query { q: Int @resolve(module: \"m\") }";
/// The reference does not know the directive.
const RESOLVE: &str = " directive @resolve(module: String!, needs: String) on FIELD_DEFINITION";
/// Schemas of the corpus that each must accept, and refuse, at least.
const LEAST: usize = 150;
/// Styles that each schema is read in.
const STYLES: u64 = 3;
/// The seed of the first generated schema, and how many there are.
const SEED: u64 = 1;
const GENERATED: u64 = 600;
/// Requests to the reference hold this many schemas.
const AT_ONCE: usize = 100;

/// One message of each rule that the reference has for schemas.
const RULES: [&str; 54] = [
    "Syntax Error: Expected",
    "Syntax Error: Unexpected",
    "Syntax Error: Unterminated string",
    "Syntax Error: Invalid character escape sequence",
    "Syntax Error: Invalid Unicode escape sequence",
    "Syntax Error: Invalid number",
    "is reserved and cannot be used for an enum value",
    "Unexpected description",
    "Must provide only one schema definition",
    "There can be only one query type in schema",
    "There can be only one mutation type in schema",
    "There can be only one type named",
    "can only be defined once",
    "Field \"A.a\" can only be defined once",
    "Argument \"A.a(b:)\" can only be defined once",
    "Argument \"@d(a:)\" can only be defined once",
    "There can be only one directive named",
    "Unknown type",
    "Unknown directive",
    "may not be used on",
    "can only be used once at this location",
    "because it is not defined",
    "Cannot extend non-object type",
    "Cannot extend non-interface type",
    "Cannot extend non-union type",
    "Cannot extend non-enum type",
    "Cannot extend non-input object type",
    "Cannot extend non-scalar type",
    "Unknown argument",
    "There can be only one argument named",
    "There can be only one input field named",
    "is required, but it was not provided",
    "has invalid value",
    "Query root type must be provided",
    "Query root type must be Object type",
    "Mutation root type must be Object type",
    "must not begin with \"__\"",
    "must be Input Type",
    "must be Output Type",
    "cannot be deprecated",
    "must define one or more fields",
    "must define one or more values",
    "must define one or more member types",
    "must only implement Interface types",
    "cannot implement itself",
    "can only implement I once",
    "because it would create a circular reference",
    "because it is implemented by",
    "does not provide it",
    "expects type",
    "includes required argument",
    "can only include",
    "OneOf input field",
    "within itself through a series of non-null fields",
];

/// Messages of Mayfly about what the reference lets pass; `schema_differences.txt` has the reasons.
const STRICTER: [&str; 11] = [
    "default value of",
    "@resolve",
    "argument \"",
    "is deprecated, but not in the interface",
    "subscriptions are not supported",
    "cannot begin at the same type",
    "is built in",
    "is a built-in scalar",
    "is reserved for introspection",
    "which is reserved for introspection",
    "move it to the documents of clients",
];

/// A schema of the corpus, and where it is.
struct Case {
    name: String,
    /// What Mayfly does that the reference does not.
    difference: Option<String>,
    sdl: String,
}

fn cases(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap();
    let file = file.file_name().unwrap().display();
    let lines = text.lines().enumerate();
    let schemas = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    schemas
        .map(|(index, line)| {
            let name = format!("{file}:{}", index + 1);
            let marked = line.split_once(": ").filter(|(mark, _)| {
                file.to_string() == "schema_differences.txt"
                    && ["refused", "accepted"].contains(mark)
            });
            let (difference, line) = match marked {
                Some((mark, line)) => (Some(mark.to_owned()), line),
                None => (None, line),
            };
            Case {
                sdl: schema_of(line),
                name,
                difference,
            }
        })
        .collect()
}

/// The schema that a line stands for.
fn schema_of(line: &str) -> String {
    // A description looks like a JSON string only if the line ends with one, too.
    let text = serde_json::from_str::<String>(line).unwrap_or_else(|_| line.to_owned());
    match text.strip_prefix('%') {
        Some(whole) if whole.contains("@resolve") => format!("{whole}{RESOLVE}"),
        Some(whole) => whole.to_owned(),
        None => format!("{text}\n{QUERY}{RESOLVE}"),
    }
}

fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/schemas");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().flat_map(|file| cases(file)).collect()
}

/// What the reference says of schemas.
async fn verdicts(reference: &Reference, schemas: &[String]) -> Vec<Value> {
    let mut verdicts = Vec::with_capacity(schemas.len());
    for some in schemas.chunks(AT_ONCE) {
        let answer = reference.ask(json!({ "judge": some })).await;
        verdicts.extend(answer["verdicts"].as_array().unwrap().iter().cloned());
    }
    verdicts
}

fn is_accepted(verdict: &Value) -> bool {
    verdict["messages"].as_array().unwrap().is_empty()
}

fn mayfly(sdl: &str) -> Vec<String> {
    let problems = Schema::parse(sdl).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

/// What differs between the two, if anything does.
fn difference(verdict: &Value, problems: &[String]) -> Option<&'static str> {
    match (is_accepted(verdict), problems) {
        (true, []) => None,
        (true, _) => Some("refused"),
        (false, []) => Some("accepted"),
        (false, [first, ..]) => {
            let place = verdict.get("syntax")?;
            // It takes a brace between definitions for the beginning of an operation, and goes on.
            if first.contains("expected a definition") && first.ends_with("found \"{\"") {
                return None;
            }
            // It points at the description; Mayfly at the word behind it, which may be mistyped.
            if verdict["messages"][0]
                .as_str()?
                .contains("only GraphQL definitions support")
            {
                return None;
            }
            let place = format!("{}:{}:", place["line"], place["column"]);
            (!first.starts_with(&place)).then_some("place")
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test]
async fn schemas_for_every_rule_are_accepted_and_refused_as_by_the_reference() {
    let reference = Reference::start().await;
    let cases = corpus();
    let schemas: Vec<String> = cases.iter().map(|case| case.sdl.clone()).collect();
    let verdicts = verdicts(&reference, &schemas).await;
    let (mut report, mut accepted) = (String::new(), 0);
    for (case, verdict) in cases.iter().zip(&verdicts) {
        accepted += usize::from(is_accepted(verdict));
        let problems = mayfly(&case.sdl);
        if let Some(kind) = difference(verdict, &problems) {
            let _ = writeln!(
                report,
                "== {} ({kind})\n{}\n   reference: {verdict}\n   mayfly: {problems:#?}",
                case.name, case.sdl
            );
        }
    }
    assert!(report.is_empty(), "{report}");
    let refused = cases.len() - accepted;
    assert!(
        accepted >= LEAST && refused >= LEAST,
        "{accepted} accepted and {refused} refused are too few"
    );
    let messages: BTreeSet<&str> = verdicts
        .iter()
        .flat_map(|verdict| verdict["messages"].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    let unseen = RULES
        .iter()
        .filter(|rule| !messages.iter().any(|message| message.contains(*rule)));
    assert_eq!(unseen.collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[tokio::test]
async fn every_documented_difference_between_schemas_is_still_there() {
    let reference = Reference::start().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/schema_differences.txt");
    let cases = cases(&file);
    let schemas: Vec<String> = cases.iter().map(|case| case.sdl.clone()).collect();
    let mut report = String::new();
    for (case, verdict) in cases.iter().zip(verdicts(&reference, &schemas).await) {
        let problems = mayfly(&case.sdl);
        let found = difference(&verdict, &problems);
        if case.difference.is_none() || found != case.difference.as_deref() {
            let _ = writeln!(
                report,
                "== {} is {found:?}\n{}\n   reference: {verdict}\n   mayfly: {problems:#?}",
                case.name, case.sdl
            );
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[tokio::test]
async fn generated_schemas_with_tokens_changed_are_judged_as_by_the_reference() {
    let reference = Reference::start().await;
    let (seed, count) = (
        number("CONFORMANCE_SEED", SEED),
        number("CONFORMANCE_COUNT", GENERATED),
    );
    let (mut report, mut accepted) = (String::new(), 0);
    for from in (seed..seed + count).step_by(AT_ONCE) {
        let count = (AT_ONCE as u64).min(seed + count - from);
        let answer = reference
            .ask(json!({ "changed": count, "from": from }))
            .await;
        for found in answer["changed"].as_array().unwrap() {
            let sdl = found["sdl"].as_str().unwrap();
            let problems = mayfly(sdl);
            accepted += u64::from(problems.is_empty());
            let kind = difference(&found["verdict"], &problems);
            let is_documented = kind == Some("refused")
                && problems
                    .iter()
                    .all(|problem| STRICTER.iter().any(|known| problem.contains(known)));
            if let Some(kind) = kind.filter(|_| !is_documented) {
                let _ = writeln!(
                    report,
                    "== CONFORMANCE_SEED={} CONFORMANCE_COUNT=1 ({kind})\n{sdl}\n   reference: {}\n   mayfly: {problems:#?}",
                    found["seed"], found["verdict"]
                );
            }
        }
    }
    assert!(report.is_empty(), "{report}");
    assert!(
        count < GENERATED || (GENERATED / 20..GENERATED - GENERATED / 20).contains(&accepted),
        "{accepted} accepted"
    );
}

#[tokio::test]
async fn what_stands_between_tokens_changes_nothing() {
    let reference = Reference::start().await;
    let mut valid: Vec<String> = corpus().into_iter().map(|case| case.sdl).collect();
    valid.retain(|sdl| mayfly(sdl).is_empty());
    assert!(valid.len() > LEAST, "{} schemas are too few", valid.len());
    for folder in ["guest", "tests"] {
        for (path, sdl) in schema_files(&repository().join(folder)) {
            assert_eq!(mayfly(&sdl), Vec::<String>::new(), "{}", path.display());
            valid.push(sdl);
        }
    }
    let mut report = String::new();
    for some in valid.chunks(AT_ONCE) {
        let answer = reference
            .ask(json!({ "restyle": some, "styles": STYLES, "from": number("CONFORMANCE_SEED", SEED) }))
            .await;
        let restyled = answer["restyled"].as_array().unwrap().iter();
        for (sdl, styles) in some.iter().zip(restyled) {
            let before = Schema::parse(sdl).unwrap();
            for style in styles.as_array().unwrap() {
                let style = style.as_str().unwrap();
                if let Some(difference) = differs(&before, style) {
                    let _ = writeln!(report, "== {difference}\n{sdl}\n--\n{style:?}");
                }
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// What another style changed.
fn differs(before: &Schema, style: &str) -> Option<String> {
    let after = match Schema::parse(style) {
        Ok(after) => after,
        Err(problems) => return Some(format!("{problems:#?}")),
    };
    let changes: Vec<_> = before
        .changes_to(&after)
        .into_iter()
        .chain(after.changes_to(before))
        .collect();
    let bindings = |schema: &Schema| {
        let bindings = schema.bindings();
        bindings
            .map(|binding| {
                (
                    binding.type_name,
                    binding.field_name,
                    binding.module,
                    binding.needs,
                )
            })
            .collect::<Vec<_>>()
    };
    if bindings(before) != bindings(&after) {
        return Some("other bindings".to_owned());
    }
    (!changes.is_empty()).then(|| format!("{changes:#?}"))
}

/// All schemas below a folder.
fn schema_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "node_modules" && name != "target" {
            found.extend(schema_files(&path));
        } else if name == "schema.graphql" {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}
