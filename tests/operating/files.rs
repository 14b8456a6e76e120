//! Files of an app that are not what they should be.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use mayfly_tests::{TestApp, mayfly};

fn check(app: &TestApp) -> Output {
    mayfly().arg("check").arg(app.path()).output().unwrap()
}

/// What is said of the app, whose path is left out.
fn refused(app: &TestApp) -> String {
    let output = check(app);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    said.replace(app.path().to_str().unwrap(), "APP")
}

/// Puts a pipe that nobody writes in place of a file.
fn with_pipe(app: TestApp, file: &str) -> TestApp {
    let app = app.with_file(file, b"").without_file(file);
    let made = Command::new("mkfifo").arg(app.path().join(file)).status();
    assert!(made.unwrap().success());
    app
}

#[test]
fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
    for (file, told) in [
        (
            "mayfly.toml",
            "APP/mayfly.toml: cannot be read (it is not a regular file); an app is a directory with a mayfly.toml",
        ),
        (
            "schema.graphql",
            "APP/schema.graphql: cannot be read: it is not a regular file; correct `schema`",
        ),
        (
            "build/students.wasm",
            "APP/build/students.wasm cannot be read: it is not a regular file; correct `component`",
        ),
    ] {
        let said = refused(&with_pipe(TestApp::students(), file));
        assert!(said.contains(told), "{file}: {said}");
    }
    let app =
        TestApp::students().with_configuration("[server]\nadmin_token = { file = \"token\" }\n");
    let said = refused(&with_pipe(app, "token"));
    let told =
        "`server.admin_token` reads APP/token, which cannot be read: it is not a regular file";
    assert!(said.contains(told), "{said}");
}

#[test]
fn a_device_in_place_of_a_file_is_refused_and_not_read_for_ever() {
    for file in ["mayfly.toml", "schema.graphql", "build/students.wasm"] {
        let app = TestApp::students().with_file(file, b"").without_file(file);
        symlink("/dev/zero", app.path().join(file)).unwrap();
        let said = refused(&app);
        assert!(said.contains("it is not a regular file"), "{file}: {said}");
    }
}

#[test]
fn what_editors_of_other_systems_put_into_files_is_taken() {
    let app = TestApp::students();
    let windows = |file: &str| {
        let text = fs::read_to_string(app.path().join(file)).unwrap();
        format!("\u{feff}{}", text.replace('\n', "\r\n"))
    };
    let (configuration, schema) = (windows("mayfly.toml"), windows("schema.graphql"));
    let app = app
        .with_file("mayfly.toml", configuration.as_bytes())
        .with_file("schema.graphql", schema.as_bytes());
    assert_eq!(check(&app).status.code(), Some(0));

    let units = configuration.encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = units.collect();
    let said = refused(&TestApp::students().with_file("mayfly.toml", &utf16));
    let told = "cannot be read (it is not UTF-8 text; save it as UTF-8)";
    assert!(said.contains(told), "{said}");
}
