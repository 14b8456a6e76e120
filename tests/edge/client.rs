//! A client that says exactly what it is told to, when it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long a test waits for something that has to come.
const PATIENCE: Duration = Duration::from_secs(300);

/// A connection.
pub struct Client {
    pub stream: TcpStream,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.expect("a connection"),
        }
    }

    /// A client whose system keeps almost nothing for it that it has not read.
    pub async fn small(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a size");
        let stream = timeout(PATIENCE, socket.connect(address)).await;
        Self {
            stream: stream.expect("in time").expect("a connection"),
        }
    }

    /// A connection that has sent this.
    pub async fn saying(address: SocketAddr, text: impl AsRef<[u8]>) -> Self {
        let mut client = Self::connect(address).await;
        client.send(text).await;
        client
    }

    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.try_send(text).await.expect("the host takes it");
    }

    /// Sends, unless the host has closed the connection.
    pub async fn try_send(&mut self, text: impl AsRef<[u8]>) -> std::io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(text.as_ref()))
            .await
            .expect("in time")
    }

    /// Everything until the host closes the connection.
    pub async fn rest(&mut self) -> String {
        String::from_utf8_lossy(&self.rest_bytes().await).into_owned()
    }

    /// Everything until the host closes the connection.
    pub async fn rest_bytes(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        // A connection that is reset was closed, too.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut all))
            .await
            .expect("the host closes the connection");
        all
    }

    /// One answer of HTTP/1 with a Content-Length, head and body.
    pub async fn answer(&mut self) -> String {
        let reading = async {
            let mut text = Vec::new();
            loop {
                let byte = self.stream.read_u8().await.expect("more of an answer");
                text.push(byte);
                if text.ends_with(b"\r\n\r\n") {
                    break;
                }
            }
            let head = String::from_utf8_lossy(&text).to_ascii_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next()?.parse().ok())
                .unwrap_or(0);
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.expect("a body");
            text.extend(body);
            String::from_utf8_lossy(&text).into_owned()
        };
        timeout(PATIENCE, reading).await.expect("in time")
    }
}

/// The head of a POST with a body of this length.
pub fn head(length: usize) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// A whole POST.
pub fn post(body: &str) -> String {
    head(body.len()) + body
}

/// A whole POST in chunks.
pub fn chunked(body: &str, size: usize) -> String {
    let chunks = body.as_bytes().chunks(size).map(|chunk| {
        format!(
            "{:x}\r\n{}\r\n",
            chunk.len(),
            String::from_utf8_lossy(chunk)
        )
    });
    let head = "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    head.to_owned() + &chunks.collect::<String>() + "0\r\n\r\n"
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
