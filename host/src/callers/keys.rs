//! Keys that signatures are checked with, from the environment or from files.
//!
//! A key that could never accept a signature is not kept: the library that checks signatures would refuse every token with it, and
//! say no more than that.

use std::borrow::Cow;
use std::path::Path;

use aws_lc_rs::rsa::{PublicEncryptingKey, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use mayfly_config::file::read_text;
use mayfly_config::{Problem, Secret};
use mayfly_json::{Kind, Limits, Tree, Value};

/// Keys of one set that can check signatures, at most: issuers keep two or three, and a token that names none is tried with each.
const MAX_KEYS: usize = 64;

/// The largest key set, in bytes: certificates stand beside the keys in some.
pub(super) const KEY_SET_BYTES: usize = 1 << 20;

/// What a key set may hold.
const KEY_SET: Limits = Limits::of_bytes(KEY_SET_BYTES).with_values(50_000);

/// Keys left out that are named one by one.
const TOLD: usize = 5;

/// The lengths of an RSA modulus in bits that the library takes.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// A key, and the one algorithm it is for.
pub(super) struct TrustedKey {
    /// Its name in the key set.
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The keys of a set.
pub(super) struct KeySet {
    /// Those that check signatures.
    pub(super) keys: Vec<TrustedKey>,
    /// What to say about the others.
    pub(super) warning: Option<Problem>,
}

impl TrustedKey {
    /// A secret shared with the issuer.
    pub(super) fn secret(secret: &Secret) -> Self {
        Self {
            id: None,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret.expose().as_bytes()),
        }
    }

    /// Whether a token of this algorithm, and of a key with this name, may be signed with this key. A key without a name fits every
    /// token of its algorithm.
    pub(super) fn fits(&self, algorithm: Algorithm, wanted: Option<&str>) -> bool {
        let may_be = self.id.is_none() || wanted.is_none() || self.is_named(wanted);
        may_be && algorithm == self.algorithm
    }

    /// Whether it has the name that a token says.
    pub(super) fn is_named(&self, wanted: Option<&str>) -> bool {
        wanted.is_some() && self.id.as_deref() == wanted
    }

    /// The key of a JSON Web Key, or why it checks no signature.
    fn of(jwk: Value<'_>) -> Result<Self, String> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        if !matches!(text("use").as_ref(), "" | "sig") {
            return Err("not for signatures".to_owned());
        }
        let verifies = |mut operations: mayfly_json::Elements<'_>| {
            operations.any(|operation| operation.as_str().is_some_and(|name| name == "verify"))
        };
        if jwk
            .get("key_ops")
            .and_then(Value::elements)
            .is_some_and(|operations| !verifies(operations))
        {
            return Err("not for checking signatures".to_owned());
        }
        let (algorithm, name) = match (text("kty").as_ref(), text("crv").as_ref()) {
            ("RSA", _) => (Algorithm::RS256, "RS256"),
            ("EC", "P-256") => (Algorithm::ES256, "ES256"),
            ("EC", curve) => return Err(format!("of curve {curve:?}, not P-256")),
            (kind, _) => return Err(format!("of kind {kind:?}, not RSA or EC")),
        };
        let declared = text("alg");
        if !declared.is_empty() && declared != name {
            return Err(format!("for {declared:?}, not {name}"));
        }
        let key = match algorithm {
            Algorithm::RS256 => rsa_key(&text("n"), &text("e"))?,
            _ => elliptic_key(&text("x"), &text("y"))?,
        };
        Ok(Self {
            id: jwk.get("kid").and_then(Value::as_str).map(Cow::into_owned),
            algorithm,
            key,
        })
    }
}

/// The key of a PEM file.
pub(super) fn public_key(file: &Path, setting: &str) -> Result<TrustedKey, Problem> {
    let text = read(file, setting)?;
    if text.contains("PRIVATE KEY") {
        return Err(Problem::of_file(
            file,
            "contains a private key; use the public one, and keep this one with the issuer"
                .to_owned(),
        ));
    }
    let pem = text.as_bytes();
    let rsa = DecodingKey::from_rsa_pem(pem)
        .ok()
        .filter(|key| is_parsed(key, &RSA_PKCS1_2048_8192_SHA256))
        .map(|key| (Algorithm::RS256, key));
    let elliptic = || {
        DecodingKey::from_ec_pem(pem)
            .ok()
            .filter(|key| is_parsed(key, &ECDSA_P256_SHA256_FIXED))
            .map(|key| (Algorithm::ES256, key))
    };
    match rsa.or_else(elliptic) {
        Some((algorithm, key)) => Ok(TrustedKey {
            id: None,
            algorithm,
            key,
        }),
        None => {
            let message = "contains no RSA (2,048 to 8,192 bits) or P-256 public key in PEM; use the one the issuer publishes";
            Err(Problem::of_file(file, message.to_owned()))
        }
    }
}

/// The keys of a JSON Web Key Set in a file.
pub(super) fn key_set(file: &Path, setting: &str) -> Result<KeySet, Problem> {
    let text = read(file, setting)?;
    let problem = |message: String| Problem::of_file(file, message);
    let published = published_keys(text).map_err(|unusable| match unusable {
        Unusable::NoSet(why) => problem(format!("{why}; write {{\"keys\": [..]}}")),
        Unusable::NoKey(why) => problem(format!("{why}; use the set the issuer publishes")),
    });
    let PublishedKeys { keys, left_out } = published?;
    if keys.len() > MAX_KEYS {
        let count = keys.len();
        return Err(problem(format!(
            "has {count} signature keys, and at most {MAX_KEYS} are tried; remove those that the issuer no longer signs with"
        )));
    }
    let warning = unused(&left_out, left_out.len() + keys.len()).map(problem);
    Ok(KeySet { keys, warning })
}

/// The keys of a JSON Web Key Set that an issuer publishes, and what to say about those that are not used. What the operator has no
/// hand in is no reason to do without all of them, so past the limit it is the first ones that are used.
pub(super) fn fetched_key_set(text: String) -> Result<(Vec<TrustedKey>, Option<String>), String> {
    let PublishedKeys {
        mut keys,
        mut left_out,
    } = published_keys(text).map_err(|(Unusable::NoSet(why) | Unusable::NoKey(why))| why)?;
    let all = keys.len() + left_out.len();
    let beyond = keys.split_off(keys.len().min(MAX_KEYS));
    left_out.extend(beyond.into_iter().map(|key| {
        let id = key.id.unwrap_or_default();
        format!("{id:.60?} is beyond the limit of {MAX_KEYS}")
    }));
    Ok((keys, unused(&left_out, all)))
}

fn unused(left_out: &[String], all: usize) -> Option<String> {
    let (unused, told) = (left_out.len(), told(left_out));
    (unused > 0).then(|| format!("{unused} of {all} keys are not used{told}"))
}

/// What is in a key set.
struct PublishedKeys {
    keys: Vec<TrustedKey>,
    /// Why others check no signature.
    left_out: Vec<String>,
}

/// Why a key set cannot be used.
enum Unusable {
    NoSet(String),
    NoKey(String),
}

fn published_keys(text: String) -> Result<PublishedKeys, Unusable> {
    let no_set = |why: &str| Unusable::NoSet(format!("is not a JSON Web Key Set: {why}"));
    let set = Tree::read(text, KEY_SET).map_err(|error| no_set(&error.to_string()))?;
    let jwks = set
        .root()
        .get("keys")
        .and_then(Value::elements)
        .ok_or_else(|| no_set("it lacks the list `keys`"))?;
    let (mut keys, mut left_out) = (Vec::new(), Vec::new());
    for (index, jwk) in jwks.enumerate() {
        match TrustedKey::of(jwk) {
            Ok(key) => keys.push(key),
            Err(why) => left_out.push(format!("{} is {why}", named(jwk, index))),
        }
    }
    if keys.is_empty() {
        let told = told(&left_out);
        return Err(Unusable::NoKey(format!(
            "has no RS256 or ES256 signature key{told}"
        )));
    }
    Ok(PublishedKeys { keys, left_out })
}

const NO_RSA_KEY: &str = "damaged: it is not an RSA key";

fn rsa_key(modulus: &str, exponent: &str) -> Result<DecodingKey, String> {
    // Numbers are written without leading zeros (RFC 7518, 6.3.1), which some issuers do not know, and the library refuses.
    let number = |text: &str, name: &str| {
        let bytes = URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| format!("damaged: `{name}` is not base64url"))?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok::<_, String>(bytes.into_iter().skip(zeros).collect::<Vec<u8>>())
    };
    let (n, e) = (number(modulus, "n")?, number(exponent, "e")?);
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !MODULUS_BITS.contains(&bits) {
        return Err(format!("of {bits} bits, not 2,048 to 8,192"));
    }
    // A product of two primes is odd; the library finds that out only when it checks a signature.
    if n.last().is_none_or(|last| last % 2 == 0) {
        return Err(NO_RSA_KEY.to_owned());
    }
    let components = PublicKeyComponents { n: &n, e: &e };
    let usable: Result<PublicEncryptingKey, _> = components.try_into();
    usable.map_err(|_| NO_RSA_KEY.to_owned())?;
    Ok(DecodingKey::from_rsa_raw_components(&n, &e))
}

fn elliptic_key(x: &str, y: &str) -> Result<DecodingKey, String> {
    DecodingKey::from_ec_components(x, y)
        .ok()
        .filter(|key| is_parsed(key, &ECDSA_P256_SHA256_FIXED))
        .ok_or_else(|| "damaged: it is not a point on P-256".to_owned())
}

/// Whether the library that checks signatures can read the key.
fn is_parsed(key: &DecodingKey, algorithm: &'static dyn VerificationAlgorithm) -> bool {
    key.try_get_as_bytes()
        .is_ok_and(|bytes| ParsedPublicKey::new(algorithm, bytes).is_ok())
}

fn named(jwk: Value<'_>, index: usize) -> String {
    match jwk.get("kid").and_then(Value::as_str) {
        Some(id) => format!("{id:.60?}"),
        None if jwk.kind() == Kind::Object => format!("number {}", index + 1),
        None => format!("number {}, {},", index + 1, jwk.kind().name()),
    }
}

/// Some reasons, behind a colon.
fn told(reasons: &[String]) -> String {
    let mut text = String::new();
    for (index, reason) in reasons.iter().take(TOLD).enumerate() {
        text += if index == 0 { ": " } else { ", " };
        text += reason;
    }
    match reasons.len().saturating_sub(TOLD) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

fn read(file: &Path, setting: &str) -> Result<String, Problem> {
    read_text(file).map_err(|error| {
        Problem::of_file(
            file,
            format!("cannot be read: {error}; correct `{setting}`"),
        )
    })
}
