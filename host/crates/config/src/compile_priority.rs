//! `server.compile_priority`: how the compiler of a version competes with requests for the processor.

/// The priority of a compiler that works while requests are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompilePriority {
    /// `normal`: as requests.
    Normal,
    /// `low`: requests come first, and a machine whose every core is busy still leaves it a share.
    Low,
    /// `idle`: only when the processor has nothing else to do, which on a busy machine may be never.
    Idle,
}

impl CompilePriority {
    /// Every priority.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Low, Self::Idle];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Low => "low",
            Self::Idle => "idle",
        }
    }

    /// Reads the word; none for another one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == text)
    }
}
