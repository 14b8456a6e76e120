//! Drives one connection from its first byte to its last: finds out the protocol, lets hyper serve it, and closes it when it is due.
//!
//! hyper's own time-outs are not used. That for heads also runs while a connection is idle and says nothing to the client, and what
//! is never polled (an answer without window) has none.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::future::poll_fn;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use mayfly_clock::last_tick;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::activity::Activity;
use super::alarm::Alarm;
use super::request::Service;
use super::socket::{Protocol, Socket};
use super::state::Reason;
use super::stream::Streams;
use super::transport::{Certificate, Transport};

/// The largest head of a request, in bytes.
pub const HEAD_BYTES: usize = 64 << 10;

/// The headers of one request in HTTP/2, as its specification counts them.
const HEADER_LIST_BYTES: u32 = 32 << 10;

/// What a client may send on one stream, and on all of a connection, before it was read.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 128 << 10;

/// What a stream may have in its send buffer: a piece of an answer, or two.
const SEND_BUFFER_BYTES: usize = 32 << 10;

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Streams that a client may reset before they were looked at.
const PENDING_RESETS: usize = 20;

/// Streams that a client may make the server reset by breaking the protocol.
const ERROR_RESETS: usize = 128;

/// What a client is told whose request did not arrive in time.
const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Closes a connection when it is due.
struct Watch {
    activity: Arc<Activity>,
    alarm: Alarm,
}

/// How a protocol's connection ended: by itself, or because it was due.
type Ended = Result<hyper::Result<()>, Reason>;

/// Serves a connection until it is closed, and says why it was.
pub(super) async fn drive(
    stream: TcpStream,
    certificate: Option<Certificate>,
    service: Service,
) -> Reason {
    let activity = service.activity.clone();
    let mut watch = Watch {
        activity: activity.clone(),
        alarm: Alarm::default(),
    };
    let mut handshake = Box::pin(Transport::accept(stream, certificate));
    let transport = poll_fn(|cx| match handshake.as_mut().poll(cx) {
        Poll::Ready(transport) => Poll::Ready(Ok(transport)),
        Poll::Pending => watch.poll(cx).map(Err),
    })
    .await;
    drop(handshake);
    let transport = match transport {
        Ok(Ok(transport)) => transport,
        Ok(Err(_)) => return Reason::Handshake,
        Err(reason) => return reason,
    };
    let mut socket = Socket::new(transport, activity.clone());
    let protocol = poll_fn(|cx| match socket.poll_protocol(cx) {
        Poll::Ready(protocol) => Poll::Ready(Ok(protocol)),
        Poll::Pending => watch.poll(cx).map(Err),
    })
    .await;
    match protocol {
        Ok(Ok(Some(Protocol::Http1))) => serve_http1(socket, service, &mut watch).await,
        Ok(Ok(Some(Protocol::Http2))) => serve_http2(socket, service, &mut watch).await,
        Ok(Ok(None)) => Reason::Done,
        Ok(Err(_)) => Reason::Broken,
        Err(reason) => reason,
    }
}

async fn serve_http1(socket: Socket, service: Service, watch: &mut Watch) -> Reason {
    let activity = service.activity.clone();
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    let mut told = false;
    let ended: Ended = poll_fn(|cx| {
        let mut connection = Pin::new(&mut connection);
        let mut polled = connection.as_mut().poll(cx);
        // Only now is it known whether a request has arrived. Without one the connection is closed as it is.
        if polled.is_pending() && !told && activity.is_stopping() && activity.is_busy() {
            told = true;
            connection.as_mut().graceful_shutdown();
            polled = connection.poll(cx);
        }
        match polled {
            Poll::Ready(result) => Poll::Ready(Ok(result)),
            Poll::Pending => watch.poll(cx).map(Err),
        }
    })
    .await;
    if matches!(ended, Err(Reason::HeadTimeout)) && activity.has_head() {
        let socket = connection.into_parts().io.into_inner();
        refuse_late(socket, watch).await;
    }
    reason(ended, &activity)
}

async fn serve_http2(socket: Socket, service: Service, watch: &mut Watch) -> Reason {
    let activity = service.activity.clone();
    let mut connection = http2::Builder::new(Streams)
        .timer(TokioTimer::new())
        .max_concurrent_streams(activity.limits().max_streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_header_list_size(HEADER_LIST_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .serve_connection(TokioIo::new(socket), service);
    let mut told = false;
    let ended: Ended = poll_fn(|cx| {
        let mut connection = Pin::new(&mut connection);
        if !told && (activity.is_stopping() || activity.is_held()) {
            // What is under way has time to end, and the client opens another connection.
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        match connection.poll(cx) {
            Poll::Ready(result) => Poll::Ready(Ok(result)),
            Poll::Pending => watch.poll(cx).map(Err),
        }
    })
    .await;
    reason(ended, &activity)
}

fn reason(ended: Ended, activity: &Activity) -> Reason {
    match ended {
        Ok(Ok(())) => activity.blamed().unwrap_or(Reason::Done),
        Ok(Err(_)) => activity.blamed().unwrap_or(Reason::Broken),
        Err(reason) => reason,
    }
}

/// Tells a client that its request did not arrive in time, and gives it time to read that.
async fn refuse_late(mut socket: Socket, watch: &mut Watch) {
    socket.send_last(REQUEST_TIMEOUT);
    poll_fn(|cx| {
        let closed: Poll<io::Result<()>> = Pin::new(&mut socket).poll_shutdown(cx);
        match closed {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => watch.poll(cx).map(drop),
        }
    })
    .await;
}

impl Watch {
    /// Whether the connection is due to be closed. To be asked after everything else was polled.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        self.activity.driven_by(cx.waker());
        let mut now = last_tick();
        loop {
            let Some((at, reason)) = self.activity.due(now) else {
                return Poll::Pending;
            };
            if at <= now {
                return Poll::Ready(reason);
            }
            std::task::ready!(self.alarm.poll(at, cx));
            // The alarm goes by the exact time.
            now = Instant::now();
        }
    }
}
