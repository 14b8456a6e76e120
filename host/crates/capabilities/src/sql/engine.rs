//! What a database implements, so that the rest of this folder can run statements on it.
//!
//! A pool, its sessions, transactions and row streams are made for one engine and call it directly, so a call costs what it would cost
//! without this in between. What an engine is told to do it does on a connection that is its own for that time; whether the connection
//! may be used again afterwards is not its business but `connection`'s: it only says what an error means ([`EngineError`]).
//!
//! An engine must not keep anything of a call on a connection, and every future here may be dropped at any await.

use std::fmt::Debug;

use mayfly_error::CallError;

use super::bounds::Bounds;
use super::connection::Connection;
use super::declared::{self, DeclaredType};
use super::failure::{EngineError, Fail};
use super::parameters::{Bound, Most};
use super::statement::{Complaint, Effects, Statement, StatementProblem, Way};
use super::wire::Wire;

/// A statement of an engine.
pub type StatementOf<E> = Statement<<E as Engine>::Type, <E as Engine>::Text>;

/// A connection of an engine.
pub type ConnectionOf<E> = Connection<<E as Transactions>::Client>;

/// A value for a parameter, as an engine has it.
pub type BoundOf<E> = Bound<<<E as Engine>::Type as DeclaredType>::Value>;

/// Transactions of the host's, and what is open on a connection.
pub trait Transactions: Sized + Send + Sync + 'static {
    /// What the driver has of a connection.
    type Client: Debug + Send;
    /// What goes wrong.
    type Error: EngineError;
    /// A transaction that the host began.
    type Begun: Debug + Copy + Send + Sync;
    /// What the server says is open.
    type Open: Copy + Send + Sync;

    /// Begins a transaction.
    fn begin(
        client: &mut Self::Client,
    ) -> impl Future<Output = Result<Self::Begun, Self::Error>> + Send;

    /// Commits the transaction, if it is what is open; otherwise the error is a mismatch, and nothing is changed.
    fn commit(
        client: &mut Self::Client,
        begun: Self::Begun,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Rolls back whatever is open; nothing is no error.
    fn roll_back(client: &mut Self::Client)
    -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Asks what is open; none when the server's answer does not say it.
    fn ask(
        client: &mut Self::Client,
    ) -> impl Future<Output = Result<Option<Self::Open>, Self::Error>> + Send;

    /// Whether what is open is what should be: the transaction, or outside of one nothing.
    fn is_as_begun(open: Self::Open, within: Option<Self::Begun>) -> bool;

    /// What a caller is told whose statement left something else open than it should.
    fn disturbed(
        what: &str,
        effects: Effects,
        within: Option<Self::Begun>,
        open: Self::Open,
    ) -> CallError;

    /// What a caller is told whose transaction could not be committed because something else is open.
    fn not_committed(begun: Self::Begun, open: Option<Self::Open>) -> CallError;
}

/// A kind of SQL database.
pub trait Engine: Transactions + Debug {
    /// What its tables in the configuration are called, for remedies.
    const SECTION: &'static str;
    /// How many values a statement may have.
    const MOST_VALUES: Most;

    /// The types of its parameters and columns.
    type Type: DeclaredType;
    /// What it makes of a statement's text, once.
    type Text: Debug + Send + Sync;
    /// A statement with its values.
    type Filled: Debug + Send + Sync;
    /// Rows that are read a few at a time.
    type Pages<'a>: Pages<Self::Error>;

    /// Reads a statement's text. `session_procedures` are those that the operator says alter the session.
    ///
    /// # Errors
    ///
    /// Every problem of the text.
    fn prepare(
        statement: &declared::Statement<Self::Type>,
        session_procedures: &[String],
    ) -> Result<(Self::Text, Effects), Vec<Complaint>>;

    /// Takes notice of the statements that connections opened from now on will run.
    fn adopt<'a>(&self, statements: impl Iterator<Item = &'a StatementOf<Self>>);

    /// Fills in values, in the order of the declaration; none where there are more than may be.
    fn fill(statement: &StatementOf<Self>, values: &[BoundOf<Self>]) -> Option<Self::Filled>;

    /// Where it connects to, for messages.
    fn address(&self) -> &str;

    /// Connects and logs in; the caller bounds the time. The wire is the one under the client.
    ///
    /// # Errors
    ///
    /// What failed, and a remedy, for the operator.
    fn open(&self) -> impl Future<Output = Result<(Self::Client, Wire), String>> + Send;

    /// Whether a connection is not as one would be that is opened now, and is to be replaced.
    fn is_outdated(&self, client: &Self::Client) -> bool;

    /// Asks the server for almost nothing.
    fn ping(client: &mut Self::Client) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Tells the server to stop what it does on a connection, which is closed afterwards; the caller bounds the time.
    fn stop(client: &mut Self::Client) -> impl Future<Output = ()> + Send;

    /// Adds to a statement that may change what is open what finds out whether it did.
    fn guard(
        client: &Self::Client,
        statement: &StatementOf<Self>,
        filled: &mut Self::Filled,
        within: Option<Self::Begun>,
    );

    /// Runs a statement and reads its answer to the end, as JSON.
    fn run(
        client: &mut Self::Client,
        way: Way,
        statement: &StatementOf<Self>,
        filled: Self::Filled,
        bounds: &Bounds,
    ) -> impl Future<Output = Result<String, Fail<Self::Error>>> + Send;

    /// Runs a statement whose rows are read a few at a time.
    fn pages<'a>(
        client: &'a mut Self::Client,
        statement: &'a StatementOf<Self>,
        filled: Self::Filled,
        bounds: &'a Bounds,
    ) -> impl Future<Output = Result<Self::Pages<'a>, Self::Error>> + Send;

    /// Asks the server what a statement needs and answers, and adds what is not as declared. The error is that of a lost connection.
    fn describe(
        connection: &mut ConnectionOf<Self>,
        statement: &StatementOf<Self>,
        problems: &mut Vec<StatementProblem>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Rows that are read a few at a time.
pub trait Pages<E>: Send {
    /// The next rows, at most this many, fewer when they are large.
    fn page(&mut self, max_rows: u32) -> impl Future<Output = Result<Page, Fail<E>>> + Send;
}

/// Some rows.
#[derive(Debug)]
pub struct Page {
    /// An array, as JSON.
    pub text: String,
    /// Whether they are the last.
    pub is_last: bool,
}
