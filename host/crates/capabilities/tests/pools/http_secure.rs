//! TLS, certificates of clients, HTTP/2 and proxies, with servers of the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mayfly_capabilities::http::configuration::{Base, ClientCertificate, Service};
use mayfly_capabilities::http::{Client, Origin};
use mayfly_error::CallCode;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::backends::{MAX_ANSWER_BYTES, eventually, soon};
use crate::http::{answer, document, get, post, service};

/// A file beside the tests; `client.pem` is signed by `client-ca.pem`, `localhost.pem` by `ca.pem`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pools/certificates")
        .join(name)
}

/// A server that says how it was asked.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Over TLS, by these protocols; `asks` for a certificate of a client.
    async fn secure(protocols: &[&str], asks: bool) -> Self {
        let chain: Vec<_> = CertificateDer::pem_file_iter(file("localhost.pem"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_file(file("localhost.key")).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(
            tokio_rustls::rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap();
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            let ca = CertificateDer::from_pem_file(file("client-ca.pem")).unwrap();
            roots.add(ca).unwrap();
            let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut settings = builder.with_single_cert(chain, key).unwrap();
        settings.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Self::start(Some(TlsAcceptor::from(Arc::new(settings)))).await
    }

    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, counted) = (tls.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    counted.fetch_add(1, Ordering::SeqCst);
                    match tls {
                        None => serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream).await;
                            }
                        }
                    }
                    counted.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, connections }
    }

    /// A client of it, under a name its certificate is of.
    fn client(&self, scheme: &str, change: impl FnOnce(&mut Service)) -> Client {
        let mut service = service();
        service.base = Base::parse(&format!("{scheme}://localhost:{}", self.port)).unwrap();
        change(&mut service);
        client(&service).unwrap()
    }
}

/// A client with the files that its service names.
fn client(service: &Service) -> Result<Client, String> {
    let certificate = service.client_certificate.as_ref();
    let named = certificate.map(|client| [&client.chain, &client.key]);
    let named = named.into_iter().flatten().chain(&service.ca_file);
    let files: BTreeMap<_, _> = named
        .filter_map(|file| Some((file.clone(), fs::read(file).ok()?)))
        .collect();
    Client::new(service, None, &files, false)
}

async fn serve(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) {
    let answer = service_fn(async |request: http::Request<hyper::body::Incoming>| {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let said = json!({
            "version": format!("{:?}", head.version),
            "path": head.uri.path(),
            "host": head.headers.get("host").and_then(|host| host.to_str().ok()),
            "authority": head.uri.authority().map(ToString::to_string),
            "body": body.len(),
        });
        Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(Bytes::from(
            said.to_string(),
        ))))
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_concurrent_streams(100);
    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
}

#[tokio::test]
async fn a_service_over_tls_is_one_whose_certificate_is_of_its_host_and_of_a_known_ca() {
    let server = Server::secure(&[], false).await;
    let known = server.client("https", |service| service.ca_file = Some(file("ca.pem")));
    for number in 0..3 {
        let seen = document(&known, get(&format!("/{number}"))).await;
        assert_eq!(seen["path"], format!("/{number}").as_str());
        assert_eq!(seen["host"], format!("localhost:{}", server.port).as_str());
    }
    assert_eq!(known.status().usage.size, 1);
    for (what, change, expected) in [
        ("without its CA", None, "UnknownIssuer"),
        ("with another CA", Some("other-ca.pem"), "UnknownIssuer"),
    ] {
        let client = server.client("https", |service| {
            service.ca_file = change.map(file);
            service.max_attempts = 1;
        });
        let error = answer(&client, get("/")).await.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable, "{what}");
        assert!(error.detail.contains(expected), "{what}: {}", error.detail);
    }
    let by_address = server.client("https", |service| {
        service.base = Base::parse(&format!("https://127.0.0.2:{}", server.port)).unwrap();
        service.ca_file = Some(file("ca.pem"));
        service.max_attempts = 1;
    });
    assert_eq!(
        answer(&by_address, get("/")).await.unwrap_err().code,
        CallCode::Unavailable
    );
}

#[tokio::test]
async fn the_host_shows_its_certificate_to_a_service_that_asks() {
    let server = Server::secure(&[], true).await;
    let with = server.client("https", |service| {
        service.ca_file = Some(file("ca.pem"));
        service.client_certificate = Some(ClientCertificate {
            chain: file("client.pem"),
            key: file("client.key"),
        });
    });
    assert_eq!(document(&with, get("/a")).await["path"], "/a");
    let without = server.client("https", |service| {
        service.ca_file = Some(file("ca.pem"));
        service.max_attempts = 1;
    });
    assert_eq!(
        answer(&without, get("/a")).await.unwrap_err().code,
        CallCode::Unavailable
    );
}

#[test]
fn files_that_hold_something_else_are_named() {
    let mut service = service();
    service.base = Base::parse("https://localhost").unwrap();
    let mut problem = |change: &dyn Fn(&mut Service)| {
        let mut changed = service.clone();
        change(&mut changed);
        service.line += 1;
        client(&changed).err().unwrap()
    };
    let certificate = |chain: &str, key: &str| {
        Some(ClientCertificate {
            chain: file(chain),
            key: file(key),
        })
    };
    assert!(
        problem(&|service| service.ca_file = Some(file("none.pem")))
            .contains("cannot be read; create it")
    );
    assert!(
        problem(&|service| service.ca_file = Some(file("client.key")))
            .contains("contains no PEM certificate")
    );
    assert!(
        problem(&|service| service.client_certificate = certificate("client.pem", "ca.pem"))
            .contains("contains no PEM key")
    );
    assert!(
        problem(&|service| service.client_certificate = certificate("client.pem", "localhost.key"))
            .contains("does not fit")
    );
}

#[tokio::test]
async fn http2_has_one_connection_and_a_stream_for_each_call() {
    for (server, scheme) in [
        (Server::secure(&["h2", "http/1.1"], false).await, "https"),
        (Server::start(None).await, "http"),
    ] {
        let client = server.client(scheme, |service| {
            service.ca_file = (scheme == "https").then(|| file("ca.pem"));
            service.http2 = true;
            service.max_connections = 50;
        });
        let asked = (0..200).map(|number| {
            let request = post(&format!("/{number}"), &json!("x".repeat(number)));
            client.call(Origin::numbered(number), request, MAX_ANSWER_BYTES, soon())
        });
        for (number, answer) in join_all(asked).await.into_iter().enumerate() {
            let answer: serde_json::Value = serde_json::from_str(&answer.unwrap()).unwrap();
            let seen: serde_json::Value =
                serde_json::from_str(answer["text"].as_str().unwrap()).unwrap();
            assert_eq!(seen["version"], "HTTP/2.0");
            assert_eq!(
                (&seen["path"], &seen["body"]),
                (&json!(format!("/{number}")), &json!(number + 2))
            );
            assert_eq!(
                seen["authority"],
                format!("localhost:{}", server.port).as_str()
            );
        }
        assert_eq!(client.status().usage.size, 1);
        assert_eq!(server.connections.load(Ordering::SeqCst), 1);
        drop(client);
        eventually("it is closed", || {
            server.connections.load(Ordering::SeqCst) == 0
        })
        .await;
    }
}

#[tokio::test]
async fn http2_where_the_service_does_not_speak_it_is_told() {
    let server = Server::secure(&["http/1.1"], false).await;
    let client = server.client("https", |service| {
        service.ca_file = Some(file("ca.pem"));
        service.http2 = true;
        service.max_attempts = 1;
    });
    let error = answer(&client, get("/")).await.unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
}

/// A proxy that tunnels whatever it is asked for, and notes it.
async fn proxy(asked: Arc<parking_lot::Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asked = Arc::clone(&asked);
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await? == 0 {
                        return Ok(());
                    }
                }
                let first = head.lines().next().unwrap_or_default().to_owned();
                let to = first.split(' ').nth(1).unwrap_or_default().to_owned();
                asked.lock().push(first);
                if to.starts_with("refused") {
                    return stream
                        .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                        .await;
                }
                let mut server = TcpStream::connect(&to).await?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                copy_bidirectional(&mut stream, &mut server).await.map(drop)
            });
        }
    });
    address
}

#[tokio::test]
async fn a_proxy_tunnels_connections_where_one_is_configured() {
    let server = Server::secure(&[], false).await;
    let asked = Arc::new(parking_lot::Mutex::default());
    let address = proxy(Arc::clone(&asked)).await;
    let client = server.client("https", |service| {
        service.ca_file = Some(file("ca.pem"));
        service.proxy = Some(address.clone());
    });
    assert_eq!(document(&client, get("/a")).await["path"], "/a");
    assert_eq!(document(&client, get("/b")).await["path"], "/b");
    assert_eq!(
        *asked.lock(),
        [format!("CONNECT localhost:{} HTTP/1.1", server.port)]
    );

    let refused = server.client("https", |service| {
        service.base = Base::parse("https://refused.internal").unwrap();
        service.proxy = Some(address);
        service.max_attempts = 1;
    });
    let error = answer(&refused, get("/")).await.unwrap_err();
    assert!(error.detail.contains("it answered 403"), "{}", error.detail);
}

#[tokio::test]
async fn a_server_that_says_nothing_while_tls_begins_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
    });
    let mut service = service();
    service.base = Base::parse(&format!("https://localhost:{port}")).unwrap();
    service.connect_timeout = std::time::Duration::from_millis(100);
    service.max_attempts = 1;
    let client = client(&service).unwrap();
    let error = answer(&client, post("/", &json!({}))).await.unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable, "nothing was sent");
    assert!(error.detail.contains("connect_timeout"), "{}", error.detail);
    silent.await.unwrap();
}
