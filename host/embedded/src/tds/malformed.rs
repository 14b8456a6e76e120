//! Text that cannot be decoded, as legacy databases hold it, for the fault switches.

use rusqlite::types::{Value, ValueRef};

use super::tokens::{self, Column};
use super::type_info::COLLATION;
use crate::faults::Malformed;
use crate::sql_types::{SqlError, SqlType};

/// A character for private use, and half a surrogate pair in its place; as they are encoded on the wire.
const MARK: char = '\u{e0ff}';
const MARK_BYTES: [u8; 2] = [0xff, 0xe0];
const LONE_SURROGATE: [u8; 2] = [0x00, 0xd8];
/// The byte 0xff of code page 1252 stands for nothing in code page 932.
const NO_JAPANESE: char = '\u{ff}';
/// The Japanese collation: locale 0x0411, code page 932.
const JAPANESE: [u8; 5] = [0x11, 0x04, 0xd0, 0x00, 0x00];

/// Announces texts as Japanese ones.
pub(super) fn announce(metadata: &mut [u8]) {
    replace(metadata, &COLLATION, &JAPANESE);
}

/// Writes a row whose first text is malformed.
pub(super) fn row<'a>(
    out: &mut Vec<u8>,
    columns: &[Column],
    values: impl Iterator<Item = ValueRef<'a>>,
    text_size: usize,
    with: Malformed,
) -> Result<(), SqlError> {
    let (is_meant, last): (fn(SqlType) -> bool, char) = match with {
        Malformed::LoneSurrogate => (
            |ty| matches!(ty, SqlType::NVarChar(_) | SqlType::NChar(_)),
            MARK,
        ),
        Malformed::CodePage => (
            |ty| matches!(ty, SqlType::VarChar(_) | SqlType::Char(_)),
            NO_JAPANESE,
        ),
    };
    let mut values: Vec<Value> = values.map(Value::from).collect();
    let first = columns.iter().position(|column| is_meant(column.ty));
    if let Some(Value::Text(text)) = first.and_then(|first| values.get_mut(first))
        && text.pop().is_some()
    {
        text.push(last);
    }
    tokens::row(out, columns, values.iter().map(ValueRef::from), text_size)?;
    replace(out, &MARK_BYTES, &LONE_SURROGATE);
    Ok(())
}

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    for at in 0..bytes.len() {
        if let Some(found) = bytes
            .get_mut(at..at + old.len())
            .filter(|found| *found == old)
        {
            found.copy_from_slice(new);
        }
    }
}
