//! Code page 1252, in which `char` and `varchar` lie under the default collation.

/// The characters of code page 1252 between 0x80 and 0x9f; U+FFFD where it has none.
const CP1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

/// Text in code page 1252; what it lacks becomes `?`, as on the server.
pub(crate) fn to_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match u8::try_from(u32::from(c)) {
            Ok(byte) if !(0x80..0xa0).contains(&byte) => byte,
            _ => CP1252
                .iter()
                .zip(0x80..)
                .find_map(|(known, byte)| (*known == c && c != '\u{fffd}').then_some(byte))
                .unwrap_or(b'?'),
        })
        .collect()
}

/// Text from code page 1252.
pub(crate) fn from_1252(bytes: &[u8]) -> String {
    let special = |byte: u8| {
        byte.checked_sub(0x80)
            .and_then(|at| CP1252.get(usize::from(at)))
    };
    bytes
        .iter()
        .map(|byte| special(*byte).copied().unwrap_or(char::from(*byte)))
        .collect()
}
