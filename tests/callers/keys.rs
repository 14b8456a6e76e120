//! Keys of an issuer, made for a test.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// A key for RS256.
pub struct RsaKey(RsaKeyPair);

/// A key for ES256.
pub struct EllipticKey {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

impl RsaKey {
    pub fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub fn token(&self, id: Option<&str>, claims: &Value) -> String {
        let pem = pem("PRIVATE KEY", self.0.as_der().unwrap().as_ref());
        token(
            Algorithm::RS256,
            id,
            claims,
            &EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        )
    }

    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", self.0.public_key().as_der().unwrap().as_ref())
    }

    pub fn modulus(&self) -> Vec<u8> {
        self.0
            .public_key()
            .modulus()
            .big_endian_without_leading_zero()
            .to_vec()
    }

    pub fn jwk(&self, id: &str) -> Value {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = self.0.public_key();
        let (n, e) = (
            key.modulus().big_endian_without_leading_zero(),
            key.exponent().big_endian_without_leading_zero(),
        );
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": part(n), "e": part(e) })
    }
}

impl EllipticKey {
    pub fn new() -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        Self {
            pair,
            pkcs8: pkcs8.as_ref().to_vec(),
        }
    }

    pub fn token(&self, id: Option<&str>, claims: &Value) -> String {
        token(
            Algorithm::ES256,
            id,
            claims,
            &EncodingKey::from_ec_der(&self.pkcs8),
        )
    }

    pub fn public_pem(&self) -> String {
        pem(
            "PUBLIC KEY",
            self.pair.public_key().as_der().unwrap().as_ref(),
        )
    }

    pub fn jwk(&self, id: &str) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": id, "x": part(x), "y": part(y) })
    }
}

fn token(algorithm: Algorithm, id: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    encode(
        &Header {
            kid: id.map(str::to_owned),
            ..Header::new(algorithm)
        },
        claims,
        key,
    )
    .unwrap()
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {what}-----\n{}\n-----END {what}-----\n",
        lines.join("\n")
    )
}
