//! The description of `mayfly.toml`: its JSON Schema and its reference say what the reader takes, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, Schemas};
use mayfly_config::{Config, Description};
use mayfly_runtime::capability::readers;
use mayfly_tests::repository;
use serde_json::Value;

fn description() -> Description {
    Config::describe(&readers(mayfly_capabilities::ALL))
}

/// What the schema finds wrong with a configuration.
fn wrong(text: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(&description().schema()).unwrap();
    let mut compiler = Compiler::new();
    compiler.add_resource("mayfly.json", schema).unwrap();
    let mut schemas = Schemas::new();
    // The schema itself is checked against that of its draft.
    let schema = compiler.compile("mayfly.json", &mut schemas).unwrap();
    let value: toml::Value = toml::from_str(text).unwrap();
    let value = serde_json::to_value(value).unwrap();
    let outcome = schemas.validate(&value, schema);
    outcome.err().map(|error| format!("{error:#}"))
}

/// Whether the reader takes a configuration.
fn is_read(text: &str) -> bool {
    let secret = |name: &str| {
        // What has a default may be missing.
        (name != "QUEUE").then(|| "a secret that is long enough, of many bytes".to_owned())
    };
    let readers = readers(mayfly_capabilities::ALL);
    Config::parse(Path::new("app"), text, &readers, &secret).is_ok()
}

/// Every `mayfly.toml` of the repository.
fn configurations() -> Vec<PathBuf> {
    let files = std::process::Command::new("git")
        .args(["ls-files", "*mayfly.toml"])
        .current_dir(repository())
        .output()
        .unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    let files: Vec<_> = files.lines().map(|file| repository().join(file)).collect();
    assert!(files.len() > 5, "{files:?}");
    files
}

const SMALLEST: &str = "schema = \"s\"\n[modules.m]\ncomponent = \"c\"\n";

#[test]
fn every_configuration_of_the_repository_fits_the_schema() {
    for file in configurations() {
        let found = wrong(&fs::read_to_string(&file).unwrap());
        assert_eq!(found, None, "{}", file.display());
    }
}

#[test]
fn a_misspelt_key_fails_in_the_schema_and_in_the_reader() {
    assert!(wrong(SMALLEST).is_none() && is_read(SMALLEST));
    for more in [
        "memry = \"16 MiB\"",
        "[modules.m.limits]\nhost_call = 1",
        "[modules.m.grants]\nsqll = []",
        "[server]\nlistn = \"127.0.0.1:8080\"",
        "[dynamodb]\nendpont = \"embedded\"",
        "[sqlserver.s]\naddress = \"embedded\"\ndatabase = \"d\"\nmax_connection = 1",
        "[server.clients]\nhead_timeout = \"1 s\"",
        "[limitss]",
    ] {
        let text = format!("{SMALLEST}{more}\n");
        assert!(wrong(&text).is_some(), "{more} fits the schema");
        assert!(!is_read(&text), "{more} is read");
    }
}

#[test]
fn values_of_another_kind_fail_in_both_and_values_from_outside_fit_both() {
    let cases = [
        ("[server]\nmax_queue = 1", true),
        (
            "[server]\nmax_queue = { env = \"QUEUE\", default = 1 }",
            true,
        ),
        ("[server]\nmax_queue = -1", false),
        ("[server]\nmax_queue = \"many\"", false),
        ("[server]\nmax_body = \"1 MiB\"", true),
        (
            "[server]\nmax_body = { file = \"missing\", default = \"1 MiB\" }",
            true,
        ),
        ("[server]\nmax_body = { env = \"A\", file = \"b\" }", false),
        ("[server]\nmax_body = 1", false),
        ("[server]\nmax_body = \"1 mib\"", false),
        ("[server]\nadmin_token = { env = \"TOKEN\" }", true),
        (
            "[server]\nadmin_token = \"a token that is in the file\"",
            false,
        ),
        ("[server]\nerror_detail = \"full\"", true),
        ("[server]\nerror_detail = \"all\"", false),
        ("[server]\npage = true", true),
        ("[server]\npage = \"yes\"", false),
        ("[server]\nguest_headers = [\"a\"]", true),
        ("[server]\nguest_headers = \"a\"", false),
        (
            "[dynamodb]\n[modules.m.grants.dynamodb]\nTable = [\"get\"]",
            true,
        ),
        (
            "[dynamodb]\n[modules.m.grants.dynamodb.Table]\nactions = [\"get\"]",
            true,
        ),
        (
            "[dynamodb]\n[modules.m.grants.dynamodb]\nTable = \"get\"",
            false,
        ),
        ("[modules.m.canary]\noperations = 5\nshare = \"5%\"", true),
        ("[modules.m.canary]\noperations = true", false),
        ("[[modules.m.probe]]\nfield = \"Query.a\"", true),
        ("[[modules.m.probe]]\narguments = \"{}\"", false),
        (
            "[callers]\nsecret = { env = \"SECRET\" }\nissuer = \"i\"\naudience = \"a\"",
            true,
        ),
        (
            "[callers.issuers.a]\nsecret = { env = \"SECRET\" }\naudience = \"a\"",
            false,
        ),
    ];
    for (more, fits) in cases {
        let text = format!("{SMALLEST}{more}\n");
        assert_eq!(wrong(&text).is_none(), fits, "{more}: {:?}", wrong(&text));
        assert_eq!(is_read(&text), fits, "{more}");
    }
}

#[test]
fn the_reference_is_what_the_program_writes() {
    let file = repository().join("docs/configuration.md");
    let written = description().reference();
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == written,
        "docs/configuration.md is stale; run `mayfly config reference > docs/configuration.md`"
    );
}

#[test]
fn every_key_is_documented_and_declared_once() {
    let description = description();
    let mut keys = description.keys();
    assert!(keys.len() > 100, "{}", keys.len());
    for key in [
        "server.max_body",
        "modules.NAME.limits.rows",
        "modules.NAME.grants.sql",
        "modules.NAME.grants.dynamodb.TABLE.index_keys.INDEX",
        "modules.NAME.probe.field",
        "statements.NAME.parameters.NAME",
        "sqlserver.NAME.password",
    ] {
        assert!(keys.iter().any(|known| known == key), "{key} in {keys:#?}");
    }
    keys.sort();
    let twice: Vec<_> = keys.windows(2).filter(|two| two[0] == two[1]).collect();
    assert!(twice.is_empty(), "declared twice: {twice:?}");
    assert_eq!(description.undocumented(), [""; 0]);
}
