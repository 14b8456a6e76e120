//! Whether a request is meant for this address, or was made by a page of another site.
//!
//! A page may have its own name point at the admin address once it is loaded (DNS rebinding), and then its requests are of the same
//! origin. Such a request names the page's host, so only names that nobody else can have are accepted: `localhost`, addresses, and
//! those in `server.admin_hosts`. There is no CORS, so a page of another origin gets no further than asking.

use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use mayfly_config::HostName;

use crate::http::{Host, hosts};

/// Refuses a request that is for another host, or comes from a page of another.
pub(super) fn check(head: &Parts, host: &Host) -> Result<(), (StatusCode, String)> {
    let bad_request = |message: &str| (StatusCode::BAD_REQUEST, message.to_owned());
    let said = hosts::said(head).map_err(bad_request)?;
    let named = HostName::parse(said);
    let is_ours = named.is_some_and(|named| {
        is_local(&named) || host.with_server(|server| covers(&server.admin_hosts, &named))
    });
    if !is_ours {
        let shown: String = said.chars().take(100).collect();
        let message = format!(
            "the admin address is not \"{shown}\"; use `localhost` or its address, or add this name to `server.admin_hosts`"
        );
        return Err((StatusCode::MISDIRECTED_REQUEST, message));
    }
    let mut origins = head.headers.get_all(ORIGIN).iter();
    let is_same = |origin: &str| {
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(said))
    };
    if origins.all(|origin| origin.to_str().is_ok_and(is_same)) {
        return Ok(());
    }
    let message = "pages of other origins may not use the admin address".to_owned();
    Err((StatusCode::FORBIDDEN, message))
}

/// Whether a name is one that no name server answers for.
fn is_local(named: &HostName) -> bool {
    let name = named.name.trim_end_matches('.');
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name == "localhost" || address.parse::<std::net::IpAddr>().is_ok()
}

fn covers(hosts: &[HostName], named: &HostName) -> bool {
    hosts.iter().any(|host| host.covers(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_name_server_answers_for_are_not_local() {
        let table = [
            ("localhost", true),
            ("LOCALHOST:8081", true),
            ("localhost.", true),
            ("127.0.0.1:8081", true),
            ("10.1.2.3", true),
            ("[::1]:8081", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("127.1", false),
            ("2130706433", false),
        ];
        for (said, expected) in table {
            let named = HostName::parse(said);
            assert_eq!(
                named.is_some_and(|named| is_local(&named)),
                expected,
                "{said}"
            );
        }
    }
}
