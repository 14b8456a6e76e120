//! How large, deep and finely divided a text may be.

/// Bounds of one text, checked while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, at most. What is longer is not looked at.
    pub bytes: usize,
    /// Arrays and objects inside one another, at most; never more than [`Limits::MAX_DEPTH`].
    pub depth: usize,
    /// Values and keys, at most: each takes memory in a tree, whatever its text.
    pub values: usize,
}

impl Limits {
    /// The deepest that anything is read. Readers keep a bit a level, and those who walk over a tree may recurse this far.
    pub const MAX_DEPTH: usize = 128;

    /// Bounds for a text of this many bytes: as deep as anything, and a million values.
    #[must_use]
    pub const fn of_bytes(bytes: usize) -> Self {
        Self {
            bytes,
            depth: Self::MAX_DEPTH,
            values: 1_000_000,
        }
    }

    /// The same, less deep.
    #[must_use]
    pub const fn with_depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The same, with fewer values.
    #[must_use]
    pub const fn with_values(self, values: usize) -> Self {
        Self { values, ..self }
    }
}
