//! Randomness from the host's cryptographic generator.

use crate::bindings::mayfly::resolver::random as host;
use std::fmt::Write;

/// Random bytes.
///
/// # Panics
///
/// The host ends the invocation above 65,536 bytes.
#[must_use]
pub fn bytes(length: u32) -> Vec<u8> {
    host::bytes(length)
}

/// A random number.
#[must_use]
pub fn number() -> u64 {
    host::number()
}

/// A new id that nobody else has: 32 hexadecimal digits, 128 random bits.
#[must_use]
pub fn id() -> String {
    let mut id = String::with_capacity(32);
    let _ = write!(id, "{:016x}{:016x}", number(), number());
    id
}
