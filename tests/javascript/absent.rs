//! What packages ask for and resolvers do not have: the build names it, and it fails when it is used.

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

use super::{build, built, script};

/// Packages as there are many: each is useful without the part of Node that it also asks for.
const PACKAGES: [(&str, &str); 6] = [
    (
        "templates",
        "const fs = require('fs');\nconst path = require('node:path');\nexports.render = (text, values) => text.replace(/{(\\w+)}/g, (_, name) => values[name]);\nexports.load = (file) => fs.readFileSync(path.join('/', file));\nexports.loadLater = (file) => fs.promises.readFile(file);",
    ),
    (
        "signs",
        "const Stream = require('stream');\nconst util = require('util');\nfunction Signing() { Stream.call(this); this.writable = true; }\nutil.inherits(Signing, Stream);\nexports.sign = (text) => `${text}!`;\nexports.emits = () => { const signing = new Signing(); const seen = []; signing.on('data', (data) => seen.push(data)); signing.emit('data', 1); return seen; };\nclass Transforming extends Stream.Transform {}\nexports.transforms = () => new Transforming();",
    ),
    (
        "queries",
        "const drivers = { sqlite: () => require('sqlite3'), none: () => null };\nexports.build = (name) => { drivers[name](); return 'SELECT 1'; };\nexports.has = (name) => { try { drivers[name](); return true; } catch (error) { return [error.code, error.message]; } };",
    ),
    (
        "logs",
        "const { writeSync } = require('fs');\nconst os = require('node:os');\nexports.log = (line) => writeSync(1, `${line}${os.EOL}`);",
    ),
    (
        "renews",
        "import { readFile } from 'node:fs/promises';\nimport net from 'net';\nimport * as tls from 'tls';\nexport const plain = () => 1;\nexport const reads = () => readFile('x');\nexport const connects = () => net.connect(1);\nexport const secures = () => tls.connect(1);",
    ),
    (
        "asks",
        "const fs = require('fs');\nexports.found = [typeof fs.readFileSync, fs.then === undefined, fs.__esModule === undefined, 'absent' in fs];",
    ),
];

fn app(code: &str, fields: &[&str]) -> TestApp {
    let fields: String = fields
        .iter()
        .map(|field| format!("{field}: Any @script "))
        .collect();
    let schema = format!("scalar Any\ntype Query {{ {fields} }}");
    let mut app =
        script("module/index.js", code, &schema, "").with_file("module/package.json", b"{}");
    for (name, code) in PACKAGES {
        let kind = if code.starts_with("import") {
            "module"
        } else {
            "commonjs"
        };
        let manifest = format!(r#"{{ "name": "{name}", "version": "1.0.0", "type": "{kind}" }}"#);
        let at = |file: &str| format!("module/node_modules/{name}/{file}");
        app = app
            .with_file(&at("package.json"), manifest.as_bytes())
            .with_file(&at("index.js"), code.as_bytes());
    }
    app.configured("module/index.js", "module")
}

#[tokio::test]
async fn packages_work_where_they_do_not_use_what_there_is_not() {
    let code = "
const templates = require('templates');
const signs = require('signs');
const queries = require('queries');
const logs = require('logs');
const renews = require('renews');
const asks = require('asks');
const failure = (run) => { try { return `${run()}`; } catch (error) { return error.message; } };
exports.resolvers = { Query: {
  works: () => [templates.render('Hello {name}', { name: 'Ada' }), signs.sign('a'), signs.emits(), queries.build('none'), renews.plain(), logs.log('written by a package')],
  fails: () => [() => templates.load('a.txt'), () => templates.loadLater('a'), signs.transforms, renews.reads, renews.connects, renews.secures].map(failure),
  absent: () => [queries.has('none'), queries.has('sqlite')],
  found: () => asks.found,
} };";
    let app = app(code, &["works", "fails", "absent", "found"]);
    let output = build(&app);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    for told in [
        "warning: node_modules/templates/index.js:1:19: resolvers have no `fs`: a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server; it fails when it is used",
        "warning: node_modules/signs/index.js:1:23: resolvers have no `stream`: a resolver answers in one go",
        "warning: node_modules/queries/index.js:1:40: `sqlite3` is not installed, which this package can use",
        "warning: node_modules/renews/index.js:1:25: resolvers have no `node:fs/promises`",
    ] {
        assert!(said.contains(told), "{told}\n{said}");
    }
    let host = TestHost::start(app).await;
    let answer = host.query("{ works absent found }").await;
    let sqlite =
        "Cannot find module 'sqlite3': `sqlite3` is not installed, which this package can use";
    let right = json!({
        "works": ["Hello Ada", "a!", [1], "SELECT 1", 1, 21],
        "absent": [true, ["MODULE_NOT_FOUND", sqlite]],
        "found": ["function", true, true, false],
    });
    assert_eq!(answer, json!({ "data": right }));
    host.logged(&["written by a package"]).await;
    let answer = host.query("{ fails }").await;
    let used = [
        "`fs.readFileSync` was used",
        "`fs.promises.readFile` was used",
        "`stream.Transform` was used",
        "`node:fs/promises.readFile` was used",
        "`net.connect` was used",
        "`tls.connect` was used",
    ];
    for (told, used) in answer["data"]["fails"].as_array().unwrap().iter().zip(used) {
        let told = told.as_str().unwrap();
        assert!(
            told.contains("resolvers have no `") && told.contains(used),
            "{told}"
        );
    }
}

#[test]
fn a_package_that_uses_it_at_its_top_level_is_an_error_of_the_build() {
    let code =
        "import { text } from 'loads'; export const resolvers = { Query: { f: () => text } };";
    let app = app(code, &["f"])
        .with_file("module/node_modules/loads/package.json", b"{}")
        .with_file(
            "module/node_modules/loads/index.js",
            b"const fs = require('fs');\nexports.text = fs.readFileSync('words.txt', 'utf8');",
        );
    let output = build(&app);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for told in [
        "resolvers have no `fs`: a resolver has no files",
        "(`fs.readFileSync` was used)",
        "node_modules/loads/index.js:2",
    ] {
        assert!(said.contains(told), "{told}\n{said}");
    }
}

#[tokio::test]
async fn what_is_required_is_the_main_file_of_a_package_and_what_is_imported_its_module() {
    for (file, code, right) in [
        (
            "index.js",
            "const both = require('both'); exports.resolvers = { Query: { f: () => both() } };",
            "main",
        ),
        (
            "index.mjs",
            "import both from 'both'; export const resolvers = { Query: { f: () => both() } };",
            "module",
        ),
    ] {
        let schema = "type Query { f: String @script }";
        let source = format!("module/{file}");
        let app = script(&source, code, schema, "")
            .with_file(
                "module/node_modules/both/package.json",
                br#"{ "main": "main.js", "module": "module.mjs" }"#,
            )
            .with_file(
                "module/node_modules/both/main.js",
                b"module.exports = () => 'main';",
            )
            .with_file(
                "module/node_modules/both/module.mjs",
                b"export default () => 'module';",
            );
        let host = TestHost::start(built(app)).await;
        assert_eq!(host.query("{ f }").await, json!({ "data": { "f": right } }));
    }
}

#[test]
fn metadata_of_decorators_is_not_left_out_without_a_word() {
    let schema = "type Query { f: Int @script }";
    let code = "export const resolvers = { Query: { f: () => 1 } };";
    let options = b"{\n  // For injection by type.\n  \"compilerOptions\": { \"experimentalDecorators\": true, \"emitDecoratorMetadata\" : true }\n}";
    let app = script("module.ts", code, schema, "").with_file("tsconfig.json", options);
    let output = build(&app);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("warning: tsconfig.json: `emitDecoratorMetadata` has no effect"),
        "{said}"
    );
}
