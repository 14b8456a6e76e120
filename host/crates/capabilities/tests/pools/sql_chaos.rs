//! Many invocations at once that leave at any moment: whoever stays gets the right answer, and nothing is left behind.

use std::time::Duration;

use futures_util::future::join_all;
use mayfly_capabilities::sql::SqlServer;
use mayfly_embedded::{LateAttentionAck, SqlServerFaults};
use tokio::time::timeout;

use crate::backends::{Backends, closed, eventually, session, soon};

/// Enough for every way of leaving to happen several times on a slow machine.
const INVOCATIONS: u64 = 240;
/// At once: more than there are connections.
const AT_ONCE: u64 = 8;

/// A sequence that looks random and is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's constants; the upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What an invocation does until it leaves; every answer it gets must be its own.
async fn invocation(server: SqlServer, mut dice: Dice) {
    let session = session(&server);
    loop {
        let n = dice.below(4000) + 1;
        let one = format!(r#"{{"n": {n}}}"#);
        let expected = format!(r#"[{{"n":{n}}}]"#);
        match dice.below(4) {
            0 => {
                let stream = session.stream_rows("numbers", "");
                for page in 0..dice.below(4) {
                    let rows = stream.next(100, soon()).await.unwrap();
                    assert!(
                        rows.starts_with(&format!(r#"[{{"n":{},"#, page * 100 + 1)),
                        "{}",
                        &rows[..30]
                    );
                }
            }
            1 => {
                let transaction = session.begin();
                assert_eq!(
                    transaction.query("number", &one, soon()).await.unwrap(),
                    expected
                );
                // Half of them end it, half leave that to us.
                if dice.below(2) == 0 {
                    transaction.rollback(soon()).await.unwrap();
                }
            }
            2 => {
                let (first, second) = tokio::join!(
                    session.query("number", &one, soon()),
                    session.query("number", r#"{"n": 1}"#, soon())
                );
                assert_eq!(
                    (first.unwrap().as_str(), second.unwrap().as_str()),
                    (expected.as_str(), r#"[{"n":1}]"#)
                );
            }
            _ => assert_eq!(
                session.query("number", &one, soon()).await.unwrap(),
                expected
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invocations_that_leave_at_any_moment_leave_nothing_behind() {
    let seed = std::env::var("MAYFLY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_260_131);
    println!("seed {seed}; set MAYFLY_TEST_SEED to try another");
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 4);
    let late = LateAttentionAck {
        ms: 1,
        ..LateAttentionAck::default()
    };
    backends.sql_faults(SqlServerFaults {
        late_attention_ack: Some(late),
        ..Default::default()
    });
    let workers = (0..AT_ONCE).map(|worker| {
        let server = server.clone();
        tokio::spawn(async move {
            for i in 0..INVOCATIONS / AT_ONCE {
                let mut dice = Dice(seed + worker * 1000 + i);
                let patience = Duration::from_micros(dice.below(30_000));
                // A wrong answer ends it with a panic, and so the test.
                let _ = timeout(patience, invocation(server.clone(), dice)).await;
            }
        })
    });
    for outcome in join_all(workers).await {
        outcome.unwrap();
    }
    eventually("nothing is in use", || server.status().in_use == 0).await;
    // The server may hear of a closed connection a little later. No transaction is left on one that idles in the pool, nor a session.
    eventually("the server has nothing to do", || {
        let counters = backends.sql_counters();
        (counters.running, counters.open_transactions) == (0, 0)
            && counters.connections == server.status().size as u64
    })
    .await;
    let status = server.status();
    assert_eq!(status.waiting, 0);
    assert!(
        status.size <= 4 && closed(&server, "cut_off") > 0,
        "{status:?}"
    );
    assert_eq!(closed(&server, "broken"), 0, "{status:?}");
}
