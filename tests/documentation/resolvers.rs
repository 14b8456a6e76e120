//! The resolvers that pages show are compiled, and the app of the README answers.

use std::fs;
use std::path::Path;

use mayfly_tests::{mayfly, repository};
use serde_json::Value;

use super::blocks;
use super::console::guest_target;
use super::page::Page;

/// Writes the SDK and a workspace for the crates in `modules/`.
fn workspace(app: &Path) {
    let sdk = mayfly()
        .args(["sdk", "rust"])
        .arg(app.join("sdk/rust"))
        .output()
        .unwrap();
    assert!(sdk.status.success(), "{sdk:?}");
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"modules/*\"]\n[profile.release]\npanic = \"abort\"\n";
    fs::write(app.join("Cargo.toml"), manifest).unwrap();
    fs::copy(
        repository().join("guest/Cargo.lock"),
        app.join("Cargo.lock"),
    )
    .unwrap();
}

fn add_crate(app: &Path, name: &str, code: &str) {
    let directory = app.join("modules").join(name);
    fs::create_dir_all(directory.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\n\
         mayfly-guest = {{ path = \"../../sdk/rust\" }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n"
    );
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    fs::write(directory.join("src/lib.rs"), code).unwrap();
}

fn build(app: &Path) -> String {
    let output = mayfly()
        .arg("build")
        .arg(app)
        .env("MAYFLY_GUEST_TARGET_DIR", guest_target())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_runnable_resolver_compiles() {
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path();
    workspace(app);
    let mut configuration = "schema = \"schema.graphql\"\n".to_owned();
    let languages = ["rust", "cpp", "js", "ts"];
    let shown = blocks(|block| block.is_runnable() && languages.contains(&block.language.as_str()));
    for (number, (page, block)) in shown.iter().enumerate() {
        let name = format!("shown-{number}");
        let source = if block.language == "rust" {
            add_crate(app, &name, &block.text);
            format!("modules/{name}")
        } else {
            let file = format!("{name}.{}", block.language);
            fs::write(app.join(&file), &block.text).unwrap();
            file
        };
        configuration.push_str(&format!(
            "# {}:{}\n[modules.{name}]\ncomponent = \"build/{name}.wasm\"\nsource = \"{source}\"\n",
            page.name, block.line
        ));
    }
    fs::write(app.join("mayfly.toml"), configuration).unwrap();
    let said = build(app);
    let handled = said
        .lines()
        .filter(|line| line.contains(" handles "))
        .count();
    assert_eq!(handled, shown.len(), "{said}");
    assert!(shown.len() >= 3, "{} resolvers", shown.len());
}

#[test]
fn the_app_of_the_readme_answers() {
    let readme = Page::read("README.md");
    let block = |language: &str| {
        let mut found = readme.blocks();
        found.retain(|block| block.language == language);
        assert_eq!(found.len(), 1, "one block of {language}");
        found.remove(0).text
    };
    let directory = tempfile::tempdir().unwrap();
    let app = directory.path();
    workspace(app);
    add_crate(app, "students", &block("rust"));
    fs::write(app.join("mayfly.toml"), block("toml")).unwrap();
    fs::write(app.join("schema.graphql"), block("graphql")).unwrap();
    let seed = repository().join("guest/apps/students/seed");
    std::os::unix::fs::symlink(seed, app.join("seed")).unwrap();
    build(app);
    let output = mayfly()
        .arg("invoke")
        .arg(app)
        .args(["Query.student", "--args", r#"{"id": "S1"}"#])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let answer: Value = serde_json::from_str(said.lines().next().unwrap())
        .unwrap_or_else(|error| panic!("{error}: {said}"));
    assert!(answer.to_string().contains("Ben Berg"), "{said}");
}
