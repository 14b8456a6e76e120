//! Credentials that are known by their SHA-256: tokens of operators, and API keys of callers.

use http::HeaderMap;
use http::header::HeaderName;
use mayfly_config::Sha256Hash;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The one whose credential was shown. Every one is compared, each in a time that tells nothing of it.
pub(crate) fn find<'a, T>(
    all: &'a [T],
    hash: impl Fn(&T) -> &Sha256Hash,
    shown: &[u8],
) -> Option<&'a T> {
    let shown = Sha256::digest(shown);
    let mut found = None;
    for one in all {
        if bool::from(shown.as_slice().ct_eq(&hash(one).0)) {
            found = Some(one);
        }
    }
    found
}

/// What a request has in a header that may be there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'a> {
    Nothing,
    One(&'a [u8]),
    /// Of several, another one may have been checked by a proxy.
    Several,
}

impl<'a> Shown<'a> {
    pub(crate) fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => Self::One(value.as_bytes()),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// What follows the scheme of `Bearer TOKEN`.
pub(crate) fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = str::from_utf8(value).ok()?.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}
