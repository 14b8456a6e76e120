//! Where a backend is.

/// Where a backend is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The endpoint `mayfly-embedded` serves beside the host.
    Embedded,
    /// A server, as its capability writes addresses.
    At(String),
    /// The vendor's own service.
    Vendor,
}
