//! The tokens of an answer, as bytes.

use super::encoding::{encode, encode_null};
use super::type_info::write_type_info;
use super::wire::Out;
use crate::sql_types::{SqlError, SqlType};

/// Ends a statement of a batch.
pub(super) const DONE: u8 = 0xfd;
/// Ends a procedure.
pub(super) const DONE_PROC: u8 = 0xfe;
/// Ends a statement inside a procedure.
pub(super) const DONE_IN_PROC: u8 = 0xff;

/// More results follow.
pub(super) const DONE_MORE: u16 = 0x01;
/// The statement failed.
pub(super) const DONE_ERROR: u16 = 0x02;
/// The count is meant.
pub(super) const DONE_COUNT: u16 = 0x10;
/// Acknowledges an Attention.
pub(super) const DONE_ATTENTION: u16 = 0x20;

/// What a token of the DONE family says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Bits of `DONE_…`.
    pub status: u16,
    /// The kind of statement: 0xc1 `SELECT`, 0xc3 `INSERT`, 0xc4 `DELETE`, 0xc5 `UPDATE`.
    pub command: u16,
    /// Rows, if `DONE_COUNT` is set.
    pub rows: u64,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name; empty for an expression without an alias.
    pub name: String,
    /// Its type.
    pub ty: SqlType,
}

/// Writes one of the DONE family.
pub(super) fn done(out: &mut Vec<u8>, token: u8, done: Done) {
    out.push(token);
    out.put_u16(done.status);
    out.put_u16(done.command);
    out.put_u64(done.rows);
}

/// Writes `COLMETADATA`.
pub(super) fn columns(out: &mut Vec<u8>, columns: &[Column]) {
    /// The column may be NULL, and one may write to it.
    const FLAGS: u16 = 0x0009;
    out.push(0x81);
    out.put_u16(u16::try_from(columns.len()).unwrap_or(0));
    for column in columns {
        out.put_u32(0);
        out.put_u16(FLAGS);
        write_type_info(column.ty, out);
        out.put_short_text(&column.name);
    }
}

/// Writes a row: `NBCROW` if one of its values is NULL, else `ROW`.
pub(super) fn row<'a>(
    out: &mut Vec<u8>,
    columns: &[Column],
    values: impl Iterator<Item = rusqlite::types::ValueRef<'a>> + Clone,
    text_size: usize,
) -> Result<(), SqlError> {
    use rusqlite::types::ValueRef::Null;
    let nulls = values.clone().any(|value| value == Null);
    out.push(if nulls { 0xd2 } else { 0xd1 });
    if nulls {
        let mut bitmap = vec![0_u8; columns.len().div_ceil(8)];
        for (at, _) in values
            .clone()
            .enumerate()
            .filter(|(_, value)| *value == Null)
        {
            if let Some(byte) = bitmap.get_mut(at / 8) {
                *byte |= 1 << (at % 8);
            }
        }
        out.extend(bitmap);
    }
    for (column, value) in columns.iter().zip(values) {
        if value != Null {
            encode(value, column.ty, text_size, out)?;
        }
    }
    Ok(())
}

/// Writes `RETURNVALUE`, an output parameter.
pub(super) fn return_value(
    out: &mut Vec<u8>,
    position: u16,
    name: &str,
    ty: SqlType,
    value: &rusqlite::types::Value,
) -> Result<(), SqlError> {
    out.push(0xac);
    out.put_u16(position);
    out.put_short_text(name);
    out.push(1);
    out.put_u32(0);
    out.put_u16(0);
    write_type_info(ty, out);
    match value {
        rusqlite::types::Value::Null => encode_null(ty, out),
        value => encode(value.into(), ty, usize::MAX, out)?,
    }
    Ok(())
}

/// Writes `RETURNSTATUS`.
pub(super) fn return_status(out: &mut Vec<u8>, status: i32) {
    out.push(0x79);
    out.extend(status.to_le_bytes());
}

/// Writes `ERROR`.
pub(super) fn error(out: &mut Vec<u8>, error: &SqlError, procedure: &str) {
    message(
        out,
        0xaa,
        (error.number, error.state, error.class),
        &error.message,
        procedure,
    );
}

/// Writes `INFO`.
pub(super) fn info(out: &mut Vec<u8>, number: u32, state: u8, text: &str) {
    message(out, 0xab, (number, state, 0), text, "");
}

/// Writes `LOGINACK`: T-SQL, TDS 7.4 (big-endian, unlike everything else).
pub(super) fn login_ack(out: &mut Vec<u8>) {
    let mut body = vec![1, 0x74, 0, 0, 4];
    body.put_short_text("Microsoft SQL Server");
    body.extend([16, 0, 0x03, 0xe8]);
    sized(out, 0xad, &body);
}

/// Writes `ENVCHANGE` with text values.
pub(super) fn env_change_text(out: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    let mut body = vec![kind];
    body.put_short_text(new);
    body.put_short_text(old);
    sized(out, 0xe3, &body);
}

/// Writes `ENVCHANGE` with values of bytes: 7 is the collation, 8, 9 and 10 begin, commit and roll back a transaction.
pub(super) fn env_change_bytes(out: &mut Vec<u8>, kind: u8, new: &[u8], old: &[u8]) {
    let mut body = vec![kind];
    for value in [new, old] {
        body.push(u8::try_from(value.len()).unwrap_or(0));
        body.extend(value);
    }
    sized(out, 0xe3, &body);
}

fn message(
    out: &mut Vec<u8>,
    token: u8,
    (number, state, class): (u32, u8, u8),
    text: &str,
    procedure: &str,
) {
    let mut body = Vec::new();
    body.put_u32(number);
    body.extend([state, class]);
    body.put_text(text);
    body.put_short_text("mayfly-embedded");
    body.put_short_text(procedure);
    body.put_u32(1);
    sized(out, token, &body);
}

fn sized(out: &mut Vec<u8>, token: u8, body: &[u8]) {
    out.push(token);
    out.put_u16(u16::try_from(body.len()).unwrap_or(0));
    out.extend(body);
}
