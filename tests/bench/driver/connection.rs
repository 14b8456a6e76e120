//! HTTP/1.1 over one kept-alive connection, with as little work per request as possible: the load has one core for itself, and has
//! to outrun a server that does nothing but serialise.
//!
//! Simplifications: one request at a time, requests fit the socket's buffer, answers carry a `content-length` or are chunked
//! without trailers, and never close the connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, bail, ensure};

/// Several times the largest answer.
const BUFFER_BYTES: usize = 64 << 10;

/// A connection that never blocks.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer belongs to the answer being received.
    filled: usize,
    /// The body of a chunked answer, put together.
    dechunked: Vec<u8>,
}

/// A whole answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER_BYTES],
            filled: 0,
            dechunked: Vec::new(),
        })
    }

    /// Sends a request; the answer to the one before has been received.
    pub(crate) fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.filled = 0;
        let written = self.stream.write(request)?;
        ensure!(
            written == request.len(),
            "a request of {} bytes did not fit the socket",
            request.len()
        );
        Ok(())
    }

    /// Takes what has arrived; the answer, once it is whole.
    pub(crate) fn receive(&mut self) -> anyhow::Result<Option<Answer<'_>>> {
        let Some(space) = self
            .buffer
            .get_mut(self.filled..)
            .filter(|space| !space.is_empty())
        else {
            bail!("an answer is longer than {BUFFER_BYTES} bytes");
        };
        match self.stream.read(space) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        answer(
            self.buffer.get(..self.filled).unwrap_or_default(),
            &mut self.dechunked,
        )
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The answer in these bytes, if it is whole.
fn answer<'a>(
    received: &'a [u8],
    dechunked: &'a mut Vec<u8>,
) -> anyhow::Result<Option<Answer<'a>>> {
    let Some((head, rest)) = split(received, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(head).context("a header is not text")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .context("no status line")?;
    let body = match header(head, "content-length") {
        Some(length) => rest.get(..length.parse()?),
        None => {
            ensure!(
                header(head, "transfer-encoding") == Some("chunked"),
                "an answer without length: {head}"
            );
            dechunk(rest, dechunked)?.then_some(dechunked.as_slice())
        }
    };
    Ok(body.map(|body| Answer { status, body }))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
    headers
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Puts chunks together; false when the last one has not arrived.
fn dechunk(mut rest: &[u8], body: &mut Vec<u8>) -> anyhow::Result<bool> {
    body.clear();
    while let Some((size, after)) = split(rest, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(size)?, 16)
            .context("a chunk's size is no number")?;
        let Some((chunk, next)) = after.split_at_checked(size) else {
            return Ok(false);
        };
        let Some(next) = next.strip_prefix(b"\r\n") else {
            return Ok(false);
        };
        if size == 0 {
            return Ok(true);
        }
        body.extend_from_slice(chunk);
        rest = next;
    }
    Ok(false)
}

/// What is before and after the first occurrence of a separator.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::answer;

    fn body(received: &str) -> Option<String> {
        let mut dechunked = Vec::new();
        let answer = answer(received.as_bytes(), &mut dechunked).unwrap();
        answer.map(|answer| format!("{} {}", answer.status, String::from_utf8_lossy(answer.body)))
    }

    #[test]
    fn an_answer_is_given_once_it_is_whole() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for end in 0..whole.len() {
            assert_eq!(body(whole.get(..end).unwrap()), None);
        }
        assert_eq!(body(whole).unwrap(), "200 hello");
    }

    #[test]
    fn chunks_are_put_together() {
        let whole = "HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nb\r\n, you there\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(body(whole.get(..end).unwrap()), None);
        }
        assert_eq!(body(whole).unwrap(), "404 hello, you there");
    }
}
