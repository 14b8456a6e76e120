//! Who sends an operation: tokens of a trusted issuer are checked, and become a caller with claims.
//!
//! Owns: what of a request is believed. Must not know: GraphQL, guests. A token that is there and is not accepted refuses the
//! request, so that nobody is taken for anonymous by mistake; one that is missing makes an anonymous caller, unless the operator
//! requires tokens.
//!
//! Invariants: the key decides the algorithm, never the token; nothing of a token that was not verified is believed or logged.

mod keys;

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, crypto};
use mayfly_config::{Problem, Secret, TokenKey};
use mayfly_error::Error;
use mayfly_json::{Kind, Limits, Tree, Value};

use keys::{KeySet, TrustedKey};
use mayfly_runtime::imports::Caller;

/// The longest token that is looked at, in bytes: several times what issuers write, and nothing to keep a core busy with.
const MAX_TOKEN_BYTES: usize = 16 << 10;

/// What a part of a token may hold.
const PART: Limits = Limits::of_bytes(MAX_TOKEN_BYTES).with_depth(32);

const NO_TOKEN: &str = "the request carries no token; send one as Authorization: Bearer";
const NOT_BEARER: &str =
    "the Authorization header is not one bearer token; send Authorization: Bearer and the token";
const NOT_VALID: &str = "the token is not valid";
const EXPIRED: &str = "the token has expired; get a new one";
const TOO_EARLY: &str = "the token is not valid yet";
const OTHER_AUDIENCE: &str = "the token is for another audience";
const OTHER_ISSUER: &str = "the token is from another issuer";

/// Recognises callers.
pub struct Callers {
    keys: Vec<TrustedKey>,
    issuer: String,
    audience: String,
    required: bool,
    leeway: Duration,
    /// What the operator is to be told of the keys.
    warning: Option<Problem>,
}

impl Callers {
    /// Reads the keys that `[callers]` names.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or holds no key that can check signatures.
    pub fn load(config: &mayfly_config::Callers) -> Result<Self, Problem> {
        let set = |keys| KeySet {
            keys,
            warning: None,
        };
        let KeySet { keys, warning } = match &config.key {
            TokenKey::Secret(secret) => set(vec![TrustedKey::secret(secret)]),
            TokenKey::PublicKey(file) => set(vec![keys::public_key(file)?]),
            TokenKey::KeySet(file) => keys::key_set(file)?,
        };
        Ok(Self {
            keys,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            required: config.required,
            leeway: config.leeway,
            warning,
        })
    }

    /// What the operator is to be told of the keys: those that are not used.
    #[must_use]
    pub fn warning(&self) -> Option<&Problem> {
        self.warning.as_ref()
    }

    /// Who sent a request with these values of the header `Authorization`.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] when there is a token that is not accepted, or none where one is required.
    pub fn recognise<'a>(&self, mut sent: impl Iterator<Item = &'a [u8]>) -> Result<Caller, Error> {
        let Some(value) = sent.next() else {
            return if self.required {
                Err(refused(NO_TOKEN, false))
            } else {
                Ok(Caller::default())
            };
        };
        // Of two headers, the one this host reads may not be the one a proxy before it has checked.
        let token = str::from_utf8(value)
            .ok()
            .filter(|_| sent.next().is_none())
            .and_then(bearer);
        let token = token.ok_or_else(|| refused(NOT_BEARER, true))?;
        let claims = self
            .verify(token)
            .map_err(|problem| refused(problem, true))?;
        Ok(Caller {
            token: Some(Secret::new(token.to_owned())),
            ..Caller::with_claims(claims)
        })
    }

    /// The claims of a token that is accepted, as they were written.
    fn verify(&self, token: &str) -> Result<String, &'static str> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(NOT_VALID);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(NOT_VALID)?;
        let (header, claims) = signed.split_once('.').ok_or(NOT_VALID)?;
        let header = part(header)?;
        let (algorithm, key_id) = read_header(header.root())?;
        // Of several keys that fit, another may be the right one.
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| key.fits(algorithm, key_id.as_deref()));
        fitting
            .find(|trusted| {
                crypto::verify(signature, signed.as_bytes(), &trusted.key, algorithm)
                    .unwrap_or_default()
            })
            .ok_or(NOT_VALID)?;
        let claims = part(claims)?;
        self.check(claims.root())?;
        Ok(claims.text().to_owned())
    }

    /// Whether what was signed is meant for this host, now. A token without an end is not valid.
    fn check(&self, claims: Value<'_>) -> Result<(), &'static str> {
        let text = |value: Value<'_>, wanted: &str| value.as_str().is_some_and(|is| is == wanted);
        let issuer = claims.get("iss").ok_or(NOT_VALID)?;
        match issuer.kind() {
            Kind::String if text(issuer, &self.issuer) => {}
            Kind::String => return Err(OTHER_ISSUER),
            // A token has one issuer (RFC 7519, 4.1.1).
            _ => return Err(NOT_VALID),
        }
        let audience = claims.get("aud").ok_or(NOT_VALID)?;
        let is_meant = match (audience.kind(), audience.elements()) {
            (Kind::String, _) => text(audience, &self.audience),
            (_, Some(mut all)) => all.any(|one| text(one, &self.audience)),
            _ => return Err(NOT_VALID),
        };
        if !is_meant {
            return Err(OTHER_AUDIENCE);
        }
        self.check_time(claims)
    }

    fn check_time(&self, claims: Value<'_>) -> Result<(), &'static str> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let leeway = self.leeway.as_secs_f64();
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_f64()
                .filter(|time| time.is_finite())
                .map(Some)
                .ok_or(NOT_VALID),
        };
        match (time("exp")?, time("nbf")?) {
            (None, _) => Err(NOT_VALID),
            (Some(end), _) if end + leeway <= now => Err(EXPIRED),
            (_, Some(begin)) if begin > now + leeway => Err(TOO_EARLY),
            _ => Ok(()),
        }
    }
}

/// A part of a token: a JSON object in base64url.
fn part(encoded: &str) -> Result<Tree<'static>, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NOT_VALID)?;
    let text = String::from_utf8(bytes).map_err(|_| NOT_VALID)?;
    let tree = Tree::read(text, PART).map_err(|_| NOT_VALID)?;
    if tree.root().kind() == Kind::Object {
        Ok(tree)
    } else {
        Err(NOT_VALID)
    }
}

/// The algorithm a token is signed with, and the name of its key. Fails for algorithms the library does not know, `none` among
/// them.
fn read_header(header: Value<'_>) -> Result<(Algorithm, Option<Cow<'_, str>>), &'static str> {
    // A critical extension must be understood (RFC 7515, 4.1.11), and none is.
    if header.get("crit").is_some() {
        return Err(NOT_VALID);
    }
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(|name| name.parse().ok())
        .ok_or(NOT_VALID)?;
    match header.get("kid") {
        None => Ok((algorithm, None)),
        Some(id) => id.as_str().map(|id| (algorithm, Some(id))).ok_or(NOT_VALID),
    }
}

/// The token of `Bearer TOKEN`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', ',']))
        .then_some(token)
}

fn refused(problem: &'static str, presented: bool) -> Error {
    Error::Unauthenticated { problem, presented }
}
