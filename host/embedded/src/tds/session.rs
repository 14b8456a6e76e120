//! One connection: logging in, then a task that reads, a task that writes, and a thread that works.
//!
//! The reading task is free at all times, so that an Attention is seen while a request runs and while its answer is written.

use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::Server;
use super::flight::Flight;
use super::login::{self, Login};
use super::packet::{self, Message, PacketWriter, read_message};
use super::request;
use super::settings::Session;
use super::tls;
use super::transaction::Transaction;
use super::worker::{Job, Worker};

/// How long a client may take to read what was written before its connection is closed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A session's connection to SQLite could not be opened, or another thing of ours failed.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves one connection to its end.
pub(super) async fn serve(
    mut stream: TcpStream,
    server: Arc<Server>,
    number: u16,
    closing: CancellationToken,
) {
    let greeted = tokio::select! {
        () = closing.cancelled() => return,
        greeted = greet(&mut stream, server.tls.is_some()) => greeted,
    };
    let served = match (greeted, &server.tls) {
        (Ok(false), _) => return,
        (Err(error), _) => Err(error),
        (Ok(true), None) => {
            let (read, write) = stream.into_split();
            converse(read, write, &server, number, &closing).await
        }
        (Ok(true), Some(acceptor)) => {
            let secure = tokio::select! {
                () = closing.cancelled() => return,
                secure = tls::accept(acceptor, stream) => secure,
            };
            match secure.map(tokio::io::split) {
                Ok((read, write)) => converse(read, write, &server, number, &closing).await,
                Err(error) => Err(error.into()),
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, session = number, "a login was not completed");
    }
}

/// Answers `PRELOGIN`; false if the client has left.
async fn greet(stream: &mut TcpStream, encrypted: bool) -> Result<bool, Failure> {
    match read_message(stream).await? {
        None => Ok(false),
        Some(Message {
            kind: packet::PRELOGIN,
            ..
        }) => {
            stream
                .write_all(&packet::single(&login::prelogin_answer(encrypted)))
                .await?;
            Ok(true)
        }
        Some(Message { kind, .. }) => {
            Err(format!("a message of kind {kind} came before the first one of a login").into())
        }
    }
}

/// Logs a client in, and serves it.
async fn converse(
    mut read: impl AsyncRead + Unpin,
    mut write: impl AsyncWrite + Unpin + Send + 'static,
    server: &Arc<Server>,
    number: u16,
    closing: &CancellationToken,
) -> Result<(), Failure> {
    // Before the client hears that it is let in, and may change the switches.
    let edits = *server.faults.edits().borrow();
    let login = tokio::select! {
        () = closing.cancelled() => return Ok(()),
        login = log_in(&mut read, &mut write, server) => login?,
    };
    if let Some((login, database)) = login
        && let Err(error) = work(
            read,
            write,
            server,
            (number, edits),
            closing,
            &login,
            &database,
        )
        .await
    {
        tracing::warn!(%error, session = number, "a session ended with an error");
    }
    Ok(())
}

/// The login itself. None: the client was turned away, or left.
async fn log_in(
    read: &mut (impl AsyncRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    server: &Server,
) -> Result<Option<(Login, String)>, Failure> {
    match read_message(read).await? {
        None => Ok(None),
        Some(Message {
            kind: packet::LOGIN,
            body,
        }) => {
            let login = login::read(&body)?;
            Ok(admit(write, server, &login)
                .await?
                .map(|database| (login, database)))
        }
        Some(Message { kind, .. }) => {
            Err(format!("a message of kind {kind} came before the login").into())
        }
    }
}

/// Answers a login. The database, if the client is let in.
async fn admit(
    stream: &mut (impl AsyncWrite + Unpin),
    server: &Server,
    login: &Login,
) -> Result<Option<String>, Failure> {
    let (slow, failure) = server.faults.login(&login.user);
    if let Some(slow) = slow {
        tokio::time::sleep(Duration::from_millis(slow.ms)).await;
    }
    let mut errors = Vec::new();
    let mut database = None;
    if let Some(failure) = failure {
        let mut error = login::wrong_password(&login.user);
        if failure.number != 0 {
            error.number = failure.number;
        }
        if !failure.message.is_empty() {
            error.message = failure.message;
        }
        errors.push(error);
    } else if !login.user.eq_ignore_ascii_case(&server.user) || login.password != server.password {
        errors.push(login::wrong_password(&login.user));
    } else {
        database = server
            .databases
            .find(&login.database)
            .map(|(name, _)| name.to_owned());
        if database.is_none() {
            errors.extend([
                login::unknown_database(&login.database),
                login::wrong_password(&login.user),
            ]);
        }
    }
    server.status.sqlserver(|counters| match database {
        Some(_) => counters.logins += 1,
        None => counters.failed_logins += 1,
    });
    let answer = match &database {
        Some(database) => login::accepted(login, database),
        None => login::refused(&errors),
    };
    stream.write_all(&packet::single(&answer)).await?;
    stream.flush().await?;
    Ok(database)
}

/// Serves requests until the client leaves or the connection has to be closed.
async fn work(
    mut read: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin + Send + 'static,
    server: &Arc<Server>,
    (number, edits): (u16, u64),
    closing: &CancellationToken,
    login: &Login,
    database: &str,
) -> Result<(), Failure> {
    // A few packets, so that the thread is not stopped by every one, and stops soon when the client does not read.
    let (packets, written) = tokio::sync::mpsc::channel::<Vec<u8>>(8);
    let writer = tokio::spawn(write_packets(write, written));
    let ended = CancellationToken::new();
    let packets = PacketWriter::new(packets, login.packet_bytes, number);
    let no_count = server.faults.no_count(&login.user);
    let (jobs, interrupt) =
        start(server, (number, database, no_count), packets, ended.clone()).await?;
    server
        .status
        .sqlserver(|counters| counters.connections += 1);
    let mut desk = Desk {
        server,
        number,
        closing,
        jobs,
        interrupt,
        flight: None,
    };
    let mut forgotten = false;
    loop {
        let message = tokio::select! {
            () = closing.cancelled() => break,
            () = ended.cancelled() => break,
            message = read_message(&mut read) => message,
        };
        forgotten = forgotten || server.faults.forgets(&login.user, edits);
        match message {
            Ok(Some(_)) if forgotten => {}
            Ok(Some(message)) if desk.take(&message) => {}
            _ => break,
        }
    }
    // Either way nothing more is read. A thread that ended by itself has said all it had to; let it be written.
    let said_all = ended.is_cancelled() && !closing.is_cancelled();
    closing.cancel();
    desk.close();
    if said_all {
        let _ = tokio::time::timeout(LAST_WORDS, writer).await;
    } else {
        writer.abort();
        let _ = writer.await;
    }
    ended.cancelled().await;
    // Whoever waits until it is gone may rely on the client being told so.
    drop(read);
    server
        .status
        .sqlserver(|counters| counters.connections -= 1);
    Ok(())
}

async fn write_packets(
    mut stream: impl AsyncWrite + Unpin,
    mut packets: tokio::sync::mpsc::Receiver<Vec<u8>>,
) {
    while let Some(packet) = packets.recv().await {
        if stream.write_all(&packet).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// Hands messages to the session's thread, and interrupts it.
struct Desk<'a> {
    server: &'a Server,
    number: u16,
    closing: &'a CancellationToken,
    jobs: mpsc::Sender<Job>,
    interrupt: Arc<rusqlite::InterruptHandle>,
    /// The latest request.
    flight: Option<Arc<Flight>>,
}

impl Desk<'_> {
    /// Takes a message; false if it is not TDS.
    fn take(&mut self, message: &Message) -> bool {
        let job = if message.kind == packet::ATTENTION {
            self.server
                .status
                .sqlserver(|counters| counters.attentions += 1);
            if let Some(flight) = &self.flight {
                flight.attention.cancel();
            }
            self.stop_sqlite();
            Job::Attention
        } else {
            let request = match request::read(message) {
                Ok(request) => request,
                Err(error) => {
                    tracing::warn!(%error, session = self.number, "a request is not TDS; the connection is closed");
                    return false;
                }
            };
            let (batches, calls) = (
                u64::from(message.kind == packet::BATCH),
                u64::from(message.kind == packet::RPC),
            );
            self.server.status.sqlserver(|counters| {
                counters.queries += batches + calls;
                counters.batches += batches;
                counters.calls += calls;
            });
            self.server.status.request("sqlserver", request.body.text());
            let flight = Flight::new(self.closing);
            self.flight = Some(Arc::clone(&flight));
            Job::Request(request, flight)
        };
        // If the thread has ended, so will the loop that calls this.
        let _ = self.jobs.send(job);
        true
    }

    /// Ends what runs; the thread ends when it has no more to do.
    fn close(self) {
        self.stop_sqlite();
    }

    fn stop_sqlite(&self) {
        if let Some(flight) = &self.flight {
            tokio::spawn(Arc::clone(flight).interrupt_until_finished(Arc::clone(&self.interrupt)));
        }
    }
}

/// Starts the session's thread; opening SQLite would block the runtime too.
async fn start(
    server: &Arc<Server>,
    (number, database, no_count): (u16, &str, bool),
    writer: PacketWriter,
    ended: CancellationToken,
) -> Result<(mpsc::Sender<Job>, Arc<rusqlite::InterruptHandle>), Failure> {
    let (sender, jobs) = mpsc::channel();
    let (opened, wait) = tokio::sync::oneshot::channel();
    let (server, database) = (Arc::clone(server), database.to_owned());
    std::thread::Builder::new()
        .name(format!("session-{number}"))
        .spawn(move || {
            let _ended = ended.drop_guard();
            // What the thread was given has to be gone before it counts as ended: the last to hold a database closes its file.
            let (server, database, jobs) = (server, database, jobs);
            let connection = match server
                .databases
                .find(&database)
                .map(|(_, file)| super::database::open(file))
            {
                Some(Ok(connection)) => connection,
                Some(Err(error)) => return drop(opened.send(Err(error.to_string()))),
                None => return drop(opened.send(Err("the database is gone".to_owned()))),
            };
            let _ = opened.send(Ok(connection.get_interrupt_handle()));
            let session = Session {
                number,
                database,
                connection: Rc::new(connection),
                transaction: Transaction::default(),
                text_size: usize::MAX,
                no_count,
                abort_on_error: false,
                row_count: 0,
                last_error: 0,
                scope_identity: None,
                identity: None,
                status: Arc::clone(&server.status),
            };
            let (databases, faults) = (Arc::clone(&server.databases), Arc::clone(&server.faults));
            Worker {
                session,
                writer,
                databases,
                faults,
            }
            .run(&jobs);
        })?;
    let interrupt = wait.await.map_err(|_| "the session's thread ended")??;
    Ok((sender, Arc::new(interrupt)))
}
