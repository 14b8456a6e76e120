//! A SQL Server that answers without end: after a login in order, or instead of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mayfly_capabilities::sql::SqlServer;
use mayfly_config::Endpoint;
use mayfly_error::CallCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backends::{Backends, closed, eventually, session, soon, sqlserver_config, statements};

const ONE: &str = r#"{"n": 1}"#;

/// What sockets hold of what nobody reads, and what is read while a server is told to stop, in bytes.
const SLACK: u64 = 32 << 20;

/// What stands in front of the endpoint, and answers one request without end.
struct Flood {
    server: SqlServer,
    sent: Arc<AtomicU64>,
    _backends: Backends,
}

impl Flood {
    /// A flood in answer to what holds `matching`: `begin`, then `again` and again.
    async fn start(matching: &str, begin: Vec<u8>, again: Vec<u8>) -> Self {
        let backends = Backends::start().await;
        let behind = backends.embedded.addresses().sqlserver;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = sqlserver_config();
        config.address = Endpoint::At(listener.local_addr().unwrap().to_string());
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let matching: Vec<u8> = matching.encode_utf16().flat_map(u16::to_le_bytes).collect();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let behind = TcpStream::connect(behind).await.unwrap();
                let flood = (matching.clone(), begin.clone(), again.clone());
                tokio::spawn(relay(client, behind, flood, Arc::clone(&count)));
            }
        });
        Self {
            server: SqlServer::new(&config, None, &statements()).unwrap(),
            sent,
            _backends: backends,
        }
    }

    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

async fn relay(
    mut client: TcpStream,
    mut behind: TcpStream,
    (matching, begin, again): (Vec<u8>, Vec<u8>, Vec<u8>),
    sent: Arc<AtomicU64>,
) {
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            Ok(read @ 1..) = client.read(&mut asked) => {
                let asked = &asked[..read];
                if matching.is_empty() || asked.windows(matching.len()).any(|part| part == matching) {
                    break;
                }
                behind.write_all(asked).await.unwrap();
            }
            Ok(read @ 1..) = behind.read(&mut answered) => {
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
    let mut next = packet(&begin);
    while client.write_all(&next).await.is_ok() {
        sent.fetch_add(next.len() as u64, Ordering::Relaxed);
        next = packet(&again);
    }
}

/// A packet that is not the last of its message.
fn packet(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&[4, 0, length[0], length[1], 0, 0, 1, 0], payload].concat()
}

/// A message of the server's, `INFO`.
fn information() -> Vec<u8> {
    let text: Vec<u8> = "x"
        .repeat(10_000)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut body = vec![1, 0, 0, 0, 1, 10];
    body.extend(10_000_u16.to_le_bytes());
    body.extend(text);
    body.extend([0, 0, 1, 0, 0, 0]);
    let mut token = vec![0xab];
    token.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
    token.extend(body);
    token
}

/// A result with one column of text, and the beginning of a value of unknown length.
fn column() -> Vec<u8> {
    let mut begin = vec![0x81, 1, 0, 0, 0, 0, 0, 9, 0, 0xe7, 0xff, 0xff];
    begin.extend([0x09, 0x04, 0xd0, 0x00, 0x34, 1, b'n', 0]);
    begin.push(0xd1);
    begin.extend(0xffff_ffff_ffff_fffe_u64.to_le_bytes());
    begin
}

/// A part of such a value.
fn part() -> Vec<u8> {
    let mut part = 20_000_u32.to_le_bytes().to_vec();
    part.extend([b'x', 0].repeat(10_000));
    part
}

#[tokio::test]
async fn a_login_without_end_is_read_to_64_kib_and_told() {
    for (matching, flood) in [("", vec![0; 65_000]), ("TEXTSIZE", information())] {
        let flood = Flood::start(matching, flood.clone(), flood).await;
        let outcome = session(&flood.server).query("number", ONE, soon()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable, "{error:?}");
        let expected = "the server sent more than 64 KiB before the login was done, which SQL Server does not; check `sqlserver.school.address`";
        assert!(error.detail.ends_with(expected), "{error:?}");
        assert!(flood.sent() < SLACK, "{}", flood.sent());
        assert_eq!(flood.server.status().size, 0);
    }
}

#[tokio::test]
async fn what_the_host_asks_for_itself_is_answered_in_64_kib() {
    for (begin, again) in [(information(), information()), (column(), part())] {
        let flood = Flood::start("BEGIN TRANSACTION", begin.clone(), again.clone()).await;
        let transaction = session(&flood.server).begin();
        let error = transaction.query("number", ONE, soon()).await.unwrap_err();
        assert_eq!(error.code, CallCode::Budget, "{error:?}");
        eventually("it is closed", || closed(&flood.server, "cut_off") == 1).await;
        assert!(flood.sent() < SLACK, "{}", flood.sent());

        let flood = Flood::start("ROLLBACK", begin.clone(), again.clone()).await;
        let transaction = session(&flood.server).begin();
        transaction.query("number", ONE, soon()).await.unwrap();
        drop(transaction);
        eventually("it is closed", || {
            closed(&flood.server, "not_rolled_back") == 1
        })
        .await;
        assert!(flood.sent() < SLACK, "{}", flood.sent());

        let flood = Flood::start("SELECT 1", begin, again).await;
        flood.server.check(soon()).await.unwrap_err();
        assert!(flood.sent() < SLACK, "{}", flood.sent());
    }
}

#[tokio::test]
async fn a_statement_whose_answer_has_no_end_is_cut_off() {
    for (begin, again) in [(information(), information()), (column(), part())] {
        let flood = Flood::start("Numbers", begin.clone(), again.clone()).await;
        let outcome = session(&flood.server).query("number", ONE, soon()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code, CallCode::Budget, "{error:?}");
        assert!(flood.sent() < (24 << 20) + SLACK, "{}", flood.sent());

        let rows = session(&flood.server).stream_rows("number", ONE);
        let error = rows.next(1, soon()).await.unwrap_err();
        assert_eq!(error.code, CallCode::Budget, "{error:?}");

        let flood = Flood::start("Ledger", begin, again).await;
        let outcome = session(&flood.server).execute("add", r#"{"amount": 1}"#, soon());
        let error = outcome.await.unwrap_err();
        // It may have been done before the answer went on and on.
        assert_eq!(error.code, CallCode::OutcomeUnknown, "{error:?}");
        assert!(flood.sent() < (64 << 20) + SLACK, "{}", flood.sent());
    }
}
