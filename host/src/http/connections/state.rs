//! What a connection is doing, and why it was closed, as metrics name it.

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The client closed it, or the last answer was sent.
    Done,
    /// The client broke the protocol, or the network failed.
    Broken,
    /// Client and server found no way to encrypt, or the client did not try.
    Handshake,
    /// The head of a request did not come in time.
    HeadTimeout,
    /// The body of a request came too slowly.
    BodyTimeout,
    /// An answer was read too slowly.
    WriteTimeout,
    /// No request came in time.
    IdleTimeout,
    /// It was idle when another client needed its place.
    MadeRoom,
    /// It held an answer when others needed the memory.
    AnswerMemory,
    /// It sent much that asks for nothing.
    Flood,
    /// It gave up requests as fast as it sent them.
    Resets,
    /// The process ends.
    Shutdown,
}

/// What a connection is doing, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No request is under way.
    Idle,
    /// A head is on its way.
    Head,
    /// A body is on its way.
    Body,
    /// A request is being worked on.
    Operation,
    /// An answer is being sent.
    AnswerBody,
    /// The last bytes are on their way.
    Closing,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::Done,
        Self::Broken,
        Self::Handshake,
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::WriteTimeout,
        Self::IdleTimeout,
        Self::MadeRoom,
        Self::AnswerMemory,
        Self::Flood,
        Self::Resets,
        Self::Shutdown,
    ];

    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Broken => "broken",
            Self::Handshake => "handshake",
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::MadeRoom => "made_room",
            Self::AnswerMemory => "answer_memory",
            Self::Flood => "flood",
            Self::Resets => "resets",
            Self::Shutdown => "shutdown",
        }
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Idle,
        Self::Head,
        Self::Body,
        Self::Operation,
        Self::AnswerBody,
        Self::Closing,
    ];

    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Head => "head",
            Self::Body => "body",
            Self::Operation => "operation",
            Self::AnswerBody => "answer",
            Self::Closing => "closing",
        }
    }
}
