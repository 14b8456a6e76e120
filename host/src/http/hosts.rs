//! The names that clients may use for this server (`server.hosts`).
//!
//! A page of another site whose name was made to point here sends that name along, so a list of names keeps it out. Which name a
//! client used: the authority in HTTP/2 and in absolute URLs, the header `Host` otherwise.

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{StatusCode, Version};
use mayfly_config::HostName;
use mayfly_error::Error;

use super::request::Refusal;

/// Refuses a request that is for another server, or does not say for which.
pub(super) fn check(head: &Parts, hosts: &[HostName]) -> Result<(), Refusal> {
    let bad_request = |message: &str| {
        (
            StatusCode::BAD_REQUEST,
            Error::BadRequest(message.to_owned()),
        )
    };
    let said = said(head).map_err(bad_request)?;
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
/// It names none or several.
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
    let said = authority.or_else(|| header?.to_str().ok());
    Ok(said.unwrap_or_default())
}

fn covers(hosts: &[HostName], said: &str) -> bool {
    let named = HostName::parse(said);
    named.is_some_and(|named| hosts.iter().any(|host| host.covers(&named)))
}
