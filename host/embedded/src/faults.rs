//! Fault switches: what goes wrong, set and lifted while the process runs.
//!
//! `PUT /faults` on the control endpoint replaces all switches, `DELETE /faults` lifts them, `GET /faults` shows what is left. A
//! switch acts on requests that come while it is set; all but `refuse` take `"matching"`, a part of the statement or request (for
//! logins: the user) it is limited to, and `"times"`, after which it lifts itself. A statement that stalls goes on when `PUT` or `DELETE` leaves no such switch.
//!
//! ```json
//! {"sqlserver": {"sql_error": {"number": 1205, "class": 13, "matching": "INSERT", "times": 1}}, "dynamodb": {"throttle": {}}}
//! ```

use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// All switches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// The SQL Server endpoint.
    #[serde(skip_serializing_if = "is_default")]
    pub sqlserver: SqlServerFaults,
    /// The DynamoDB endpoint.
    #[serde(skip_serializing_if = "is_default")]
    pub dynamodb: DynamoDbFaults,
    /// The HTTP endpoint.
    #[serde(skip_serializing_if = "is_default")]
    pub http: HttpFaults,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Faults of the SQL Server endpoint. `matching` sees a batch's text, a procedure's name, or `BEGIN TRANSACTION`, `COMMIT
/// TRANSACTION`, `ROLLBACK TRANSACTION` for the commands that are not text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SqlServerFaults {
    /// The request is read and never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    /// Half of the first row is sent, then nothing, or the connection is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_row: Option<HalfRow>,
    /// The answer takes its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// A cancelled request is answered to its end, and the acknowledgement follows as a message of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_attention_ack: Option<LateAttentionAck>,
    /// The connection is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<DropConnection>,
    /// A login fails though the password is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_failure: Option<LoginFailure>,
    /// A login takes its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_login: Option<SlowLogin>,
    /// A statement fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_error: Option<SqlErrorFault>,
    /// A call that leaves another `@@TRANCOUNT` than it found does not fail with error 266, as on engines that resemble SQL Server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_error_266: Option<Plain>,
    /// Columns of `varchar` and `char` are described as of a collation in UTF-8. `matching` sees the procedure that describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utf8_collation: Option<Plain>,
    /// Sessions begin with `NOCOUNT ON`, as where the server's `user options` say so. `matching` sees the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_count: Option<Plain>,
    /// A firewall forgets the connections that are open when this is set: nothing that is sent arrives, and neither end is told.
    /// `matching` sees the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forget: Option<Plain>,
    /// The first text of each row cannot be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed_text: Option<MalformedText>,
    /// A request does more than its text says, as where a trigger does it: behind its first statement that changes rows, or behind the
    /// whole text where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<Also>,
    /// The server is down: open connections are closed, new ones refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refuse: bool,
}

/// Faults of the DynamoDB endpoint. `matching` sees the operation, a space and the request's JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DynamoDbFaults {
    /// `ProvisionedThroughputExceededException`, status 400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Plain>,
    /// `InternalServerError`, status 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_500: Option<Plain>,
    /// Something in between answers, as a proxy or a balancer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_answer: Option<ForeignAnswer>,
    /// The last page of a query ends with a key without attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_last_key: Option<Plain>,
    /// The answer takes its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// The request is read and never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    /// The connection is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<DropConnection>,
    /// `BatchGetItem` leaves keys unprocessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unprocessed: Option<Unprocessed>,
    /// The server is down: open connections are closed, new ones refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refuse: bool,
}

/// Declares a switch: its own fields, and the two that limit it.
macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
            /// How often it still acts; always, if left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub times: Option<u32>,
            /// What a request must contain, in this case of letters; any, if left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub matching: Option<String>,
        }

        impl Limited for $name {
            fn limits(&mut self) -> (&mut Option<u32>, Option<&str>) {
                (&mut self.times, self.matching.as_deref())
            }
        }
    };
}

trait Limited: Clone {
    fn limits(&mut self) -> (&mut Option<u32>, Option<&str>);
}

// Behind the macro, which it uses.
mod http;

pub(crate) use http::HttpPlan;
pub use http::{Gzip, Half, HttpFaults, Large, NotNow, Page, Redirect, Surplus, WrongLength};

switch!(
    /// Acts without settings of its own.
    Plain {}
);
switch!(
    /// No answer until the switch is lifted or the connection is closed.
    Stall {}
);
switch!(
    /// Half a row.
    HalfRow {
        /// What follows.
        then: Then,
    }
);
switch!(
    /// A slow answer.
    Slow {
        /// Before the answer begins, in milliseconds.
        ms: u64,
        /// Before each row, in milliseconds (SQL Server only).
        row_ms: u64,
    }
);
switch!(
    /// A late acknowledgement.
    LateAttentionAck {
        /// Between the end of the answer and the acknowledgement, in milliseconds.
        ms: u64,
    }
);
switch!(
    /// A closed connection.
    DropConnection {
        /// When.
        at: DropAt,
    }
);
switch!(
    /// A login that fails.
    LoginFailure {
        /// The error's number; 0 for 18456.
        number: u32,
        /// Its text; the usual one if empty.
        message: String,
    }
);
switch!(
    /// A slow login.
    SlowLogin {
        /// Before the login is answered, in milliseconds.
        ms: u64,
    }
);
switch!(
    /// An error of the server.
    SqlErrorFault {
        /// The error's number; 0 for 50000.
        number: u32,
        /// Its class; 0 for 16. From 20 on the connection is closed.
        class: u8,
        /// Its text.
        message: String,
        /// How many rows are sent first. Left out: the statement is not run.
        after_rows: Option<u64>,
    }
);
switch!(
    /// Text that is not valid.
    MalformedText {
        /// What is wrong with it.
        with: Malformed,
    }
);
switch!(
    /// More than a text says.
    Also {
        /// What is run, where nobody sees it.
        text: String,
    }
);
switch!(
    /// An answer that is not the service's.
    ForeignAnswer {
        /// Its HTTP status; 0 for 503.
        status: u16,
        /// Its body; an HTML page if left out.
        body: Option<String>,
        /// Its `content-type`; `text/html` if left out.
        content_type: Option<String>,
        /// Whether the request is carried out anyway.
        carried_out: bool,
    }
);
switch!(
    /// Keys of a `BatchGetItem` that are not read.
    Unprocessed {
        /// How many of each table, at the end of its list; 0 for one.
        keys: usize,
    }
);

/// What follows half a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Nothing, until the switch is lifted; then the rest.
    #[default]
    Stall,
    /// The connection is closed.
    Drop,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Malformed {
    /// An `nvarchar` ends in half a surrogate pair.
    #[default]
    LoneSurrogate,
    /// A `varchar` is of a code page (932, Japanese) in which its bytes mean nothing.
    CodePage,
}

/// When the connection is closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropAt {
    /// Before the request is carried out.
    #[default]
    Before,
    /// Inside the answer: the request was carried out.
    Inside,
    /// Behind the answer.
    After,
}

/// What goes wrong with one SQL request.
#[derive(Debug, Clone)]
pub(crate) struct SqlPlan {
    /// The edits since: what a stall waits for.
    pub edits: watch::Receiver<u64>,
    pub stall: bool,
    pub half_row: Option<Then>,
    pub slow: Option<Slow>,
    pub drop: Option<DropAt>,
    pub error: Option<SqlErrorFault>,
    pub no_error_266: bool,
    pub utf8_collation: bool,
    pub malformed_text: Option<Malformed>,
    pub also: Option<String>,
}

/// What goes wrong with one DynamoDB request.
#[derive(Debug, Clone)]
pub(crate) struct DynamoDbPlan {
    /// The edits since: what a stall waits for.
    pub edits: watch::Receiver<u64>,
    pub throttle: bool,
    pub error_500: bool,
    pub foreign_answer: Option<ForeignAnswer>,
    pub empty_last_key: bool,
    pub slow_ms: u64,
    pub stall: bool,
    pub drop: Option<DropAt>,
    pub unprocessed: Option<usize>,
}

/// The switches as they stand; shared by all endpoints.
#[derive(Debug)]
pub struct Faults {
    switches: Mutex<Switches>,
    /// Counts the edits, so that what waits for one is woken.
    edits: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            switches: Mutex::default(),
            edits: watch::Sender::new(0),
        }
    }
}

impl Faults {
    /// Replaces all switches.
    pub fn set(&self, switches: Switches) {
        let mut current = self.lock();
        *current = switches;
        // While the lock is held, so that whoever took a switch knows which edits came after.
        self.edits.send_modify(|edits| *edits += 1);
    }

    /// Lifts all switches.
    pub fn lift(&self) {
        self.set(Switches::default());
    }

    /// What is set now.
    #[must_use]
    pub fn get(&self) -> Switches {
        self.lock().clone()
    }

    /// Waits until one of `edits` leaves `set` false.
    pub(crate) async fn lifted(
        &self,
        mut edits: watch::Receiver<u64>,
        set: impl Fn(&Switches) -> bool,
    ) {
        while edits.changed().await.is_ok() {
            if !set(&self.lock()) {
                return;
            }
        }
    }

    /// Woken at every edit.
    pub(crate) fn edits(&self) -> watch::Receiver<u64> {
        self.edits.subscribe()
    }

    pub(crate) fn sql_plan(&self, text: &str) -> SqlPlan {
        let mut switches = self.lock();
        let faults = &mut switches.sqlserver;
        SqlPlan {
            edits: self.edits(),
            stall: take(&mut faults.stall, text).is_some(),
            half_row: take(&mut faults.half_row, text).map(|half| half.then),
            slow: take(&mut faults.slow, text),
            drop: take(&mut faults.drop, text).map(|drop| drop.at),
            error: take(&mut faults.sql_error, text),
            no_error_266: take(&mut faults.no_error_266, text).is_some(),
            utf8_collation: take(&mut faults.utf8_collation, text).is_some(),
            malformed_text: take(&mut faults.malformed_text, text).map(|switch| switch.with),
            also: take(&mut faults.also, text).map(|switch| switch.text),
        }
    }

    pub(crate) fn late_attention_ack(&self, text: &str) -> Option<LateAttentionAck> {
        take(&mut self.lock().sqlserver.late_attention_ack, text)
    }

    pub(crate) fn login(&self, user: &str) -> (Option<SlowLogin>, Option<LoginFailure>) {
        let faults = &mut self.lock().sqlserver;
        (
            take(&mut faults.slow_login, user),
            take(&mut faults.login_failure, user),
        )
    }

    /// Whether a session of `user` begins with `NOCOUNT ON`.
    pub(crate) fn no_count(&self, user: &str) -> bool {
        take(&mut self.lock().sqlserver.no_count, user).is_some()
    }

    /// Whether a connection of `user` is forgotten that was opened after this many edits.
    pub(crate) fn forgets(&self, user: &str, opened: u64) -> bool {
        let mut switches = self.lock();
        let set_later = opened < *self.edits.borrow();
        set_later && take(&mut switches.sqlserver.forget, user).is_some()
    }

    pub(crate) fn dynamodb_plan(&self, text: &str) -> DynamoDbPlan {
        let mut switches = self.lock();
        let faults = &mut switches.dynamodb;
        let is_batch_get = text.starts_with("BatchGetItem ");
        DynamoDbPlan {
            edits: self.edits(),
            throttle: take(&mut faults.throttle, text).is_some(),
            error_500: take(&mut faults.error_500, text).is_some(),
            foreign_answer: take(&mut faults.foreign_answer, text),
            empty_last_key: text.starts_with("Query ")
                && take(&mut faults.empty_last_key, text).is_some(),
            slow_ms: take(&mut faults.slow, text).map_or(0, |slow| slow.ms),
            stall: take(&mut faults.stall, text).is_some(),
            drop: take(&mut faults.drop, text).map(|drop| drop.at),
            unprocessed: is_batch_get
                .then(|| take(&mut faults.unprocessed, text))
                .flatten()
                .map(|switch| switch.keys.max(1)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Switches> {
        self.switches.lock()
    }
}

/// The switch, if it is set and meant for this request; counts it.
fn take<T: Limited>(switch: &mut Option<T>, text: &str) -> Option<T> {
    let set = switch.as_mut()?;
    let (times, matching) = set.limits();
    if !matching.is_none_or(|part| text.contains(part)) {
        return None;
    }
    let left = match times {
        Some(0) => None,
        Some(times) => {
            *times -= 1;
            Some(*times)
        }
        None => Some(1),
    };
    let taken = left.map(|_| set.clone());
    if left.is_none_or(|left| left == 0) {
        *switch = None;
    }
    taken
}
