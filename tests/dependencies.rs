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
