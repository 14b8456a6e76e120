//! Keys that signatures are checked with, from the environment or from files.

use std::path::Path;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use mayfly_config::{Problem, Secret};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Keys of one set that are read: issuers keep two or three, and a token that names none is tried with each.
const MAX_KEYS: usize = 32;

/// A key, and the one algorithm it is for.
pub(super) struct TrustedKey {
    /// Its name in the key set.
    id: Option<String>,
    /// The algorithm.
    pub(super) algorithm: Algorithm,
    /// The key.
    pub(super) key: DecodingKey,
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

    /// Whether a token with this header may be signed with this key. A key without a name fits every token of its algorithm.
    pub(super) fn fits(&self, header: &Header) -> bool {
        let named = match (&self.id, &header.kid) {
            (Some(id), Some(wanted)) => id == wanted,
            _ => true,
        };
        named && header.alg == self.algorithm
    }

    fn of(jwk: &Jwk) -> Option<Self> {
        let signs = jwk
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            _ => return None,
        };
        let declared = jwk
            .common
            .key_algorithm
            .is_none_or(|declared| declared == algorithm.into());
        let key = DecodingKey::from_jwk(jwk).ok()?;
        (signs && declared).then(|| Self {
            id: jwk.common.key_id.clone(),
            algorithm,
            key,
        })
    }
}

/// The key of a PEM file.
pub(super) fn public_key(file: &Path) -> Result<TrustedKey, Problem> {
    let text = read(file, "callers.public_key")?;
    if text.contains("PRIVATE KEY") {
        return Err(Problem::of_file(
            file,
            "holds a private key; give the public one, and keep this one with the issuer"
                .to_owned(),
        ));
    }
    let pem = text.as_bytes();
    let rsa = DecodingKey::from_rsa_pem(pem).map(|key| (Algorithm::RS256, key));
    let key = rsa.or_else(|_| DecodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key)));
    match key {
        Ok((algorithm, key)) if is_usable(&key) => Ok(TrustedKey {
            id: None,
            algorithm,
            key,
        }),
        _ => {
            let message = "holds no public key of RSA (2,048 bits or more) or P-256 in PEM; write the one the issuer publishes";
            Err(Problem::of_file(file, message.to_owned()))
        }
    }
}

/// The keys of a JSON Web Key Set. Those for other purposes and of other kinds are left out.
pub(super) fn key_set(file: &Path) -> Result<Vec<TrustedKey>, Problem> {
    #[derive(Deserialize)]
    struct KeySet {
        keys: Vec<Box<RawValue>>,
    }

    let text = read(file, "callers.key_set")?;
    let set: KeySet = serde_json::from_str(&text).map_err(|error| {
        Problem::of_file(
            file,
            format!("is not a JSON Web Key Set: {error}; write {{\"keys\": [..]}}"),
        )
    })?;
    // A kind of key the library does not know is no reason to refuse the others.
    let known = set
        .keys
        .iter()
        .filter_map(|key| serde_json::from_str::<Jwk>(key.get()).ok());
    let keys: Vec<_> = known
        .filter_map(|jwk| TrustedKey::of(&jwk))
        .filter(|key| is_usable(&key.key))
        .take(MAX_KEYS)
        .collect();
    if keys.is_empty() {
        let message = "has no key that checks signatures of RS256 or ES256; write the set the issuer publishes";
        return Err(Problem::of_file(file, message.to_owned()));
    }
    Ok(keys)
}

/// Whether the key can check anything: a curve other than P-256 and a short RSA key refuse every token.
fn is_usable(key: &DecodingKey) -> bool {
    /// 2,048 bits.
    const LEAST_MODULUS_BYTES: usize = 256;
    /// A P-256 point, uncompressed.
    const POINT_BYTES: usize = 65;
    match (key.family(), key.kind()) {
        (AlgorithmFamily::Ec, _) => key
            .try_get_as_bytes()
            .is_ok_and(|point| point.len() == POINT_BYTES),
        (_, jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. }) => {
            n.len() >= LEAST_MODULUS_BYTES
        }
        _ => key
            .try_get_as_bytes()
            .is_ok_and(|der| der.len() > LEAST_MODULUS_BYTES),
    }
}

fn read(file: &Path, setting: &str) -> Result<String, Problem> {
    std::fs::read_to_string(file).map_err(|error| {
        Problem::of_file(
            file,
            format!("cannot be read: {error}; correct `{setting}`"),
        )
    })
}
