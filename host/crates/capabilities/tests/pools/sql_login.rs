//! What the server is told of the client that logs in.

use std::time::Duration;

use mayfly_capabilities::sql::configuration::ApplicationIntent;
use mayfly_config::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backends::{Backends, soon};

/// The answer to `PRELOGIN`, in a packet: version 16, no encryption.
const PRELOGIN_ANSWER: [u8; 26] = [
    4, 1, 0, 26, 0, 0, 1, 0, // the packet's header
    0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, // where the version and the encryption are
    16, 0, 3, 0xe8, 0, 0, 2,
];

/// Where `LOGIN7` says of what type the login is, and the bit for reads only.
const TYPE_FLAGS: usize = 26;
const READ_ONLY: u8 = 0x20;

async fn packet(socket: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 8];
    socket.read_exact(&mut header).await.unwrap();
    let length = usize::from(u16::from_be_bytes([header[2], header[3]])) - header.len();
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    body
}

/// What is sent as `LOGIN7` to a server that then hangs up.
async fn login(
    change: impl FnOnce(&mut mayfly_capabilities::sql::configuration::Backend),
) -> Vec<u8> {
    let backends = Backends::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = backends.sqlserver(|config| {
        config.address = Endpoint::At(address.to_string());
        config.connect_timeout = Duration::from_secs(60);
        change(config);
    });
    let listening = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        packet(&mut socket).await;
        socket.write_all(&PRELOGIN_ANSWER).await.unwrap();
        packet(&mut socket).await
    };
    let (login, refused) = tokio::join!(listening, server.check(soon()));
    refused.unwrap_err();
    login
}

fn has(login: &[u8], text: &str) -> bool {
    let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    login.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn the_server_is_told_the_applications_name_and_whether_it_only_reads() {
    let usual = login(|_| ()).await;
    assert!(has(&usual, "mayfly"));
    assert_eq!(usual[TYPE_FLAGS] & READ_ONLY, 0);

    let reader = login(|config| {
        config.application_name = "school reports".to_owned();
        config.application_intent = ApplicationIntent::ReadOnly;
    });
    let reader = reader.await;
    assert!(has(&reader, "school reports"));
    assert_eq!(reader[TYPE_FLAGS] & READ_ONLY, READ_ONLY);
}
