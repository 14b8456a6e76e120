//! The trace that an operation belongs to: read from the request, said in the answer.

use axum::http::HeaderMap;

/// The header that names the trace of an answer.
pub(super) const TRACE_ID: &str = "x-trace-id";

/// The trace id a client sent in its only `traceparent`, or a new one when there is none that is valid.
pub(super) fn trace_id(headers: &HeaderMap) -> String {
    let mut sent = headers.get_all("traceparent").iter();
    let only = sent.next().filter(|_| sent.next().is_none());
    only.and_then(|value| value.to_str().ok())
        .and_then(read)
        .map_or_else(
            || format!("{:032x}", rand::random::<u128>().max(1)),
            str::to_owned,
        )
}

/// The trace id in a `traceparent` (W3C Trace Context, 3.2.2): `version-trace id-parent id-flags`, after which versions to come may
/// have more.
fn read(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.splitn(5, '-');
    let version = parts.next().filter(|version| is_hex(version, 2))?;
    let trace = parts.next().filter(|id| is_id(id, 32))?;
    parts.next().filter(|id| is_id(id, 16))?;
    parts.next().filter(|flags| is_hex(flags, 2))?;
    let is_whole = parts.next().is_none();
    match version {
        "ff" => None,
        "00" => is_whole.then_some(trace),
        _ => Some(trace),
    }
}

/// Whether a text is so many digits, not all of which are zero.
fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|digit| digit != b'0')
}

fn is_hex(text: &str, digits: usize) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == digits && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]

    use super::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn trace_id_of(headers: &[&str]) -> String {
        let sent = headers.iter().map(|value| {
            let value = value.replace("ID", ID).parse().unwrap();
            ("traceparent".parse().unwrap(), value)
        });
        trace_id(&sent.collect())
    }

    #[test]
    fn only_a_valid_traceparent_is_taken() {
        let table = [
            ("00-ID-b7ad6b7169203331-01", true),
            ("00-ID-b7ad6b7169203331-00", true),
            ("01-ID-b7ad6b7169203331-01", true),
            ("cc-ID-b7ad6b7169203331-01-what-follows", true),
            ("00-ID-b7ad6b7169203331-01-what-follows", false),
            ("00-ID-b7ad6b7169203331-01-", false),
            ("cc-ID-b7ad6b7169203331-01.what", false),
            ("ff-ID-b7ad6b7169203331-01", false),
            ("FE-ID-b7ad6b7169203331-01", false),
            ("0-ID-b7ad6b7169203331-01", false),
            ("000-ID-b7ad6b7169203331-01", false),
            ("0x-ID-b7ad6b7169203331-01", false),
            ("00-ID-0000000000000000-01", false),
            ("00-ID-B7AD6B7169203331-01", false),
            ("00-ID-b7ad6b716920333-01", false),
            ("00-ID-b7ad6b7169203331-1", false),
            ("00-ID-b7ad6b7169203331-0x", false),
            ("00-ID-b7ad6b7169203331", false),
            ("00-ID", false),
            ("-ID-", false),
            ("", false),
        ];
        for (header, is_valid) in table {
            let found = trace_id_of(&[header]);
            assert_eq!(found == ID, is_valid, "{header:?}");
            assert_eq!(found.len(), 32);
        }
    }

    #[test]
    fn a_trace_id_of_zeros_or_capitals_and_a_second_header_are_not_taken() {
        let zeros = "0".repeat(32);
        let zero = trace_id_of(&[&format!("00-{zeros}-b7ad6b7169203331-01")]);
        assert_ne!(zero, zeros);
        let capitals = ID.to_uppercase();
        let capital = trace_id_of(&[&format!("00-{capitals}-b7ad6b7169203331-01")]);
        assert!(!capital.eq_ignore_ascii_case(ID));
        let header = "00-ID-b7ad6b7169203331-01";
        assert_ne!(trace_id_of(&[header, header]), ID);
    }
}
