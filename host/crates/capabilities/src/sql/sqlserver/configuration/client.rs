//! How a client logs in.

/// Whether the connection to SQL Server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// `required`: TLS for everything, or no connection.
    Required,
    /// `off`: none; the client says it cannot.
    Off,
}

/// What the application will do with the connection: an availability group may send readers to a secondary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationIntent {
    /// `read-write`.
    ReadWrite,
    /// `read-only`.
    ReadOnly,
}
