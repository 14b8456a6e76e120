//! Who sends an operation: tokens of a trusted issuer are checked, and become a caller with claims.
//!
//! Owns: what of a request is believed. Must not know: GraphQL, guests. A token that is there and is not accepted refuses the
//! request, so that nobody is taken for anonymous by mistake; one that is missing makes an anonymous caller, unless the operator
//! requires tokens.
//!
//! Invariants: the key decides the algorithm, never the token; nothing of a token that was not verified is believed or logged.

mod keys;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use mayfly_config::{Problem, TokenKey};
use mayfly_error::Error;
use serde_json::{Map, Value};

use crate::imports::Caller;
use keys::TrustedKey;

/// The longest token that is looked at, in bytes: several times what issuers write, and nothing to keep a core busy with.
const MAX_TOKEN_BYTES: usize = 16 << 10;

const NO_TOKEN: &str = "the request carries no token; send one as Authorization: Bearer";
const NOT_BEARER: &str =
    "the Authorization header is not one bearer token; send Authorization: Bearer and the token";
const NOT_VALID: &str = "the token is not valid";
const EXPIRED: &str = "the token has expired; get a new one";
const TOO_EARLY: &str = "the token is not valid yet";
const OTHER_AUDIENCE: &str = "the token is for another audience";
const OTHER_ISSUER: &str = "the token is of another issuer";

type Claims = Map<String, Value>;

/// Recognises callers.
pub struct Callers {
    keys: Vec<TrustedKey>,
    validation: Validation,
    required: bool,
    leeway: Duration,
}

impl Callers {
    /// Reads the keys that `[callers]` names.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or holds no key that can check signatures.
    pub fn load(config: &mayfly_config::Callers) -> Result<Self, Problem> {
        let keys = match &config.key {
            TokenKey::Secret(secret) => vec![TrustedKey::secret(secret)],
            TokenKey::PublicKey(file) => vec![keys::public_key(file)?],
            TokenKey::KeySet(file) => keys::key_set(file)?,
        };
        let mut validation = Validation::default();
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["iss", "aud"]);
        // The library reads numbers through serde's data model, which shows them as maps where `serde_json` keeps all digits, as
        // it does in this program; so `exp` and `nbf` are checked here.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            keys,
            validation,
            required: config.required,
            leeway: config.leeway,
        })
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
        let claims = self
            .verify(token.ok_or_else(|| refused(NOT_BEARER, true))?)
            .map_err(|problem| refused(problem, true))?;
        Ok(Caller::with_claims(claims))
    }

    fn verify(&self, token: &str) -> Result<Claims, &'static str> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(NOT_VALID);
        }
        // Fails for algorithms the library does not know, `none` among them.
        let header = decode_header(token).map_err(|_| NOT_VALID)?;
        // A critical extension must be understood (RFC 7515, 4.1.11), and none is.
        if header.crit.is_some() {
            return Err(NOT_VALID);
        }
        let mut problem = NOT_VALID;
        for key in self.keys.iter().filter(|key| key.fits(&header)) {
            let mut validation = self.validation.clone();
            validation.algorithms = vec![key.algorithm];
            match decode::<Claims>(token, &key.key, &validation) {
                Ok(token) => return self.in_time(token.claims),
                // Another key may be the right one.
                Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {}
                Err(error) => problem = explain(error.kind()),
            }
        }
        Err(problem)
    }

    /// The claims, if the token is valid now. A token without an end is none.
    fn in_time(&self, claims: Claims) -> Result<Claims, &'static str> {
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
            _ => Ok(claims),
        }
    }
}

/// The token of `Bearer TOKEN`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', ',']))
        .then_some(token)
}

fn explain(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidAudience => OTHER_AUDIENCE,
        ErrorKind::InvalidIssuer => OTHER_ISSUER,
        _ => NOT_VALID,
    }
}

fn refused(problem: &'static str, presented: bool) -> Error {
    Error::Unauthenticated { problem, presented }
}
