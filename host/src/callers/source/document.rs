//! What an issuer publishes: where its key set is (OpenID Connect Discovery 1.0), and the set.

use std::time::Duration;

use http::Uri;
use mayfly_config::key_set_location;
use mayfly_json::{Limits, Tree, Value};

use super::fetch::{Failure, Fetcher};
use crate::callers::keys::{KEY_SET_BYTES, TrustedKey, fetched_key_set};

/// The largest document that says where a key set is, in bytes.
const DISCOVERY_BYTES: usize = 256 << 10;

/// Where keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The key set is here.
    Url(Uri),
    /// The issuer says here where it is.
    Discovery { url: Uri, issuer: String },
}

/// Keys that were fetched.
pub(super) struct Published {
    pub(super) keys: Vec<TrustedKey>,
    /// What to tell the operator about those that are not used.
    pub(super) warning: Option<String>,
    /// How long the issuer lets them be cached, if it says so.
    pub(super) lifetime: Option<Duration>,
}

impl Place {
    /// What is asked first.
    pub(super) fn url(&self) -> &Uri {
        match self {
            Self::Url(url) | Self::Discovery { url, .. } => url,
        }
    }

    pub(super) async fn fetch(&self, fetcher: &Fetcher) -> Result<Published, Failure> {
        let url = match self {
            Self::Url(url) => url.clone(),
            Self::Discovery { url, issuer } => {
                let document = fetcher.get(url, DISCOVERY_BYTES).await?;
                key_set_url(document.text, url, issuer)?
            }
        };
        let answer = fetcher.get(&url, KEY_SET_BYTES).await?;
        let (keys, warning) = fetched_key_set(answer.text)
            .map_err(|why| Failure::NoKeys(format!("the answer of {url} {why}")))?;
        Ok(Published {
            keys,
            warning,
            lifetime: answer.lifetime,
        })
    }
}

/// Where the key set of an issuer is, by its own word. It has to name itself as it is configured: another one's document is no use, and
/// may be meant to mislead.
fn key_set_url(text: String, asked: &Uri, issuer: &str) -> Result<Uri, Failure> {
    let unusable = |why: String| Failure::Discovery(format!("the answer of {asked} {why}"));
    let limits = Limits::of_bytes(DISCOVERY_BYTES);
    let document = Tree::read(text, limits)
        .map_err(|error| unusable(format!("is not an OpenID configuration: {error}")))?;
    let said = |name: &str| document.root().get(name).and_then(Value::as_str);
    match said("issuer") {
        Some(named) if named == issuer => {}
        named => {
            let named = named.unwrap_or_default();
            return Err(Failure::OtherIssuer(format!(
                "the answer of {asked} is for issuer {named:.200?}, not {issuer:?}"
            )));
        }
    }
    let named = said("jwks_uri").unwrap_or_default();
    let url = key_set_location(&named).ok_or_else(|| {
        unusable(format!(
            "has the `jwks_uri` {named:.200?}, which is not an https URL"
        ))
    })?;
    // An issuer that is asked over the network has nothing to say of what listens on this machine.
    if url.scheme() != asked.scheme() {
        return Err(unusable(format!(
            "has the `jwks_uri` {named:.200?}, which is not an https URL"
        )));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn an_issuer_s_word_counts_where_it_names_itself_and_a_safe_place() {
        let asked: Uri = "https://id.example.org/.well-known/openid-configuration"
            .parse()
            .unwrap();
        let said = |issuer: &str, place: &str| {
            let text = format!(r#"{{"issuer":{issuer:?},"jwks_uri":{place:?}}}"#);
            key_set_url(text, &asked, "https://id.example.org").map_err(|why| why.to_string())
        };
        assert_eq!(
            said("https://id.example.org", "https://keys.example.net/a?b=c").unwrap(),
            "https://keys.example.net/a?b=c"
        );
        for (issuer, place, expected) in [
            (
                "https://id.example.org/",
                "https://id.example.org/keys",
                "is for issuer \"https://id.example.org/\", not \"https://id.example.org\"",
            ),
            ("", "https://id.example.org/keys", "is for issuer \"\", not"),
            (
                "https://id.example.org",
                "http://id.example.org/keys",
                "which is not an https URL",
            ),
            (
                "https://id.example.org",
                "http://127.0.0.1/keys",
                "which is not an https URL",
            ),
            (
                "https://id.example.org",
                "https://a@b/keys",
                "which is not an https URL",
            ),
            (
                "https://id.example.org",
                "file:///etc/passwd",
                "which is not an https URL",
            ),
            (
                "https://id.example.org",
                "/keys",
                "which is not an https URL",
            ),
            ("https://id.example.org", "", "which is not an https URL"),
        ] {
            let why = said(issuer, place).unwrap_err();
            assert!(why.contains(expected), "{issuer} {place}: {why}");
        }
        let why = key_set_url("<html>".to_owned(), &asked, "x")
            .unwrap_err()
            .to_string();
        assert!(why.contains("is not an OpenID configuration"), "{why}");
    }
}
