//! The trace that an operation belongs to: read from the request, said in the answer.

use axum::http::HeaderMap;

/// The header that names the trace of an answer.
pub(super) const TRACE_ID: &str = "x-trace-id";

/// The trace id a client sent in `traceparent`, or a new one.
pub(super) fn trace_id(headers: &HeaderMap) -> String {
    let sent = headers
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split('-').nth(1));
    let valid = |id: &&str| {
        id.len() == 32
            && id
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            && id.bytes().any(|b| b != b'0')
    };
    sent.filter(valid).map_or_else(
        || format!("{:032x}", rand::random::<u128>().max(1)),
        str::to_owned,
    )
}
