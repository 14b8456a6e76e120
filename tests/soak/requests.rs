//! What is asked, and what has to come back: by a leaking, a crashing and an honest resolver, in a fixed order.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json_plain::{Value, from_slice, from_str, json};

use crate::load::Ask;

/// The report that every report has to be.
const REPORT: &str = include_str!("../bench/data/assessments.json");

/// One turn: reports that are kept, mebibytes that are leaked, a crash, and an honest report. A memory cap is reached in place of every
/// fourth crash.
const TURN: [Kind; 12] = [
    Kind::Kept,
    Kind::Kept,
    Kind::Leak,
    Kind::Kept,
    Kind::Kept,
    Kind::Honest,
    Kind::Kept,
    Kind::Kept,
    Kind::Leak,
    Kind::Kept,
    Kind::Kept,
    Kind::Crash,
];

/// Ways to crash, one after the other.
const CRASHES: [&str; 4] = [
    "traps(how: ABORT)",
    "traps(how: UNREACHABLE)",
    "grows(mib: 100)",
    "traps(how: OUT_OF_BOUNDS)",
];

/// What a request is to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A report, answered and forgotten.
    Honest,
    /// A report that is also put into an array nobody empties.
    Kept,
    /// A mebibyte that is never freed.
    Leak,
    /// An abort, a trap, or more memory than there is.
    Crash,
}

impl Kind {
    /// The kind of the request with this number.
    pub(crate) fn of(number: u64) -> Self {
        let place = usize::try_from(number % TURN.len() as u64).unwrap_or(0);
        TURN.get(place).copied().unwrap_or(Self::Honest)
    }

    /// Whether its resolver leaks.
    pub(crate) fn is_leak(self) -> bool {
        matches!(self, Self::Kept | Self::Leak)
    }
}

/// Requests up to and including so many that leak.
pub(crate) fn with_leaks(leaks: u64) -> u64 {
    let in_turn = TURN.iter().filter(|kind| kind.is_leak()).count() as u64;
    leaks.div_ceil(in_turn) * TURN.len() as u64
}

/// The requests of one server, made once.
pub(crate) struct Requests {
    honest: Vec<u8>,
    kept: Vec<u8>,
    leak: Vec<u8>,
    crashes: Vec<Vec<u8>>,
    report: Value,
}

impl Requests {
    pub(crate) fn to(address: SocketAddr) -> anyhow::Result<Self> {
        let selection = "{ id name grade readingLevel score takenAt active }";
        Ok(Self {
            honest: request(address, &format!("{{ report {selection} }}")),
            kept: request(address, &format!("{{ reportKept {selection} }}")),
            leak: request(address, "{ leaks }"),
            crashes: CRASHES
                .map(|field| request(address, &format!("{{ {field} }}")))
                .to_vec(),
            report: from_str(REPORT)?,
        })
    }
}

impl Ask for Requests {
    fn bytes(&self, number: u64) -> &[u8] {
        match Kind::of(number) {
            Kind::Honest => &self.honest,
            Kind::Kept => &self.kept,
            Kind::Leak => &self.leak,
            Kind::Crash => {
                let way = usize::try_from(number / TURN.len() as u64).unwrap_or(0) % CRASHES.len();
                self.crashes.get(way).unwrap_or(&self.honest)
            }
        }
    }

    fn verify(&self, number: u64, status: u16, body: &[u8]) -> anyhow::Result<()> {
        let shown = || {
            format!(
                "status {status}: {}",
                String::from_utf8_lossy(body.get(..400).unwrap_or(body))
            )
        };
        let answer: Value = from_slice(body).with_context(shown)?;
        let data = |field: &str| answer.get("data").and_then(|data| data.get(field));
        let right = match Kind::of(number) {
            Kind::Honest => data("report") == Some(&self.report) && answer.get("errors").is_none(),
            Kind::Kept => {
                data("reportKept") == Some(&self.report) && answer.get("errors").is_none()
            }
            Kind::Leak => data("leaks") == Some(&json!(1)) && answer.get("errors").is_none(),
            Kind::Crash => {
                answer.get("errors").is_some()
                    && data("traps").or(data("grows")) == Some(&Value::Null)
            }
        };
        ensure!(status == 200 && right, "{}", shown());
        Ok(())
    }
}

/// A request of a document.
pub(crate) fn request(address: SocketAddr, query: &str) -> Vec<u8> {
    let body = json!({ "query": query }).to_string();
    let length = body.len();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: application/graphql-response+json, application/json\r\ncontent-length: {length}"
    );
    format!("{head}\r\n\r\n{body}").into_bytes()
}
