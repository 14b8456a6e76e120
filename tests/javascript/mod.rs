//! Resolvers in JavaScript and TypeScript: what they answer, how they are built, and what they cannot do to anybody.

mod answers;
mod appsync;
mod beside_node;
mod building;
mod drivers;
mod dynamodb_digits;
mod edge;
mod hostile;
mod http_libraries;
mod node_modules;
mod services;
mod time;

use std::process::Output;

use mayfly_tests::{TestApp, mayfly};

/// What every schema begins with.
const DIRECTIVE: &str = "directive @resolve(module: String!, needs: String) on FIELD_DEFINITION\n";

/// An app with one module, `script`, made of a file; `more` is added to its section.
fn script(file: &str, code: &str, schema: &str, more: &str) -> TestApp {
    let schema = format!(
        "{DIRECTIVE}{}",
        schema.replace("@script", "@resolve(module: \"script\")")
    );
    let configuration = format!(
        "schema = \"schema.graphql\"\n[modules.script]\ncomponent = \"build/script.wasm\"\nsource = \"{file}\"\n{more}\n"
    );
    TestApp::empty()
        .with_file("schema.graphql", schema.as_bytes())
        .with_file("mayfly.toml", configuration.as_bytes())
        .with_file(file, code.as_bytes())
}

/// Builds an app.
fn build(app: &TestApp) -> Output {
    mayfly().arg("build").arg(app.path()).output().unwrap()
}

/// Builds an app that can be built.
fn built(app: TestApp) -> TestApp {
    let output = build(&app);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    app
}

/// Why an app cannot be built.
fn refused(app: &TestApp) -> String {
    let output = build(app);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}
