//! Who sent a request: the bearer of a token of the configuration, or whoever reaches the address where there is none.
//!
//! Tokens are looked up as they are configured now, so that one which was taken away is refused from the next request on, and ends
//! the streams that it opened.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use mayfly_config::{AdminToken, Role};

use crate::credentials::{Shown, bearer, find};
use crate::history::Actor;
use crate::http::Host;

/// Who may look where there is no token.
const ANYBODY: &str = "anybody";

/// Who sent a request, and what they may do.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The token; none where there is none in the configuration.
    token: Option<AdminToken>,
    /// The address the request came from.
    address: Option<String>,
}

/// The request carries no token that is known.
#[derive(Debug, thiserror::Error)]
#[error(
    "the token is missing or not one of `server.admin_token` and `[server.admin_tokens]`; send it as `Authorization: Bearer TOKEN`, or set MAYFLY_ADMIN_TOKEN for `mayfly`"
)]
pub(super) struct Unauthenticated;

/// The bearer may not do what they asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Forbidden {
    /// Their token has another role.
    #[error("the token `{0}` has the role `read`, and changes need `deploy`; use another token")]
    Role(String),
    /// There is no token.
    #[error(
        "modules cannot be changed here: the configuration has no `server.admin_token`, and no `[server.admin_tokens.NAME]` of the role `deploy`"
    )]
    NoToken,
}

impl Identity {
    /// Recognises the bearer of a token. Without tokens in the configuration anybody may look.
    pub(super) fn of(
        host: &Host,
        headers: &HeaderMap,
        address: Option<String>,
    ) -> Result<Self, Unauthenticated> {
        host.with_server(|server| {
            if server.admin_tokens.is_empty() {
                return Ok(Self {
                    token: None,
                    address,
                });
            }
            let Shown::One(value) = Shown::of(headers, &AUTHORIZATION) else {
                return Err(Unauthenticated);
            };
            let shown = bearer(value).ok_or(Unauthenticated)?;
            let token = find(
                &server.admin_tokens,
                |token| &token.sha256,
                shown.as_bytes(),
            );
            let token = token.ok_or(Unauthenticated)?;
            Ok(Self {
                token: Some(token.clone()),
                address,
            })
        })
    }

    /// Whether they would be recognised again now.
    pub(super) fn is_current(&self, host: &Host) -> bool {
        host.with_server(|server| match &self.token {
            Some(token) => server.admin_tokens.contains(token),
            None => server.admin_tokens.is_empty(),
        })
    }

    /// Whether they may change what is served.
    pub(super) fn may_deploy(&self) -> Result<(), Forbidden> {
        match &self.token {
            Some(token) if token.role == Role::Deploy => Ok(()),
            Some(token) => Err(Forbidden::Role(token.name.clone())),
            None => Err(Forbidden::NoToken),
        }
    }

    /// Whom changes are attributed to.
    pub(super) fn actor(&self) -> Actor {
        let name = self.token.as_ref().map_or(ANYBODY, |token| &token.name);
        Actor::operator(name, self.address.clone())
    }
}
