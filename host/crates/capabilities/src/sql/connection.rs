//! One connection, and whether it may be used again.
//!
//! A connection is dirty from before a request is sent until its answer has been read to the end, or ended in the server's own
//! error. A dirty one is never used again, whatever a cancel said: the driver would hand the rest of the old answer to the next
//! caller. What is sent and read over it is its database's business.

use tokio::time::Instant;

use super::wire::{Ceiling, OWN_BYTES, Wire};

/// Bytes that are read and thrown away until a server says that it stopped: what sockets hold.
const STOP_BYTES: u64 = 8 << 20;

/// A connection and what has happened on it.
#[derive(Debug)]
pub struct Connection<C> {
    /// What the database's driver has of it. Boxed: it is large, and connections are moved in and out of the pool.
    pub client: Box<C>,
    wire: Wire,
    /// An answer may be unread: never to be used again.
    dirty: bool,
    /// Some of the last answer is unread, which the driver throws away before the next request.
    has_rest: bool,
    /// The transport failed, so telling the server anything is useless.
    broken: bool,
    /// A transaction of the host's is open.
    in_transaction: bool,
    /// Some transaction may be open: rolled back before anyone else gets the connection.
    suspect: bool,
    /// The session is no longer as it was opened: closed after use.
    altered: bool,
    /// When it was opened.
    pub opened: Instant,
    /// When it was last given back.
    pub idle_since: Instant,
    /// When the server last answered on it.
    pub proven: Instant,
    /// When it was last asked.
    asked: Instant,
    /// How often it was lent, the loan under way included.
    pub uses: u64,
    /// How often it may be lent.
    max_uses: u64,
    /// The bytes written and read before the request under way.
    written_before: u64,
    read_before: u64,
}

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// An answer was not read to its end.
    CutOff,
    /// The transport or the protocol failed.
    Broken,
    /// A statement altered the session.
    Altered,
    /// A transaction could not be rolled back.
    NotRolledBack,
    /// Older than `max_age`.
    Aged,
    /// Unused for `max_idle`.
    Idle,
    /// Used `max_uses` times.
    Worn,
    /// The server closed it.
    Gone,
    /// It was idle, and the server did not answer a check.
    Lost,
}

impl Closed {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::CutOff,
        Self::Broken,
        Self::Altered,
        Self::NotRolledBack,
        Self::Aged,
        Self::Idle,
        Self::Worn,
        Self::Gone,
        Self::Lost,
    ];

    /// As metrics and logs have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CutOff => "cut_off",
            Self::Broken => "broken",
            Self::Altered => "session_altered",
            Self::NotRolledBack => "not_rolled_back",
            Self::Aged => "max_age",
            Self::Idle => "max_idle",
            Self::Worn => "max_uses",
            Self::Gone => "closed_by_server",
            Self::Lost => "did_not_answer",
        }
    }
}

/// What is to be done with a connection its user is finished with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Back into the pool.
    Reuse,
    /// Rolled back, then into the pool.
    RollBack,
    /// Told to stop, then closed.
    StopAndClose,
    /// Closed.
    Close(Closed),
}

impl<C> Connection<C> {
    /// One that was just opened.
    pub fn new(client: C, wire: Wire, max_uses: u64) -> Self {
        let now = Instant::now();
        Self {
            client: Box::new(client),
            wire,
            dirty: false,
            has_rest: false,
            broken: false,
            in_transaction: false,
            suspect: false,
            altered: false,
            opened: now,
            idle_since: now,
            proven: now,
            asked: now,
            uses: 0,
            max_uses,
            written_before: 0,
            read_before: 0,
        }
    }

    /// To be called before every request. Whatever happens to the caller from here on, the connection is dirty. The answer may be as long as
    /// those of the host's own requests are; a longer one needs its [`Self::ceiling`].
    pub fn asking(&mut self) {
        self.dirty = true;
        self.asked = Instant::now();
        self.written_before = self.wire.written();
        self.read_before = self.wire.read();
        // What is left of an answer that could not be decoded is thrown away first.
        let unread = if self.has_rest { self.wire.left() } else { 0 };
        self.has_rest = false;
        self.wire.allow(OWN_BYTES + unread);
    }

    /// When the request under way, or the last one, was made.
    pub fn asked(&self) -> Instant {
        self.asked
    }

    /// Whether the transport failed, or the server has not answered at all.
    pub fn seems_dead(&self) -> bool {
        self.broken || (self.dirty && self.sent() && self.wire.read() == self.read_before)
    }

    /// How much of the answer to the request under way is read.
    pub fn ceiling(&self) -> Ceiling {
        Ceiling::of(&self.wire)
    }

    /// Whether the answer is longer than may be read.
    pub fn overran(&self) -> bool {
        self.wire.is_at_ceiling()
    }

    /// Whether any of the request under way was written.
    pub fn sent(&self) -> bool {
        self.wire.written() > self.written_before
    }

    /// The answer was read to its end.
    pub fn answered(&mut self) {
        self.dirty = false;
        self.proven = Instant::now();
    }

    /// The answer ended in an error; the server's own where it came in order.
    pub fn failed(&mut self, in_order: bool) {
        if in_order {
            self.answered();
            // An error inside a procedure may leave the procedure's transaction open.
            self.suspect = true;
        } else {
            self.broken = true;
        }
    }

    /// A value could not be decoded. The connection is as good as before: the rest of the answer follows in whole packets, which
    /// the driver throws away before the next request; the connection is lent again only after a request that did so.
    pub fn undecodable(&mut self) {
        self.answered();
        self.has_rest = true;
        self.suspect = true;
    }

    /// A transaction of the host's began.
    pub fn began(&mut self) {
        self.in_transaction = true;
    }

    /// A transaction may be open from here on.
    pub fn suspect(&mut self) {
        self.suspect = true;
    }

    /// The session is another one from here on.
    pub fn altered(&mut self) {
        self.altered = true;
    }

    /// The server said that no transaction is open.
    pub fn nothing_open(&mut self) {
        self.in_transaction = false;
        self.suspect = false;
    }

    /// What is to be done with it now that its user is finished.
    pub fn fate(&self) -> Fate {
        if self.broken {
            Fate::Close(Closed::Broken)
        } else if self.dirty && self.sent() {
            Fate::StopAndClose
        } else if self.dirty {
            // The server has nothing to stop.
            Fate::Close(Closed::CutOff)
        } else if self.altered {
            Fate::Close(Closed::Altered)
        } else if self.in_transaction || self.suspect {
            Fate::RollBack
        } else if self.uses >= self.max_uses {
            Fate::Close(Closed::Worn)
        } else {
            Fate::Reuse
        }
    }

    /// The server is told to stop: what was on its way is read and thrown away until it says that it did.
    pub fn stopping(&mut self) {
        self.wire.allow(STOP_BYTES);
    }

    /// Whether its user may send another request on it.
    pub fn usable(&self) -> bool {
        !self.dirty && !self.broken
    }

    /// Whether the server still holds its end, and nothing unread has come.
    pub fn is_alive(&self) -> bool {
        self.wire.is_quiet()
    }
}
