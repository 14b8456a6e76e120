//! The request, and the check that must pass before a contender is timed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json_plain::{Value, from_slice};

use crate::connection::{Answer, Connection};
use crate::workload::Question;

/// How long a server may take to become able to answer: pools connect, modules load.
const READY_TIME: Duration = Duration::from_secs(20);

/// A checked server: where requests go, what they say, and the bytes each answer has to have.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) request: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Target {
    /// Asks until the server answers as the data says, and remembers the bytes of that answer.
    ///
    /// # Errors
    ///
    /// When the answers are not what they have to be for 20 s, with the last one.
    pub(crate) fn check(address: SocketAddr, question: Question) -> anyhow::Result<Self> {
        let request = request(address, question);
        let expected = question.answer().context("the data is not JSON")?;
        let began = Instant::now();
        loop {
            match ask(address, &request).and_then(|body| same(body, &expected)) {
                Ok(body) => {
                    return Ok(Self {
                        address,
                        request,
                        body,
                    });
                }
                Err(error) if began.elapsed() > READY_TIME => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// Asks once, on a connection of its own.
    ///
    /// # Errors
    ///
    /// When the answer is not what it has to be.
    pub(crate) fn ask(&self) -> anyhow::Result<()> {
        let body = ask(self.address, &self.request)?;
        ensure!(body == self.body, "an answer differs: {}", shown(&body));
        Ok(())
    }

    /// # Errors
    ///
    /// When an answer is not byte for byte the one that was checked.
    pub(crate) fn verify(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        let same = answer.status == 200 && answer.body == self.body;
        ensure!(
            same,
            "an answer under load differs: status {}, {}",
            answer.status,
            shown(answer.body)
        );
        Ok(())
    }
}

/// The request, the same bytes every time.
fn request(address: SocketAddr, question: Question) -> Vec<u8> {
    let body = question.body();
    let head = [
        "POST /graphql HTTP/1.1".to_owned(),
        format!("host: {address}"),
        "content-type: application/json".to_owned(),
        "accept: application/graphql-response+json, application/json".to_owned(),
        format!("content-length: {}", body.len()),
    ];
    format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes()
}

fn ask(address: SocketAddr, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut connection = Connection::open(address)?;
    connection.send(request)?;
    let began = Instant::now();
    loop {
        if let Some(answer) = connection.receive()? {
            ensure!(
                answer.status == 200,
                "status {}: {}",
                answer.status,
                shown(answer.body)
            );
            return Ok(answer.body.to_vec());
        }
        ensure!(
            began.elapsed() < READY_TIME,
            "no answer within {} s",
            READY_TIME.as_secs()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The body, when it says what the data says.
fn same(body: Vec<u8>, expected: &Value) -> anyhow::Result<Vec<u8>> {
    let answer: Value =
        from_slice(&body).with_context(|| format!("the answer is not JSON: {}", shown(&body)))?;
    if answer != *expected {
        bail!(
            "the answer differs from what tests/bench/data says: {}",
            shown(&body)
        );
    }
    Ok(body)
}

/// The beginning of an answer, for people.
fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..400).unwrap_or(body)).into_owned()
}
