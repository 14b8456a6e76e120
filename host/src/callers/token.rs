//! A token as it is written: header, claims, signature (JSON Web Tokens, RFC 7519). Nothing of it is trusted here.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use mayfly_json::{Kind, Limits, Tree, Value};

/// The longest token that is looked at, in bytes: several times what issuers write, and nothing to keep a core busy with.
/// [`TOO_LONG`] names it.
const MAX_TOKEN_BYTES: usize = 16 << 10;

/// What a part of a token may hold. A part that has a name twice is refused, as others may read the other one.
const PART: Limits = Limits::of_bytes(MAX_TOKEN_BYTES).with_depth(32);

pub(super) const TOO_LONG: &str =
    "the token is longer than 16 KiB; have its issuer put fewer claims into it";
pub(super) const NOT_VALID: &str = "the token is not valid";
pub(super) const EXPIRED: &str = "the token has expired; get a new one";
pub(super) const TOO_EARLY: &str = "the token is not valid yet";
pub(super) const OTHER_AUDIENCE: &str = "the token is for another audience";
pub(super) const OTHER_ISSUER: &str = "the token is from another issuer";
pub(super) const NOT_ACCESS: &str = "the token is not an access token";

/// A token in parts.
pub(super) struct Token<'t> {
    /// What is signed.
    pub(super) signed: &'t [u8],
    pub(super) signature: &'t str,
    pub(super) algorithm: Algorithm,
    /// The name of the key it was signed with.
    pub(super) key_id: Option<String>,
    claims: Tree<'static>,
}

impl<'t> Token<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, &'static str> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TOO_LONG);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(NOT_VALID)?;
        let (header, claims) = signed.split_once('.').ok_or(NOT_VALID)?;
        let header = part(header)?;
        let (algorithm, key_id) = read_header(header.root())?;
        Ok(Self {
            signed: signed.as_bytes(),
            signature,
            algorithm,
            key_id: key_id.map(Cow::into_owned),
            claims: part(claims)?,
        })
    }

    /// The claims; they are to be believed once the signature was checked.
    pub(super) fn claims(&self) -> Value<'_> {
        self.claims.root()
    }

    /// Who is said to have made it. A token has one issuer (RFC 7519, 4.1.1).
    pub(super) fn issuer(&self) -> Option<Cow<'_, str>> {
        self.claims().get("iss")?.as_str()
    }

    /// The claims, as they were written.
    pub(super) fn into_claims(self) -> String {
        self.claims.text().to_owned()
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
