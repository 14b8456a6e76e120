//! Answers with text that is not the JSON the host expects, below what an SDK would let pass.

#![allow(
    unsafe_code,
    reason = "exports by hand, as an SDK would refuse to write these answers"
)]

use mayfly_guest::__private::{Guest, Invocation, WireError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Arguments<'a> {
    how: &'a str,
}

/// The module, in place of what `resolvers!` would make.
pub struct MalformedJson;

impl Guest for MalformedJson {
    fn resolve(invocation: Invocation) -> Vec<Result<String, WireError>> {
        let answer = match serde_json::from_str::<Arguments<'_>>(&invocation.arguments)
            .map_or("", |arguments| arguments.how)
        {
            "NOT_JSON" => "hello".into(),
            "EMPTY" => String::new(),
            "TRUNCATED" => r#"{"id":"1","nu"#.into(),
            "TRAILING" => r#"{"id":"1"} {"id":"2"}"#.into(),
            "LONE_SURROGATE" => r#"{"id":"\ud800"}"#.into(),
            "HUGE_NUMBER" => format!(r#"{{"id":"1","number":1e{}}}"#, "9".repeat(1_000)),
            "NUMBER_IN_ID" => format!(r#"{{"id":{}}}"#, "9".repeat(100_000)),
            "DUPLICATE_KEYS" => r#"{"id":"1","number":1,"id":"2","number":"two"}"#.into(),
            "MANY_KEYS" => format!(
                r#"{{{}"id":"1"}}"#,
                (0..100_000)
                    .map(|key| format!(r#""k{key}":0,"#))
                    .collect::<String>()
            ),
            "LONG_STRING" => format!(r#"{{"id":"{}"}}"#, "x".repeat(1 << 20)),
            "LONG_KEY" => format!(r#"{{"{}":0,"id":"1"}}"#, "x".repeat(1 << 20)),
            "DEEP_UNUSED" => format!(
                r#"{{"extra":{}{},"id":"1"}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "DEEP_OBJECTS" => format!(
                r#"{{"extra":{}0{},"id":"1"}}"#,
                r#"{"a":"#.repeat(100_000),
                "}".repeat(100_000)
            ),
            "DEEP_ANYTHING" => format!(
                r#"{{"anything":{}{},"id":"1"}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "DEEPLY_NESTED" => format!(r#"{{"id":"1","extra":{}"#, "[".repeat(100_000)),
            // SAFETY: it is unsound on purpose: the host has to notice.
            "INVALID_UTF8" => unsafe { String::from_utf8_unchecked(b"{\"id\":\"\xff\"}".to_vec()) },
            _ => r#"{"id":"1"}"#.into(),
        };
        vec![Ok(answer)]
    }
}

#[used]
#[cfg_attr(target_arch = "wasm32", unsafe(link_section = "mayfly:fields"))]
static FIELDS: [u8; 20] = *b"Query.malformedJson\n";

#[cfg(target_arch = "wasm32")]
mod exports {
    use super::MalformedJson;
    mayfly_guest::bindings::export!(MalformedJson with_types_in mayfly_guest::bindings);
}
