//! A TCP proxy on loopback whose connections can be cut, held up and taken to pieces.
//!
//! It knows nothing of what it carries: a cut falls wherever it falls, inside a packet, a row or a header, or between two answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::dice::Dice;

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Everything is passed on.
    Pass,
    /// This many bytes of the server's are passed on, then both ends are cut; 0 cuts at once.
    CutAnswer { after: usize, reset: bool },
    /// This many bytes of the client's are passed on, then both ends are cut.
    CutRequest { after: usize },
    /// Nothing of the server's is passed on.
    HoldAnswer,
    /// The server's bytes are passed on a few at a time.
    Trickle,
}

/// A listener, and its connections.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    links: Mutex<Vec<Weak<watch::Sender<Plan>>>>,
}

impl Proxy {
    /// Listens, and connects to `upstream` for each client.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            links: Mutex::default(),
        });
        let serving = Arc::downgrade(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // The listener closes when the proxy is gone.
                let Some(shared) = serving.upgrade() else {
                    return;
                };
                let upstream = *shared.upstream.lock().unwrap();
                let link = Arc::new(watch::Sender::new(Plan::Pass));
                shared.links.lock().unwrap().push(Arc::downgrade(&link));
                tokio::spawn(carry(client, upstream, link));
            }
        });
        Self { address, shared }
    }

    /// Connects to another server from now on.
    pub fn redirect(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap() = upstream;
    }

    /// Changes what happens to one of the connections there are.
    pub fn strike(&self, plan: Plan, dice: &mut Dice) {
        let links = self.links();
        if !links.is_empty() {
            let chosen = usize::try_from(dice.between(0, links.len() as u64 - 1)).unwrap();
            links[chosen].send_replace(plan);
        }
    }

    /// Changes what happens to all of them.
    pub fn strike_all(&self, plan: Plan) {
        for link in self.links() {
            link.send_replace(plan);
        }
    }

    /// Connections there are now.
    pub fn open(&self) -> usize {
        self.links().len()
    }

    fn links(&self) -> Vec<Arc<watch::Sender<Plan>>> {
        let mut links = self.shared.links.lock().unwrap();
        links.retain(|link| link.strong_count() > 0);
        links.iter().filter_map(Weak::upgrade).collect()
    }
}

/// One connection, to its end.
async fn carry(client: TcpStream, upstream: SocketAddr, link: Arc<watch::Sender<Plan>>) {
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    if client
        .set_nodelay(true)
        .and_then(|()| server.set_nodelay(true))
        .is_err()
    {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = answers(from_server, to_client, link.subscribe()) => {}
        () = requests(from_client, to_server, link.subscribe()) => {}
    }
    drop(link);
}

/// Passes the server's bytes on as the plan says, until one end is closed or cut.
async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut plan: watch::Receiver<Plan>) {
    let mut buffer = [0; 4096];
    // What is left of the plan's count.
    let mut left = usize::MAX;
    let mut current = Plan::Pass;
    loop {
        if plan.has_changed().is_err() {
            return;
        }
        let newest = *plan.borrow_and_update();
        if newest != current {
            current = newest;
            left = if let Plan::CutAnswer { after, .. } = newest {
                after
            } else {
                usize::MAX
            };
        }
        if let (Plan::CutAnswer { reset, .. }, 0) = (current, left) {
            if reset {
                let _ = to.as_ref().set_zero_linger();
            }
            return;
        }
        let most = if current == Plan::Trickle {
            7
        } else {
            buffer.len()
        }
        .min(left);
        let read = tokio::select! {
            biased;
            changed = plan.changed() => match changed {
                Ok(()) => {
                    plan.mark_changed();
                    continue;
                }
                Err(_) => return,
            },
            read = from.read(&mut buffer[..most]), if current != Plan::HoldAnswer => read,
        };
        match read {
            Ok(1..)
                if to
                    .write_all(&buffer[..*read.as_ref().unwrap()])
                    .await
                    .is_err() =>
            {
                return;
            }
            Ok(read @ 1..) => left = left.saturating_sub(if left == usize::MAX { 0 } else { read }),
            _ => return,
        }
    }
}

/// Passes the client's bytes on until one end is closed or cut.
async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: watch::Receiver<Plan>) {
    let mut buffer = [0; 4096];
    let mut left = usize::MAX;
    while left > 0 {
        let most = left.min(buffer.len());
        let Ok(read @ 1..) = from.read(&mut buffer[..most]).await else {
            return;
        };
        // The plan counts from when bytes come that it is about.
        if let (Plan::CutRequest { after }, usize::MAX) = (*plan.borrow(), left) {
            left = after.max(1);
        }
        let passed = read.min(left);
        if to.write_all(&buffer[..passed]).await.is_err() {
            return;
        }
        if left != usize::MAX {
            left -= passed;
        }
    }
}
