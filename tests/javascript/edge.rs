//! `edge-js` in resolvers: what calls an assembly and gets its answers, and what to write where it cannot be called.

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

use super::{built, refused, script};
use crate::legacy::driver::{assembly, dotnet_program};

/// A worker with an assembly, and the grant of methods.
fn worker(dotnet: &str, methods: &[&str]) -> String {
    let list = json!(methods);
    let tables: String = methods
        .iter()
        .map(|method| format!("[workers.legacy.methods.{method:?}]\naccess = \"read\"\n"))
        .collect();
    let host = dotnet_program().display();
    format!(
        "[modules.script.grants]\nworkers.legacy = {list}\n[workers.legacy]\ndotnet = \"{dotnet}\"\ndotnet_host = \"{host}\"\nprocesses = 1\nstart_timeout = \"60 s\"\ncall_timeout = \"60 s\"\n{tables}"
    )
}

/// A resolver that is called `f` and answers with text.
fn with_edge(code: &str, more: &str) -> TestApp {
    let code = format!(
        "const edge = require('edge-js');\n{code}\nexports.resolvers = {{ Query: {{ f: async () => JSON.stringify(await answer()) }} }};"
    );
    let more = format!("deadline = \"60 s\"\n{more}");
    script(
        "module.js",
        &code,
        "type Query { f: String @script }",
        &more,
    )
}

#[tokio::test]
async fn functions_of_an_assembly_answer_as_they_did_in_node() {
    let dll = assembly("edge", "AsEdge.dll", "AsEdge.cs", &[]);
    let code = r"
const path = require('path');
const func = (typeName, methodName) => edge.func({ assemblyFile: path.join(__dirname, 'bin', 'AsEdge.dll'), typeName, methodName });
const invoke = edge.func('bin\\AsEdge.dll');
const same = func('AsEdge.Shapes', 'Same');
const types = func('AsEdge.Shapes', 'Types');
const answers = func('AsEdge.Shapes', 'Answers');
const later = func('AsEdge.Failing', 'Later');

async function answer() {
  const called = await new Promise((resolve, reject) => invoke('a callback', (error, result) => (error ? reject(error) : resolve(result))));
  const failed = await new Promise((resolve) => later(null, (error, result) => resolve([error instanceof Error, error.name, error.message, result === undefined])));
  const rejected = await later(null).catch(({ name, message }) => [name, message]);
  const given = { date: new Date(0), bytes: Buffer.from([1, 2]), none: undefined, list: [1, 'x'], nested: { $date: 1 } };
  const back = await same(given);
  const { person, utc, bytes, decimal } = await answers();
  return [
    await invoke('a promise'), called, failed, rejected, await types(given),
    [back.date instanceof Date, back.date.getTime(), Buffer.isBuffer(back.bytes), [...back.bytes], back.none, back.nested],
    [person.Name, utc instanceof Date, bytes.length, decimal],
    await same(() => 1).catch(({ message }) => message),
    (() => { try { same(1, true); } catch ({ message }) { return message; } })(),
  ];
}";
    let methods = [
        "Startup.Invoke",
        "Shapes.Same",
        "Types",
        "AsEdge.Shapes.Answers",
        "Failing.Later",
    ];
    let app = with_edge(code, &worker(&dll.display().to_string(), &methods));
    let host = TestHost::start(built(app)).await;
    let answer = host.query("{ f }").await;
    let text = answer["data"]["f"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    let said: serde_json::Value = serde_json::from_str(text).unwrap();
    let expected = json!([
        ".NET welcomes a promise, call 2",
        ".NET welcomes a callback, call 1",
        [true, "System.InvalidOperationException", "it failed later", true],
        ["System.InvalidOperationException", "it failed later"],
        { "date": "DateTime", "bytes": "Byte[]", "none": "null", "list": "Object[]", "nested": "ExpandoObject" },
        [true, 0, true, [1, 2], null, { "$date": 1 }],
        ["Ada", true, 3, "12.50"],
        "edge-js: a function cannot be sent to another process; send data",
        "edge-js: synchronous calls are not supported in resolvers; leave out `true`, and await the promise",
    ]);
    assert_eq!(said, expected);
}

#[test]
fn an_assembly_that_no_worker_has_cannot_be_built_with_and_the_message_is_what_to_write() {
    let said = refused(&with_edge(
        "const answer = edge.func('../bin/LegacyApi.dll');",
        "",
    ));
    let remedy = r#"edge-js: no worker has the assembly LegacyApi.dll; write in mayfly.toml, and build again:
[workers.legacyapi]
dotnet = "../bin/LegacyApi.dll"

[workers.legacyapi.methods."Startup.Invoke"]
access = "read"    # "write" when it changes something: then it is never tried twice

[modules.script.grants]
workers.legacyapi = ["Startup.Invoke"]
"#;
    assert!(said.contains(remedy), "{said}");
}

#[test]
fn a_method_that_is_not_granted_cannot_be_built_with_and_the_message_is_what_to_write() {
    let code = "const answer = edge.func({ assemblyFile: 'LegacyApi.dll', typeName: 'LegacyApi.Students', methodName: 'Find' });";
    let said = refused(&with_edge(
        code,
        &worker("bin/LegacyApi.dll", &["Students.All"]),
    ));
    let remedy = r#"edge-js: the method `LegacyApi.Students.Find` of worker `legacy` is not granted to module `script`; write in mayfly.toml, and build again:
[workers.legacy.methods."Students.Find"]
access = "read"    # "write" when it changes something: then it is never tried twice

[modules.script.grants]
workers.legacy = ["Students.All", "Students.Find"]
"#;
    assert!(said.contains(remedy), "{said}");
}

#[test]
fn source_of_net_is_refused_with_what_to_do() {
    let remedy = "edge-js: source of .NET cannot be compiled in a resolver; build an assembly of it, and name that: \
        edge.func({ assemblyFile: 'LegacyApi.dll', typeName: 'LegacyApi.Startup', methodName: 'Invoke' })";
    for code in [
        "const answer = edge.func('async (input) => { return 1; }');",
        "const answer = edge.func('cs', { source: 'x' });",
        "const answer = edge.func(function () {/* async (input) => 1 */});",
    ] {
        let said = refused(&with_edge(code, ""));
        assert!(said.contains(remedy), "{said}");
    }
}
