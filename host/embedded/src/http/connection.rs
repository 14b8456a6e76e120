//! One client connection: each request is carried out, and held up or spoilt as the switches say.

use std::io::{self, Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::documents::Documents;
use super::message::{Answer, Reader, Request};
use crate::faults::{DropAt, Faults, HttpFaults, HttpPlan, Then};
use crate::status::Status;

/// What a body without end, or a large one, is written in.
static PIECE: [u8; 64 << 10] = [b'x'; 64 << 10];

/// What a large body has, in bytes, where a switch does not say.
const LARGE_BYTES: u64 = 1_000_000_000;

/// An answer that is somebody else's.
const FOREIGN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"foreign\": \"answer\"}";

/// What follows an answer.
enum Next {
    Request,
    Close,
    Reset,
}

/// Counts a request as in flight while it lives.
struct InFlight<'a>(&'a Status);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.http(|counters| counters.in_flight -= 1);
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(
    mut stream: TcpStream,
    documents: &Documents,
    faults: &Faults,
    status: &Status,
) {
    let mut reader = Reader::default();
    let ended = async {
        while let Some(request) = reader.next(&mut stream).await? {
            let text = request.text();
            status.http(|counters| {
                *counters.requests.entry(request.method.clone()).or_default() += 1;
                counters.in_flight += 1;
            });
            let _in_flight = InFlight(status);
            status.request("http", &text);
            let plan = faults.http_plan(&text);
            match one(&mut stream, documents, faults, request, plan).await? {
                Next::Request => {}
                Next::Close => return stream.shutdown().await,
                Next::Reset => return stream.set_zero_linger(),
            }
        }
        Ok(())
    };
    let ended: io::Result<()> = ended.await;
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended");
    }
}

/// Answers one request; ends early when the client closes the connection, so that nothing stays in flight for nobody.
async fn one(
    stream: &mut TcpStream,
    documents: &Documents,
    all: &Faults,
    request: Request,
    plan: HttpPlan,
) -> io::Result<Next> {
    let HttpPlan { edits, faults } = plan;
    if let Some(slow) = &faults.slow {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(slow.ms)) => {}
            left = client_left(stream) => return left,
        }
    }
    if faults.stall.is_some() {
        tokio::select! {
            () = all.lifted(edits.clone(), |set| set.http.stall.is_some()) => {}
            left = client_left(stream) => return left,
        }
    }
    match (&faults.drop, &faults.reset) {
        (Some(drop), _) if drop.at == DropAt::Before => return Ok(Next::Close),
        (_, Some(reset)) if reset.at == DropAt::Before => return Ok(Next::Reset),
        _ => {}
    }
    if faults.other_protocol.is_some() {
        stream
            .write_all(b"220 mail.internal ESMTP ready\r\n")
            .await?;
        return Ok(Next::Close);
    }
    let mut answer = match instead(&faults) {
        Some(answer) => answer,
        None => documents.answer(&request),
    };
    spoil(&mut answer, &faults);
    let without_body = request.method == "HEAD" || answer.status == 204;
    if without_body {
        return write_head(stream, &answer, &faults).await;
    }
    let half_then = async |next: Then| match next {
        Then::Drop => {}
        Then::Stall => {
            all.lifted(edits.clone(), |set| set.http.half.is_some())
                .await
        }
    };
    if let Some(half) = &faults.half {
        write_half(stream, &answer).await?;
        tokio::select! {
            () = half_then(half.then) => {}
            left = client_left(stream) => return left,
        }
        return Ok(Next::Close);
    }
    write(stream, &answer, &faults).await
}

/// What is answered in the service's place, without carrying the request out.
fn instead(faults: &HttpFaults) -> Option<Answer> {
    const PAGE: &str =
        "<html><head><title>Sign in</title></head><body>Please sign in</body></html>";
    if let Some(not_now) = &faults.unavailable {
        let mut answer = Answer::json(503, &serde_json::json!({ "error": "busy" }));
        let retry_after = not_now
            .retry_after
            .map(|seconds| ("retry-after", seconds.to_string()));
        answer.headers.extend(retry_after);
        return Some(answer);
    }
    if let Some(redirect) = &faults.redirect {
        return Some(Answer {
            status: 302,
            headers: vec![("location", redirect.to.clone())],
            body: Vec::new(),
        });
    }
    let page = faults.html.as_ref()?;
    Some(Answer {
        status: if page.status == 0 { 200 } else { page.status },
        headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
        body: PAGE.into(),
    })
}

/// Changes what an answer says.
fn spoil(answer: &mut Answer, faults: &HttpFaults) {
    if faults.invalid_utf8.is_some() {
        answer.body = b"{\"name\": \"J\xfcrgen\"}".to_vec();
    }
    if faults.packed.is_some() {
        answer.headers.push(("content-encoding", "gzip".to_owned()));
    }
    if let Some(gzip) = &faults.gzip {
        answer.headers.push(("content-encoding", "gzip".to_owned()));
        answer.body = in_gzip(&answer.body, gzip.spaces).unwrap_or_default();
    }
}

/// A text in gzip, with this many spaces behind it.
fn in_gzip(text: &[u8], spaces: u64) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    io::copy(&mut io::repeat(b' ').take(spaces), &mut encoder)?;
    encoder.finish()
}

async fn write(stream: &mut TcpStream, answer: &Answer, faults: &HttpFaults) -> io::Result<Next> {
    if faults.endless.is_some() {
        return without_end(stream, answer, u64::MAX).await;
    }
    if let Some(large) = &faults.large {
        let bytes = if large.bytes == 0 {
            LARGE_BYTES
        } else {
            large.bytes
        };
        if large.chunked {
            return without_end(stream, answer, bytes).await;
        }
        stream.write_all(&answer.head(Some(bytes))).await?;
        let mut left = bytes;
        while left > 0 {
            let piece = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len());
            stream
                .write_all(PIECE.get(..piece).unwrap_or(&PIECE))
                .await?;
            left -= piece as u64;
        }
        return Ok(Next::Request);
    }
    let cut = match (&faults.drop, &faults.reset) {
        (Some(drop), _) => Some((drop.at, Next::Close)),
        (_, Some(reset)) => Some((reset.at, Next::Reset)),
        _ => None,
    };
    if let Some((DropAt::Inside, next)) = cut {
        write_half(stream, answer).await?;
        return Ok(next);
    }
    let by = faults.wrong_length.as_ref().map_or(0, |wrong| wrong.by);
    let length = (answer.body.len() as u64).saturating_add_signed(by);
    let mut whole = answer.head(Some(length));
    whole.extend_from_slice(&answer.body);
    match &faults.surplus {
        Some(surplus) if surplus.ms == 0 => whole.extend_from_slice(FOREIGN),
        _ => {}
    }
    stream.write_all(&whole).await?;
    if let Some(surplus) = faults.surplus.as_ref().filter(|surplus| surplus.ms > 0) {
        tokio::time::sleep(Duration::from_millis(surplus.ms)).await;
        stream.write_all(FOREIGN).await?;
    }
    Ok(match cut {
        Some((_, next)) => next,
        None if by > 0 => Next::Close,
        None => Next::Request,
    })
}

/// An answer without a body; half of its head where the connection is cut inside.
async fn write_head(
    stream: &mut TcpStream,
    answer: &Answer,
    faults: &HttpFaults,
) -> io::Result<Next> {
    let head = answer.head(Some(answer.body.len() as u64));
    let is_inside = |at: DropAt| at == DropAt::Inside;
    let closes = faults.drop.as_ref().is_some_and(|drop| is_inside(drop.at));
    let resets = faults
        .reset
        .as_ref()
        .is_some_and(|reset| is_inside(reset.at));
    if closes || resets || faults.half.is_some() {
        stream
            .write_all(head.get(..head.len() / 2).unwrap_or_default())
            .await?;
        return Ok(if resets { Next::Reset } else { Next::Close });
    }
    stream.write_all(&head).await?;
    Ok(Next::Request)
}

/// A body in chunks, of this many bytes at least.
async fn without_end(stream: &mut TcpStream, answer: &Answer, bytes: u64) -> io::Result<Next> {
    stream.write_all(&answer.head(None)).await?;
    let mut written = 0;
    while written < bytes {
        stream
            .write_all(format!("{:x}\r\n", PIECE.len()).as_bytes())
            .await?;
        stream.write_all(&PIECE).await?;
        stream.write_all(b"\r\n").await?;
        written += PIECE.len() as u64;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(Next::Request)
}

async fn write_half(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let mut whole = answer.head(Some(answer.body.len() as u64));
    let half = answer.body.len() / 2;
    whole.extend_from_slice(answer.body.get(..half).unwrap_or_default());
    stream.write_all(&whole).await?;
    stream.flush().await
}

/// Waits until the client closes the connection. It sends nothing before it has its answer.
async fn client_left(stream: &mut TcpStream) -> io::Result<Next> {
    let mut byte = [0];
    match stream.read(&mut byte).await? {
        0 => Ok(Next::Close),
        _ => Err(io::Error::other("a client sent more than expected")),
    }
}
