//! An answer of a service, and the JSON its guest is given.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderMap;
use mayfly_error::{CallCode, CallError};

use super::headers::for_guests;

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// As `wit/http.wit` says, in at most this many bytes.
    pub(super) fn json(self, what: &str, most: usize) -> Result<String, CallError> {
        let mut json = format!("{{\"status\":{},\"headers\":{{", self.status.as_u16());
        for (index, (name, value)) in for_guests(&self.headers).iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&mayfly_json::quoted(name));
            json.push(':');
            json.push_str(&mayfly_json::quoted(value));
        }
        json.push_str("},");
        let text = str::from_utf8(&self.body);
        let body_bytes = text.map_or_else(
            |_| base64::encoded_len(self.body.len(), true).unwrap_or(usize::MAX),
            quoted_bytes,
        );
        if json.len().saturating_add(body_bytes).saturating_add(16) > most {
            return Err(too_large(
                what,
                most,
                "limits.unread` and `limits.host_to_guest",
            ));
        }
        match text {
            Ok(text) => {
                json.push_str("\"text\":");
                json.push_str(&mayfly_json::quoted(text));
            }
            Err(_) => {
                json.push_str("\"base64\":\"");
                STANDARD.encode_string(&self.body, &mut json);
                json.push('"');
            }
        }
        json.push('}');
        Ok(json)
    }
}

/// What a text takes as a JSON string.
fn quoted_bytes(text: &str) -> usize {
    let each = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(each).sum::<usize>()
}

/// The error of an answer that is larger than a limit, which stands in this key.
pub(super) fn too_large(what: &str, most: usize, key: &str) -> CallError {
    CallError::new(
        CallCode::Budget,
        format!("{what}: the answer is larger than {most} bytes; ask for less or raise `{key}`"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use http::header::{CONTENT_TYPE, HeaderValue};

    use super::*;

    fn json(body: &[u8], most: usize) -> Result<String, CallError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        let body = Bytes::copy_from_slice(body);
        let answer = Answer {
            status: StatusCode::OK,
            headers,
            body,
        };
        answer.json("GET /", most)
    }

    #[test]
    fn a_body_is_text_or_base64() {
        let head = r#"{"status":200,"headers":{"content-type":"text/plain"},"#;
        assert_eq!(
            json(b"a \"b\"\n", 1_000).unwrap(),
            format!(r#"{head}"text":"a \"b\"\n"}}"#)
        );
        assert_eq!(json(b"", 1_000).unwrap(), format!(r#"{head}"text":""}}"#));
        assert_eq!(
            json(b"\xff\x00", 1_000).unwrap(),
            format!(r#"{head}"base64":"/wA="}}"#)
        );
    }

    #[test]
    fn what_is_too_large_as_json_is_not_made() {
        let nuls = vec![0; 1_000];
        assert_eq!(json(&nuls, 5_000).unwrap_err().code, CallCode::Budget);
        let whole = json(&nuls, 7_000).unwrap();
        assert!(whole.len() > 6_000);
        assert_eq!(
            quoted_bytes("a\u{1}\"ü"),
            mayfly_json::quoted("a\u{1}\"ü").len()
        );
    }
}
