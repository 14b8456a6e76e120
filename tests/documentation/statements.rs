//! Names in the documentation are those of the program: make targets, metrics, codes, tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mayfly_error::{Blame, Code};
use mayfly_tests::repository;

use super::page::{Page, pages};

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
}

/// What is between backquotes.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn make_targets_exist() {
    let makefile = read("Makefile");
    let mut named = BTreeSet::new();
    // What the changelog tells of may be gone.
    for page in pages()
        .into_iter()
        .filter(|page| page.name != "CHANGELOG.md")
    {
        let commands = page
            .text
            .split("`make ")
            .chain(page.text.split("$ make "))
            .skip(1);
        for rest in commands {
            let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '-' || c == ' '));
            let targets = rest[..end.unwrap_or(rest.len())].split(' ');
            named.extend(
                targets
                    .take_while(|target| !target.is_empty())
                    .map(str::to_owned),
            );
        }
    }
    named.retain(|target| target.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    assert!(named.contains("run") && named.len() >= 8, "{named:?}");
    for target in named {
        assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
    }
}

#[test]
fn metrics_exist() {
    let names = read("host/crates/telemetry/src/names.rs");
    let mut named = 0;
    for page in pages() {
        for word in words(&page.text).filter(|word| word.starts_with("mayfly_")) {
            if ["mayfly_guest", "mayfly_worker"].contains(&word) {
                continue;
            }
            named += 1;
            assert!(
                names.contains(&format!("\"{word}\"")),
                "{}: the metric {word}",
                page.name
            );
        }
    }
    assert!(named >= 40, "{named} metrics");
}

#[test]
fn error_codes_are_those_of_the_program() {
    let page = Page::read("docs/error-codes.md");
    let rows: Vec<Vec<&str>> = page
        .text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let listed: Vec<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    let there: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, there);
    for (row, code) in rows.iter().zip(Code::ALL) {
        let who = match code.blame() {
            Blame::Client => "client",
            Blame::Guest => "module",
            Blame::Backend => "backend",
            Blame::Host => "operator",
        };
        assert!(row[2].starts_with(who), "{code}: {row:?}");
        let status = code.status().map(|status| status.to_string());
        assert_eq!(row[3], status.unwrap_or_default(), "{code}");
        assert!(row[4].len() > 5, "{code}: {row:?}");
    }
}

#[test]
fn codes_in_tables_exist() {
    let there: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let is_code = |word: &&str| {
        word.len() > 5
            && word.contains('_')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    for name in ["README.md", "docs/operating.md", "docs/guests/rust.md"] {
        let page = Page::read(name);
        for word in code(&page.text).filter(is_code) {
            let known =
                there.contains(word) || ["NOT_ENROLLED", "SOURCE_DATE_EPOCH"].contains(&word);
            assert!(known, "{name}: the code {word}");
        }
    }
}

fn tests(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "node_modules") {
                tests(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1);
            found.extend(names.filter_map(|rest| Some(rest.split_once("()")?.0.to_owned())));
        }
    }
}

#[test]
fn promises_of_security_have_the_tests_they_name() {
    let mut there = BTreeSet::new();
    for directory in [
        "tests",
        "host/crates/capabilities/tests",
        "host/crates/graphql/tests",
    ] {
        tests(&repository().join(directory), &mut there);
    }
    let page = Page::read("docs/security.md");
    let section = page
        .text
        .split_once("## What is promised")
        .and_then(|(_, rest)| rest.split_once("\n## "))
        .unwrap()
        .0;
    let promises: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("| tests |"))
        .collect();
    assert!(promises.len() >= 15, "{} promises", promises.len());
    for promise in promises {
        let named: Vec<&str> = code(promise)
            .filter(|word| word.matches('_').count() >= 2)
            .collect();
        assert!(!named.is_empty(), "no test: {promise}");
        for name in named {
            assert!(there.contains(name), "there is no test {name}");
        }
    }
}
