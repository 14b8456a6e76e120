//! Who may look at modules, and change them.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Admin, hear_out, refuse};

/// Lets the bearer of the token through. Without a token in the configuration anybody may look, and nobody may change anything.
pub(super) async fn check(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let Some(token) = admin.host.admin_token() else {
        if request.method() == Method::GET || request.method() == Method::HEAD {
            return next.run(request).await;
        }
        hear_out(request).await;
        let message =
            "modules cannot be changed here: the configuration has no `server.admin_token`";
        return refuse(StatusCode::FORBIDDEN, message);
    };
    if bearer(request.headers()).is_some_and(|shown| same(shown, token.expose())) {
        return next.run(request).await;
    }
    hear_out(request).await;
    let mut response = refuse(
        StatusCode::UNAUTHORIZED,
        "the token of `server.admin_token` is missing or wrong; send it as `Authorization: Bearer TOKEN`, or set MAYFLY_ADMIN_TOKEN for `mayfly`",
    );
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares digests, in a time that tells nothing of either token, its length included.
fn same(shown: &str, token: &str) -> bool {
    Sha256::digest(shown)
        .as_slice()
        .ct_eq(Sha256::digest(token).as_slice())
        .into()
}
