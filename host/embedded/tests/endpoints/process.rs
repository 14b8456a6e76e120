//! The process: its line, its ends, its exit codes.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::harness::{PATIENCE, sample_seed};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly-embedded"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn start(arguments: &[&str]) -> (Child, serde_json::Value) {
    let mut child = command(arguments).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    tokio::time::timeout(PATIENCE, output.read_line(&mut line))
        .await
        .unwrap()
        .unwrap();
    child.stdout = Some(output.into_inner());
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
    (child, ready)
}

async fn exit_code(mut child: Child) -> Option<i32> {
    tokio::time::timeout(PATIENCE, child.wait())
        .await
        .unwrap()
        .unwrap()
        .code()
}

async fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let output = tokio::time::timeout(PATIENCE, command(arguments).output())
        .await
        .unwrap()
        .unwrap();
    assert!(output.stdout.is_empty(), "nothing is ready");
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test]
async fn the_line_names_addresses_that_answer_and_closing_standard_input_ends_the_process() {
    let seed = sample_seed();
    let (mut child, ready) =
        start(&["--seed", seed.to_str().unwrap(), "--until-stdin-closes"]).await;
    let names: Vec<&String> = ready.as_object().unwrap().keys().collect();
    assert_eq!(names, ["dynamodb", "sqlserver", "http", "control"]);
    for address in ready.as_object().unwrap().values() {
        tokio::net::TcpStream::connect(address.as_str().unwrap())
            .await
            .unwrap();
    }
    drop(child.stdin.take());
    let mut rest = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut rest)
        .await
        .unwrap();
    assert_eq!(rest, "", "one line and nothing else");
    assert_eq!(exit_code(child).await, Some(0));
}

#[tokio::test]
async fn without_being_told_to_it_outlives_its_standard_input_and_ends_with_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, ready) = start(&[]).await;
        drop(child.stdin.take());
        tokio::net::TcpStream::connect(ready["sqlserver"].as_str().unwrap())
            .await
            .unwrap();
        let id = child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .await
                .unwrap()
                .success()
        );
        assert_eq!(exit_code(child).await, Some(0), "{signal}");
    }
}

#[tokio::test]
async fn what_is_wrong_has_an_exit_code_and_a_message() {
    let (code, message) = fails(&["--sqlserver", "0.0.0.0:0"]).await;
    assert_eq!(code, Some(2));
    assert!(
        message.contains("`0.0.0.0:0` is not a loopback address; use 127.0.0.1"),
        "{message}"
    );
    let (code, message) = fails(&["--seed", "/nowhere"]).await;
    assert_eq!(code, Some(3));
    assert_eq!(
        message,
        "mayfly-embedded: seed `/nowhere`: there is no such directory\n"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--dynamodb", "--sqlserver", "--control"] {
        let (code, message) = fails(&[option, &address]).await;
        assert_eq!(code, Some(4));
        assert!(
            message.contains(&format!("cannot listen on {address}")),
            "{message}"
        );
    }
    let (code, message) = fails(&["--data", "/proc/nowhere"]).await;
    assert_eq!(code, Some(5));
    assert!(message.contains("data `/proc/nowhere`"), "{message}");
}

#[tokio::test]
async fn what_a_killed_process_leaves_is_removed_by_the_next_and_what_is_in_use_is_not() {
    let scratch = tempfile::tempdir().unwrap();
    let directories = || std::fs::read_dir(scratch.path()).unwrap().count();
    let spawn = async || {
        let mut child = command(&[]).env("TMPDIR", scratch.path()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .await
            .unwrap();
        child
    };
    let mut killed = spawn().await;
    let living = spawn().await;
    assert_eq!(directories(), 2);
    killed.kill().await.unwrap();
    let next = spawn().await;
    assert_eq!(directories(), 2, "one removed, one made");
    drop((living, next));
}
