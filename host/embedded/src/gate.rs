//! A listener that can be down: while its endpoint refuses, the port is kept but nothing listens, and open connections are closed.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::faults::{Faults, Switches};

/// The listener of one endpoint.
pub(crate) struct Gate {
    address: SocketAddr,
    /// None while the endpoint is down.
    listener: Option<TcpListener>,
    faults: Arc<Faults>,
    refuses: fn(&Switches) -> bool,
    /// Cancelled when the endpoint goes down; all connections since it last came up hold a child.
    up: CancellationToken,
}

impl Gate {
    /// Listens.
    pub(crate) fn bind(
        address: SocketAddr,
        faults: Arc<Faults>,
        refuses: fn(&Switches) -> bool,
    ) -> std::io::Result<Self> {
        let listener = listen(bound(address)?)?;
        Ok(Self {
            address: listener.local_addr()?,
            listener: Some(listener),
            faults,
            refuses,
            up: CancellationToken::new(),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, and the token that is cancelled when it has to be closed.
    pub(crate) async fn accept(&mut self) -> std::io::Result<(TcpStream, CancellationToken)> {
        loop {
            let mut edits = self.faults.edits();
            if (self.refuses)(&self.faults.get()) {
                self.stay_down(edits).await?;
                continue;
            }
            let Some(listener) = &self.listener else {
                return Err(std::io::Error::other("the endpoint does not listen"));
            };
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        stream.set_nodelay(true)?;
                        return Ok((stream, self.up.child_token()));
                    }
                    // The client was gone before it was accepted, or descriptors ran out: neither ends the endpoint.
                    Err(error) => {
                        tracing::warn!(%error, address = %self.address, "a connection could not be accepted");
                        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    }
                },
                _ = edits.changed() => {}
            }
        }
    }

    async fn stay_down(&mut self, edits: watch::Receiver<u64>) -> std::io::Result<()> {
        self.up.cancel();
        self.listener = None;
        // Bound and not listening: connections are refused, and no other process can take the port.
        let keeper = bound(self.address)?;
        self.faults.lifted(edits, self.refuses).await;
        self.listener = Some(listen(keeper)?);
        self.up = CancellationToken::new();
        Ok(())
    }
}

fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(socket: TcpSocket) -> std::io::Result<TcpListener> {
    socket.listen(1024)
}
