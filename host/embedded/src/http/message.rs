//! Requests and answers of HTTP/1.1, as far as this endpoint needs them.

use std::fmt::Write as _;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a request's head and of its body, at most.
const HEAD_BYTES: usize = 64 << 10;
const BODY_BYTES: usize = 64 << 20;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Reads requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    /// The next request; none when the client has closed the connection between two of them.
    pub(super) async fn next(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Option<Request>> {
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(io::Error::other("the head of a request is too long"));
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let mut request = parse(&head)?;
        let length = match request.header("content-length") {
            None if request.header("transfer-encoding").is_some() => {
                return Err(io::Error::other("chunked requests are not supported"));
            }
            length => length.map_or(Ok(0), str::parse).map_err(io::Error::other)?,
        };
        if length > BODY_BYTES {
            return Err(io::Error::other("the body of a request is too long"));
        }
        while self.buffer.len() < length {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        request.body = self.buffer.drain(..length).collect();
        Ok(Some(request))
    }
}

impl Request {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// What fault switches are matched with.
    pub(super) fn text(&self) -> String {
        format!(
            "{} {} {}",
            self.method,
            self.target,
            String::from_utf8_lossy(&self.body)
        )
    }
}

impl Answer {
    /// JSON.
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// The head, which says that the body has this many bytes; none for one in chunks.
    pub(super) fn head(&self, length: Option<u64>) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = match length {
            // RFC 9110, 8.6: neither has a body.
            _ if self.status == 204 || self.status == 304 => write!(head, "\r\n"),
            Some(length) => write!(head, "content-length: {length}\r\n\r\n"),
            None => write!(head, "transfer-encoding: chunked\r\n\r\n"),
        };
        head.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        302 => "Found",
        304 => "Not Modified",
        404 => "Not Found",
        409 => "Conflict",
        503 => "Service Unavailable",
        _ => "Other",
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn parse(head: &[u8]) -> io::Result<Request> {
    let malformed = || io::Error::other("a request cannot be read");
    let head = str::from_utf8(head).map_err(|_| malformed())?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1")) = (first.next(), first.next(), first.next())
    else {
        return Err(malformed());
    };
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Ok(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.collect::<io::Result<_>>()?,
        body: Vec::new(),
    })
}
