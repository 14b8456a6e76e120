//! TCP connections to a server that may have several addresses.
//!
//! The name of an availability group stands for one address in each of its subnets, and all but one say nothing. So the next address
//! is tried when the one before has failed, or has said nothing for a moment, and the first that answers is taken.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::net::sockopt;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// For an address to answer before the next is tried as well; what RFC 8305 recommends.
const HEAD_START: Duration = Duration::from_millis(250);
/// TCP asks a peer that says nothing whether it is still there: after so long, so often, and gives it up after so many times.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 3;

/// Connects to `host:port`; the caller bounds the time.
pub(crate) async fn dial(address: &str) -> io::Result<TcpStream> {
    dial_by(address, TcpStream::connect).await
}

/// The same by a way of its own to connect to each address, which may refuse some.
pub(crate) async fn dial_by<F>(
    address: &str,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<TcpStream>
where
    F: Future<Output = io::Result<TcpStream>>,
{
    let socket = first(lookup_host(address).await?, connect).await?;
    socket.set_nodelay(true)?;
    keep_alive(&socket)?;
    Ok(socket)
}

fn keep_alive(socket: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(socket, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(socket, KEEPALIVE_COUNT)
}

/// The first of several attempts that succeeds, or the last error.
async fn first<T, F>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut addresses = addresses.into_iter().fuse();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        let outcome = match addresses.next() {
            Some(address) => {
                attempts.push(connect(address));
                timeout(HEAD_START, attempts.next()).await
            }
            None => Ok(attempts.next().await),
        };
        match outcome {
            Ok(Some(Ok(connected))) => return Ok(connected),
            Ok(Some(Err(error))) => failure = error,
            Ok(None) => return Err(failure),
            // Another is tried beside those that say nothing.
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::cell::Cell;

    use futures_util::FutureExt;
    use tokio::net::TcpListener;

    use super::*;

    const SILENT: u16 = 1;
    const REFUSED: u16 = 2;
    const GOOD: u16 = 3;

    /// What happens to attempts at such addresses, and counts them.
    async fn outcome(ports: &[u16], attempts: &Cell<usize>) -> io::Result<u16> {
        let addresses = ports
            .iter()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], *port)));
        let connect = |address: SocketAddr| async move {
            attempts.set(attempts.get() + 1);
            match address.port() {
                SILENT => std::future::pending().await,
                REFUSED => Err(io::ErrorKind::ConnectionRefused.into()),
                port => Ok(port),
            }
        };
        first(addresses, connect).await
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_keeps_nobody_from_the_next() {
        let attempts = Cell::default();
        let connected = outcome(&[SILENT, SILENT, GOOD, GOOD], &attempts).await;
        assert_eq!((connected.unwrap(), attempts.get()), (GOOD, 3));
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_followed_by_the_next_at_once() {
        let attempts = Cell::default();
        let at_once = outcome(&[REFUSED, GOOD], &attempts).now_or_never();
        assert_eq!((at_once.unwrap().unwrap(), attempts.get()), (GOOD, 2));
        let at_once = outcome(&[REFUSED, REFUSED], &attempts).now_or_never();
        assert_eq!(
            at_once.unwrap().unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        assert!(outcome(&[], &attempts).await.is_err());
    }

    #[tokio::test]
    async fn sockets_are_kept_alive() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        let socket = dial(&address).await.unwrap();
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), KEEPALIVE_IDLE);
        assert_eq!(sockopt::tcp_keepintvl(&socket).unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(sockopt::tcp_keepcnt(&socket).unwrap(), KEEPALIVE_COUNT);
        assert!(socket.nodelay().unwrap());
    }
}
