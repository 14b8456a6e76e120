//! Workers that do not start, each with the message that says what to do, and those that do not want to end.

use std::fs;

use mayfly_error::CallCode;
use mayfly_tests::{TestHost, mayfly};
use serde_json::{Value, json};

use super::lab::{Lab, app, ask, lives, program, until};

/// What a call is told, for operators, by a worker that does not start.
async fn refused(keys: &str) -> String {
    let keys = keys.replace("PROGRAM", &program());
    let lab = Lab::new(&format!("{keys}\nprocesses = 1\ncircuit_failures = 2\n"));
    let error = lab.call("Echo", Value::Null).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Unavailable,
            "Echo of worker `lab`: the worker cannot be started"
        )
    );
    let detail = error.detail.strip_prefix("Echo of worker `lab`: ");
    detail.unwrap().to_owned()
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    assert_eq!(
        refused("command = [\"no-such-program\"]").await,
        "there is no program `no-such-program`; install it, or correct `workers.lab.command`"
    );
    let text = refused("command = [\"/etc/passwd\"]").await;
    assert_eq!(
        text,
        "it exited with status 127 before it said hello; standard error ends with: mayfly: cannot start /etc/passwd: Permission denied (os error 13); correct `workers.lab.command`, or run it with `mayfly worker check -- COMMAND`"
    );
}

#[tokio::test]
async fn a_program_that_exits_at_once() {
    assert_eq!(
        refused("command = [\"PROGRAM\", \"exit:3\"]").await,
        "it exited with status 3 before it said hello; standard error ends with: it had better not; correct `workers.lab.command`, or run it with `mayfly worker check -- COMMAND`"
    );
    assert_eq!(
        refused("command = [\"true\"]").await,
        "it exited with status 0 before it said hello; it wrote nothing to standard error; correct `workers.lab.command`, or run it with `mayfly worker check -- COMMAND`"
    );
}

#[tokio::test]
async fn a_program_that_says_nothing() {
    assert_eq!(
        refused("command = [\"PROGRAM\", \"silent\"]\nstart_timeout = \"300 ms\"").await,
        "it did not say hello within `workers.lab.start_timeout` (300ms); raise it, or see with `mayfly worker check -- COMMAND` what it waits for"
    );
}

#[tokio::test]
async fn a_program_that_says_something_else() {
    assert_eq!(
        refused("command = [\"PROGRAM\", \"garbage\"]").await,
        "its first frame is not hello: it sent a frame of 1213486160 bytes, more than 65536; it speaks on descriptor 0, and may print on standard output"
    );
    assert_eq!(
        refused("command = [\"PROGRAM\", \"protocol:2\"]").await,
        "it speaks version 2 of the protocol, and this host version 1; use the worker libraries that came with this host"
    );
    assert_eq!(
        refused("command = [\"PROGRAM\", \"result\"]").await,
        "it said result before hello; hello comes first"
    );
}

#[tokio::test]
async fn a_directory_that_is_not_there() {
    let text = refused("directory = \"nowhere\"").await;
    assert!(
        text.contains("mayfly: cannot enter its directory "),
        "{text}"
    );
}

#[tokio::test]
async fn an_assembly_that_is_not_there() {
    let text = refused("dotnet = \"bin/None.dll\"").await;
    assert!(text.starts_with("there is no assembly "), "{text}");
    assert!(
        text.ends_with("/bin/None.dll; build it, or correct `workers.lab.dotnet`"),
        "{text}"
    );
}

#[tokio::test]
async fn starts_that_fail_open_the_circuit_and_the_host_serves_all_else() {
    let app = app("command = [\"PROGRAM\", \"unless:ROOT/broken\"]\nprocesses = 1\ncircuit_failures = 2\ncircuit_open = \"200 ms\"\n")
        .configured("PROGRAM", &program());
    let root = fs::canonicalize(app.path()).unwrap();
    let app = app
        .configured("ROOT", root.to_str().unwrap())
        .with_file("broken", b"");
    let host = TestHost::start(app).await;
    host.until_ready(false).await;
    host.logged(&[
        "a process of a worker could not be started: it exited with status 4 before it said hello",
    ])
    .await;
    host.logged(&["a circuit of a worker opened"]).await;
    let error = ask(&host, "Echo", &Value::Null).await.unwrap_err();
    assert_eq!(
        error["extensions"]["code"], "BACKEND_UNAVAILABLE",
        "{error}"
    );
    assert!(
        !error.to_string().contains("status 4"),
        "clients are told no more"
    );
    fs::remove_file(host.app.path().join("broken")).unwrap();
    host.ready().await;
    host.until(async || ask(&host, "Echo", &json!(1)).await == Ok(json!(1)))
        .await;
    let opened = "mayfly_worker_circuit_opened_total{worker=\"lab\",of=\"starts\"}";
    assert!(host.metric(opened).await >= 1.0);
}

#[tokio::test]
async fn few_descriptors_are_told_with_the_limit() {
    let app = app("processes = 200\n");
    let limited = ["sh", "-c", "ulimit -n 120; exec \"$0\" \"$@\""];
    let host = TestHost::start_under(app, &limited).await;
    host.logged(&[
        "no descriptor is left for it",
        "raise the limit of open files (`ulimit -n`, LimitNOFILE=), or lower `workers.lab.processes`",
    ])
    .await;
}

#[tokio::test]
async fn a_worker_that_ignores_sigterm_is_killed() {
    let command = format!(
        "command = [\"sh\", \"-c\", \"trap '' TERM; exec {} stays\"]",
        program()
    );
    let lab = Lab::new(&format!("{command}\nprocesses = 1\nmax_calls = 1\n"));
    // It does not exit on drain, nor on the end of its socket, nor on SIGTERM.
    let (pid, _) = lab.count().await;
    until(async || !lives(pid)).await;
}

#[tokio::test]
async fn the_check_of_an_app_starts_its_workers_when_it_connects() {
    let app = app("processes = 1\n")
        .with_configuration("[workers.lab.methods.Missing]\naccess = \"read\"\n");
    let checked = mayfly().arg("check").arg(app.path()).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{said}");
    assert!(
        said.contains("1 processes of worker `lab` and 1 to replace them, "),
        "{said}"
    );
    let connected = mayfly()
        .args(["check", "--connect"])
        .arg(app.path())
        .output()
        .unwrap();
    let said = String::from_utf8(connected.stderr).unwrap();
    assert_eq!(connected.status.code(), Some(3), "{said}");
    assert!(
        said.contains(
            "workers.lab: the worker does not have the method `Missing`; it has Echo, Count"
        ),
        "{said}"
    );
}
