//! The custom section in which a component says what it handles.

use std::collections::BTreeSet;

use mayfly_error::shortened;
use wasmparser::{Parser, Payload};

/// The section's name: `Type.field` lines.
const SECTION: &str = "mayfly:fields";

/// Bytes of all such sections of a component, at most: five thousand fields of fifty letters.
const MAX_BYTES: usize = 256 << 10;

/// Fields that a component may handle, at most.
const MAX_FIELDS: usize = 5_000;

/// Bytes of a line that messages show, at most.
const SHOWN_BYTES: usize = 100;

/// Every `Type.field` that a component says it handles, wherever in it the section stands.
///
/// # Errors
///
/// Bytes that are not a component, with where they go wrong; sections that are too large, or name what can be no field.
pub fn handled_fields(component: &[u8]) -> Result<BTreeSet<String>, String> {
    let mut fields = BTreeSet::new();
    let mut bytes = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Payload::CustomSection(section) = payload.map_err(|error| error.to_string())? else {
            continue;
        };
        if section.name() != SECTION {
            continue;
        }
        bytes += section.data().len();
        if bytes > MAX_BYTES {
            let most = MAX_BYTES >> 10;
            return Err(format!(
                "section `{SECTION}` is larger than {most} KiB; name only fields that the component handles"
            ));
        }
        let text = std::str::from_utf8(section.data())
            .map_err(|_| format!("section `{SECTION}` is not UTF-8"))?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if !is_field(line) {
                let line = shortened(line, SHOWN_BYTES);
                return Err(format!(
                    "section `{SECTION}` names {line:?}, which is not a field; write it as Type.field"
                ));
            }
            fields.insert(line.to_owned());
            if fields.len() > MAX_FIELDS {
                return Err(format!(
                    "section `{SECTION}` names more than {MAX_FIELDS} fields; split the component into modules"
                ));
            }
        }
    }
    Ok(fields)
}

/// Whether a text is `Type.field`, in names of GraphQL.
fn is_field(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(type_name, field)| is_name(type_name) && is_name(field))
}

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.bytes().next().is_some_and(letter)
        && text
            .bytes()
            .all(|byte| letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    /// A component with these sections, and nothing else.
    fn component(sections: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\x00\x01\x00".to_vec();
        for section in sections {
            let mut content = vec![u8::try_from(SECTION.len()).unwrap()];
            content.extend_from_slice(SECTION.as_bytes());
            content.extend_from_slice(section);
            bytes.push(0);
            let mut length = content.len();
            while length > 0x7f {
                bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            bytes.push(u8::try_from(length).unwrap());
            bytes.extend(content);
        }
        bytes
    }

    #[test]
    fn every_section_counts_and_blank_lines_do_not() {
        let found = handled_fields(&component(&[b"Query.a\n\n  Query.b \n", b"T_1._x"])).unwrap();
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["Query.a", "Query.b", "T_1._x"]);
        assert!(handled_fields(&component(&[])).unwrap().is_empty());
    }

    #[test]
    fn what_can_be_no_field_is_refused() {
        for line in [
            "Query",
            "Query.",
            ".a",
            "Query.a.b",
            "1Query.a",
            "Query.a-b",
            "Query.\u{e9}",
            "Query. a",
        ] {
            let said = handled_fields(&component(&[line.as_bytes()])).unwrap_err();
            assert!(said.contains("write it as Type.field"), "{line}: {said}");
        }
        let long = format!("{}\u{1b}[2J", "x".repeat(100_000));
        let said = handled_fields(&component(&[long.as_bytes()])).unwrap_err();
        assert!(said.len() < 300 && !said.contains('\u{1b}'), "{said}");
        let said = handled_fields(&component(&[b"\xff"])).unwrap_err();
        assert_eq!(said, "section `mayfly:fields` is not UTF-8");
    }

    #[test]
    fn sections_are_bounded_in_bytes_and_fields_however_many_they_are() {
        let lines = |from: u32, to: u32| {
            (from..to)
                .map(|number| format!("Q.f{number}\n"))
                .collect::<String>()
        };
        let said = handled_fields(&component(&[
            lines(0, 3_000).as_bytes(),
            lines(3_000, 6_000).as_bytes(),
        ]));
        assert!(said.unwrap_err().contains("more than 5000 fields"));
        let blank = vec![b'\n'; 100 << 10];
        assert!(handled_fields(&component(&[&blank, &blank])).is_ok());
        let said = handled_fields(&component(&[&blank, &blank, &blank]));
        assert!(said.unwrap_err().contains("larger than 256 KiB"));
    }
}
