//! The names that clients may use for this server (`server.hosts`).
//!
//! A page of another site whose name was made to point here sends that name along, so a list of names keeps it out. Which name a
//! client used: the authority in HTTP/2 and in absolute URLs, the header `Host` otherwise.

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version};
use mayfly_config::HostName;
use mayfly_error::Error;

use super::request::Refusal;

/// What is said of a `Host` that is none (RFC 9112, 3.2).
const NO_HOST: &str = "the Host of the request is not a host name; send one such as \"api.example.org\" or \"localhost:8080\"";

/// Refuses a request that is for another server, or does not say for which.
pub(super) fn check(head: &Parts, hosts: &[HostName]) -> Result<(), Refusal> {
    let bad_request = |message: &str| {
        (
            StatusCode::BAD_REQUEST,
            Error::BadRequest(message.to_owned()),
        )
    };
    let said = said(head).map_err(bad_request)?;
    if !said.is_empty() && !is_authority(said) {
        return Err(bad_request(NO_HOST));
    }
    if hosts.is_empty() || covers(hosts, said) {
        return Ok(());
    }

    let shown: String = said.chars().take(100).collect();
    let message = format!(
        "this server is not \"{shown}\"; use one of its names, or add this one to `server.hosts`"
    );
    Err((StatusCode::MISDIRECTED_REQUEST, Error::BadRequest(message)))
}

/// The host that a request names, with its port: in its URL, as HTTP/2 and proxies have it, or else in its only `Host` header. Empty
/// when it names none, as HTTP/1.0 may.
///
/// # Errors
///
/// It names none or several, or none that is text.
pub(super) fn said(head: &Parts) -> Result<&str, &'static str> {
    let mut sent = head.headers.get_all(HOST).iter();
    let header = sent.next();
    if sent.next().is_some() {
        return Err("the request has more than one Host header; send one");
    }
    let authority = head.uri.authority().map(|authority| authority.as_str());
    if header.is_none() && authority.is_none() && head.version == Version::HTTP_11 {
        return Err("the request has no Host header; send one");
    }
    match (authority, header) {
        (Some(authority), _) => Ok(authority),
        (None, Some(header)) => header.to_str().map_err(|_| NO_HOST),
        (None, None) => Ok(""),
    }
}

/// Whether a text is a host, perhaps with a port.
fn is_authority(said: &str) -> bool {
    // What almost all are is seen without reading it as part of a URL.
    let (name, port) = said.split_once(':').unwrap_or((said, ""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !name.is_empty() && name.bytes().all(is_plain) && port.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let Ok(authority) = said.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    // `Host` has no user before the host, unlike a URL.
    let after_host = said.strip_prefix(host).filter(|_| !host.is_empty());
    after_host.is_some_and(|after| match after.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => after.is_empty(),
    })
}

fn covers(hosts: &[HostName], said: &str) -> bool {
    let named = HostName::parse(said);
    named.is_some_and(|named| hosts.iter().any(|host| host.covers(&named)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]

    use axum::http::{HeaderValue, Request};

    use super::*;

    /// The status of the refusal of a request with this `Host`.
    fn refusal(said: &[u8], hosts: &[HostName]) -> Option<u16> {
        let said = HeaderValue::from_bytes(said).unwrap();
        let request = Request::get("/graphql")
            .header(HOST, said)
            .body(())
            .unwrap();
        let (head, ()) = request.into_parts();
        check(&head, hosts).err().map(|(status, _)| status.as_u16())
    }

    #[test]
    fn what_is_no_host_is_refused_whatever_is_configured() {
        let listed = HostName::parse("api.example.org");
        for said in [
            &b"a b/c"[..],
            b"a/b",
            b"user@api.example.org",
            b"http://a",
            b"a:80:80",
            b"a:b",
            b"::1",
            b"[::1",
            b":80",
            b"a?b",
            b"\xff",
        ] {
            let shown = String::from_utf8_lossy(said);
            assert_eq!(refusal(said, &[]), Some(400), "{shown}");
            assert_eq!(refusal(said, listed.as_slice()), Some(400), "{shown}");
        }
    }

    #[test]
    fn every_host_is_served_where_none_is_listed() {
        let listed = HostName::parse("api.example.org");
        for said in [
            "a",
            "a:",
            "a:80",
            "A_b-c.d.",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:80",
            "a~b",
            "",
        ] {
            assert_eq!(refusal(said.as_bytes(), &[]), None, "{said}");
            assert_eq!(
                refusal(said.as_bytes(), listed.as_slice()),
                Some(421),
                "{said}"
            );
        }
        assert_eq!(refusal(b"API.example.org:80", listed.as_slice()), None);
    }
}
