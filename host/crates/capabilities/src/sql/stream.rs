//! Rows a few at a time.
//!
//! The driver's stream borrows the connection, so both live in a task of their own, which reads only when asked: it holds one packet
//! and one row beyond what it has answered. When the reader leaves, or stops waiting, the task ends; the connection, whose answer
//! was not read, is then told to stop and closed.

use std::sync::Arc;

use futures_util::TryStreamExt;
use mayfly_error::{CallCode, CallError};
use parking_lot::{Mutex, MutexGuard};
use tiberius::{QueryItem, QueryStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::bounds::Bounds;
use super::connection::{Ceiling, Client};
use super::failure::{Fail, cut_off};
use super::rows::Layout;
use super::run::{conclude, no_columns, of_layout, prepare, request};
use super::session::SqlSession;
use super::statement::{Statement, Way};
use super::template::Filled;
use super::turn::{Claim, Hold, Turn};
use crate::time_limit::{limit, too_late};

/// Rows that are read a few at a time. Dropping it stops the server.
#[derive(Debug)]
pub struct RowStream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    session: SqlSession,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// No connection yet.
    Fresh(Arc<Statement>, Filled, Option<Claim>),
    /// The request was wrong from the start.
    Refused(CallError),
    /// Between two calls. The claim is here and not with the task, so that it ends when the stream is dropped: the next plain call
    /// then waits for the task instead of being refused.
    Open(Opened),
    /// A call is under way.
    Calling,
    /// All rows were read.
    Read,
    /// Over before all rows were read.
    Ended,
}

/// What a call begins with.
enum Start {
    Fresh(Arc<Statement>, Filled, Claim, Turn),
    Open(Opened),
    /// There are no more rows.
    Read,
}

/// A stream whose task runs.
#[derive(Debug)]
struct Opened {
    statement: Arc<Statement>,
    asks: mpsc::Sender<Ask>,
    _claim: Claim,
}

/// One request for rows.
#[derive(Debug)]
struct Ask {
    max_rows: u32,
    reply: oneshot::Sender<Result<Page, CallError>>,
}

/// Some rows.
#[derive(Debug)]
struct Page {
    text: String,
    /// Whether they are the last.
    last: bool,
}

impl SqlSession {
    /// Opens a stream over a statement's rows. Its first call takes the connection, and reports what is wrong with the request.
    #[must_use]
    pub fn stream_rows(&self, statement: &str, parameters: &str) -> RowStream {
        RowStream::new(
            self.clone(),
            self.filled(Way::Stream, statement, parameters),
        )
    }
}

impl RowStream {
    pub(super) fn new(
        session: SqlSession,
        filled: Result<(Arc<Statement>, Filled), CallError>,
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
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<> {
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
            match timeout_at(limit(deadline, statement.timeout), answer).await {
                Ok(Ok(Ok(page))) => {
                    call.finish(if page.last {
                        State::Read
                    } else {
                        State::Open(opened)
                    });
                    Ok(page.text)
                }
                Ok(Ok(Err(error))) => Err(error),
                Ok(Err(_)) => Err(ended()),
                Err(_) => Err(cut_off(&statement.what(), statement.access, true)),
            }
        }
    }
}

impl Inner {
    fn start(self: &Arc<Self>) -> Result<(Start, Call), CallError> {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// A call under way. Dropped before its end, the stream is over.
struct Call {
    inner: Arc<Inner>,
    finished: bool,
}

impl Call {
    /// Takes a connection and starts the task that reads. When that fails, so does the stream.
    async fn open(
        &self,
        statement: Arc<Statement>,
        filled: Filled,
        claim: Claim,
        turn: Turn,
        deadline: Instant,
    ) -> Result<Opened, CallError> {
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

    fn finish(mut self, state: State) {
        self.finished = true;
        *self.inner.lock() = state;
    }
}

impl Drop for Call {
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
async fn serve(
    mut hold: Hold,
    statement: Arc<Statement>,
    mut filled: Filled,
    bounds: Bounds,
    mut desk: Desk,
) {
    let last = match hold.lease.connection() {
        None => Err(too_late(&statement.what())),
        Some(connection) => {
            prepare(connection, &statement, &mut filled, None);
            let ceiling = connection.ceiling();
            let outcome = read(
                (&mut connection.client, ceiling),
                &statement,
                filled,
                &bounds,
                &mut desk,
            )
            .await;
            let deadline = Instant::now() + statement.timeout;
            let access = statement.access;
            conclude(connection, &statement, access, None, outcome, deadline).await
        }
    };
    // The connection is given back before the reader hears of the end, so that its next call finds it.
    drop(hold);
    desk.answer(last.map(|text| Page { text, last: true }));
}

/// Reads page by page; the last one's text, or none when the reader has left.
async fn read(
    (client, ceiling): (&mut Client, Ceiling),
    statement: &Statement,
    filled: Filled,
    bounds: &Bounds,
    desk: &mut Desk,
) -> Option<Result<String, Fail>> {
    let mut max_rows = desk.next().await?;
    ceiling.allow(bounds.wire_bytes());
    let mut reader = match desk.unless_left(request(filled).query(client)).await? {
        Ok(items) => Reader {
            items,
            ceiling,
            layout: None,
            statement,
            bounds,
        },
        Err(error) => return Some(Err(error.into())),
    };
    loop {
        match desk.unless_left(reader.page(max_rows)).await? {
            Ok(page) if page.last => return Some(Ok(page.text)),
            Ok(page) => desk.answer(Ok(page)),
            Err(fail) => return Some(Err(fail)),
        }
        max_rows = desk.next().await?;
    }
}

struct Reader<'a> {
    items: QueryStream<'a>,
    ceiling: Ceiling,
    layout: Option<Layout<'a>>,
    statement: &'a Statement,
    bounds: &'a Bounds,
}

impl Reader<'_> {
    async fn page(&mut self, max_rows: u32) -> Result<Page, Fail> {
        self.ceiling.allow(self.bounds.wire_bytes());
        let mut text = String::from("[");
        let mut rows = 0;
        let mut last = false;
        // Half of what is allowed leaves room for one more row; a longer one fails.
        while rows < max_rows && text.len() <= self.bounds.max_answer_bytes / 2 {
            let next = self.items.try_next().await;
            match next.map_err(|error| of_layout(error, self.statement, self.layout.as_ref()))? {
                None => {
                    last = true;
                    break;
                }
                Some(QueryItem::Metadata(_)) if self.layout.is_some() => {
                    let problem = format!(
                        "{} returns more than one result set; only the first can be streamed",
                        self.statement.what()
                    );
                    return Err(CallError::new(CallCode::Backend, problem).into());
                }
                Some(QueryItem::Metadata(meta)) => {
                    self.layout = Some(Layout::new(self.statement, meta.columns(), self.bounds)?);
                }
                Some(QueryItem::Row(row)) => {
                    let Some(layout) = &self.layout else {
                        return Err(no_columns());
                    };
                    super::run::write_row(
                        layout,
                        &row,
                        self.statement,
                        &mut text,
                        &mut rows,
                        self.bounds,
                    )?;
                }
            }
        }
        text.push(']');
        Ok(Page { text, last })
    }
}

fn ended() -> CallError {
    CallError::new(
        CallCode::Invalid,
        "row stream: it was closed because a call on it failed",
    )
}
