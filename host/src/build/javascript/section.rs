//! Custom sections, appended to a core module.

/// The kind of section that engines ignore.
const CUSTOM: u8 = 0;

/// Appends a custom section.
pub(super) fn append(module: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut contents = Vec::with_capacity(name.len() + data.len() + 8);
    number(&mut contents, name.len());
    contents.extend_from_slice(name.as_bytes());
    contents.extend_from_slice(data);
    module.push(CUSTOM);
    number(module, contents.len());
    module.extend_from_slice(&contents);
}

/// A number in seven bits a byte, the least first.
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;
    use wasmparser::{Parser, Payload};

    #[test]
    fn a_section_is_read_as_it_was_written() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let long = "Query.a\n".repeat(50);
        append(&mut module, "mayfly:fields", long.as_bytes());
        let found = Parser::new(0)
            .parse_all(&module)
            .find_map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) => {
                    Some((section.name().to_owned(), section.data().to_vec()))
                }
                _ => None,
            });
        assert_eq!(
            found.unwrap(),
            ("mayfly:fields".to_owned(), long.into_bytes())
        );
    }
}
