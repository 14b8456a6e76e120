//! A key of `mayfly.toml`, declared where it is read: its name and what it means. Its type, range and default are said by how it is
//! read, so that nothing can be read that is not declared, and nothing is declared twice.

/// A key, and what operators read of it.
#[derive(Debug, Clone, Copy)]
pub struct Key<'k> {
    pub name: &'k str,
    /// What it means, in sentences.
    pub(crate) doc: &'static str,
    /// Its default in words, where reading it does not say it.
    pub(crate) default: Option<&'static str>,
    /// Where it need not stand, although it is required.
    pub(crate) unless: Option<&'static str>,
    /// The only values it takes, if they are that few.
    pub(crate) words: &'static [&'static str],
}

impl<'k> Key<'k> {
    /// A key and what it means.
    #[must_use]
    pub const fn new(name: &'k str, doc: &'static str) -> Self {
        Self {
            name,
            doc,
            default: None,
            unless: None,
            words: &[],
        }
    }

    /// With a default that depends on something, or that reading does not say, in words.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }

    /// Where the key may be left out, although it is required.
    #[must_use]
    pub const fn unless(self, otherwise: &'static str) -> Self {
        Self {
            unless: Some(otherwise),
            ..self
        }
    }

    /// With the only values it takes.
    #[must_use]
    pub const fn among(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }
}
