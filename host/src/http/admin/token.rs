//! Who may look at modules, and change them.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Admin, refuse, unread};

/// Lets the bearer of the token through, and reads nothing of anybody else's body. Without a token in the configuration anybody may look, and nobody may change anything.
pub(super) async fn check(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let Some(token) = admin.host.admin_token() else {
        if request.method() == Method::GET || request.method() == Method::HEAD {
            return run(&admin, next, request).await;
        }
        let message =
            "modules cannot be changed here: the configuration has no `server.admin_token`";
        return unread(&request, refuse(StatusCode::FORBIDDEN, message));
    };
    if bearer(request.headers()).is_some_and(|shown| same(shown, token.expose())) {
        return run(&admin, next, request).await;
    }
    let mut response = refuse(
        StatusCode::UNAUTHORIZED,
        "the token of `server.admin_token` is missing or wrong; send it as `Authorization: Bearer TOKEN`, or set MAYFLY_ADMIN_TOKEN for `mayfly`",
    );
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    unread(&request, response)
}

async fn run(admin: &Admin, next: Next, request: Request) -> Response {
    match admin.work(next.run(request)).await {
        Ok(response) | Err(response) => response,
    }
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
