//! Which way dependencies point, and what may stand at the top level.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mayfly_tests::repository;

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of the host with its path from `host/`, and its text without comments.
fn host_sources() -> Vec<(String, String)> {
    let host = repository().join("host");
    let mut files = Vec::new();
    for part in ["src", "crates"] {
        sources(&host.join(part), &mut files);
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        (
            path.strip_prefix(&host).unwrap().display().to_string(),
            code,
        )
    };
    files.into_iter().map(read).collect()
}

fn named_only_in(word: &str, homes: &[&str]) {
    for (path, code) in host_sources() {
        if code.contains(word) {
            assert!(
                homes.iter().any(|home| path.starts_with(home)),
                "`{word}` is named in host/{path}; its homes are {homes:?}"
            );
        }
    }
}

#[test]
fn each_library_is_named_only_in_its_home() {
    for word in ["wasmtime::", "wasmtime_wasi::"] {
        named_only_in(word, &["crates/runtime/", "crates/capabilities/"]);
    }
    named_only_in("async_graphql::", &["src/http/admin/"]);
    named_only_in("tiberius::", &["crates/capabilities/src/sql/sqlserver/"]);
    for word in ["aws_sdk_dynamodb::", "aws_config::"] {
        named_only_in(word, &["crates/capabilities/"]);
    }
    named_only_in("jsonwebtoken::", &["src/callers/"]);
    named_only_in(
        "axum::",
        &["src/http/", "src/commands/serve.rs", "src/host.rs"],
    );
    named_only_in("bindgen!", &["crates/runtime/", "crates/capabilities/"]);
}

/// The crates of this project that a crate is built from.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = repository()
        .join("host/crates")
        .join(name)
        .join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let own = manifest.split("[dev-dependencies]").next().unwrap();
    let names = own.lines().filter_map(|line| line.split_once(" = "));
    let names = names.filter_map(|(name, _)| name.trim().strip_prefix("mayfly-"));
    names.map(str::to_owned).collect()
}

#[test]
fn crates_know_only_those_below_them() {
    let below = [
        ("clock", ""),
        ("error", ""),
        ("json", ""),
        ("telemetry", ""),
        // Probes are JSON in the configuration.
        ("config", "json"),
        ("graphql", "config error json telemetry"),
        ("runtime", "clock config error json telemetry"),
        ("capabilities", "config error json telemetry runtime"),
    ];
    for (name, below) in below {
        let below: BTreeSet<_> = below.split_whitespace().map(str::to_owned).collect();
        let known = dependencies(name);
        assert!(known.is_subset(&below), "{name} knows {known:?}");
    }
    let crates = fs::read_dir(repository().join("host/crates")).unwrap();
    assert_eq!(crates.count(), below.len(), "each crate has a place here");
}

#[test]
fn capabilities_do_not_know_each_other() {
    for (path, code) in host_sources() {
        let all = ["dynamodb", "sql", "http", "worker"];
        let pairs = all
            .iter()
            .flat_map(|one| all.iter().map(move |other| (one, other)));
        for (one, other) in pairs.filter(|(one, other)| one != other) {
            if path.starts_with(&format!("crates/capabilities/src/{one}/")) {
                let knows = code.contains(&format!("crate::{other}"));
                assert!(!knows, "host/{path} knows `{other}`");
            }
        }
    }
}

#[test]
fn what_any_sql_database_needs_names_none() {
    let sql = repository().join("host/crates/capabilities/src/sql");
    // Where it is said which databases there are.
    let chosen = ["mod.rs", "capability.rs", "configuration.rs"];
    let mut files = Vec::new();
    sources(&sql, &mut files);
    let mut looked_at = 0;
    for file in files {
        let path = file.strip_prefix(&sql).unwrap();
        if path.starts_with("sqlserver") || chosen.iter().any(|chosen| path == Path::new(chosen)) {
            continue;
        }
        looked_at += 1;
        // Comments too: what is true of one database only has no place here.
        let text = fs::read_to_string(&file).unwrap().to_lowercase();
        for name in ["sqlserver", "sql server", "tiberius", "t-sql", "trancount"] {
            assert!(!text.contains(name), "{} names `{name}`", file.display());
        }
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(!words.any(|word| word == "tds"), "{}", file.display());
    }
    assert!(looked_at > 20, "{looked_at} files");
}

#[test]
fn the_host_names_no_capability() {
    for (path, code) in host_sources() {
        if !path.starts_with("src/") {
            continue;
        }
        for name in ["dynamodb", "sqlserver", "DynamoDb", "SqlServer"] {
            // The files of the WIT package stand in one list, those of the SDK and the engine of JavaScript in two.
            let lists = [
                "src/build/world.rs",
                "src/build/javascript/engine.rs",
                "src/build/javascript/sdk.rs",
            ];
            let named = code.contains(name) && !lists.contains(&path.as_str());
            assert!(!named, "host/{path} names `{name}`");
        }
    }
}

#[test]
fn the_top_level_holds_what_it_should() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "Makefile",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "deny.toml",
        "docs",
        "host",
        "guest",
        "wit",
        "tests",
        "target",
    ];
    for entry in fs::read_dir(repository()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let fine = allowed.contains(&name.as_str())
            || name.starts_with('.')
            || name.starts_with("LICENSE-");
        assert!(fine, "{name} has no place at the top level");
    }
}

#[test]
fn every_versioned_dependency_stands_in_the_workspace_root() {
    let host = repository().join("host");
    let mut manifests = vec![
        host.join("Cargo.toml"),
        host.join("embedded/Cargo.toml"),
        repository().join("tests/Cargo.toml"),
    ];
    manifests.extend(
        fs::read_dir(host.join("crates"))
            .unwrap()
            .map(|entry| entry.unwrap().path().join("Cargo.toml")),
    );
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).unwrap();
        let dependencies = text
            .split("dependencies]")
            .skip(1)
            .flat_map(|section| section.split("\n[").next().unwrap().lines());
        for line in dependencies.filter(|line| line.contains('=')) {
            assert!(
                line.contains("workspace = true"),
                "{}: {line}",
                manifest.display()
            );
        }
    }
}

#[test]
fn every_item_of_the_wit_is_documented() {
    for entry in fs::read_dir(repository().join("wit")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let item = [
                "interface ",
                "world ",
                "record ",
                "variant ",
                "enum ",
                "resource ",
                "type ",
                "package ",
            ];
            let declared =
                item.iter().any(|word| line.starts_with(word)) || line.contains(": func(");
            if declared {
                let before = lines[..number]
                    .iter()
                    .rev()
                    .find(|line| !line.starts_with("@since"));
                assert!(
                    before.is_some_and(|line| line.starts_with("///")),
                    "{}:{}: {line}",
                    path.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn no_binary_is_committed() {
    let files = std::process::Command::new("git")
        .args(["ls-files"])
        .current_dir(repository())
        .output()
        .unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    assert!(
        !files
            .lines()
            .any(|file| file.ends_with(".wasm") || file.ends_with(".cwasm")),
        "{files}"
    );
}
