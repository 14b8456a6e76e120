//! The worker for .NET on another machine: the same conversation over TLS, for those with a certificate.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mayfly_tests::repository;
use serde_json::json;

use super::driver::{Worker, assembly, dotnet};

/// A worker that listens, ended when dropped.
struct Remote {
    child: Child,
    port: String,
}

impl Drop for Remote {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn certificates() -> PathBuf {
    repository().join("tests/legacy/certificates")
}

fn listening(directory: &str, address: &str, certificate: &str, password: &str) -> Command {
    let mut command = dotnet(&assembly(directory, "AsEdge.dll", "AsEdge.cs", &[]));
    command
        .args(["--listen", address, "--certificate"])
        .arg(certificates().join(certificate))
        .arg("--client-ca")
        .arg(certificates().join("ca.pem"))
        .env("MAYFLY_WORKER_CERTIFICATE_PASSWORD", password);
    command
}

fn remote(directory: &str) -> Remote {
    let mut child = listening(directory, "127.0.0.1:0", "server.pfx", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port = line
        .trim_end()
        .strip_prefix("listening on 127.0.0.1:")
        .unwrap_or_else(|| panic!("{line:?}"))
        .to_owned();
    Remote { child, port }
}

/// A client with a certificate, or without one.
fn client(remote: &Remote, certificate: Option<&str>) -> Command {
    let mut command = Command::new("node");
    command
        .arg(repository().join("tests/legacy/tls.mjs"))
        .arg(&remote.port)
        .arg(certificates().join("ca.pem"));
    if let Some(name) = certificate {
        command
            .arg(certificates().join(format!("{name}.pem")))
            .arg(certificates().join(format!("{name}.key")));
    }
    command
}

#[test]
fn each_connection_takes_calls_of_its_own() {
    let remote = remote("remote");
    let (mut one, hello) = Worker::start(client(&remote, Some("client")));
    assert!(
        hello["methods"]
            .as_array()
            .unwrap()
            .contains(&json!("Shapes.Same"))
    );
    let (mut other, _) = Worker::start(client(&remote, Some("client")));
    let large = json!("x".repeat(300_000));
    assert_eq!(other.call("Shapes.Same", &large), large);
    assert_eq!(one.call("Typed", &json!(null)), json!(42));
    assert_eq!(one.drained().code, Some(0));
    assert_eq!(other.call("Typed", &json!(null)), json!(42));
    assert_eq!(other.drained().code, Some(0));
    let (mut later, _) = Worker::start(client(&remote, Some("client")));
    assert_eq!(later.call("Typed", &json!(null)), json!(42));
}

#[test]
fn nobody_without_a_certificate_of_the_authority_gets_a_word() {
    let remote = remote("remote-refused");
    for certificate in [None, Some("stranger")] {
        let mut worker = Worker::silent(client(&remote, certificate));
        assert!(!worker.answers(), "{certificate:?}");
        let end = worker.ended();
        assert_eq!(end.code, Some(1));
        assert!(end.errors.starts_with("refused: "), "{}", end.errors);
    }
    let (mut worker, _) = Worker::start(client(&remote, Some("client")));
    assert_eq!(worker.call("Typed", &json!(null)), json!(42));
}

#[test]
fn what_cannot_be_listened_with_is_refused_with_the_remedy() {
    let refused = |address, certificate, password| {
        let end = Worker::silent(listening("remote-bad", address, certificate, password)).ended();
        assert_eq!(end.code, Some(1), "{end:?}");
        end.errors
    };
    assert_eq!(
        refused("localhost", "server.pfx", "secret"),
        "mayfly worker: `--listen localhost` is not an address and a port, such as 0.0.0.0:7443\n"
    );
    let wrong = refused("127.0.0.1:0", "server.pfx", "wrong");
    assert!(
        wrong.contains("its password is the variable MAYFLY_WORKER_CERTIFICATE_PASSWORD"),
        "{wrong}"
    );
    let keyless = refused("127.0.0.1:0", "client.pem", "");
    assert!(
        keyless.ends_with(
            "client.pem has no private key: export the certificate with its key as PKCS #12\n"
        ),
        "{keyless}"
    );
    let missing = refused("127.0.0.1:0", "missing.pfx", "");
    assert!(
        missing.starts_with("mayfly worker: cannot read "),
        "{missing}"
    );
}
