//! Why the process does not start, and its exit codes.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the endpoints could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A seed file is wrong.
    #[error("seed `{}`: {why}", .path.display())]
    Seed {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The data directory cannot be used.
    #[error("data `{}`: {why}", .path.display())]
    Data {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {why}; name another port, or 0 for a free one")]
    Listen {
        address: SocketAddr,
        /// What the system says.
        why: std::io::Error,
    },
    /// The certificate of SQL Server cannot be used.
    #[error("certificate {0}")]
    Certificate(String),
    /// The clock stands before 1970, which ids that hold the time cannot be made of.
    #[error("the clock of this machine says that it is before 1970; set it")]
    Clock,
    /// The system denies something else.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// What the process ends with: 3 for a seed, 4 for an address, 5 for the data directory, 1 for the rest. (2 is a wrong argument.)
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Seed { .. } => 3,
            Self::Listen { .. } => 4,
            Self::Data { .. } => 5,
            Self::Certificate(_) | Self::Clock | Self::System(_) => 1,
        }
    }
}
