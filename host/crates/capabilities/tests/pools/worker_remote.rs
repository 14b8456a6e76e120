//! Workers on another machine: TCP with certificates of both sides, by a server of the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mayfly_capabilities::ALL;
use mayfly_capabilities::Borrower;
use mayfly_capabilities::worker::configuration::{Section, Worker};
use mayfly_capabilities::worker::{Client, Request, Surroundings};
use mayfly_config::Config;
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::capability::readers;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pools/certificates")
        .join(name)
}

/// A worker that other machines reach.
struct Machine {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Machine {
    async fn start() -> Self {
        let chain = CertificateDer::pem_file_iter(file("localhost.pem")).unwrap();
        let chain: Vec<_> = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(file("localhost.key")).unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(file("client-ca.pem")).unwrap())
            .unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let settings = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        let _ = serve(stream).await;
                    }
                });
            }
        });
        Self { port, connections }
    }

    fn client(&self, ca: &str, own: &str) -> Client {
        self.client_with(ca, own, "")
    }

    /// The same, with another line in its table.
    fn client_with(&self, ca: &str, own: &str, settings: &str) -> Client {
        let shown = |name: &str| file(name).display().to_string();
        let text = format!(
            "schema = \"s\"\n[modules.m]\ncomponent = \"m.wasm\"\n[workers.legacy]\naddress = \"localhost:{}\"\nca_file = {:?}\nclient_certificate = {:?}\nclient_key = {:?}\nconnections = 2\ncircuit_failures = 3\n{settings}\nmethods.Read.access = \"read\"\n[workers.legacy.methods.Write]\naccess = \"write\"\n",
            self.port,
            shown(ca),
            shown(&format!("{own}.pem")),
            shown(&format!("{own}.key")),
        );
        let config = Config::parse(Path::new("app"), &text, &readers(ALL), &|_| None).unwrap();
        let worker: &Worker = &config.sections.get::<Section>().unwrap().workers[0];
        let files = config.named_files.iter();
        let files: BTreeMap<_, _> = files
            .map(|file| (file.clone(), fs::read(file).unwrap()))
            .collect();
        let surroundings = Surroundings {
            files,
            ..Surroundings::default()
        };
        Client::new(worker, surroundings).unwrap()
    }
}

async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Value> {
    let length = stream.read_u32().await?;
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await?;
    Ok(serde_json::from_slice(&frame).unwrap())
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), message: Value) -> std::io::Result<()> {
    let text = message.to_string();
    stream.write_u32(u32::try_from(text.len()).unwrap()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await
}

/// Says arguments back; closes the connection in the middle of a call when told to.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    say(
        &mut stream,
        json!({ "type": "hello", "protocol": 1, "methods": ["Read", "Write"] }),
    )
    .await?;
    loop {
        let message = hear(&mut stream).await?;
        if message["type"] == "call" {
            if message["arguments"] == "nothing" {
                continue;
            }
            if message["arguments"] == "close" {
                return Ok(());
            }
            let answer =
                json!({ "type": "result", "id": message["id"], "value": message["arguments"] });
            say(&mut stream, answer).await?;
            if message["arguments"] == "last" {
                return Ok(());
            }
        }
    }
}

async fn call(client: &Client, method: &str, arguments: Value) -> Result<Value, CallError> {
    let request = Request {
        method: method.to_owned(),
        arguments: arguments.to_string(),
        borrower: Borrower::of("lab", "0123456789abcdef0123456789abcdef"),
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let answer = client.call(request, 1 << 20, deadline).await?;
    Ok(serde_json::from_str(&answer).unwrap())
}

#[tokio::test]
async fn a_worker_on_another_machine_answers_over_tls_with_both_certificates() {
    let machine = Machine::start().await;
    let client = machine.client("ca.pem", "client");
    for number in 0..10 {
        assert_eq!(
            call(&client, "Read", json!(number)).await,
            Ok(json!(number))
        );
    }
    assert_eq!(
        machine.connections.load(Ordering::SeqCst),
        1,
        "one is enough for one after another"
    );
    let methods = client
        .try_out(Instant::now() + Duration::from_secs(60))
        .await;
    assert_eq!(methods.unwrap(), ["Read", "Write"]);
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_process_that_dies() {
    let machine = Machine::start().await;
    let client = machine.client("ca.pem", "client");
    let error = call(&client, "Write", json!("close")).await.unwrap_err();
    assert_eq!(error.code, CallCode::OutcomeUnknown);
    let error = call(&client, "Read", json!("close")).await.unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    // A connection that the other side closed between two calls costs a read nothing.
    for number in 0..10 {
        assert_eq!(
            call(&client, "Read", json!("last")).await,
            Ok(json!("last"))
        );
        assert_eq!(
            call(&client, "Read", json!(number)).await,
            Ok(json!(number))
        );
    }
}

#[tokio::test]
async fn a_worker_that_does_not_answer_ends_at_the_setting_that_the_error_names() {
    let machine = Machine::start().await;
    for (settings, told) in [
        (
            "call_timeout = \"1 s\"",
            "Read of worker `legacy`: no answer within 1s (`workers.legacy.call_timeout`)",
        ),
        (
            "methods.Read.timeout = \"1 s\"",
            "Read of worker `legacy`: no answer within 1s (`workers.legacy.methods.Read.timeout`)",
        ),
    ] {
        let client = machine.client_with("ca.pem", "client", settings);
        let error = call(&client, "Read", json!("nothing")).await.unwrap_err();
        assert_eq!(
            (error.code, error.is_backend_timeout, &*error.message),
            (CallCode::Deadline, true, told)
        );
    }
}

#[tokio::test]
async fn certificates_that_do_not_fit_are_refused() {
    let machine = Machine::start().await;
    let error = call(
        &machine.client("other-ca.pem", "client"),
        "Read",
        Value::Null,
    )
    .await
    .unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    assert!(error.detail.contains("UnknownIssuer"), "{error:?}");
    // The other side does not know this one.
    let error = call(&machine.client("ca.pem", "localhost"), "Read", Value::Null)
        .await
        .unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    assert_eq!(machine.connections.load(Ordering::SeqCst), 0);
}
