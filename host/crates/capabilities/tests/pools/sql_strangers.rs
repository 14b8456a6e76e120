//! Servers that are none, and what happens to those who wait for them.

use std::time::Duration;

use mayfly_capabilities::sql::SqlServer;
use mayfly_config::Endpoint;
use mayfly_error::CallCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::backends::{session, soon, sqlserver_config, statements};

/// A pool of what says the same to everybody.
async fn pool_of(says: Vec<u8>) -> SqlServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = sqlserver_config();
    config.address = Endpoint::At(listener.local_addr().unwrap().to_string());
    config.connect_timeout = Duration::from_secs(1);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let says = says.clone();
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                while let Ok(1..) = client.read(&mut asked).await {
                    if says.is_empty() || client.write_all(&says).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    SqlServer::new(&config, None, &statements()).unwrap()
}

/// A packet of the protocol with an answer in it.
fn packet(answer: &[u8]) -> Vec<u8> {
    let length = u16::try_from(answer.len() + 8).unwrap().to_be_bytes();
    [&[4, 1, length[0], length[1], 0, 0, 1, 0], answer].concat()
}

#[tokio::test]
async fn what_is_no_sql_server_is_told_as_one_that_cannot_be_reached() {
    let endless_message = vec![4, 0, 0x10, 0, 0, 0, 1, 0];
    for says in [
        Vec::new(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH_9\r\n".to_vec(),
        // An alert of TLS.
        vec![0x15, 3, 1, 0, 2, 2, 0x46],
        packet(&[]),
        packet(&[0xff]),
        packet(&[0; 64]),
        packet(&[0xff; 64]),
        // Encryption that nobody has heard of, at the end of a PRELOGIN.
        packet(&[1, 0, 6, 0, 1, 0xff, 0x7f]),
        endless_message,
        // A packet shorter than its head.
        vec![4, 1, 0, 3, 0, 0, 1, 0],
    ] {
        let pool = pool_of(says.clone()).await;
        let outcome = session(&pool).query("number", r#"{"n": 1}"#, soon()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable, "{says:?}: {error:?}");
        assert_eq!((pool.status().size, pool.status().waiting), (0, 0));
    }
}
