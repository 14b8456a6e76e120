//! Who sent an operation, as far as it was verified.

use std::borrow::Cow;
use std::sync::Arc;

use mayfly_config::Secret;
use mayfly_json::{Limits, Tree};

/// Who sent the operation.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The `sub` claim.
    pub id: Option<String>,
    /// The verified claims: a JSON object, empty text for none.
    pub claims: String,
    /// Headers that guests may read, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What they were recognised by; none for whoever is anonymous.
    pub credential: Option<Arc<Credential>>,
}

/// What a caller was recognised by.
#[derive(Debug)]
pub enum Credential {
    /// A token.
    Token {
        /// Its issuer, as `iss` has it.
        issuer: Arc<str>,
        /// The token that was verified, for services that the operator lets have it; never for guests.
        token: Secret,
    },
    /// The API key with this name.
    ApiKey(String),
}

impl Caller {
    /// A caller whose claims, a JSON object, were verified.
    #[must_use]
    pub fn with_claims(claims: String) -> Self {
        let id = Tree::read(claims.as_str(), Limits::of_bytes(claims.len()))
            .ok()
            .and_then(|claims| claims.root().get("sub")?.as_str().map(Cow::into_owned))
            .filter(|id| !id.is_empty());
        Self {
            id,
            claims,
            ..Self::default()
        }
    }

    /// The name of their API key, for the log.
    #[must_use]
    pub fn api_key(&self) -> Option<&str> {
        match self.credential.as_deref()? {
            Credential::ApiKey(name) => Some(name),
            Credential::Token { .. } => None,
        }
    }

    /// Their token, for services that the operator lets have it.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        match self.credential.as_deref()? {
            Credential::Token { token, .. } => Some(token),
            Credential::ApiKey(_) => None,
        }
    }
}
