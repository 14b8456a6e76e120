//! `[workers.NAME]` and grants on methods: what is read, and the message of every mistake.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mayfly_capabilities::ALL;
use mayfly_capabilities::worker::configuration::{
    Access, Local, MethodGrants, Place, Program, Remote, Section, User, Worker,
};
use mayfly_config::{Config, Problems};
use mayfly_runtime::capability::readers;

const GOOD: &str = r#"
schema = "schema.graphql"

[modules.students]
component = "build/students.wasm"
[modules.students.grants]
workers.legacy = ["GetAssessments"]

[workers.legacy]
command = ["bin/legacy", "--quick"]

[workers.legacy.methods.GetAssessments]
access = "read"

[workers.legacy.methods.Record]
access = "write"
"#;

fn parse(text: &str) -> Result<Config, Problems> {
    let environment = |name: &str| (name == "SET").then(|| "hunter2".to_owned());
    Config::parse(Path::new("app"), text, &readers(ALL), &environment)
}

fn worker(text: &str) -> Worker {
    let config = parse(text).unwrap_or_else(|problems| panic!("{problems}"));
    let section = config.sections.get::<Section>().unwrap();
    section.worker("legacy").unwrap().clone()
}

fn local(text: &str) -> Local {
    match worker(text).place {
        Place::Local(local) => local,
        Place::Remote(remote) => panic!("{remote:?}"),
    }
}

/// The file with these keys in the worker's table.
fn with(keys: &str) -> String {
    let command = "command = [\"bin/legacy\", \"--quick\"]\n";
    GOOD.replace(command, &format!("{command}{keys}\n"))
}

/// The file with these keys in place of the command.
fn instead(keys: &str) -> String {
    GOOD.replace("command = [\"bin/legacy\", \"--quick\"]\n", keys)
}

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text).expect_err("it is fine").0;
    problems
        .into_iter()
        .map(|problem| problem.message)
        .collect()
}

#[test]
fn a_good_file_has_its_defaults() {
    let worker = worker(GOOD);
    assert_eq!(worker.call_timeout, Duration::from_secs(5));
    assert_eq!(worker.cancel_grace, Duration::from_secs(1));
    assert_eq!(
        (worker.circuit.failures, worker.circuit.open),
        (5, Duration::from_secs(5))
    );
    let method = &worker.methods["GetAssessments"];
    assert_eq!(
        (method.access, method.timeout, method.max_answer_bytes),
        (Access::Read, None, 1 << 20)
    );
    assert_eq!(worker.methods["Record"].access, Access::Write);
    assert_eq!((worker.at_once(), worker.at_most()), (2, 3));
    let local = local(GOOD);
    let words = ["bin/legacy", "--quick"].map(str::to_owned).to_vec();
    assert_eq!(local.program, Program::Command(words));
    assert_eq!(local.memory_bytes, 512 << 20);
    assert_eq!(local.recycle_memory_bytes, 256 << 20);
    assert_eq!(local.address_space_bytes, None);
    assert_eq!((local.max_tasks, local.max_files), (256, 1_024));
    assert_eq!(local.max_calls, 10_000);
    assert_eq!(local.max_age, Duration::from_secs(3_600));
    assert_eq!(local.start_timeout, Duration::from_secs(10));
    assert_eq!(local.directory, PathBuf::from("app"));
    assert!(local.environment.is_empty() && local.writable.is_empty());
    assert!(local.user.is_none() && local.restrict_files);
    let config = parse(GOOD).unwrap();
    let grants = config.modules[0].grants.get::<MethodGrants>().unwrap();
    assert_eq!(grants.0["legacy"], ["GetAssessments".to_owned()].into());
}

#[test]
fn everything_that_can_be_said_is_read() {
    let text = with(
        "processes = 3
memory = \"1 GiB\"
recycle_memory = \"100 MiB\"
address_space = \"2 GiB\"
max_tasks = 10
max_files = 50
max_calls = 1
max_age = \"10 min\"
start_timeout = \"30 s\"
call_timeout = \"2 s\"
cancel_grace = \"0 ms\"
circuit_failures = 0
circuit_open = \"1 min\"
environment = { NAME = \"value\", TOKEN = { env = \"SET\" } }
directory = \"data\"
user = \"1001:1002\"
writable = [\"data\", \"/tmp/legacy\"]
restrict_files = false",
    );
    let local = local(&text);
    assert_eq!((local.processes, local.successors()), (3, 3));
    assert_eq!(local.address_space_bytes, Some(2 << 30));
    let variables = local.environment.iter();
    let variables: Vec<_> = variables
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(variables, [("NAME", "value"), ("TOKEN", "hunter2")]);
    assert!(!format!("{local:?}").contains("hunter2"));
    assert_eq!(local.directory, PathBuf::from("app/data"));
    assert_eq!(
        local.user,
        Some(User {
            uid: 1_001,
            gid: 1_002
        })
    );
    assert_eq!(
        local.writable,
        [PathBuf::from("app/data"), PathBuf::from("/tmp/legacy")]
    );
}

#[test]
fn what_may_be_written_holds_nothing_that_is_read_and_lies_in_nothing_else() {
    let said = |writable: &str| problems(&with(&format!("writable = {writable}\n"))).join("\n");
    for held in [".", "..", "mayfly.toml", "x/../schema.graphql"] {
        let said = said(&format!("[{held:?}]"));
        assert!(
            said.contains("`workers.legacy.writable`: ") && said.contains(", which the host reads"),
            "{held}: {said}"
        );
    }
    let inside = said("[\"data\", \"data/tmp\"]");
    assert!(
        inside.contains("data/tmp is inside ") && inside.contains("leave out the inner one"),
        "{inside}"
    );
    assert!(parse(&with("writable = [\"data\", \"data2\"]\n")).is_ok());
}

#[test]
fn an_assembly_is_all_that_has_to_be_said() {
    let local = local(&instead("dotnet = \"bin/LegacyApi.dll\"\n"));
    assert_eq!(
        local.program,
        Program::DotNet {
            assembly: PathBuf::from("app/bin/LegacyApi.dll"),
            host: None
        }
    );
}

#[test]
fn a_worker_on_another_machine_has_an_address_and_certificates() {
    let worker = worker(&instead(
        "address = \"legacy.internal:7443\"\nca_file = \"ca.pem\"\nclient_certificate = \"c.pem\"\nclient_key = \"c.key\"\n",
    ));
    let Place::Remote(Remote {
        address,
        host,
        connections,
        connect_timeout,
        ..
    }) = &worker.place
    else {
        panic!("{worker:?}");
    };
    assert_eq!(
        (
            address.as_str(),
            host.as_str(),
            *connections,
            *connect_timeout
        ),
        (
            "legacy.internal:7443",
            "legacy.internal",
            4,
            Duration::from_secs(2)
        )
    );
    let config = parse(&instead(
        "address = \"a:1\"\nclient_certificate = \"c.pem\"\nclient_key = \"c.key\"\n",
    ))
    .unwrap();
    assert_eq!(
        config.named_files,
        [PathBuf::from("app/c.key"), PathBuf::from("app/c.pem")]
    );
}

#[test]
fn every_mistake_is_told_with_its_remedy() {
    for (text, expected) in [
        (
            instead(""),
            "`workers.legacy` has neither a program to run nor the address of a worker; add command = [\"PROGRAM\", \"ARGUMENT\"], dotnet = \"ASSEMBLY.dll\" or address = \"host:port\"",
        ),
        (
            instead("command = []\n"),
            "`workers.legacy.command` has no program",
        ),
        (
            with("dotnet = \"a.dll\""),
            "`workers.legacy` has both `command` and `dotnet`; keep one",
        ),
        (
            with("recycle_memory = \"1 GiB\""),
            "`workers.legacy.recycle_memory` is above `workers.legacy.memory`, so a process is ended before it is replaced; lower it",
        ),
        (
            with("restrict_files = false"),
            "`workers.legacy.restrict_files` lets the processes reach the store and whatever else the host's user may; add `user`, or remove it",
        ),
        (
            with("user = \"no-such-user\""),
            "`workers.legacy.user`: there is no user `no-such-user`; add one (`useradd --system no-such-user`), or write numbers such as \"1001:1001\"",
        ),
        (
            with("connections = 3"),
            "`workers.legacy.connections` is about another machine, and there is no `address`; remove it",
        ),
        (
            with("[workers.legacy.environment]\n\"A=B\" = \"x\""),
            "`workers.legacy.environment` has a variable that no environment can hold; remove `=` and zero bytes",
        ),
        (
            with("procesess = 3"),
            "unknown key `workers.legacy.procesess`; did you mean `processes`?",
        ),
        (
            GOOD.replace("access = \"read\"\n", ""),
            "`workers.legacy.methods.GetAssessments` lacks `access`; add access = \"read\" if it changes nothing, or access = \"write\"",
        ),
        (
            GOOD.replace("access = \"read\"", "access = \"reads\""),
            "`workers.legacy.methods.GetAssessments.access` must be \"read\" or \"write\"",
        ),
        (
            GOOD.replace(
                "workers.legacy = [\"GetAssessments\"]",
                "workers.other = [\"GetAssessments\"]",
            ),
            "`modules.students.grants.workers.other` grants methods of a worker that is not declared; add [workers.other]",
        ),
        (
            GOOD.replace("[\"GetAssessments\"]", "[\"Get\"]"),
            "`modules.students.grants.workers.legacy` grants `Get`, which is not declared; add [workers.legacy.methods.Get]",
        ),
        (
            GOOD.replace("[\"GetAssessments\"]", "[\"Record\", \"Record\"]"),
            "`modules.students.grants.workers.legacy` has `Record` twice; keep one",
        ),
        (
            instead(
                "address = \"legacy.internal\"\nclient_certificate = \"c.pem\"\nclient_key = \"c.key\"\n",
            ),
            "`workers.legacy.address` must be \"host:port\", such as \"legacy.internal:7443\"",
        ),
        (
            instead("address = \"a:1\"\n"),
            "`workers.legacy` has an address and no certificate to show there; add client_certificate = \"FILE.pem\" and client_key = \"FILE.key\"",
        ),
        (
            instead("address = \"a:1\"\nclient_certificate = \"c.pem\"\n"),
            "`workers.legacy` needs both `client_certificate` and `client_key`, or neither",
        ),
    ] {
        assert_eq!(problems(&text), [expected], "{text}");
    }
}

#[test]
fn a_worker_without_a_method_is_of_no_use() {
    let text = "schema = \"s\"\n[modules.m]\ncomponent = \"m.wasm\"\n[workers.legacy]\ncommand = [\"x\"]\n";
    assert_eq!(
        problems(text),
        [
            "`workers.legacy` has no method, so nobody can call it; add [workers.legacy.methods.NAME] with access = \"read\" or \"write\""
        ]
    );
}

#[test]
fn keys_about_processes_are_refused_where_there_are_none() {
    for key in [
        "command = [\"x\"]",
        "processes = 3",
        "memory = \"1 GiB\"",
        "recycle_memory = \"10 MiB\"",
        "max_calls = 5",
        "max_age = \"1 min\"",
        "start_timeout = \"1 s\"",
        "environment = { A = \"b\" }",
        "directory = \"x\"",
        "user = \"1:1\"",
        "writable = [\"x\"]",
    ] {
        let name = key.split(' ').next().unwrap();
        let address = "address = \"a:1\"\nclient_certificate = \"c.pem\"\nclient_key = \"c.key\"\n";
        assert_eq!(
            problems(&instead(&format!("{address}{key}\n"))),
            [format!(
                "`workers.legacy.{name}` is about processes of this machine, and `address` names another machine; remove one of them"
            )]
        );
    }
}
