//! Hands over lists whose texts are all the same bytes of its memory: small in the guest, and multiplied when each is copied.

#![allow(unsafe_code, reason = "texts that share their bytes are the attack")]

use mayfly_guest::__private::{Guest, Invocation, WireError};
use mayfly_guest::bindings::mayfly::resolver::dynamodb;
use serde::Deserialize;
use std::mem::ManuallyDrop;

#[derive(Deserialize)]
struct Arguments {
    how: String,
    /// How many texts.
    count: usize,
    /// Bytes of each.
    bytes: usize,
}

/// The module, in place of what `resolvers!` would make: an SDK gives one answer per parent, and each its own bytes.
pub struct Aliases;

impl Guest for Aliases {
    fn resolve(invocation: Invocation) -> Vec<Result<String, WireError>> {
        let Ok(Arguments { how, count, bytes }) = serde_json::from_str(&invocation.arguments)
        else {
            return Vec::new();
        };
        let text = ManuallyDrop::new(format!("\"{}\"", "x".repeat(bytes)));
        // SAFETY: none: many owners of one text. The host ends this before any of them is freed, or the instance ends with them.
        let alias =
            || unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), text.len(), text.len()) };
        match how.as_str() {
            "ANSWERS" => (0..count).map(|_| Ok(alias())).collect(),
            "KEYS" => {
                let keys = ManuallyDrop::new((0..count).map(|_| alias()).collect::<Vec<_>>());
                let options = dynamodb::ReadOptions {
                    consistent: false,
                    attributes: Vec::new(),
                };
                let answer = dynamodb::batch_get("Things", &keys, &options).take();
                let code = answer.map_or_else(|error| error.code, |_| "served".to_owned());
                vec![Ok(format!("\"{code}\""))]
            }
            _ => vec![Ok("\"one\"".to_owned())],
        }
    }
}

#[used]
#[cfg_attr(target_arch = "wasm32", unsafe(link_section = "mayfly:fields"))]
static FIELDS: [u8; 14] = *b"Query.aliases\n";

#[cfg(target_arch = "wasm32")]
mod exports {
    use super::Aliases;
    mayfly_guest::bindings::export!(Aliases with_types_in mayfly_guest::bindings);
}
