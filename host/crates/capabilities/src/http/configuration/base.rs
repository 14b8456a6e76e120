//! `base`: where a service is. It becomes scheme, host and a prefix of the path, so that nothing a guest says can change the first two.

use http::Uri;
use http::uri::{Authority, Scheme};

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The service that `mayfly-embedded` serves under that name.
    Embedded,
    /// A server.
    At {
        /// Whether it is spoken to over TLS.
        is_tls: bool,
        /// Host and port, without user.
        authority: Authority,
        /// What comes before every route: empty, or a path without a slash at its end.
        prefix: String,
    },
}

impl Base {
    /// Reads `https://host:port/prefix`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, to follow the key's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "write a URL such as \"https://enrolment.internal/v1\"";
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| format!("is not a URL; {EXAMPLE}"))?;
        let (scheme, authority) = match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority)) => (scheme, authority),
            _ => {
                return Err(format!(
                    "has no scheme and host; {EXAMPLE}, or \"embedded\""
                ));
            }
        };
        if *scheme != Scheme::HTTPS && *scheme != Scheme::HTTP {
            return Err("must begin with https:// or http://".to_owned());
        }
        if authority.as_str().contains('@') {
            return Err(
                "holds a user or a password; remove it, and use `bearer`, `basic` or `header`"
                    .to_owned(),
            );
        }
        if authority.host().is_empty() {
            return Err(format!("has no host; {EXAMPLE}"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err("has a query or a fragment; remove it".to_owned());
        }
        let prefix = uri.path().trim_end_matches('/');
        if prefix
            .split('/')
            .skip(1)
            .any(|part| !is_plain_segment(part))
        {
            return Err(
                "has a path with an empty part, dots, or characters that have to be encoded; write a plain one"
                    .to_owned(),
            );
        }
        Ok(Self::At {
            is_tls: *scheme == Scheme::HTTPS,
            authority: authority.clone(),
            prefix: prefix.to_owned(),
        })
    }

    /// Whether it is spoken to over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::At { is_tls: true, .. })
    }
}

/// Whether a part of a path means itself everywhere: not empty, no dots alone, nothing encoded.
pub(super) fn is_plain_segment(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,=:@".contains(c);
    !part.is_empty() && !part.chars().all(|c| c == '.') && part.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_has_a_scheme_a_host_and_a_plain_path() {
        for (text, tls, host, prefix) in [
            ("https://enrolment.internal", true, "enrolment.internal", ""),
            (
                "https://e.internal:8443/v1/",
                true,
                "e.internal:8443",
                "/v1",
            ),
            ("http://127.0.0.1:3000/a/b", false, "127.0.0.1:3000", "/a/b"),
            ("http://[::1]:3000", false, "[::1]:3000", ""),
        ] {
            let expected = Base::At {
                is_tls: tls,
                authority: Authority::from_static(host),
                prefix: prefix.to_owned(),
            };
            assert_eq!(Base::parse(text), Ok(expected), "{text}");
        }
        assert_eq!(Base::parse("embedded"), Ok(Base::Embedded));
    }

    #[test]
    fn a_base_that_could_mean_something_else_is_refused() {
        for bad in [
            "",
            "enrolment.internal",
            "enrolment.internal:80",
            "/v1",
            "ftp://enrolment.internal",
            "https://",
            "https://user:secret@enrolment.internal",
            "https://user@enrolment.internal",
            "https://enrolment.internal/?a=b",
            "https://enrolment.internal/#x",
            "https://enrolment.internal/a/../b",
            "https://enrolment.internal/a//b",
            "https://enrolment.internal/%2e%2e",
            "https://enrolment.internal/a;b",
            "https://enrolment internal/",
        ] {
            assert!(Base::parse(bad).is_err(), "{bad}");
        }
    }
}
