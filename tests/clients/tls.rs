//! TLS for clients and operators.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mayfly_tests::{TOKEN, TestApp, TestHost, built, mayfly, repository};
use serde_json::{Value, json};

const TLS: &str = "\n[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n\n[server.tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n\n[server.admin_tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n";

/// How long a test waits for something that has to happen, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(300);

/// Certificates that the pools' tests have too: of a CA of their own, for `localhost`.
pub fn certificates() -> PathBuf {
    repository().join("host/crates/capabilities/tests/pools/certificates")
}

fn app_with(certificate: &Path, key: &Path) -> TestApp {
    let read = |path: &Path| std::fs::read(path).unwrap();
    TestApp::students()
        .with_file("tls.pem", &read(certificate))
        .with_file("tls.key", &read(key))
        .with_configuration(TLS)
}

fn app() -> TestApp {
    let certificates = certificates();
    app_with(
        &certificates.join("localhost.pem"),
        &certificates.join("localhost.key"),
    )
}

/// Asks with Node, which trusts the CA of the tests: the status, the protocol and the body.
async fn ask(address: SocketAddr, path: &str, http2: bool) -> Value {
    const PROGRAM: &str = r#"
        const [port, path, ca, http2] = process.argv.slice(1);
        const tls = { ca: require("fs").readFileSync(ca), servername: "localhost" };
        const body = JSON.stringify({ query: "{ student(id: \"S1\") { id } }" });
        const headers = path === "/graphql" ? { "content-type": "application/json" } : {};
        const method = path === "/graphql" ? "POST" : "GET";
        const told = (status, protocolOf) => (stream) => {
          const protocol = protocolOf(stream);
          let text = "";
          stream.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => {
            console.log(JSON.stringify({ status: status(stream), protocol, text }));
            process.exit(0);
          });
        };
        if (http2 === "true") {
          const client = require("http2").connect(`https://127.0.0.1:${port}`, tls);
          const stream = client.request({ ":path": path, ":method": method, ...headers });
          let status;
          stream.on("response", (head) => (status = head[":status"]));
          client.on("connect", () => { if (client.alpnProtocol !== "h2") throw new Error(client.alpnProtocol); });
          told(() => status, () => "h2")(stream);
          stream.end(method === "POST" ? body : undefined);
        } else {
          const request = require("https").request({ host: "127.0.0.1", port, path, method, headers, ...tls },
            told((answer) => answer.statusCode, (answer) => answer.socket.alpnProtocol || "none"));
          request.end(method === "POST" ? body : undefined);
        }"#;
    let output = tokio::process::Command::new("node")
        .args(["-e", PROGRAM])
        .args([address.port().to_string(), path.to_owned()])
        .arg(certificates().join("ca.pem"))
        .arg(http2.to_string())
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn clients_and_operators_are_served_by_tls_in_both_protocols() {
    let host = TestHost::start(app()).await;
    for (http2, protocol) in [(false, "none"), (true, "h2")] {
        let answer = ask(host.graphql, "/graphql", http2).await;
        assert_eq!(answer["status"], 200, "{answer}");
        assert_eq!(answer["protocol"], protocol);
        let body: Value = serde_json::from_str(answer["text"].as_str().unwrap()).unwrap();
        assert_eq!(body, json!({ "data": { "student": { "id": "S1" } } }));
        let health = ask(host.admin, "/healthz", http2).await;
        assert_eq!(health["status"], 200, "{health}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_reaches_a_host_by_tls() {
    let host = TestHost::start(app()).await;
    let ca = certificates().join("ca.pem");
    let other = certificates().join("localhost.key");
    let port = host.admin.port();
    let secure = format!("https://localhost:{port}");
    let ask = |admin: &str, ca: Option<&Path>| {
        let mut command = mayfly();
        command
            .args(["status", "--admin", admin])
            .env("MAYFLY_ADMIN_TOKEN", TOKEN);
        if let Some(ca) = ca {
            command.arg("--admin-ca").arg(ca);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), told)
    };

    assert_eq!(ask(&secure, Some(&ca)), (Some(0), String::new()));
    for (admin, ca, problem) in [
        (
            secure.as_str(),
            None,
            format!(
                "the certificate of {secure} is from a CA that this system does not trust; name its file with --admin-ca"
            ),
        ),
        (
            &format!("https://127.0.0.1:{port}"),
            Some(ca.as_path()),
            format!("TLS with https://127.0.0.1:{port} failed: "),
        ),
        (
            &format!("http://localhost:{port}"),
            None,
            "if it has `[server.admin_tls]`, write https:// in --admin".to_owned(),
        ),
        (
            &secure,
            Some(&other),
            format!(
                "--admin-ca: {} contains no PEM certificate",
                other.display()
            ),
        ),
    ] {
        let (code, told) = ask(admin, ca);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(&problem), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_no_tls_or_stops_in_the_middle_is_disconnected_and_others_are_served() {
    let host =
        TestHost::start(app().with_configuration("[server]\nhead_timeout = \"500 ms\"\n")).await;
    let mut plain = TcpStream::connect(host.graphql).unwrap();
    plain
        .write_all(b"GET /graphql HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut said = Vec::new();
    // An alert of TLS, or nothing; a reset when it was faster.
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    // The first bytes of a handshake, and nothing more.
    let mut half = TcpStream::connect(host.graphql).unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1]).unwrap();
    let mut silent = TcpStream::connect(host.graphql).unwrap();
    for stream in [&mut half, &mut silent] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // An alert may come first.
        let closed = tokio::task::block_in_place(|| stream.read_to_end(&mut Vec::new()));
        let is_closed = closed.as_ref().map_or_else(is_reset, |_| true);
        assert!(is_closed, "{closed:?}");
    }
    assert_eq!(ask(host.graphql, "/graphql", false).await["status"], 200);
}

/// Whether an error says that the other side has closed the connection, and not that nothing came of it in time.
fn is_reset(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
    )
}

#[tokio::test]
async fn a_renewed_certificate_is_used_once_it_is_there_and_a_damaged_one_never() {
    let app = app();
    let directory = app.path().to_path_buf();
    let host = TestHost::start(app).await;
    let replace = |name: &str, with: &Path| {
        let temporary = directory.join(format!("{name}.new"));
        std::fs::copy(with, &temporary).unwrap();
        std::fs::rename(temporary, directory.join(name)).unwrap();
    };
    let other = repository().join("tests/clients/certificates/expired.pem");
    replace("tls.pem", &other);
    host.logged(&["has expired"]).await;
    assert_eq!(
        ask(host.graphql, "/graphql", false).await["status"],
        200,
        "the old one goes on"
    );
    let certificates = certificates();
    replace("tls.pem", &certificates.join("sql.example.pem"));
    replace("tls.key", &certificates.join("sql.example.key"));
    host.until(async || serial(host.graphql).contains("sql.example"))
        .await;
}

/// The subject of the certificate that a server shows.
fn serial(address: SocketAddr) -> String {
    let program = format!(
        "const s = require('tls').connect({{ port: {}, host: '127.0.0.1', rejectUnauthorized: false }}, () => {{ console.log(JSON.stringify(s.getPeerCertificate().subject) + s.getPeerCertificate().subjectaltname); process.exit(0) }})",
        address.port()
    );
    let output = std::process::Command::new("node")
        .args(["-e", &program])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_with_its_remedy() {
    let own = repository().join("tests/clients/certificates");
    let theirs = certificates();
    for (certificate, key, message) in [
        (
            own.join("expired.pem"),
            own.join("expired.key"),
            "has expired; renew it",
        ),
        (
            theirs.join("localhost.pem"),
            theirs.join("sql.example.key"),
            "does not belong to",
        ),
        (
            theirs.join("localhost.key"),
            theirs.join("localhost.key"),
            "contains no PEM certificate",
        ),
        (
            theirs.join("localhost.pem"),
            theirs.join("localhost.pem"),
            "contains no PEM private key",
        ),
    ] {
        let app = app_with(&certificate, &key);
        let output = std::process::Command::new(built().join("mayfly"))
            .arg("check")
            .arg(app.path())
            .env("TEST_ADMIN_TOKEN", TOKEN)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(message), "{told}");
    }
}
