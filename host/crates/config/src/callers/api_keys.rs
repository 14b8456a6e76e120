//! `[callers.api_keys.NAME]`: callers who show a key of their own.
//!
//! Of a key only the SHA-256 is in the configuration.

use std::time::{Duration, SystemTime};

use super::expiry;
use crate::hash::Sha256Hash;
use crate::key::Key;
use crate::reader::Table;

const SHA256: Key<'_> = Key::new(
    "sha256",
    "The SHA-256 of the key, 64 hexadecimal digits, as `printf %s \"$KEY\" | sha256sum` computes it. Make keys of 32 random bytes or more.",
);
const EXPIRES: Key<'_> = Key::new(
    "expires",
    "When the key expires, in UTC: \"2027-01-31\" (as that day begins) or \"2027-01-31T12:00:00Z\".",
)
.or("never");
const GROUPS: Key<'_> = Key::new("groups", "The groups the caller is in.");
const SCOPES: Key<'_> = Key::new("scopes", "The scopes the caller has.");
const CLAIMS: Key<'_> = Key::new(
    "claims",
    "Further claims of the caller for guests, grants and `@auth`, as if in a token; without `sub` the caller has no id.",
);
const CLAIM: Key<'_> = Key::new("CLAIM", "The value of a claim.");

/// What computes the hash of a key.
const HASHING: &str = "printf %s \"$KEY\" | sha256sum";

/// Claims that say what `groups` and `scopes` do, or when the key ends.
const TAKEN: [&str; 5] = ["groups", "cognito:groups", "scope", "scp", "exp"];

/// `[callers.api_keys.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub name: String,
    pub sha256: Sha256Hash,
    pub expires: Option<SystemTime>,
    pub groups: Vec<String>,
    pub scopes: Vec<String>,
    /// `claims`, by name.
    pub claims: Vec<(String, String)>,
}

pub(super) fn read(tables: Vec<(String, Table<'_>)>) -> Vec<ApiKey> {
    let mut keys: Vec<ApiKey> = Vec::new();
    for (name, table) in tables {
        let (at, path) = (table.at, table.path.clone());
        let Some(key) = ApiKey::read(name, table, |table, key: &ApiKey| {
            if let Some(same) = keys.iter().find(|other| other.sha256 == key.sha256) {
                let message = format!(
                    "`{path}` has the same key as `{}`; give each caller a key of its own",
                    same.name
                );
                table.problem_at(at, message);
            }
        }) else {
            continue;
        };
        keys.push(key);
    }
    keys
}

impl ApiKey {
    fn read(
        name: String,
        mut table: Table<'_>,
        check: impl FnOnce(&Table<'_>, &Self),
    ) -> Option<Self> {
        let sha256 = Sha256Hash::read(&mut table, SHA256, "key", HASHING);
        let key = Self {
            name,
            expires: expires(&mut table),
            groups: words(&mut table, GROUPS),
            scopes: words(&mut table, SCOPES),
            claims: claims(&mut table),
            sha256: sha256.clone().unwrap_or(Sha256Hash([0; 32])),
        };
        if sha256.is_some() {
            check(&table, &key);
        }
        table.finish();
        sha256.map(|_| key)
    }
}

fn expires(table: &mut Table<'_>) -> Option<SystemTime> {
    let (at, text) = table.text_at(EXPIRES)?;
    let seconds = expiry::seconds(&text);
    if seconds.is_none() {
        let key = table.key(EXPIRES.name);
        table.problem_with_value(
            at,
            format!(
                "`{key}` must be a time in UTC such as \"2027-01-31\" or \"2027-01-31T12:00:00Z\""
            ),
        );
    }
    seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Words without spaces, which scopes are written with in tokens.
fn words(table: &mut Table<'_>, key: Key<'_>) -> Vec<String> {
    let texts = table.texts(key).into_iter();
    texts
        .map(|(at, text)| {
            if text.is_empty() || text.contains(char::is_whitespace) {
                let key = table.key(key.name);
                table.problem_at(
                    at,
                    format!("`{key}` has {text:?}; write each word separately"),
                );
            }
            text
        })
        .collect()
}

fn claims(table: &mut Table<'_>) -> Vec<(String, String)> {
    let Some(inner) = table.table(CLAIMS) else {
        return Vec::new();
    };
    let path = inner.path.clone();
    let texts = inner.into_texts(CLAIM).into_iter();
    texts
        .map(|(name, at, text)| {
            if TAKEN.contains(&name.as_str()) {
                let message = format!(
                    "`{path}.{name}` is set by `groups`, `scopes` or `expires`; write it there"
                );
                table.problem_at(at, message);
            }
            (name, text)
        })
        .collect()
}
