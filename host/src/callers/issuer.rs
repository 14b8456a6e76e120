//! One issuer: its keys, and what its tokens have to say.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::crypto;
use mayfly_config::{Audience, Problem, TokenKey};
use mayfly_json::{Kind, Value};

use super::keys::{self, KeySet, TrustedKey};
use super::source::Source;
use super::token::{EXPIRED, NOT_ACCESS, NOT_VALID, OTHER_AUDIENCE, TOO_EARLY, Token};

/// An issuer whose tokens are accepted.
pub(super) struct Issuer {
    /// Where it is in the configuration.
    path: String,
    /// The `iss` of its tokens.
    name: Arc<str>,
    audience: Audience,
    leeway: Duration,
    keys: Keys,
}

enum Keys {
    /// Known since the app was loaded.
    Loaded(Vec<TrustedKey>),
    /// Fetched from the issuer.
    Fetched(Arc<Source>),
}

/// Why a token is refused, from the least to the most that is known of it.
pub(super) enum Refusal {
    /// Without a signature that fits.
    Because(&'static str),
    /// The key that it is signed with is not known.
    UnknownKey(Arc<Source>),
    /// By what it says, which its issuer signed.
    Claims(&'static str),
}

impl Refusal {
    /// What is told when another issuer of the same name has refused it, too.
    pub(super) fn or(self, other: Self) -> Self {
        let rank = |refusal: &Self| match refusal {
            Self::Because(_) => 0,
            Self::UnknownKey(_) => 1,
            Self::Claims(_) => 2,
        };
        if rank(&other) >= rank(&self) {
            other
        } else {
            self
        }
    }
}

impl Issuer {
    /// Reads its keys, or prepares to fetch them; `known` gives what fetches the same ones already.
    pub(super) fn load(
        config: &mayfly_config::Issuer,
        known: impl FnOnce(&Source) -> Option<Arc<Source>>,
    ) -> Result<(Self, Option<Problem>), Problem> {
        let path = &config.path;
        let (keys, warning) = match &config.key {
            TokenKey::Secret(secret) => (Keys::Loaded(vec![TrustedKey::secret(secret)]), None),
            TokenKey::PublicKey(file) => {
                let key = keys::public_key(file, &format!("{path}.public_key"))?;
                (Keys::Loaded(vec![key]), None)
            }
            TokenKey::KeySet(file) => {
                let KeySet { keys, warning } = keys::key_set(file, &format!("{path}.key_set"))?;
                (Keys::Loaded(keys), warning)
            }
            TokenKey::Url(_) | TokenKey::Discovery(_) => {
                let source = Source::new(config)?;
                let source = known(&source).unwrap_or_else(|| Arc::new(source));
                (Keys::Fetched(source), None)
            }
        };
        let issuer = Self {
            path: path.clone(),
            name: config.issuer.as_str().into(),
            audience: config.audience.clone(),
            leeway: config.leeway,
            keys,
        };
        Ok((issuer, warning))
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// Whether tokens with this `iss` are its tokens.
    pub(super) fn is(&self, said: &str) -> bool {
        *self.name == *said
    }

    /// Where its keys are fetched, if they are.
    pub(super) fn source(&self) -> Option<&Arc<Source>> {
        match &self.keys {
            Keys::Loaded(_) => None,
            Keys::Fetched(source) => Some(source),
        }
    }

    /// Whether a token is to be believed: its signature first, then what it says.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), Refusal> {
        match &self.keys {
            Keys::Loaded(keys) => match check_signature(keys, token) {
                Signature::Fits => {}
                Signature::Wrong | Signature::UnknownKey => {
                    return Err(Refusal::Because(NOT_VALID));
                }
            },
            Keys::Fetched(source) => match check_signature(&source.keys(), token) {
                Signature::Fits => {}
                Signature::Wrong => return Err(Refusal::Because(NOT_VALID)),
                Signature::UnknownKey => return Err(Refusal::UnknownKey(source.clone())),
            },
        }
        self.check(token.claims()).map_err(Refusal::Claims)
    }

    /// Whether what was signed is meant for this host, now. A token without an end is not valid.
    fn check(&self, claims: Value<'_>) -> Result<(), &'static str> {
        let text = |value: Value<'_>, wanted: &str| value.as_str().is_some_and(|is| is == wanted);
        match &self.audience {
            Audience::Audience(wanted) => {
                let audience = claims.get("aud").ok_or(NOT_VALID)?;
                let is_meant = match (audience.kind(), audience.elements()) {
                    (Kind::String, _) => text(audience, wanted),
                    (_, Some(mut all)) => all.any(|one| text(one, wanted)),
                    _ => return Err(NOT_VALID),
                };
                if !is_meant {
                    return Err(OTHER_AUDIENCE);
                }
            }
            Audience::Client(wanted) => {
                let says = |name: &str, wanted: &str| {
                    claims.get(name).is_some_and(|value| text(value, wanted))
                };
                // An identity token tells an application of somebody, and lets nobody in.
                if !says("token_use", "access") {
                    return Err(NOT_ACCESS);
                }
                if !says("client_id", wanted) {
                    return Err(OTHER_AUDIENCE);
                }
            }
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

/// What a signature comes to.
enum Signature {
    Fits,
    /// The key that the token names is known, and did not sign it.
    Wrong,
    /// None of the keys signed it, and it does not name one of them: another key may have come since these were read.
    UnknownKey,
}

/// Whether the signature is of one of these keys.
fn check_signature(keys: &[TrustedKey], token: &Token<'_>) -> Signature {
    let id = token.key_id.as_deref();
    let fitting: Vec<_> = keys
        .iter()
        .filter(|key| key.fits(token.algorithm, id))
        .collect();
    // Of several keys that fit, another may be the right one.
    let is_signed = fitting.iter().any(|trusted| {
        crypto::verify(token.signature, token.signed, &trusted.key, token.algorithm)
            .unwrap_or_default()
    });
    if is_signed {
        Signature::Fits
    } else if !fitting.is_empty() && fitting.iter().all(|trusted| trusted.is_named(id)) {
        Signature::Wrong
    } else {
        Signature::UnknownKey
    }
}
