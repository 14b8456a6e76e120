//! The socket of a connection: reports what comes in, finds out which protocol the client speaks, and closes so that the client can
//! read its last answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use mayfly_clock::next_tick;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::alarm::Alarm;
use super::frames::Frames;
use super::transport::Transport;

/// How an HTTP/2 connection begins.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a connection is kept after its last byte was sent, for the client to read it: closing while bytes of the client are on
/// their way makes its system drop what it has not read yet.
const LINGER: Duration = Duration::from_secs(2);

/// What is read of a client that goes on sending after its connection was closed. More is an attack, or a body that nobody wants.
const LINGER_BYTES: usize = 8 << 20;

/// The protocols a client may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// A connection's socket.
pub(super) struct Socket {
    stream: Transport,
    activity: Arc<Activity>,
    /// Where the client is in its frames, when it speaks HTTP/2.
    frames: Option<Frames>,
    /// What was read to find out the protocol, and how much of it was read again.
    first: Vec<u8>,
    again: usize,
    /// Whether the client has closed its side.
    client_closed: bool,
    /// Since this side was closed.
    linger: Option<Linger>,
}

/// Waiting for a client to read its last answer and to close its side.
struct Linger {
    until: Instant,
    alarm: Alarm,
    /// What it sent meanwhile.
    bytes: usize,
}

impl Socket {
    pub fn new(stream: Transport, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            frames: None,
            first: Vec::new(),
            again: 0,
            client_closed: false,
            linger: None,
        }
    }

    /// Finds out the protocol; none when the client has closed the connection before it said anything.
    pub fn poll_protocol(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Protocol>>> {
        loop {
            if self.first.len() == PREFACE.len() {
                self.activity.speaks_http2();
                self.frames = Some(Frames::default());
                return Poll::Ready(Ok(Some(Protocol::Http2)));
            }
            let mut space = [0; PREFACE.len()];
            let missing = PREFACE.len() - self.first.len();
            let mut buffer = ReadBuf::new(space.get_mut(..missing).unwrap_or_default());
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            let read = buffer.filled();
            if read.is_empty() {
                self.client_closed = true;
                // What came so far is an incomplete head, for HTTP/1 to refuse.
                let begun = !self.first.is_empty();
                return Poll::Ready(Ok(begun.then_some(Protocol::Http1)));
            }
            self.activity.received(read.len());
            self.first.extend_from_slice(read);
            if !PREFACE.starts_with(&self.first) {
                return Poll::Ready(Ok(Some(Protocol::Http1)));
            }
        }
    }

    /// Sends a few bytes to a client that has been sent nothing else, as far as its window allows: whoever has a full one reads
    /// nothing anyway.
    pub fn send_last(&mut self, bytes: &[u8]) {
        self.stream.try_write(bytes);
    }

    /// Reads what a client still sends after this side was closed.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut space = [0; 8 << 10];
        loop {
            let Some(linger) = &mut self.linger else {
                return Poll::Ready(());
            };
            if self.client_closed || linger.bytes >= LINGER_BYTES {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return linger.alarm.poll(linger.until, cx),
            }
            self.client_closed = buffer.filled().is_empty();
            linger.bytes += buffer.filled().len();
            if Instant::now() >= linger.until {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let again = self.again;
        if let Some(rest) = self.first.get(again..).filter(|rest| !rest.is_empty()) {
            let read = rest.len().min(buffer.remaining());
            buffer.put_slice(rest.get(..read).unwrap_or_default());
            self.again += read;
            if self.again == self.first.len() {
                self.first = Vec::new();
                self.again = 0;
            }
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        if read.is_empty() {
            self.client_closed = true;
            return Poll::Ready(Ok(()));
        }
        let Self {
            activity, frames, ..
        } = &mut *self;
        let mut bytes = read.len();
        if let Some(frames) = frames {
            frames.received(read, next_tick());
            bytes += frames.take_extra_bytes();
            activity.arriving(frames.since(), frames.is_settled());
        }
        activity.received(bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.activity.closes();
            self.linger = Some(Linger {
                until: Instant::now() + LINGER,
                alarm: Alarm::default(),
                bytes: 0,
            });
        }
        self.poll_linger(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
