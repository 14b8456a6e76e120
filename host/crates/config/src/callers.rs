//! `[callers]`: whose tokens the host believes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::key::Key;
use crate::outside::Given;
use crate::reader::Table;
use crate::secret::Secret;

const SECRET: Key<'_> = Key::new(
    "secret",
    "What signatures are checked with: a secret of at least 32 bytes that is shared with the issuer, for HS256. Exactly one of `secret`, \
     `public_key` and `key_set` is needed; it also decides the algorithm, which a token never does.",
);

/// The least bytes of a secret: as many as the hash of HS256 has. A shorter one can be guessed from a single token.
const LEAST_SECRET_BYTES: usize = 32;

/// `[callers]`. Without this section every caller is anonymous, and tokens are not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callers {
    /// `secret`, `public_key` or `key_set`: what signatures are checked with.
    pub key: TokenKey,
    pub issuer: String,
    pub audience: String,
    /// `required`; without it callers that have no token are anonymous.
    pub required: bool,
    pub leeway: Duration,
}

/// What signatures are checked with. It also decides the algorithm: a token never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKey {
    /// `secret`: shared with the issuer, for HS256.
    Secret(Secret),
    /// `public_key`: a PEM file with an RSA key, for RS256, or a P-256 key, for ES256.
    PublicKey(PathBuf),
    /// `key_set`: a JSON Web Key Set with such keys, told apart by `kid`.
    KeySet(PathBuf),
}

impl Callers {
    /// The file of keys it names.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match &self.key {
            TokenKey::Secret(_) => None,
            TokenKey::PublicKey(file) | TokenKey::KeySet(file) => Some(file.clone()),
        }
    }

    pub(crate) fn read(root: &Path, mut table: Table<'_>) -> Self {
        let secret = secret(&mut table);
        let public_key = table
            .text(Key::new(
                "public_key",
                "What signatures are checked with: a PEM file with an RSA key, for RS256, or a P-256 key, for ES256.",
            ))
            .map(|path| TokenKey::PublicKey(root.join(path)));
        let key_set = table
            .text(Key::new(
                "key_set",
                "What signatures are checked with: a file with a JSON Web Key Set of RSA and P-256 keys, told apart by `kid`.",
            ))
            .map(|path| TokenKey::KeySet(root.join(path)));
        let mut keys: Vec<_> = [secret, public_key, key_set]
            .into_iter()
            .flatten()
            .collect();
        if keys.len() != 1 {
            table.problem(format!(
                "`{}` needs exactly one of `secret`, `public_key` and `key_set`; it has {}",
                table.path,
                keys.len()
            ));
        }
        let callers = Self {
            key: keys.pop().unwrap_or(TokenKey::Secret(Secret::default())),
            issuer: table.required(
                Key::new("issuer", "The `iss` a token must have."),
                "\"https://id.example.org\"",
            ),
            audience: table.required(
                Key::new("audience", "What a token's `aud` must be, or hold."),
                "\"https://api.example.org\"",
            ),
            required: table.flag(
                Key::new(
                    "required",
                    "Whether callers without a token are refused; otherwise they are anonymous.",
                ),
                false,
            ),
            leeway: table.time(
                Key::new(
                    "leeway",
                    "How far the clocks of issuer and host may differ.",
                ),
                Duration::from_secs(30),
                Duration::ZERO..=Duration::from_secs(300),
            ),
        };
        table.finish();
        callers
    }
}

fn secret(table: &mut Table<'_>) -> Option<TokenKey> {
    let secret = match table.secret(SECRET) {
        Given::Nothing => return None,
        Given::Unknown => String::new(),
        Given::Text(secret) => {
            if secret.len() < LEAST_SECRET_BYTES {
                let (path, bytes) = (&table.path, secret.len());
                table.problem(format!(
                    "`{path}.secret` is {bytes} bytes long; use at least {LEAST_SECRET_BYTES} random bytes"
                ));
            }
            secret
        }
    };
    Some(TokenKey::Secret(Secret::new(secret)))
}
