//! Handlers as AppSync teams write them, each run by Mayfly and by Node from the same file, on the same data: their answers are equal.
//!
//! Node has AWS's own SDKs and lodash from npm, which talk to an endpoint of DynamoDB; Mayfly bundles its own in their place.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use mayfly_tests::{Embedded, TestApp, TestHost, node_packages, repository};
use serde_json::{Map, Value, json};

use super::built;

const FOLDER: &str = "tests/javascript/beside-node";

/// Files of handlers, each with the arguments of the events that it is given, in this order.
fn cases() -> Vec<(&'static str, Value)> {
    let product = json!({ "id": "P9", "title": "Compass", "price": 12.3 });
    let place = |order: &str, product: &str, count: u32| json!({ "customer": "C1", "product": product, "count": count, "order": order });
    vec![
        (
            "get-by-key.mjs",
            json!([{ "id": "C1" }, { "id": "C2", "short": true }, { "id": "none" }]),
        ),
        (
            "query-pages.js",
            json!([
                { "customer": "C1" },
                { "customer": "C1", "limit": 5, "nextToken": "eyJQSyI6IkNVU1RPTUVSI0MxIiwiU0siOiJPUkRFUiMyMDI2LTA4In0=" },
                { "customer": "C2", "limit": 4, "status": "OPEN" },
                { "customer": "none", "status": "OPEN" },
            ]),
        ),
        (
            "batch.mjs",
            json!([{ "ids": ["P2", "P1", "none", "P3", "P2", "P5", "P4"] }, { "ids": [] }]),
        ),
        (
            "conditional-put.mjs",
            json!([{ "input": product }, { "input": product }]),
        ),
        (
            "transaction.js",
            json!([
                place("T1", "P2", 3),
                place("T2", "P2", 30),
                place("T1", "P2", 1),
                place("T3", "P2", 4)
            ]),
        ),
        (
            "errors.js",
            json!(
                [
                    "absent",
                    "malformed",
                    "text",
                    "cause",
                    "aggregate",
                    "type",
                    "none"
                ]
                .map(|kind| json!({ "kind": kind }))
            ),
        ),
        (
            "composed.mjs",
            json!([{ "customer": "C1" }, { "customer": "C3" }]),
        ),
        (
            "dates.js",
            json!(
                [
                    "2026-03-31T13:14:15.161Z",
                    "2024-02-29",
                    "2026-01-01T00:00:00+14:00",
                    "not one"
                ]
                .map(|at| json!({ "at": at }))
            ),
        ),
        (
            "texts.mjs",
            json!(["Ada Lovelace", "Émile Zola", "Ωmega 😀 x"].map(|name| json!({ "name": name }))),
        ),
        (
            "lodash.js",
            json!([{ "customer": "C1" }, { "customer": "C2" }]),
        ),
        (
            "dynamodb-values.js",
            parts(&[
                "strict",
                "lenient",
                "second",
                "refused",
                "refusedSecond",
                "expressions",
                "updated",
                "selected",
                "digitsRead",
                "digits",
                "marshalled",
                "converter",
                "aggregated",
                "canceled",
            ]),
        ),
        (
            "dynamodb-requests.js",
            parts(&[
                "classes",
                "said",
                "reasons",
                "absent",
                "absentSecond",
                "batches",
                "bound",
                "pages",
                "events",
                "refusedBeforeSent",
                "aborted",
                "metadata",
                "middleware",
            ]),
        ),
        (
            "node-modules.js",
            parts(&[
                "events", "assert", "globals", "xml", "buffers", "searches", "crypto", "urls",
                "decoded",
            ]),
        ),
        ("es-modules.mjs", json!([{ "text": "hello" }])),
        (
            "sloppy.js",
            parts(&[
                "forgottenVar",
                "ignoredWrites",
                "thisOfFunctions",
                "thisOfFile",
                "arguments",
                "evaluated",
                "withs",
                "deleted",
                "octal",
                "duplicates",
                "hoisted",
                "strictAgain",
                "classes",
            ]),
        ),
        (
            "ticks.js",
            parts(&[
                "inPromises",
                "nested",
                "inTimers",
                "rounds",
                "afterCalls",
                "loads",
                "refused",
                "promisified",
            ]),
        ),
        (
            "node-arguments.js",
            parts(&[
                "streams",
                "encodesInto",
                "once",
                "slices",
                "waits",
                "asserts",
                "integers",
                "sizes",
                "places",
                "swaps",
                "shown",
                "rejections",
                "clones",
                "hashes",
                "draws",
                "keys",
                "frames",
            ]),
        ),
        (
            "node-process.js",
            parts(&[
                "rejections",
                "exceptions",
                "listeners",
                "environment",
                "emitters",
                "iterators",
                "addresses",
                "paths",
                "thrown",
                "asserted",
                "awaited",
                "promises",
                "keys",
            ]),
        ),
        (
            "sorting.js",
            parts(&[
                "arrays",
                "copies",
                "typedArrays",
                "long",
                "shapes",
                "refused",
                "frozen",
                "changing",
                "inherited",
                "likes",
                "traced",
                "calls",
                "ties",
                "withoutComparator",
                "nested",
            ]),
        ),
        (
            "collation.js",
            parts(&[
                "characters",
                "words",
                "numeric",
                "base",
                "accent",
                "case",
                "variant",
                "names",
                "refused",
                "shape",
            ]),
        ),
        (
            "inspected.js",
            parts(&[
                "plain",
                "flat",
                "deep",
                "one",
                "compact",
                "compactNarrow",
                "expanded",
                "narrow",
                "wide",
                "few",
                "all",
                "short",
                "sorted",
                "getters",
                "colored",
                "shownProxies",
                "notCustom",
                "separated",
                "none",
                "formats",
                "formatsWith",
                "web",
                "legacy",
                "consoles",
                "logs",
                "looksAtNothing",
                "kinds",
                "kindsModule",
                "proxies",
                "parsed",
                "stripped",
                "texts",
            ]),
        ),
    ]
}

/// An event for each part of a file.
fn parts(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "part": name })).collect()
}

/// A handler's field: its file without what is not a letter.
fn field(file: &str) -> String {
    let (name, _) = file.rsplit_once('.').unwrap();
    name.replace('-', "_")
}

fn app() -> TestApp {
    let folder = repository().join(FOLDER);
    let mut schema = String::from(
        "directive @resolve(module: String!, needs: String) on FIELD_DEFINITION\nscalar Any\ntype Query {\n",
    );
    let mut configuration = format!(
        "schema = \"schema.graphql\"\n[dynamodb]\nendpoint = \"embedded\"\nregion = \"us-east-1\"\n[embedded]\nseed = \"{}\"\n",
        folder.join("seed").display()
    );
    for (file, events) in cases() {
        let name = field(file);
        let names = names(&events);
        let arguments: Vec<_> = names.iter().map(|name| format!("{name}: Any")).collect();
        schema += &format!(
            "  {name}({}): Any @resolve(module: \"{name}\")\n",
            arguments.join(" ")
        );
        configuration += &format!(
            "[modules.{name}]\ncomponent = \"build/{name}.wasm\"\nsource = \"{}\"\nhandler = \"appsync\"\ndeadline = \"60 s\"\nenvironment = {{ TABLE = \"Shop\" }}\n[modules.{name}.grants]\ndynamodb.Shop = [\"get\", \"batch-get\", \"query\", \"put\", \"update\", \"delete\", \"check\"]\n",
            folder.join("handlers").join(file).display()
        );
    }
    TestApp::empty()
        .with_file("schema.graphql", format!("{schema}}}\n").as_bytes())
        .with_file("mayfly.toml", configuration.as_bytes())
}

fn names(events: &Value) -> BTreeSet<&str> {
    let events = events.as_array().unwrap().iter();
    events
        .flat_map(|event| event.as_object().unwrap().keys())
        .map(String::as_str)
        .collect()
}

/// What Node makes of a handler's events: `{"data": …}` or `{"error": …}` for each.
fn by_node(file: &str, events: &Value, endpoint: &str) -> Vec<Value> {
    let folder = repository().join(FOLDER);
    let mut node = Command::new("node")
        .args(["run.mjs", &format!("handlers/{file}")])
        .current_dir(&folder)
        .env("TABLE", "Shop")
        .env("TZ", "UTC")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "mayfly")
        .env("AWS_SECRET_ACCESS_KEY", "mayfly")
        .env("AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE", "1")
        .env("NODE_NO_WARNINGS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = node.stdin.take().unwrap();
    for event in events.as_array().unwrap() {
        writeln!(input, "{event}").unwrap();
    }
    drop(input);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{file}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What Mayfly makes of an event, in the same form.
async fn by_mayfly(host: &TestHost, file: &str, arguments: &Map<String, Value>) -> Value {
    let name = field(file);
    let given: Vec<_> = arguments
        .keys()
        .map(|name| format!("{name}: ${name}"))
        .collect();
    let declared: Vec<_> = arguments
        .keys()
        .map(|name| format!("${name}: Any"))
        .collect();
    let query = format!(
        "query ({}) {{ {name}({}) }}",
        declared.join(" "),
        given.join(" ")
    );
    let answer = host
        .query_with(&query, Value::from(arguments.clone()))
        .await;
    match &answer["errors"][0]["message"] {
        Value::Null => json!({ "data": answer["data"][&name] }),
        message => json!({ "error": message }),
    }
}

#[tokio::test]
async fn handlers_answer_what_they_answer_in_node() {
    let folder = repository().join(FOLDER);
    let packages = folder.clone();
    tokio::task::spawn_blocking(move || node_packages(&packages))
        .await
        .unwrap();
    let embedded = Embedded::seeded(&folder.join("seed")).await;
    let endpoint = format!("http://{}", embedded.dynamodb);
    let host = TestHost::start(built(app())).await;
    let mut different = Vec::new();
    for (file, events) in cases() {
        let (endpoint, given) = (endpoint.clone(), events.clone());
        let right = tokio::task::spawn_blocking(move || by_node(file, &given, &endpoint))
            .await
            .unwrap();
        let events = events.as_array().unwrap();
        assert_eq!(right.len(), events.len(), "{file}: {right:?}");
        for (event, right) in events.iter().zip(right) {
            let answer = by_mayfly(&host, file, event.as_object().unwrap()).await;
            if answer != right {
                different.push(format!(
                    "{file} {event}\n  Node:   {right}\n  Mayfly: {answer}"
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
