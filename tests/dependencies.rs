//! What the libraries of the host are built with: a feature that a dependency turns on somewhere is on everywhere.

use std::collections::BTreeSet;
use std::process::Command;

use mayfly_tests::repository;

/// The features a package is built with, by what is asked of cargo.
fn features(package: &str, arguments: &[&str]) -> BTreeSet<String> {
    // The cargo that runs this test; how it joins features otherwise is not inherited.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(repository())
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .env_remove("CARGO_UNSTABLE_FEATURE_UNIFICATION")
        .args([
            "tree",
            "--offline",
            "--prefix",
            "none",
            "--format",
            "{p}|{f}",
        ])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let found: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.trim_end_matches(" (*)").split_once('|'))
        .filter(|(name, _)| name.split(' ').next() == Some(package))
        .flat_map(|(_, features)| features.split(','))
        .map(str::to_owned)
        .collect();
    assert!(
        output.status.success() && !found.is_empty(),
        "cargo tree {arguments:?} shows no {package}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    found
}

/// What the program is built from.
const HOST: [&str; 4] = ["--package", "mayfly", "--edges", "normal,build"];

/// Everything at once, as `make build` and `make test` build it.
const WORKSPACE: [&str; 3] = ["--workspace", "--edges", "all"];

#[test]
fn nothing_gives_a_meaning_to_the_keys_of_json() {
    for marker in ["raw_value", "arbitrary_precision"] {
        assert!(
            !features("serde_json", &HOST).contains(marker),
            "serde_json has `{marker}` in the host, by which a key restarts its limit of depth"
        );
    }
    // The embedded endpoints bring `raw_value` along, which has a meaning only where somebody reads into `serde_json::Value`.
    let all = features("serde_json", &WORKSPACE);
    assert!(!all.contains("arbitrary_precision"), "{all:?}");
}

#[test]
fn the_engine_is_built_without_what_guests_may_not_use() {
    let allowed: BTreeSet<String> = [
        "async",
        "component-model",
        "cranelift",
        "once_cell",
        "parallel-compilation",
        "pooling-allocator",
        "runtime",
        "std",
        "wasmtime-jit-icache-coherence",
    ]
    .map(str::to_owned)
    .into();
    for built in [&HOST[..], &WORKSPACE] {
        let found = features("wasmtime", built);
        let more: Vec<_> = found.difference(&allowed).collect();
        assert!(
            more.is_empty(),
            "wasmtime has {more:?}; whoever turns it on has to say why, here and in host/crates/runtime/src/sandbox/engine.rs"
        );
    }
}

/// The workspaces, and what each is compiled for.
const PLACES: [(&str, &str); 3] = [
    ("", "x86_64-unknown-linux-gnu"),
    ("guest", "wasm32-unknown-unknown"),
    ("guest/sdk/js/engine", "wasm32-unknown-unknown"),
];

/// Everything the workspaces of this repository may be built from, as cargo says it.
fn metadata(directory: &str, target: &str) -> Vec<serde_json::Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(repository().join(directory))
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .env_remove("CARGO_UNSTABLE_FEATURE_UNIFICATION")
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(["--filter-platform", target])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].take();
    packages.as_array().unwrap().clone()
}

/// `deny.toml`, for which `cargo deny` is the tool; these tests hold the lock files to it where that is missing.
fn deny() -> toml::Table {
    let text = std::fs::read_to_string(repository().join("deny.toml")).unwrap();
    text.parse().unwrap()
}

fn texts(list: &toml::Value) -> BTreeSet<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

/// Whether an expression of licences can be satisfied with those allowed: alternatives of conjunctions, with brackets around some.
fn permitted(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ");
    let words = expression.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut at = 0;
    let answer = alternatives(&words, &mut at, allowed);
    assert_eq!(at, words.len(), "{expression}");
    answer
}

fn alternatives(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut answer = conjunction(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        answer |= conjunction(words, at, allowed);
    }
    answer
}

fn conjunction(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut answer = license(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        answer &= license(words, at, allowed);
    }
    answer
}

fn license(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let word = words[*at];
    *at += 1;
    if word == "(" {
        let answer = alternatives(words, at, allowed);
        assert_eq!(words[*at], ")");
        *at += 1;
        return answer;
    }
    let mut name = word.to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{word} WITH {}", words[*at + 1]);
        *at += 2;
    }
    allowed.contains(name.as_str())
}

#[test]
fn licences_sources_and_bans_are_those_of_deny_toml() {
    let deny = deny();
    let allowed = texts(&deny["licenses"]["allow"]);
    let registries = texts(&deny["sources"]["allow-registry"]);
    let banned: BTreeSet<&str> = deny["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ban| ban["name"].as_str().unwrap())
        .collect();
    let mut of_registries = 0;
    let mut used = BTreeSet::new();
    for package in PLACES
        .iter()
        .flat_map(|(place, target)| metadata(place, target))
    {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(name), "{name} is banned");
        let license = package["license"].as_str().unwrap_or_default();
        assert!(
            !license.is_empty() && permitted(license, &allowed),
            "{name}: the licence {license:?} is not among {allowed:?}"
        );
        used.extend(allowed.iter().filter(|allowed| license.contains(**allowed)));
        if let Some(source) = package["source"].as_str() {
            of_registries += 1;
            let known = source
                .strip_prefix("registry+")
                .is_some_and(|registry| registries.contains(registry));
            assert!(known, "{name} comes from {source}");
        }
    }
    assert!(of_registries > 300, "{of_registries} libraries");
    assert_eq!(used, allowed, "each licence allowed is one that is there");
}

#[test]
fn an_expression_of_licences_is_read_as_it_is_meant() {
    let allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"].into();
    for (expression, answer) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND MIT", true),
        ("(MIT AND GPL-3.0) OR GPL-3.0", false),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception", true),
    ] {
        assert_eq!(permitted(expression, &allowed), answer, "{expression}");
    }
}
