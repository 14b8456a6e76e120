//! What the README says is so.

use std::fs;
use std::path::Path;

use mayfly_config::Config;
use mayfly_runtime::capability::readers;
use mayfly_tests::repository;

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn its_configuration_is_one_that_loads() {
    let snippets = blocks(&read("README.md"), "toml");
    assert!(!snippets.is_empty());
    for snippet in snippets {
        let text = format!("schema = \"schema.graphql\"\n[dynamodb]\n{snippet}");
        Config::parse(
            Path::new("app"),
            &text,
            &readers(mayfly_capabilities::ALL),
            &|_| Some("a secret that is long enough".to_owned()),
        )
        .unwrap();
    }
}

#[test]
fn its_make_targets_exist() {
    let makefile = read("Makefile");
    let readme = read("README.md");
    let named = readme
        .split("make ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next());
    for target in named.filter(|target| {
        [
            "run", "test", "chaos", "bench", "fuzz", "soak", "build", "guests",
        ]
        .contains(target)
    }) {
        assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
    }
    assert!(readme.contains("$ make run"));
}

#[test]
fn its_metrics_codes_and_links_exist() {
    let readme = read("README.md");
    let names = read("host/crates/telemetry/src/names.rs");
    let codes = read("host/crates/error/src/code.rs");
    let words = |text: &str| {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for word in words(&readme) {
        if word.starts_with("mayfly_") && word != "mayfly_guest" {
            assert!(names.contains(&format!("\"{word}\"")), "the metric {word}");
        }
    }
    // In tables, words in capitals are codes.
    let capitals = |word: &String| {
        word.len() > 3
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    for word in readme
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(words)
        .filter(capitals)
    {
        assert!(codes.contains(&format!("\"{word}\"")), "the code {word}");
    }
    for link in readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(
            link.starts_with("http") || repository().join(link).exists(),
            "the link {link}"
        );
    }
}
