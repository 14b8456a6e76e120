//! From nothing to an app that answers, anywhere on the disk: `mayfly new`, `mayfly sdk`.

use std::fs;
use std::path::Path;
use std::process::Output;

use mayfly_tests::{TestApp, TestHost, mayfly, node_packages, repository};
use serde_json::json;

/// Where guests outside of the repository are compiled, so that each test does not compile their libraries again.
fn run(arguments: &[&str], app: &Path) -> Output {
    mayfly()
        .args(arguments)
        .arg(app)
        .env(
            "MAYFLY_GUEST_TARGET_DIR",
            repository().join("target/guests-outside"),
        )
        .output()
        .unwrap()
}

fn done(arguments: &[&str], app: &Path) -> String {
    let output = run(arguments, app);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn new(app: &Path, language: &str) -> Output {
    mayfly()
        .arg("new")
        .arg(app)
        .args(["--lang", language])
        .output()
        .unwrap()
}

async fn a_new_app_is_built_checked_served_and_answers(language: &str) {
    let app = TestApp::empty();
    let made = new(app.path(), language);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(said.contains("next: `mayfly build "), "{said}");
    let built = done(&["build"], app.path());
    assert!(built.contains("handles Query.greeting"), "{built}");
    let checked = done(&["check", "--connect"], app.path());
    assert!(checked.trim_end().ends_with("is fine"), "{checked}");
    let host = TestHost::start(app).await;
    let answer = host
        .query(r#"{ known: greeting(language: "ja") { language text } unknown: greeting(language: "x") { text } }"#)
        .await;
    let known = json!({ "language": "ja", "text": "こんにちは" });
    assert_eq!(
        answer,
        json!({ "data": { "known": known, "unknown": null } })
    );
}

#[tokio::test]
async fn a_new_app_in_rust_answers() {
    a_new_app_is_built_checked_served_and_answers("rust").await;
}

#[tokio::test]
async fn a_new_app_in_cpp_answers() {
    a_new_app_is_built_checked_served_and_answers("cpp").await;
}

#[tokio::test]
async fn a_new_app_in_javascript_answers() {
    a_new_app_is_built_checked_served_and_answers("js").await;
}

#[tokio::test]
async fn a_new_app_in_typescript_answers_and_its_types_fit() {
    a_new_app_is_built_checked_served_and_answers("ts").await;
    let packages = repository().join("tests/javascript/beside-node");
    node_packages(&packages);
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("app");
    assert_eq!(new(&app, "ts").status.code(), Some(0));
    let types = app.join("modules/greetings/schema.ts");
    let generated = fs::read_to_string(&types).unwrap();
    let told = done(&["codegen"], &app);
    assert_eq!(told, generated);
    let checked = || {
        std::process::Command::new(packages.join("node_modules/.bin/tsc"))
            .arg("--project")
            .arg(&app)
            .output()
            .unwrap()
    };
    let output = checked();
    assert!(output.status.success(), "{output:?}");
    // Globals are known, and those that resolvers do not have are not.
    let module = app.join("modules/greetings/index.ts");
    let code = fs::read_to_string(&module).unwrap();
    let globals = "console.log(process.env.MODE, Buffer.from('a').readUInt16BE(0), new URL('https://a/').searchParams.get('b'));
export const asks = async () => (await fetch('https://enrolment/', { signal: AbortSignal.timeout(10) })).json();\n";
    fs::write(&module, format!("{code}{globals}")).unwrap();
    let output = checked();
    assert!(output.status.success(), "{output:?}");
    fs::write(&module, format!("{code}new WebSocket('a');")).unwrap();
    let output = checked();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("WebSocket"),
        "{output:?}"
    );
    // A resolver that does not fit is told.
    fs::write(&module, code.replace("({ language })", "({ tongue })")).unwrap();
    let output = checked();
    assert!(!output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("tongue"),
        "{output:?}"
    );
}

#[test]
fn types_are_written_for_one_module_or_into_a_file() {
    let app = TestApp::students();
    let out = app.path().join("schema.ts");
    let told = done(
        &[
            "codegen",
            "--module",
            "assessments",
            "--out",
            out.to_str().unwrap(),
        ],
        app.path(),
    );
    assert_eq!(told.trim_end(), format!("wrote {}", out.display()));
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.contains("export type AssessmentsResolvers = {"));
    assert!(!written.contains("StudentsResolvers"), "{written}");
    let refused = run(&["codegen", "--module", "teachers"], app.path());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr)
            .contains("no field of the schema names module `teachers`"),
        "{refused:?}"
    );
}

#[test]
fn a_directory_with_anything_in_it_is_refused_and_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let mine = directory.path().join("mayfly.toml");
    fs::write(&mine, "mine").unwrap();
    let refused = new(directory.path(), "rust");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("is not empty; name an empty directory or a new one"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let refused = new(&mine, "rust");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}

#[test]
fn editors_are_told_what_a_configuration_may_hold() {
    let schema = mayfly().args(["config", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    let directory = tempfile::tempdir().unwrap();
    for language in ["rust", "cpp"] {
        let app = directory.path().join(language);
        assert_eq!(new(&app, language).status.code(), Some(0));
        let read = |file: &str| fs::read_to_string(app.join(file)).unwrap();
        let written: serde_json::Value = serde_json::from_str(&read("mayfly.schema.json")).unwrap();
        assert_eq!(written, schema);
        let named = "#:schema ./mayfly.schema.json\n";
        assert!(read("mayfly.toml").starts_with(named));
        for settings in [".vscode/settings.json", ".taplo.toml"] {
            assert!(
                read(settings).contains("./mayfly.schema.json"),
                "{settings}"
            );
        }
    }
}

#[test]
fn the_lock_file_of_a_new_app_is_what_cargo_would_write() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("an app");
    assert_eq!(new(&app, "rust").status.code(), Some(0));
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .current_dir(&app)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn an_sdk_that_was_changed_is_refused_by_the_build_and_by_a_check() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path().join("app");
    assert_eq!(new(&app, "rust").status.code(), Some(0));
    let sdk = app.join("sdk/rust");
    assert!(done(&["sdk", "--check", "rust"], &sdk).contains("is as it was written"));
    let file = sdk.join("src/lib.rs");
    let changed = fs::read_to_string(&file).unwrap() + "\n// Changed.\n";
    fs::write(&file, changed).unwrap();
    for arguments in [&["build"][..], &["sdk", "--check", "rust"]] {
        let place = if arguments == ["build"] { &app } else { &sdk };
        let refused = run(arguments, place);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(
            said.contains("src/lib.rs was changed") && said.contains("run `mayfly sdk rust "),
            "{said}"
        );
    }
    assert!(!app.join("build/greetings.wasm").exists());
    done(&["sdk", "rust"], &sdk);
    done(&["build"], &app);
}

#[test]
fn the_digests_of_an_sdk_are_those_that_other_programs_find() {
    let directory = tempfile::tempdir().unwrap();
    for language in ["rust", "cpp", "js"] {
        let sdk = directory.path().join(language);
        done(&["sdk", language], &sdk);
        let output = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
            .current_dir(&sdk)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_rust_sdk_packages_as_a_crate() {
    let directory = tempfile::tempdir().unwrap();
    let sdk = directory.path().join("sdk");
    done(&["sdk", "rust"], &sdk);
    // `--list` is what would be in the package; building it is what the new app does.
    let output = std::process::Command::new(env!("CARGO"))
        .args(["package", "--list", "--offline", "--allow-dirty"])
        .current_dir(&sdk)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout).unwrap();
    for file in ["LICENSE-MIT", "src/lib.rs", "wit/world.wit", "SHA256SUMS"] {
        assert!(listed.lines().any(|line| line == file), "{file}: {listed}");
    }
    for entry in fs::read_dir(repository().join("wit")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(sdk.join("wit").join(&name).is_file(), "{name}");
    }
}
