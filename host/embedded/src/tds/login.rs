//! The first two exchanges: `PRELOGIN`, which settles whether all is encrypted, and `LOGIN7`, which names user and database.

use super::tokens;
use super::type_info::COLLATION;
use super::wire::{In, Malformed};
use crate::sql_types::SqlError;

/// What a client logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub user: String,
    /// The password in clear.
    pub password: String,
    /// The database; empty for the user's default.
    pub database: String,
    /// The packet size the client asks for, in bytes.
    pub packet_bytes: u32,
}

/// Nothing can be encrypted.
const ENCRYPT_NOT_SUP: u8 = 2;
/// Everything has to be encrypted.
const ENCRYPT_REQ: u8 = 3;

/// Answers `PRELOGIN`: version 16, all or nothing encrypted, no instance, no MARS.
pub(super) fn prelogin_answer(encrypted: bool) -> Vec<u8> {
    let encryption = [if encrypted {
        ENCRYPT_REQ
    } else {
        ENCRYPT_NOT_SUP
    }];
    let options: [(u8, &[u8]); 5] = [
        (0, &[16, 0, 0x03, 0xe8, 0, 0]),
        (1, &encryption),
        (2, &[0]),
        (3, &[]),
        (4, &[0]),
    ];
    let mut offset = options.len() * 5 + 1;
    let (mut table, mut data) = (Vec::new(), Vec::<u8>::new());
    for (option, value) in options {
        table.push(option);
        table.extend(u16::try_from(offset).unwrap_or(0).to_be_bytes());
        table.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
        offset += value.len();
        data.extend(value);
    }
    table.push(0xff);
    table.extend(data);
    table
}

/// Reads `LOGIN7`.
pub(super) fn read(body: &[u8]) -> Result<Login, Malformed> {
    let mut fixed = In::new(body);
    fixed.take(8)?;
    let packet_bytes = fixed.u32()?.clamp(512, 32_767);
    fixed.take(24)?;
    // Pairs of offset and length: host, user, password, application, server, extension, library, language, database.
    let mut fields = Vec::new();
    for _ in 0..9 {
        fields.push((fixed.u16()?, fixed.u16()?));
    }
    let field = |at: usize| -> Result<&[u8], Malformed> {
        let (offset, units) = fields.get(at).copied().unwrap_or_default();
        let mut input = In::new(body);
        input.take(offset.into())?;
        input.take(usize::from(units) * 2)
    };
    let password: Vec<u8> = field(2)?
        .iter()
        .map(|byte| (byte ^ 0xa5).rotate_left(4))
        .collect();
    Ok(Login {
        user: super::wire::utf16(field(1)?),
        password: super::wire::utf16(&password),
        database: super::wire::utf16(field(8)?),
        packet_bytes,
    })
}

/// Lets the client in.
pub(super) fn accepted(login: &Login, database: &str) -> Vec<u8> {
    let mut out = Vec::new();
    tokens::env_change_text(&mut out, 1, database, "master");
    tokens::info(
        &mut out,
        5701,
        2,
        &format!("Changed database context to '{database}'."),
    );
    tokens::env_change_bytes(&mut out, 7, &COLLATION, &[]);
    tokens::env_change_text(&mut out, 2, "us_english", "");
    tokens::info(&mut out, 5703, 1, "Changed language setting to us_english.");
    tokens::login_ack(&mut out);
    tokens::env_change_text(&mut out, 4, &login.packet_bytes.to_string(), "4096");
    tokens::done(&mut out, tokens::DONE, tokens::Done::default());
    out
}

/// Turns the client away.
pub(super) fn refused(errors: &[SqlError]) -> Vec<u8> {
    let mut out = Vec::new();
    for error in errors {
        tokens::error(&mut out, error, "");
    }
    tokens::done(
        &mut out,
        tokens::DONE,
        tokens::Done {
            status: tokens::DONE_ERROR,
            ..tokens::Done::default()
        },
    );
    out
}

/// Error 18456.
pub(super) fn wrong_password(user: &str) -> SqlError {
    SqlError {
        class: 14,
        ..SqlError::new(18_456, format!("Login failed for user '{user}'."))
    }
}

/// Error 4060.
pub(super) fn unknown_database(database: &str) -> SqlError {
    let message =
        format!("Cannot open database \"{database}\" requested by the login. The login failed.");
    SqlError {
        class: 11,
        ..SqlError::new(4060, message)
    }
}
