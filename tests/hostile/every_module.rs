//! Every module of guest/hostile has a test: a new one without fails here.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use mayfly_runtime::capability;
use mayfly_tests::repository;

/// The tests there are, as the test program itself lists them: what is not compiled in, or not a test, is not there.
fn tests(arguments: &[&str]) -> String {
    let listing = Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .args(arguments)
        .output();
    String::from_utf8(listing.unwrap().stdout).unwrap()
}

#[test]
fn every_module_of_guest_hostile_has_a_test() {
    let app = repository().join("guest/hostile");
    let sources: BTreeSet<_> = fs::read_dir(app.join("modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let config = capability::load(&app, mayfly_capabilities::ALL).unwrap();
    let configured: BTreeSet<_> = config
        .modules
        .iter()
        .filter_map(|module| module.source.clone())
        .collect();
    assert_eq!(
        sources, configured,
        "mayfly.toml has every module that there is"
    );
    let schema = fs::read_to_string(app.join("schema.graphql")).unwrap();
    let tests = tests(&[]);
    for module in &config.modules {
        let name = &module.name;
        assert!(
            schema.contains(&format!("@resolve(module: \"{name}\"")),
            "no field is answered by {name}"
        );
    }
    let refused = fs::read_dir(app.join("refused"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let refused = refused.map(|source| source.file_stem().unwrap().to_str().unwrap().to_owned());
    for name in config
        .modules
        .iter()
        .map(|module| module.name.clone())
        .chain(refused)
    {
        let prefix = format!("hostile::{}::", name.replace('-', "_"));
        assert!(
            tests.lines().any(|test| test.starts_with(&prefix)),
            "{name} has no test whose name begins with {prefix}"
        );
    }
}

#[test]
fn no_test_of_a_hostile_guest_is_ignored() {
    assert!(!tests(&["--ignored"]).contains("hostile::"));
}
