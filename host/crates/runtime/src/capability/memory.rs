//! What a capability adds to the memory plan.

use mayfly_config::Config;

/// One part of the memory plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLine {
    /// What it is for, with the numbers it is made of.
    pub what: String,
    /// The most it takes, in bytes.
    pub bytes: u64,
    /// The key in `mayfly.toml` that changes it; none for what nobody sets.
    pub key: Option<&'static str>,
}

/// One value that the memory plan depends on.
pub struct Setting {
    /// The table it is in, as its header names it.
    pub table: String,
    pub key: &'static str,
    /// How it is made smaller.
    pub kind: Kind,
    /// What it is.
    pub now: u64,
    /// The least that an app needs.
    pub least: u64,
    /// Writes a value into a configuration.
    pub set: Set,
}

/// Writes a value into a configuration.
pub type Set = Box<dyn Fn(&mut Config, u64)>;

/// How a value is made smaller, and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How many there may be.
    Count,
    /// Bytes that many share.
    SharedBytes,
    /// Bytes of one request, answer or invocation.
    EachBytes,
}

impl MemoryLine {
    /// A line.
    pub fn new(what: impl Into<String>, bytes: u64, key: Option<&'static str>) -> Self {
        Self {
            what: what.into(),
            bytes,
            key,
        }
    }
}

impl Setting {
    /// A value that is `now` and has to be at the `least`.
    pub fn new(
        table: impl Into<String>,
        key: &'static str,
        kind: Kind,
        (now, least): (u64, u64),
        set: impl Fn(&mut Config, u64) + 'static,
    ) -> Self {
        Self {
            table: table.into(),
            key,
            kind,
            now,
            least,
            set: Box::new(set),
        }
    }
}
