//! The documents that clients name instead of sending them: those that a client sent before, and those that the operator's own clients
//! were built with.
//!
//! Owns: what is kept of documents, and which may run. Must not know: HTTP, schemas. A document that is found here is prepared like any
//! other.

mod hash;
mod manifest;
mod persisted;

pub use hash::DocumentHash;
pub use manifest::TrustedDocuments;
pub use persisted::PersistedQueries;

use std::sync::Arc;

use mayfly_config::Problem;
use mayfly_error::Error;
use mayfly_telemetry::names;
use metrics::counter;

use crate::callers::Account;

/// What a request says of its document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The document itself.
    pub text: Option<String>,
    /// Its name in a manifest.
    pub id: Option<String>,
    /// Its hash, as automatic persisted queries send it.
    pub hash: Option<DocumentHash>,
}

impl Named {
    /// Takes a name: a hash, or what a manifest calls it.
    pub fn name(&mut self, name: Option<String>) {
        self.hash = name.as_deref().and_then(hash_of);
        self.id = name;
    }
}

/// Whether two names are one, or the same hash.
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || hash_of(one).is_some_and(|hash| hash_of(other) == Some(hash))
}

/// The hash that a name is, if it is one.
fn hash_of(name: &str) -> Option<DocumentHash> {
    DocumentHash::parse(name.strip_prefix("sha256:").unwrap_or(name))
}

/// A document that may be prepared.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The document.
    pub text: String,
    /// By which it is to be kept, once it is known to be valid.
    pub keep_as: Option<DocumentHash>,
}

/// Where documents are looked up.
pub struct Documents {
    /// Those of the manifest.
    trusted: Option<TrustedDocuments>,
    /// Those that clients sent; none when none are kept.
    persisted: Option<PersistedQueries>,
    /// Operations in one request, at most.
    pub max_batch: usize,
}

impl Documents {
    /// What `[documents]` says.
    ///
    /// # Errors
    ///
    /// When the manifest cannot be used.
    pub fn load(config: &mayfly_config::Documents) -> Result<Self, Problem> {
        // While only documents of the manifest run, no other one is kept.
        let keeps = config.persisted_queries && !config.enforces();
        Ok(Self {
            trusted: TrustedDocuments::load(config)?,
            persisted: keeps.then(|| PersistedQueries::new(config.persisted_memory_bytes)),
            max_batch: config.max_batch,
        })
    }

    /// The documents of the manifest; none without one.
    #[must_use]
    pub fn trusted(&self) -> Option<&TrustedDocuments> {
        self.trusted.as_ref()
    }

    /// Keeps a document that is valid, for a caller; all whom nobody knows are one.
    pub fn keep(&self, hash: DocumentHash, text: &str, caller: Option<&Account>) {
        if let Some(persisted) = &self.persisted {
            persisted.keep(hash, text, caller);
        }
    }

    /// The document that a request means.
    ///
    /// # Errors
    ///
    /// When it is not known, is another one than its hash says, or may not run.
    pub fn find(&self, named: Named) -> Result<Found, Error> {
        let is_named = named.id.is_some() || named.hash.is_some();
        if let Some(text) = named.text.as_deref().filter(|_| is_named)
            && named.hash != Some(DocumentHash::of(text))
        {
            let message = "the hash in `extensions.persistedQuery` does not match `query`; send its SHA-256 in 64 hexadecimal digits";
            return Err(Error::BadRequest(message.to_owned()));
        }
        match &self.trusted {
            Some(trusted) => self.find_trusted(trusted, named),
            None if named.text.is_none() && named.hash.is_none() => {
                let message = "the request names a document that is not a SHA-256, and this server has no manifest; send `query`";
                Err(Error::BadRequest(message.to_owned()))
            }
            None => self.find_persisted(named),
        }
    }

    fn find_trusted(&self, trusted: &TrustedDocuments, named: Named) -> Result<Found, Error> {
        let found = match &named.text {
            Some(text) => trusted.contains(text).then(|| Arc::from(text.as_str())),
            None => named
                .id
                .as_deref()
                .and_then(|id| trusted.get(id))
                .or_else(|| trusted.get(&named.hash?.to_string())),
        };
        let outcome = if found.is_some() {
            "trusted"
        } else {
            "untrusted"
        };
        counter!(names::DOCUMENTS, "outcome" => outcome).increment(1);
        match found {
            Some(text) => Ok(Found {
                text: text.to_string(),
                keep_as: None,
            }),
            None if trusted.enforces() => Err(Error::DocumentNotTrusted),
            None => self.find_persisted(named),
        }
    }

    fn find_persisted(&self, named: Named) -> Result<Found, Error> {
        let Some(hash) = named.hash else {
            let text = named
                .text
                .ok_or_else(|| Error::BadRequest("the request lacks `query`".to_owned()))?;
            return Ok(Found {
                text,
                keep_as: None,
            });
        };
        let Some(persisted) = &self.persisted else {
            // A client that sends the document along still gets its answer.
            return match named.text {
                Some(text) => Ok(Found {
                    text,
                    keep_as: None,
                }),
                None => Err(Error::PersistedQueryNotSupported),
            };
        };
        let (outcome, found) = match (named.text, persisted.get(&hash)) {
            (Some(text), _) => (
                "sent",
                Ok(Found {
                    text,
                    keep_as: Some(hash),
                }),
            ),
            (None, Some(text)) => (
                "found",
                Ok(Found {
                    text: text.to_string(),
                    keep_as: None,
                }),
            ),
            (None, None) => ("missing", Err(Error::PersistedQueryNotFound)),
        };
        counter!(names::PERSISTED_QUERIES, "outcome" => outcome).increment(1);
        found
    }
}

#[cfg(test)]
mod tests;
