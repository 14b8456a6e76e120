//! HTTP/2 by hand: frames as their specification (RFC 9113) draws them, and headers without compression.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::client::Client;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// The setting of the window with which streams begin.
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// How long a test waits for a frame that has to come.
const PATIENCE: Duration = Duration::from_secs(300);

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// An HTTP/2 connection.
pub struct Http2 {
    pub client: Client,
}

impl Frame {
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            flags,
            stream,
            payload: payload.into(),
        }
    }

    pub fn setting(name: u16, value: u32) -> Self {
        let payload = [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
        Self::new(SETTINGS, 0, 0, payload)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).expect("a small frame");
        let mut bytes = length.to_be_bytes()[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// The code of a RST_STREAM.
    pub fn code(&self) -> u32 {
        let bytes = self.payload[..4].try_into().expect("four bytes");
        u32::from_be_bytes(bytes)
    }
}

impl Http2 {
    /// A connection whose streams begin with this window.
    pub async fn connect(address: SocketAddr, window: u32) -> Self {
        let mut client = Client::saying(address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        client
            .send(Frame::setting(INITIAL_WINDOW_SIZE, window).bytes())
            .await;
        Self { client }
    }

    pub async fn send(&mut self, frame: Frame) {
        self.client.send(frame.bytes()).await;
    }

    /// Sends frames until they are all sent, or the host has closed the connection.
    pub async fn flood(&mut self, frames: impl IntoIterator<Item = Frame>) {
        let bytes: Vec<u8> = frames.into_iter().flat_map(|frame| frame.bytes()).collect();
        // What the host answers is read meanwhile: a flood is not a client that does not read.
        let (mut reader, mut writer) = self.client.stream.split();
        let writing = async {
            let sent = tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes).await;
            drop(sent);
        };
        let reading = async {
            let mut space = vec![0; 1 << 16];
            while reader.read(&mut space).await.is_ok_and(|read| read > 0) {}
        };
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
    }

    /// Sends a POST of a query on a stream.
    pub async fn post(&mut self, stream: u32, body: &str) {
        self.send(request(stream, "POST", "/graphql", 0)).await;
        self.send(Frame::new(DATA, END_STREAM, stream, body)).await;
    }

    /// The next frame; none when the host has closed the connection.
    pub async fn next(&mut self) -> Option<Frame> {
        timeout(PATIENCE, self.read_frame()).await.expect("in time")
    }

    async fn read_frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.client.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length as usize];
        self.client.stream.read_exact(&mut payload).await.ok()?;
        Some(Frame::new(head[3], head[4], stream, payload))
    }

    /// The next frame of a kind on a stream; others are dropped. None when the host has closed the connection.
    pub async fn until(&mut self, kind: u8, stream: u32) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind && frame.stream == stream {
                return Some(frame);
            }
        }
    }

    /// Everything until the host closes the connection.
    pub async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }
}

/// The head of a request, in one frame.
pub fn request(stream: u32, method: &str, path: &str, flags: u8) -> Frame {
    Frame::new(
        HEADERS,
        END_HEADERS | flags,
        stream,
        head(method, path, "test"),
    )
}

/// The headers of a request, each as a literal that no table remembers.
pub fn head(method: &str, path: &str, authority: &str) -> Vec<u8> {
    [
        header(":method", method),
        header(":scheme", "http"),
        header(":path", path),
        header(":authority", authority),
        header("content-type", "application/json"),
    ]
    .concat()
}

/// One header as a literal.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

/// A text of up to 16 kB: its length in one byte or three, and the text.
fn text(text: &str) -> Vec<u8> {
    let length = text.len();
    let mut bytes = match u8::try_from(length) {
        Ok(short) if short < 127 => vec![short],
        _ => {
            let rest = length - 127;
            let low = u8::try_from(rest & 127).expect("seven bits") | 128;
            vec![127, low, u8::try_from(rest >> 7).expect("a short text")]
        }
    };
    bytes.extend(text.as_bytes());
    bytes
}

/// The status of an answer's head: an indexed header of the static table, as hyper writes the usual ones, or a literal.
pub fn status(frame: &Frame) -> u16 {
    match frame.payload[..] {
        [0x88, ..] => 200,
        [0x8c, ..] => 400,
        [0x8d, ..] => 404,
        [0x8e, ..] => 500,
        // `:status` by its index, and three digits, plain or by Huffman's code.
        [_, 3, a, b, c, ..] => [a, b, c].iter().fold(0, |number, digit| {
            number * 10 + u16::from(digit.wrapping_sub(b'0'))
        }),
        [_, length, a, b, c, ..] if length & 128 != 0 => huffman_digits([a, b, c]),
        _ => 0,
    }
}

/// Three digits in Huffman's code: `0`, `1`, `2` have five bits, the others six.
fn huffman_digits(bytes: [u8; 3]) -> u16 {
    let bits = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], 0xff]);
    let mut at = 0;
    let mut number = 0;
    for _ in 0..3 {
        let five = bits << at >> 27;
        let digit = if five < 3 {
            at += 5;
            five
        } else {
            at += 6;
            (bits << (at - 6) >> 26) - 0x19 + 3
        };
        number = number * 10 + digit;
    }
    u16::try_from(number).unwrap_or_default()
}
