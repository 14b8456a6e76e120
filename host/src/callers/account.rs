//! Whom something counts for: callers who are told apart by what they were recognised by.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use mayfly_runtime::imports::{Caller, Credential};

/// A caller who is known. The same `sub` of two issuers is two callers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Account {
    /// The issuer and the subject of a token.
    Token(Arc<str>, Option<String>),
    /// The name of an API key.
    ApiKey(String),
}

impl Account {
    /// The account of a caller; none for whoever is anonymous.
    #[must_use]
    pub fn of(caller: &Caller) -> Option<Self> {
        Some(match caller.credential.as_deref()? {
            Credential::Token { issuer, .. } => Self::Token(issuer.clone(), caller.id.clone()),
            Credential::ApiKey(name) => Self::ApiKey(name.clone()),
        })
    }
}

/// What stands for an account, however long its names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64, u64);

impl Fingerprint {
    /// A number that is spread evenly.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Makes fingerprints by keys that nobody knows, so that nobody chooses whom to share one with.
#[derive(Debug, Default)]
pub struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    /// The fingerprint of whom something counts for.
    #[must_use]
    pub fn of(&self, owner: &impl Hash) -> Fingerprint {
        let [first, second] = &self.0;
        Fingerprint(first.hash_one(owner), second.hash_one(owner))
    }
}
