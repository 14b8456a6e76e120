//! `[callers.issuers.NAME]`, or the same keys in `[callers]`: whose tokens are accepted, and what they are checked with.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;

use crate::key::Key;
use crate::outside::Given;
use crate::reader::Table;
use crate::secret::Secret;

const ISSUER: Key<'_> = Key::new("issuer", "The `iss` a token must have.");
const AUDIENCE: Key<'_> = Key::new(
    "audience",
    "What a token's `aud` must be or contain. Either this or `client_id` is needed.",
);
const CLIENT_ID: Key<'_> = Key::new(
    "client_id",
    "What a token's `client_id` must be, in place of `aud`: access tokens of Cognito have no `aud`. Their `token_use` must be `access`.",
);
const SECRET: Key<'_> = Key::new(
    "secret",
    "What signatures are checked with: a secret of at least 32 bytes that is shared with the issuer, for HS256. Exactly one of `secret`, \
     `public_key`, `key_set`, `key_set_url` and `discovery` is needed; it also decides the algorithm, which a token never does.",
);
const PUBLIC_KEY: Key<'_> = Key::new(
    "public_key",
    "What signatures are checked with: a PEM file with an RSA key, for RS256, or a P-256 key, for ES256.",
);
const KEY_SET: Key<'_> = Key::new(
    "key_set",
    "What signatures are checked with: a file with a JSON Web Key Set of RSA and P-256 keys, distinguished by `kid`.",
);
const KEY_SET_URL: Key<'_> = Key::new(
    "key_set_url",
    "Where the issuer publishes its key set: an https URL, or http on the loopback address. It is fetched at the start and then in the \
     background.",
);
const DISCOVERY: Key<'_> = Key::new(
    "discovery",
    "Whether to ask the issuer for the address of its key set, at `/.well-known/openid-configuration` below `issuer`.",
);
const CA_FILE: Key<'_> = Key::new(
    "ca_file",
    "A PEM file with certificates of authorities that the issuer's certificate may come from, besides those the system trusts.",
);
const LEEWAY: Key<'_> = Key::new(
    "leeway",
    "How far the clocks of issuer and host may differ.",
);

/// Keys that only an issuer has, by which it is known to stand in `[callers]` itself.
const OWN: [&str; 9] = [
    "issuer",
    "audience",
    "client_id",
    "secret",
    "public_key",
    "key_set",
    "key_set_url",
    "discovery",
    "ca_file",
];

/// The name of the issuer in `[callers]` itself.
const DEFAULT: &str = "default";

/// The least bytes of a secret: as many as the hash of HS256 has. A shorter one can be guessed from a single token.
const LEAST_SECRET_BYTES: usize = 32;

/// An issuer whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its name in the configuration and in the log.
    pub name: String,
    /// Where it is in the configuration.
    pub path: String,
    /// What signatures are checked with.
    pub key: TokenKey,
    /// `issuer`: the `iss` of its tokens.
    pub issuer: String,
    pub audience: Audience,
    pub leeway: Duration,
    pub ca_file: Option<PathBuf>,
}

/// What says that a token is meant for this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// `audience`: what `aud` is, or holds.
    Audience(String),
    /// `client_id`: what `client_id` is, where `token_use` is `access`.
    Client(String),
}

/// What signatures are checked with. It also decides the algorithm: a token never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKey {
    /// `secret`: shared with the issuer, for HS256.
    Secret(Secret),
    /// `public_key`: a PEM file with an RSA key, for RS256, or a P-256 key, for ES256.
    PublicKey(PathBuf),
    /// `key_set`: a JSON Web Key Set with such keys, distinguished by `kid`.
    KeySet(PathBuf),
    /// `key_set_url`: where such a set is fetched.
    Url(Uri),
    /// `discovery`: where the issuer says where that is.
    Discovery(Uri),
}

impl Issuer {
    /// The files of keys and certificates it names.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let keys = match &self.key {
            TokenKey::PublicKey(file) | TokenKey::KeySet(file) => Some(file.clone()),
            _ => None,
        };
        keys.into_iter().chain(self.ca_file.clone())
    }

    /// Whether every token of the one is a token of the other, as far as its claims say.
    pub(super) fn takes_same(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.audience == other.audience
    }

    /// The issuer whose keys stand in `[callers]`, if there is one.
    pub(super) fn in_callers(root: &Path, table: &mut Table<'_>) -> Option<Self> {
        let is_there = OWN.iter().any(|key| table.has(key));
        let issuer = Self::of(root, DEFAULT.to_owned(), table, is_there);
        is_there.then_some(issuer)
    }

    pub(super) fn read(root: &Path, name: String, mut table: Table<'_>) -> Self {
        let issuer = Self::of(root, name, &mut table, true);
        table.finish();
        issuer
    }

    /// Reads its keys; what is missing is a problem where there has to be an issuer.
    fn of(root: &Path, name: String, table: &mut Table<'_>, has_to_be: bool) -> Self {
        let issuer = if has_to_be {
            table.required(ISSUER, "\"https://id.example.org\"")
        } else {
            table.text(ISSUER).unwrap_or_default()
        };
        let key = token_key(root, table, &issuer, has_to_be);
        let audience = audience(table, has_to_be);
        let ca_file = table.text_at(CA_FILE);
        if let Some((at, _)) = &ca_file
            && !matches!(key, TokenKey::Url(_) | TokenKey::Discovery(_))
        {
            table.problem_at(
                *at,
                format!(
                    "`{}` is for keys that are fetched; remove it, or add `key_set_url` or `discovery`",
                    table.key(CA_FILE.name)
                ),
            );
        }
        Self {
            name,
            path: table.path.clone(),
            key,
            issuer,
            audience,
            leeway: table.time(
                LEEWAY,
                Duration::from_secs(30),
                Duration::ZERO..=Duration::from_secs(300),
            ),
            ca_file: ca_file.map(|(_, file)| root.join(file)),
        }
    }
}

fn audience(table: &mut Table<'_>, has_to_be: bool) -> Audience {
    let is_there = table.has(AUDIENCE.name) || table.has(CLIENT_ID.name);
    let audience = table.text(AUDIENCE).map(Audience::Audience);
    let client = table.text(CLIENT_ID).map(Audience::Client);
    let path = &table.path;
    match (audience, client) {
        (Some(_), Some(_)) => table.problem(format!(
            "`{path}` has both `audience` and `client_id`; keep `client_id` for access tokens of Cognito, and `audience` otherwise"
        )),
        (Some(audience), None) | (None, Some(audience)) => return audience,
        (None, None) if has_to_be && !is_there => table.problem(format!(
            "`{path}` lacks `audience`; add audience = \"https://api.example.org\""
        )),
        (None, None) => {}
    }
    Audience::Audience(String::new())
}

fn token_key(root: &Path, table: &mut Table<'_>, issuer: &str, has_to_be: bool) -> TokenKey {
    let secret = secret(table);
    let public_key = table.text(PUBLIC_KEY);
    let public_key = public_key.map(|path| TokenKey::PublicKey(root.join(path)));
    let key_set = table.text(KEY_SET);
    let key_set = key_set.map(|path| TokenKey::KeySet(root.join(path)));
    let url = table.text_at(KEY_SET_URL).map(|(at, text)| {
        let url = url(&text);
        if url.is_none() {
            let key = table.key(KEY_SET_URL.name);
            table.problem_at(
                at,
                format!("`{key}` must be an https URL, or an http one on the loopback address, not {text:?}"),
            );
        }
        TokenKey::Url(url.unwrap_or_default())
    });
    let discovery = table
        .flag(DISCOVERY, false)
        .then(|| discovery(table, issuer));
    let keys = [secret, public_key, key_set, url, discovery];
    let mut keys: Vec<_> = keys.into_iter().flatten().collect();
    if keys.len() != 1 && has_to_be {
        table.problem(format!(
            "`{}` needs exactly one of `secret`, `public_key`, `key_set`, `key_set_url` and `discovery`; it has {}",
            table.path,
            keys.len()
        ));
    }
    keys.pop().unwrap_or(TokenKey::Secret(Secret::default()))
}

/// Where an issuer is asked for its key set (OpenID Connect Discovery 1.0, 4).
fn discovery(table: &Table<'_>, issuer: &str) -> TokenKey {
    let below = issuer.strip_suffix('/').unwrap_or(issuer);
    let url = url(issuer)
        .filter(|issuer| issuer.query().is_none())
        .and_then(|_| url(&format!("{below}/.well-known/openid-configuration")));
    if url.is_none() {
        table.problem(format!(
            "`{}` asks the issuer for its keys, but `issuer` is neither an https URL nor an http one on the loopback address; use `key_set_url` instead",
            table.key(DISCOVERY.name)
        ));
    }
    TokenKey::Discovery(url.unwrap_or_default())
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

/// A URL that keys may be fetched from: what comes from it decides who a caller is, so nobody on the way may change it.
#[must_use]
pub fn url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let authority = url.authority()?;
    // The library drops what follows `#`, and a name before `@` is shown in logs.
    let is_plain = !text.contains(['#', '@']) && !authority.host().is_empty();
    let is_safe = match url.scheme_str()? {
        "https" => true,
        "http" => is_loopback(authority.host()),
        _ => false,
    };
    (is_plain && is_safe).then_some(url)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
