//! Who sends an operation: tokens of trusted issuers and API keys are checked, and become a caller with claims.
//!
//! Owns: what of a request is believed. Must not know: GraphQL, guests. A credential that is there and is not accepted refuses the
//! request, so that nobody is taken for anonymous by mistake; one that is missing does too, unless the operator lets anonymous
//! callers in. A request with a token and an API key is refused: which of the two counts should be nobody's guess.
//!
//! Invariants: the key decides the algorithm, never the token; where keys come from is in the configuration, and never in a token;
//! of a token that was not verified `iss` chooses the issuer and `kid` the key, and nothing is believed or logged.

mod account;
mod api_keys;
mod issuer;
mod keys;
mod source;
mod token;

use std::path::Path;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName};
use mayfly_config::{Config, FILE, Problem, Secret};
use mayfly_error::{CallError, Error};
use mayfly_runtime::imports::{Caller, Credential};

pub use account::{Account, Fingerprint, Fingerprints};

use crate::credentials::{Shown, bearer};
use api_keys::ApiKeys;
use issuer::{Issuer, Refusal};
use source::{Failure, Source};
use token::{NOT_VALID, OTHER_ISSUER, Token};

const NO_TOKEN: &str = "the request carries no token; send one as Authorization: Bearer";
const NO_CREDENTIAL: &str = "the request carries neither a token nor an API key; send one of them";
const NO_API_KEY: &str = "the request carries no API key";
const BOTH: &str = "the request carries a token and an API key; send one of them";
const NOT_BEARER: &str =
    "the Authorization header is not a single bearer token; send one as Authorization: Bearer";
const SEVERAL_KEYS: &str = "the request carries several API keys; send one";

/// Recognises callers.
pub struct Callers {
    issuers: Vec<Issuer>,
    api_keys: ApiKeys,
    header: HeaderName,
    anonymous: bool,
    /// What to tell the operator about keys.
    warnings: Vec<Problem>,
}

/// Why a request has no caller.
enum Unknown {
    Refused(Error),
    /// Its token names a key that is not known; the issuer may have it.
    Key(Arc<Source>),
}

impl Callers {
    /// Reads the keys that `[callers]` names. Keys that are fetched are those that `before` has, where they come from the same place.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or holds no key that can check signatures.
    pub fn load(
        config: &mayfly_config::Callers,
        file: &Path,
        before: Option<&Self>,
    ) -> Result<Self, Problem> {
        let mut warnings = Vec::new();
        let mut issuers = Vec::new();
        for issuer in &config.issuers {
            let (issuer, warning) = Issuer::load(issuer, |source| {
                before.and_then(|before| before.source_like(source))
            })?;
            issuers.push(issuer);
            warnings.extend(warning);
        }
        let api_keys = ApiKeys::new(&config.api_keys);
        let expired = api_keys.expired().map(|name| {
            Problem::of_file(
                file,
                format!("the API key `{name}` has expired; remove `callers.api_keys.{name}`, or give its caller a new one"),
            )
        });
        warnings.extend(expired);
        Ok(Self {
            issuers,
            api_keys,
            header: config.api_key_header.clone(),
            anonymous: config.anonymous,
            warnings,
        })
    }

    /// What to tell the operator about keys: those that are not used.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Fetches keys from now on that come from issuers.
    pub fn start(&self) {
        self.sources().for_each(|source| source.start());
    }

    /// Whether the keys of each issuer that publishes them are known, by the issuer's place in the configuration.
    pub fn check(&self) -> impl Iterator<Item = (String, Result<(), CallError>)> {
        self.issuers.iter().filter_map(|issuer| {
            let source = issuer.source()?;
            Some((issuer.path().to_owned(), source.check()))
        })
    }

    /// Fetches all keys once, and says what is wrong with them or with getting them.
    pub async fn fetch(&self, config: &Config) -> Vec<Problem> {
        let mut problems = Vec::new();
        for issuer in &self.issuers {
            if let Some(source) = issuer.source()
                && let Err(failure) = source.fetch_once().await
            {
                problems.push(not_had(issuer, config, &failure, ""));
            }
        }
        problems
    }

    /// Fetches keys that are not known yet, and says which cannot be fetched of those issuers whose keys are known to `before`.
    pub async fn lost(&self, before: Option<&Self>, config: &Config) -> Vec<Problem> {
        let mut problems = Vec::new();
        for issuer in &self.issuers {
            let Some(source) = issuer.source().filter(|source| source.check().is_err()) else {
                continue;
            };
            let mut had = before.into_iter().flat_map(|before| &before.issuers);
            let is_lost = had.any(|had| {
                had.path() == issuer.path() && had.source().is_none_or(|had| had.check().is_ok())
            });
            if let Err(failure) = source.fetch_once().await
                && is_lost
            {
                let remedy = "; the previous ones stay in use";
                problems.push(not_had(issuer, config, &failure, remedy));
            }
        }
        problems
    }

    /// Whether anybody may call.
    #[must_use]
    pub fn lets_anybody_in(&self) -> bool {
        self.anonymous
    }

    /// Who sent a request with these headers. Waits, for a while, when the token names a key that its issuer may have made known
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] when there is a credential that is not accepted, or none where one is required;
    /// [`Error::BackendUnavailable`] when an issuer's keys are not known, or the one that the token names may be a new one.
    pub async fn recognise(&self, headers: &HeaderMap) -> Result<Caller, Error> {
        let source = match self.look(headers) {
            Ok(caller) => return Ok(caller),
            Err(Unknown::Refused(error)) => return Err(error),
            Err(Unknown::Key(source)) => source,
        };
        // Rare, so that requests in general need no room for it.
        let is_known = Box::pin(source.renew()).await;
        self.look(headers).map_err(|unknown| match unknown {
            Unknown::Refused(error) => error,
            Unknown::Key(_) if is_known => refused(NOT_VALID, true),
            Unknown::Key(source) => Error::BackendUnavailable {
                detail: source.why_unknown(),
            },
        })
    }

    fn look(&self, headers: &HeaderMap) -> Result<Caller, Unknown> {
        let token = Shown::of(headers, &AUTHORIZATION);
        let key = if self.api_keys.is_empty() {
            Shown::Nothing
        } else {
            Shown::of(headers, &self.header)
        };
        let refuse = |problem, presented| Err(Unknown::Refused(refused(problem, presented)));
        match (token, key) {
            (Shown::Nothing, Shown::Nothing) if self.anonymous => Ok(Caller::default()),
            (Shown::Nothing, Shown::Nothing) => refuse(self.nothing_shown(), false),
            (Shown::Nothing, Shown::One(key)) => self
                .api_keys
                .recognise(key)
                .map_err(|problem| Unknown::Refused(refused(problem, true))),
            (Shown::Nothing, Shown::Several) => refuse(SEVERAL_KEYS, true),
            // Of two headers, the one this host reads may not be the one a proxy before it has checked.
            (Shown::Several, Shown::Nothing) => refuse(NOT_BEARER, true),
            (Shown::One(value), Shown::Nothing) => match bearer(value) {
                Some(token) if !token.contains([' ', ',']) => self.verify(token),
                _ => refuse(NOT_BEARER, true),
            },
            _ => refuse(BOTH, true),
        }
    }

    /// The bearer of a token that is accepted.
    fn verify(&self, text: &str) -> Result<Caller, Unknown> {
        let refuse = |problem| Unknown::Refused(refused(problem, true));
        let token = Token::read(text).map_err(refuse)?;
        let said = token.issuer().ok_or_else(|| refuse(NOT_VALID))?;
        // Two that have the same name are told apart by whom their tokens are for. Whose keys fit has the last word.
        let mut refusal = Refusal::Because(OTHER_ISSUER);
        for issuer in self.issuers.iter().filter(|issuer| issuer.is(&said)) {
            match issuer.verify(&token) {
                Ok(()) => {
                    let credential = Credential::Token {
                        issuer: issuer.name(),
                        token: Secret::new(text.to_owned()),
                    };
                    return Ok(Caller {
                        credential: Some(Arc::new(credential)),
                        ..Caller::with_claims(token.into_claims())
                    });
                }
                Err(other) => refusal = refusal.or(other),
            }
        }
        Err(match refusal {
            Refusal::Because(problem) | Refusal::Claims(problem) => refuse(problem),
            Refusal::UnknownKey(source) => Unknown::Key(source),
        })
    }

    fn nothing_shown(&self) -> &'static str {
        match (self.issuers.is_empty(), self.api_keys.is_empty()) {
            (false, false) => NO_CREDENTIAL,
            (true, false) => NO_API_KEY,
            _ => NO_TOKEN,
        }
    }

    fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.issuers.iter().filter_map(Issuer::source)
    }

    /// What already fetches the same keys.
    fn source_like(&self, other: &Source) -> Option<Arc<Source>> {
        self.sources().find(|source| source.is_like(other)).cloned()
    }
}

fn refused(problem: &'static str, presented: bool) -> Error {
    Error::Unauthenticated { problem, presented }
}

fn not_had(issuer: &Issuer, config: &Config, failure: &Failure, further: &str) -> Problem {
    let path = issuer.path();
    Problem::of_file(
        &config.root.join(FILE),
        format!("cannot get the keys of `{path}`: {failure}{further}"),
    )
}
