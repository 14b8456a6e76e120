//! An issuer that a test runs: it publishes what the test says, and counts what it is asked for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What is answered at a path.
#[derive(Clone)]
pub enum Reply {
    Json(Value),
    /// Some status, headers and a body.
    Raw(String),
    /// Zeros without an end, or until nobody reads them any more.
    Endless,
    /// Nothing, ever.
    Silent,
}

pub struct TestIssuer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<HashMap<String, usize>>,
    /// By which it speaks TLS; none where it does not.
    tls: Mutex<Option<TlsAcceptor>>,
    /// Bytes of endless answers that were taken.
    taken: AtomicUsize,
}

impl TestIssuer {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Self {
            address,
            shared,
            serving,
        }
    }

    /// Starts one that is reached over TLS, as `localhost`, whatever its certificate says.
    pub async fn start_secure(certificate: &Path, key: &Path) -> Self {
        let issuer = Self::start().await;
        issuer.presents(certificate, key);
        issuer
    }

    /// Shows this certificate from now on.
    pub fn presents(&self, certificate: &Path, key: &Path) {
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let settings = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        *self.shared.tls.lock().unwrap() = Some(acceptor);
    }

    /// The `iss` of its tokens.
    pub fn name(&self) -> String {
        match &*self.shared.tls.lock().unwrap() {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://localhost:{}", self.address.port()),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.name())
    }

    /// Answers like this from now on.
    pub fn answers(&self, path: &str, reply: Reply) {
        let mut replies = self.shared.replies.lock().unwrap();
        replies.insert(path.to_owned(), reply);
    }

    /// Publishes these keys from now on.
    pub fn publishes(&self, keys: &[Value]) {
        self.answers("/keys", Reply::Json(json!({ "keys": keys })));
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        let asked = self.shared.asked.lock().unwrap();
        asked.get(path).copied().unwrap_or_default()
    }

    /// Bytes of endless answers that were taken.
    pub fn taken(&self) -> usize {
        self.shared.taken.load(Ordering::Relaxed)
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let tls = shared.tls.lock().unwrap().clone();
            match tls {
                None => answer(stream, shared).await,
                Some(tls) => answer(tls.accept(stream).await?, shared).await,
            }
        });
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    shared: Arc<Shared>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    *shared
        .asked
        .lock()
        .unwrap()
        .entry(path.clone())
        .or_default() += 1;
    let reply = shared.replies.lock().unwrap().get(&path).cloned();
    match reply {
        None => {
            let nothing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(nothing.as_bytes()).await
        }
        Some(Reply::Json(value)) => {
            let body = value.to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all((head + &body).as_bytes()).await?;
            stream.flush().await
        }
        Some(Reply::Raw(text)) => stream.write_all(text.as_bytes()).await,
        Some(Reply::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            for _ in 0..100 << 10 {
                stream.write_all(&[b' '; 1 << 10]).await?;
                shared.taken.fetch_add(1 << 10, Ordering::Relaxed);
            }
            Ok(())
        }
        Some(Reply::Silent) => {
            // Until the host gives up.
            let _ = stream.read_u8().await;
            Ok(())
        }
    }
}
