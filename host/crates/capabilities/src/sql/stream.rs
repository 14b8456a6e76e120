//! Rows a few at a time.
//!
//! The driver's stream borrows the connection, so both live in a task of their own, which reads only when asked: it holds one packet
//! and one row beyond what it has answered. When the reader leaves, or stops waiting, the task ends; the connection, whose answer
//! was not read, is then told to stop and closed.

use std::sync::Arc;

use mayfly_error::{CallCode, CallError};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::bounds::Bounds;
use super::engine::{Engine, Page, Pages, StatementOf};
use super::failure::{Fail, cut_off};
use super::run::{conclude, late, of_statement, prepare};
use super::session::SqlSession;
use super::statement::Way;
use super::turn::{Claim, Hold, Turn};
use super::wire::Ceiling;
use crate::time_limit::{TimeLimit, too_late};

/// Rows that are read a few at a time. Dropping it stops the server.
#[derive(Debug)]
pub struct RowStream<E: Engine> {
    inner: Arc<Inner<E>>,
}

#[derive(Debug)]
struct Inner<E: Engine> {
    session: SqlSession<E>,
    state: Mutex<State<E>>,
}

#[derive(Debug)]
enum State<E: Engine> {
    /// No connection yet.
    Fresh(Arc<StatementOf<E>>, E::Filled, Option<Claim>),
    /// The request was wrong from the start.
    Refused(CallError),
    /// Between two calls. The claim is here and not with the task, so that it ends when the stream is dropped: the next plain call
    /// then waits for the task instead of being refused.
    Open(Opened<E>),
    /// A call is under way.
    Calling,
    /// All rows were read.
    Read,
    /// Over before all rows were read.
    Ended,
}

/// What a call begins with.
enum Start<E: Engine> {
    Fresh(Arc<StatementOf<E>>, E::Filled, Claim, Turn),
    Open(Opened<E>),
    /// There are no more rows.
    Read,
}

/// A stream whose task runs.
#[derive(Debug)]
struct Opened<E: Engine> {
    statement: Arc<StatementOf<E>>,
    asks: mpsc::Sender<Ask>,
    _claim: Claim,
}

/// One request for rows.
#[derive(Debug)]
struct Ask {
    max_rows: u32,
    reply: oneshot::Sender<Result<Page, CallError>>,
}

impl<E: Engine> SqlSession<E> {
    /// Opens a stream over a statement's rows. Its first call takes the connection, and reports what is wrong with the request.
    #[must_use]
    pub fn stream_rows(&self, statement: &str, parameters: &str) -> RowStream<E> {
        RowStream::new(
            self.clone(),
            self.filled(Way::Stream, statement, parameters),
        )
    }
}

impl<E: Engine> RowStream<E> {
    pub(super) fn new(
        session: SqlSession<E>,
        filled: Result<(Arc<StatementOf<E>>, E::Filled), CallError>,
    ) -> Self {
        let state = match filled {
            Ok((statement, filled)) => State::Fresh(statement, filled, session.claim().ok()),
            Err(error) => State::Refused(error),
        };
        Self {
            inner: Arc::new(Inner {
                session,
                state: Mutex::new(state),
            }),
        }
    }

    /// The next rows, at most `max_rows` of them (fewer when they are large): an array, empty at the end.
    pub fn next(
        &self,
        max_rows: u32,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        let ready = if max_rows == 0 {
            Err(CallError::new(
                CallCode::Invalid,
                "row stream: ask for at least one row",
            ))
        } else {
            self.inner.start()
        };
        async move {
            let (start, call) = ready?;
            let opened = match start {
                Start::Read => {
                    call.finish(State::Read);
                    return Ok("[]".to_owned());
                }
                Start::Open(opened) => opened,
                Start::Fresh(statement, filled, claim, turn) => {
                    call.open(statement, filled, claim, turn, deadline).await?
                }
            };
            let (reply, answer) = oneshot::channel();
            let statement = Arc::clone(&opened.statement);
            let max_rows = max_rows.min(statement.max_rows);
            // A task that is gone drops the reply, which the wait below sees.
            let _ = opened.asks.send(Ask { max_rows, reply }).await;
            let limit = of_statement(&statement, deadline);
            match timeout_at(limit.at(), answer).await {
                Ok(Ok(Ok(page))) => {
                    call.finish(if page.is_last {
                        State::Read
                    } else {
                        State::Open(opened)
                    });
                    Ok(page.text)
                }
                Ok(Ok(Err(error))) => Err(error),
                Ok(Err(_)) => Err(ended()),
                Err(_) => Err(cut_off(&statement.what(), statement.access, true, || {
                    late(&statement, limit)
                })),
            }
        }
    }
}

impl<E: Engine> Inner<E> {
    fn start(self: &Arc<Self>) -> Result<(Start<E>, Call<E>), CallError> {
        let mut state = self.lock();
        let start = match std::mem::replace(&mut *state, State::Calling) {
            State::Open(opened) => Start::Open(opened),
            State::Read => Start::Read,
            State::Fresh(statement, filled, claim) => {
                match claim.map_or_else(|| self.session.claim(), Ok) {
                    Ok(claim) => Start::Fresh(statement, filled, claim, self.session.turn()),
                    Err(busy) => {
                        *state = State::Fresh(statement, filled, None);
                        return Err(busy);
                    }
                }
            }
            State::Refused(error) => {
                *state = State::Refused(error.clone());
                return Err(error);
            }
            State::Calling => {
                return Err(CallError::new(
                    CallCode::Busy,
                    "row stream: the previous call has not ended; wait for it",
                ));
            }
            State::Ended => {
                *state = State::Ended;
                return Err(ended());
            }
        };
        Ok((
            start,
            Call {
                inner: Arc::clone(self),
                finished: false,
            },
        ))
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock()
    }
}

/// A call under way. Dropped before its end, the stream is over.
struct Call<E: Engine> {
    inner: Arc<Inner<E>>,
    finished: bool,
}

impl<E: Engine> Call<E> {
    /// Takes a connection and starts the task that reads. When that fails, so does the stream.
    async fn open(
        &self,
        statement: Arc<StatementOf<E>>,
        filled: E::Filled,
        claim: Claim,
        turn: Turn,
        deadline: Instant,
    ) -> Result<Opened<E>, CallError> {
        let what = statement.what();
        let session = &self.inner.session;
        let turn = turn.wait(&what, deadline).await?;
        let lease = session
            .shared
            .lend(
                &session.share,
                &what,
                &session.borrower,
                &statement.name,
                deadline,
            )
            .await?;
        let (asks, desk) = mpsc::channel(1);
        let hold = Hold { lease, _turn: turn };
        tokio::spawn(serve(
            hold,
            Arc::clone(&statement),
            filled,
            session.bounds(),
            Desk {
                asks: desk,
                current: None,
            },
        ));
        Ok(Opened {
            statement,
            asks,
            _claim: claim,
        })
    }

    fn finish(mut self, state: State<E>) {
        self.finished = true;
        *self.inner.lock() = state;
    }
}

impl<E: Engine> Drop for Call<E> {
    fn drop(&mut self) {
        if !self.finished {
            *self.inner.lock() = State::Ended;
        }
    }
}

/// Where requests for rows arrive.
struct Desk {
    asks: mpsc::Receiver<Ask>,
    /// The one being served.
    current: Option<Ask>,
}

impl Desk {
    /// Waits for the next request: how many rows it wants, or none when the reader has left.
    async fn next(&mut self) -> Option<u32> {
        self.current = self.asks.recv().await;
        self.current.as_ref().map(|ask| ask.max_rows)
    }

    /// Does some work for the current request, unless its reader stops waiting.
    async fn unless_left<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let ask = self.current.as_mut()?;
        tokio::select! {
            biased;
            () = ask.reply.closed() => None,
            done = work => Some(done),
        }
    }

    fn answer(&mut self, answer: Result<Page, CallError>) {
        if let Some(ask) = self.current.take() {
            let _ = ask.reply.send(answer);
        }
    }
}

/// The task: reads when asked, until all is read or the reader leaves.
async fn serve<E: Engine>(
    mut hold: Hold<E>,
    statement: Arc<StatementOf<E>>,
    mut filled: E::Filled,
    bounds: Bounds,
    mut desk: Desk,
) {
    let last = match hold.lease.connection() {
        None => Err(too_late(&statement.what())),
        Some(connection) => {
            prepare::<E>(connection, &statement, &mut filled, None);
            let ceiling = connection.ceiling();
            let outcome = read::<E>(
                (&mut connection.client, ceiling),
                &statement,
                filled,
                &bounds,
                &mut desk,
            )
            .await;
            // The reader may wait as long as it likes between two pages; this is for what is open afterwards.
            let limit = TimeLimit::of_caller(Instant::now() + statement.timeout);
            let access = statement.access;
            conclude::<E>(connection, &statement, access, None, outcome, limit).await
        }
    };
    // The connection is given back before the reader hears of the end, so that its next call finds it.
    drop(hold);
    desk.answer(last.map(|text| Page {
        text,
        is_last: true,
    }));
}

/// Reads page by page; the last one's text, or none when the reader has left.
async fn read<E: Engine>(
    (client, ceiling): (&mut E::Client, Ceiling),
    statement: &StatementOf<E>,
    filled: E::Filled,
    bounds: &Bounds,
    desk: &mut Desk,
) -> Option<Result<String, Fail<E::Error>>> {
    let mut max_rows = desk.next().await?;
    ceiling.allow(bounds.wire_bytes(Way::Stream));
    let opening = E::pages(client, statement, filled, bounds);
    let mut pages = match desk.unless_left(opening).await? {
        Ok(pages) => pages,
        Err(error) => return Some(Err(error.into())),
    };
    loop {
        ceiling.allow(bounds.wire_bytes(Way::Stream));
        match desk.unless_left(pages.page(max_rows)).await? {
            Ok(page) if page.is_last => return Some(Ok(page.text)),
            Ok(page) => desk.answer(Ok(page)),
            Err(fail) => return Some(Err(fail)),
        }
        max_rows = desk.next().await?;
    }
}

fn ended() -> CallError {
    CallError::new(
        CallCode::Invalid,
        "row stream: it was closed because a call on it failed",
    )
}
