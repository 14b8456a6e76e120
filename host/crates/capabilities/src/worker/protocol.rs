//! Frames and messages, as `docs/worker-protocol.md` says.
//!
//! A connection is read and written so that a future may be dropped at any time: what was read stays in its buffer, and what was not
//! written yet goes before whatever is written next. Whether the other end may be trusted after that is for whoever uses it to say.

use std::fmt;
use std::io;

use bytes::{Buf, BytesMut};
use futures_util::FutureExt;
use mayfly_json::{Limits, Members, Tree, quoted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::dial::BoxedStream;

/// The version of the protocol.
pub(super) const VERSION: u64 = 1;

/// The longest frame of everything but calls and their answers, in bytes.
pub(super) const SMALL_BYTES: usize = 64 << 10;

/// What surrounds the value of an answer, in bytes, at most.
pub(super) const ENVELOPE_BYTES: usize = 1 << 10;

/// What is read at once, in bytes.
const READ_BYTES: usize = 16 << 10;

/// Bytes before a frame: its length.
const HEADER_BYTES: usize = 4;

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    Hello(Hello),
    /// The answer of a call: JSON.
    Result {
        id: u64,
        value: String,
    },
    /// A call that failed in order.
    Error {
        id: u64,
        code: String,
        message: String,
    },
    Pong {
        id: u64,
    },
}

/// What a worker says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hello {
    pub protocol: u64,
    pub methods: Vec<String>,
}

/// Why nothing could be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The other end closed the socket between two frames.
    Closed,
    /// The other end closed it within a frame, or the connection broke.
    Broken(io::Error),
    /// A frame of no bytes.
    Empty,
    /// A frame longer than it may be, in bytes.
    TooLong { said: usize, most: usize },
    /// Bytes that are not UTF-8.
    NotText,
}

/// A call, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Outgoing<'a> {
    pub method: &'a str,
    /// JSON that was checked.
    pub arguments: &'a str,
    pub deadline_ms: u128,
    pub trace_id: &'a str,
}

/// One end of a socket between host and worker.
pub(super) struct Connection {
    stream: BoxedStream,
    input: BytesMut,
    /// What was not written yet.
    output: BytesMut,
    /// The last number of a call or a ping.
    last_id: u64,
}

impl Connection {
    pub(super) fn new(stream: BoxedStream) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
            last_id: 0,
        }
    }

    /// Puts a call before the worker; gives its number.
    pub(super) async fn call(&mut self, call: &Outgoing<'_>) -> io::Result<u64> {
        self.last_id += 1;
        let frame = format!(
            "{{\"type\":\"call\",\"id\":{},\"method\":{},\"arguments\":{},\"deadline_ms\":{},\"trace_id\":{}}}",
            self.last_id,
            quoted(call.method),
            call.arguments,
            call.deadline_ms,
            quoted(call.trace_id),
        );
        self.send(&frame).await?;
        Ok(self.last_id)
    }

    /// Says that nobody waits for a call any more.
    pub(super) async fn cancel(&mut self, id: u64) -> io::Result<()> {
        self.send(&format!("{{\"type\":\"cancel\",\"id\":{id}}}"))
            .await
    }

    /// Asks for a sign of life; gives its number.
    pub(super) async fn ping(&mut self) -> io::Result<u64> {
        self.last_id += 1;
        let frame = format!("{{\"type\":\"ping\",\"id\":{}}}", self.last_id);
        self.send(&frame).await?;
        Ok(self.last_id)
    }

    /// Says that there will be no more calls.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        self.send("{\"type\":\"drain\"}").await
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, frame: &str) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        self.output.extend_from_slice(&length.to_be_bytes());
        self.output.extend_from_slice(frame.as_bytes());
        self.flush().await
    }

    /// Sends what was not sent yet.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while self.output.has_remaining() {
            if self.stream.write_buf(&mut self.output).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        self.stream.flush().await
    }

    /// Whether a frame was sent in part: nothing that follows would be read as it is meant.
    pub(super) fn is_cut(&self) -> bool {
        self.output.has_remaining()
    }

    /// Waits for a frame of at most this many bytes.
    pub(super) async fn read(&mut self, most: usize) -> Result<String, Unreadable> {
        loop {
            if let Some(frame) = self.take_frame(most)? {
                return String::from_utf8(frame.to_vec()).map_err(|_| Unreadable::NotText);
            }
            self.input.reserve(READ_BYTES);
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) if self.input.is_empty() => return Err(Unreadable::Closed),
                Ok(0) => return Err(Unreadable::Broken(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) => return Err(Unreadable::Broken(error)),
            }
        }
    }

    /// A frame that has arrived whole.
    fn take_frame(&mut self, most: usize) -> Result<Option<BytesMut>, Unreadable> {
        let Some(header) = self.input.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let said = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if said == 0 {
            return Err(Unreadable::Empty);
        }
        if said > most {
            return Err(Unreadable::TooLong { said, most });
        }
        if self.input.len() - HEADER_BYTES < said {
            return Ok(None);
        }
        self.input.advance(HEADER_BYTES);
        Ok(Some(self.input.split_to(said)))
    }

    /// Whether the other end is there, and said nothing that nobody asked for.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.input.is_empty()
            && self
                .stream
                .read_buf(&mut self.input)
                .now_or_never()
                .is_none()
    }
}

impl Message {
    /// Reads a message of a worker.
    pub(super) fn parse(frame: &str) -> Result<Self, String> {
        let mut fields: [Option<&str>; 7] = [None; 7];
        let names = [
            "type", "id", "value", "code", "message", "protocol", "methods",
        ];
        for member in Members::of(frame, Limits::MAX_DEPTH) {
            let (key, value) = member.map_err(|error| error.to_string())?;
            let place = names.iter().position(|name| key.is(name));
            if let Some(field) = place.and_then(|place| fields.get_mut(place))
                && field.replace(value).is_some()
            {
                return Err(format!("`{}` is there twice", key.value()));
            }
        }
        let [kind, id, value, code, message, protocol, methods] = fields;
        let text = |field: Option<&str>| field.and_then(mayfly_json::string).map(String::from);
        let number = |field: Option<&str>| field.and_then(|field| field.parse::<u64>().ok());
        let kind = text(kind).ok_or("it has no `type`")?;
        let id = number(id).ok_or("it has no `id`, a whole number from 1");
        Ok(match kind.as_str() {
            "hello" => Self::Hello(Hello {
                protocol: number(protocol).ok_or("hello has no `protocol`, a whole number")?,
                methods: texts(methods).ok_or("hello has no `methods`, a list of names")?,
            }),
            "result" => Self::Result {
                id: id?,
                value: value.ok_or("result has no `value`")?.to_owned(),
            },
            "error" => Self::Error {
                id: id?,
                code: text(code).unwrap_or_default(),
                message: text(message).ok_or("error has no `message`")?,
            },
            "pong" => Self::Pong { id: id? },
            other => {
                let other = mayfly_error::shortened(other, 40);
                return Err(format!("its type `{other}` is not one that a worker sends"));
            }
        })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Result { .. } => "result",
            Self::Error { .. } => "error",
            Self::Pong { .. } => "pong",
        }
    }
}

fn texts(list: Option<&str>) -> Option<Vec<String>> {
    let list = list?;
    let tree = Tree::read(list, Limits::of_bytes(list.len())).ok()?;
    let elements = tree.root().elements()?;
    elements
        .map(|element| Some(element.as_str()?.into_owned()))
        .collect()
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("it closed the socket"),
            Self::Broken(error) => write!(formatter, "the connection broke: {error}"),
            Self::Empty => formatter.write_str("it sent a frame of no bytes"),
            Self::TooLong { said, most } => write!(
                formatter,
                "it sent a frame of {said} bytes, more than {most}"
            ),
            Self::NotText => formatter.write_str("it sent a frame that is not UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use tokio::io::duplex;

    use super::*;

    #[test]
    fn messages_are_read_whatever_else_they_hold() {
        let parse = |frame: &str| Message::parse(frame).unwrap();
        assert_eq!(
            parse(r#"{"methods":["A","Ä"],"name":"x","protocol":1,"type":"hello","more":{}}"#),
            Message::Hello(Hello {
                protocol: 1,
                methods: vec!["A".to_owned(), "Ä".to_owned()]
            })
        );
        assert_eq!(
            parse(r#"{"type":"result","id":7,"value": {"a":[1.50, "x"]} }"#),
            Message::Result {
                id: 7,
                value: r#"{"a":[1.50, "x"]}"#.to_owned()
            }
        );
        assert_eq!(
            parse(r#"{"type":"error","id":8,"message":"no \"x\""}"#),
            Message::Error {
                id: 8,
                code: String::new(),
                message: "no \"x\"".to_owned()
            }
        );
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_reason() {
        for (frame, problem) in [
            ("", "invalid JSON: it ends too early at line 1, column 1"),
            ("[]", "invalid JSON at line 1, column 1"),
            ("{}", "it has no `type`"),
            (
                r#"{"type":"result","value":1}"#,
                "it has no `id`, a whole number from 1",
            ),
            (
                r#"{"type":"result","id":"7","value":1}"#,
                "it has no `id`, a whole number from 1",
            ),
            (r#"{"type":"result","id":7}"#, "result has no `value`"),
            (
                r#"{"type":"result","id":7,"value":1,"id":8}"#,
                "`id` is there twice",
            ),
            (
                r#"{"type":"hello","protocol":1}"#,
                "hello has no `methods`, a list of names",
            ),
            (
                r#"{"type":"call","id":1}"#,
                "its type `call` is not one that a worker sends",
            ),
            (
                r#"{"type":"result","id":7,"value":{"a":1"#,
                "invalid JSON: it ends too early at line 1, column 39",
            ),
        ] {
            assert_eq!(Message::parse(frame).unwrap_err(), problem, "{frame}");
        }
    }

    #[tokio::test]
    async fn a_frame_comes_in_any_pieces_and_its_length_is_held_to_a_limit() {
        // In pieces of four bytes the third holds the end of a frame and what begins the next.
        let (host, mut worker) = duplex(4);
        let mut connection = Connection::new(Box::new(host));
        let say = tokio::spawn(async move {
            worker
                .write_all(b"\0\0\0\x05hello\0\0\0\x02ok")
                .await
                .unwrap();
            worker.write_all(b"\0\0\x10\0").await.unwrap();
            worker
        });
        assert_eq!(connection.read(64).await.unwrap(), "hello");
        assert!(!connection.is_quiet());
        assert_eq!(connection.read(64).await.unwrap(), "ok");
        let refused = connection.read(64).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it sent a frame of 4096 bytes, more than 64"
        );
        drop(say.await.unwrap());
    }

    #[tokio::test]
    async fn a_quiet_connection_is_open_and_has_nothing_to_read() {
        let (host, mut worker) = duplex(64);
        let mut connection = Connection::new(Box::new(host));
        assert!(connection.is_quiet());
        worker.write_all(b"\0").await.unwrap();
        assert!(!connection.is_quiet());
        let (host, worker) = duplex(64);
        let mut connection = Connection::new(Box::new(host));
        drop(worker);
        assert!(!connection.is_quiet());
    }
}
