//! Callers who show an API key. Only the hashes of keys are known here.

use std::sync::Arc;
use std::time::SystemTime;

use mayfly_config::ApiKey;
use mayfly_json::write_string;
use mayfly_runtime::imports::{Caller, Credential};

use crate::credentials;

const NOT_VALID: &str = "the API key is not valid";
const EXPIRED: &str = "the API key has expired; use a new one";

/// Longer keys are not looked at, in bytes: hashing them is work for whoever sends them.
const MAX_KEY_BYTES: usize = 1 << 10;

/// The API keys of the configuration.
pub(super) struct ApiKeys {
    keys: Vec<(ApiKey, Caller)>,
}

impl ApiKeys {
    pub(super) fn new(keys: &[ApiKey]) -> Self {
        let caller = |key: &ApiKey| Caller {
            credential: Some(Arc::new(Credential::ApiKey(key.name.clone()))),
            ..Caller::with_claims(claims(key))
        };
        Self {
            keys: keys.iter().map(|key| (key.clone(), caller(key))).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The names of those that have expired.
    pub(super) fn expired(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter();
        keys.filter(|(key, _)| has_expired(key))
            .map(|(key, _)| key.name.as_str())
    }

    /// Whose key was shown.
    pub(super) fn recognise(&self, shown: &[u8]) -> Result<Caller, &'static str> {
        if shown.len() > MAX_KEY_BYTES {
            return Err(NOT_VALID);
        }
        let found = credentials::find(&self.keys, |(key, _)| &key.sha256, shown);
        match found {
            None => Err(NOT_VALID),
            Some((key, _)) if has_expired(key) => Err(EXPIRED),
            Some((_, caller)) => Ok(caller.clone()),
        }
    }
}

fn has_expired(key: &ApiKey) -> bool {
    key.expires.is_some_and(|end| end <= SystemTime::now())
}

/// What a token would say of the caller, in JSON. Scopes are words in one text, as in tokens (RFC 8693, 4.2).
fn claims(key: &ApiKey) -> String {
    let mut text = String::from("{");
    let begin = |text: &mut String, name: &str| {
        if text.len() > 1 {
            text.push(',');
        }
        write_string(text, name);
        text.push(':');
    };
    for (name, value) in &key.claims {
        begin(&mut text, name);
        write_string(&mut text, value);
    }
    if !key.scopes.is_empty() {
        begin(&mut text, "scope");
        write_string(&mut text, &key.scopes.join(" "));
    }
    if !key.groups.is_empty() {
        begin(&mut text, "groups");
        text.push('[');
        for (index, group) in key.groups.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            write_string(&mut text, group);
        }
        text.push(']');
    }
    text.push('}');
    text
}
