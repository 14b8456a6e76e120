//! From a route and values to the path and query of a request.
//!
//! Invariant: a value is one segment of the path, for whoever reads it, however often it is decoded on its way. So what could become a
//! slash, a dot segment or the end of a line is refused, and everything but letters, digits and `-._~` is encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::configuration::{Part, Route};

/// Everything but what means itself everywhere (RFC 3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Bytes of a value in a path, at most: servers take some 8 KiB for the whole.
pub(super) const VALUE_BYTES: usize = 1_024;

/// Bytes of path and query, at most.
pub(super) const TARGET_BYTES: usize = 8 << 10;

/// What may become a separator, a dot or the end of a text when it is decoded once more.
const DECODES_TO_SEPARATOR: [&str; 6] = ["%2f", "%5c", "%2e", "%0a", "%0d", "%00"];

/// Why a value cannot be a segment of a path; none when it can.
pub(super) fn refused(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return Some("is empty");
    }
    if value.len() > VALUE_BYTES {
        return Some("is longer than 1024 bytes");
    }
    if value.contains(['/', '\\']) {
        return Some("holds a slash or a backslash");
    }
    if value.chars().any(is_control) {
        return Some("holds a control character");
    }
    if value.chars().all(|c| c == '.') {
        return Some("consists of dots");
    }
    let lower = value.to_ascii_lowercase();
    if DECODES_TO_SEPARATOR.iter().any(|code| lower.contains(code)) {
        return Some("holds an encoded slash, backslash, dot or control character");
    }
    None
}

/// Line ends of Unicode too: there are servers to which they are line ends.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The path of a route with its values, in the order of its parameters. Each was looked at by [`refused`].
pub(super) fn path(route: &Route, values: &[String]) -> String {
    let mut values = values.iter();
    let mut path = String::new();
    for part in &route.parts {
        path.push('/');
        match part {
            Part::Text(text) => path.push_str(text),
            Part::Parameter { .. } => {
                let value = values.next().map_or("", String::as_str);
                path.extend(utf8_percent_encode(value, ENCODED));
            }
        }
    }
    if path.is_empty() {
        path.push('/');
    }
    path
}

/// Adds a query.
pub(super) fn add_query<'a>(target: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in pairs.enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(name, ENCODED));
        target.push('=');
        target.extend(utf8_percent_encode(value, ENCODED));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn made(values: &[&str]) -> String {
        let route = Route::parse("GET /students/{id}/years/{year}").unwrap();
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        path(&route, &values)
    }

    #[test]
    fn values_are_encoded_as_one_segment_each() {
        assert_eq!(made(&["S1", "2026"]), "/students/S1/years/2026");
        assert_eq!(
            made(&["a b;c=d?e#f%&+:@", "ü"]),
            "/students/a%20b%3Bc%3Dd%3Fe%23f%25%26%2B%3A%40/years/%C3%BC"
        );
    }

    #[test]
    fn what_could_leave_its_segment_is_refused() {
        for bad in [
            "", ".", "..", "...", "a/b", "/", "a\\b", "a\nb", "a\rb", "a\0b", "a\tb", "\u{7f}",
            "\u{85}", "\u{2028}", "%2f", "a%2Fb", "%5C", "%2e%2e", "%00", "%0d%0a",
        ] {
            assert!(refused(bad).is_some(), "{bad:?}");
        }
        assert!(refused(&"x".repeat(VALUE_BYTES + 1)).is_some());
        for good in [
            "S1", "a.b", "..a", "a..", "100%", "%41", "ü", "a b", "a;b", "x'--",
        ] {
            assert_eq!(refused(good), None, "{good:?}");
        }
    }

    #[test]
    fn a_query_keeps_its_order_and_its_parts() {
        let mut target = "/a".to_owned();
        add_query(
            &mut target,
            [("b c", "&=#"), ("b c", ""), ("ü", "\n")].into_iter(),
        );
        assert_eq!(target, "/a?b%20c=%26%3D%23&b%20c=&%C3%BC=%0A");
    }

    proptest! {
        #[test]
        fn whatever_is_let_through_stays_in_its_segment(id in "\\PC{0,12}|[./\\\\%0-9a-f;?#]{1,8}", year in "[a-z.]{1,4}") {
            prop_assume!(refused(&id).is_none() && refused(&year).is_none());
            let path = made(&[&id, &year]);
            let parts: Vec<_> = path.split('/').collect();
            prop_assert_eq!(parts.len(), 5);
            // However often it is decoded.
            let mut decoded = path.clone();
            for _ in 0..3 {
                decoded = percent_encoding::percent_decode_str(&decoded).decode_utf8_lossy().into_owned();
                prop_assert_eq!(decoded.matches('/').count(), 4, "{}", decoded);
                prop_assert!(!decoded.split('/').any(|part| part == "." || part == ".."), "{}", decoded);
            }
        }
    }
}
