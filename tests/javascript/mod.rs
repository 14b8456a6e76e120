//! Resolvers in JavaScript and TypeScript: what they answer, how they are built, and what they cannot do to anybody.

mod absent;
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

use mayfly_tests::{TestApp, mayfly, repository};

/// What every schema begins with.
const DIRECTIVE: &str = "directive @resolve(module: String!, needs: String) on FIELD_DEFINITION\n";

/// Statements of more than one test.
const STATEMENTS: &str = r#"
[statements.count_of_student]
backend = "school"
text = "SELECT COUNT(*) AS many FROM Assessments WHERE student_id = @id"
access = "read"
parameters = { id = "nvarchar(64)" }
columns = { many = "int" }

[statements.divide]
backend = "school"
text = "SELECT 10 / @n AS n"
access = "read"
parameters = { n = "int" }
columns = { n = "int" }

[statements.echo]
backend = "school"
text = "SELECT @n AS n, @b AS b, @t AS t"
access = "read"
parameters = { n = "int", b = "bit", t = "nvarchar(64)" }
columns = { n = "int", b = "bit", t = "nvarchar(64)" }
"#;

/// A database inside the host, with the rows of the sample app, and those statements.
fn school() -> String {
    let seed = repository().join("guest/apps/students/seed");
    format!(
        "[sqlserver.school]\naddress = \"embedded\"\ndatabase = \"School\"\n[embedded]\nseed = \"{}\"\n{STATEMENTS}",
        seed.display()
    )
}

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
