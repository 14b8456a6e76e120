//! Which headers cross between guests and services.
//!
//! To a service: what describes what is asked, and names of the estate's own (`x-…`). Not what belongs to the connection, to the length
//! of the body, to the host, or to credentials; and not those by which servers and proxies change the method, the path or the address
//! they see, because grants are by method and path. To a guest: everything but what belongs to the connection, and cookies.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers that guests may give.
const FROM_GUESTS: [&str; 10] = [
    "accept",
    "accept-language",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "prefer",
];

/// Beginnings of names that would change what a request means to those who handle it.
const CHANGES_MEANING: [&str; 13] = [
    "x-forwarded",
    "x-http-method",
    "x-method",
    "x-original",
    "x-rewrite",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-accel",
    "x-sendfile",
    "x-middleware",
    "x-envoy",
];

/// Headers of answers that guests are not given.
const NOT_FOR_GUESTS: [&str; 12] = [
    "alt-svc",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-connection",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of one request, at most.
const MOST: usize = 32;

/// A guest's header, or what is wrong with it.
pub(super) fn add(
    headers: &mut HeaderMap,
    (name, value): (&str, &str),
    is_reserved: impl Fn(&HeaderName) -> bool,
) -> Result<(), &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "is not a name of a header")?;
    if !may_be_given(name.as_str()) || is_reserved(&name) {
        return Err("is not one that a guest may give");
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| "has a value with a line break or another control character")?;
    if headers.len() >= MOST {
        return Err("is one more than the 32 that a request may have");
    }
    match headers.insert(name, value) {
        None => Ok(()),
        Some(_) => Err("is given twice"),
    }
}

fn may_be_given(name: &str) -> bool {
    let own =
        name.starts_with("x-") && !CHANGES_MEANING.iter().any(|begin| name.starts_with(begin));
    own || FROM_GUESTS.contains(&name)
}

/// Headers of an answer that its guest is given, those of one name together.
pub(super) fn for_guests(headers: &HeaderMap) -> Vec<(&str, String)> {
    let names = headers.keys().map(HeaderName::as_str);
    let names = names.filter(|name| !NOT_FOR_GUESTS.contains(name));
    let joined = |name: &str| {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        values.join(", ")
    };
    names.map(|name| (name, joined(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, value: &str) -> Result<(), &'static str> {
        add(&mut HeaderMap::new(), (name, value), |name| {
            name == "x-api-key"
        })
    }

    #[test]
    fn guests_give_what_describes_a_request() {
        for name in [
            "accept",
            "Content-Type",
            "if-none-match",
            "idempotency-key",
            "x-tenant",
            "X-Request-Id",
        ] {
            assert_eq!(given(name, "a"), Ok(()), "{name}");
        }
    }

    #[test]
    fn guests_give_nothing_of_connections_hosts_lengths_and_credentials() {
        for name in [
            "host",
            "Host",
            "content-length",
            "connection",
            "keep-alive",
            "transfer-encoding",
            "te",
            "trailer",
            "upgrade",
            "expect",
            "proxy-authorization",
            "proxy-connection",
            "authorization",
            "cookie",
            "accept-encoding",
            "content-encoding",
            "range",
            "forwarded",
            "via",
            "traceparent",
            "x-api-key",
            "x-forwarded-for",
            "X-Forwarded-Host",
            "x-http-method-override",
            "x-method-override",
            "x-original-url",
            "x-rewrite-url",
            "x-real-ip",
            "x-host",
            "",
            "a b",
            "x-a\r\nhost",
            "x-é",
            ":authority",
            "x_forwarded_for",
        ] {
            assert!(given(name, "a").is_err(), "{name}");
        }
        for value in ["a\r\nhost: b", "a\nb", "a\0b", "\u{7f}"] {
            assert!(given("x-a", value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_header_is_given_once_and_not_without_end() {
        let mut headers = HeaderMap::new();
        assert_eq!(add(&mut headers, ("x-a", "1"), |_| false), Ok(()));
        assert!(add(&mut headers, ("X-A", "2"), |_| false).is_err());
        for number in 1..MOST {
            assert_eq!(
                add(&mut headers, (&format!("x-{number}"), "1"), |_| false),
                Ok(())
            );
        }
        assert!(add(&mut headers, ("x-more", "1"), |_| false).is_err());
    }

    #[test]
    fn guests_see_no_cookies_and_nothing_of_connections() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("etag", "\"1\""),
            ("set-cookie", "a=b"),
            ("connection", "close"),
            ("x-a", "1"),
            ("x-a", "2"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let seen = for_guests(&headers);
        assert_eq!(
            seen,
            [("etag", "\"1\"".to_owned()), ("x-a", "1, 2".to_owned())]
        );
    }
}
