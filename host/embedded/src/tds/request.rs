//! Requests: SQL text, procedure calls, transaction commands.

use super::packet::{self, Message};
use super::parameters::{self, Parameter};
use super::wire::{In, Malformed};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// The transaction it believes to be in; 0 for none.
    pub transaction: u64,
    /// What to do.
    pub body: Body,
}

/// The kinds of requests.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// SQL text.
    Batch(String),
    /// SQL text with parameters (`sp_executesql`): the text, the parameters' declaration, their values.
    Execute(String, String, Vec<Parameter>),
    /// A procedure by name.
    Procedure(String, Vec<Parameter>),
    /// Begin a transaction at an isolation level.
    Begin(u8),
    Commit,
    /// Roll back, to a save point if it has a name.
    Rollback(String),
    /// Set a save point.
    Save(String),
}

impl Body {
    /// The text that fault switches match and the status shows.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Batch(text) | Self::Execute(text, ..) | Self::Procedure(text, _) => text,
            Self::Begin(_) => "BEGIN TRANSACTION",
            Self::Commit => "COMMIT TRANSACTION",
            Self::Rollback(_) => "ROLLBACK TRANSACTION",
            Self::Save(_) => "SAVE TRANSACTION",
        }
    }

    /// Whether the answer is a procedure's: `DONEINPROC`, `RETURNSTATUS`, `DONEPROC`.
    pub(super) fn is_procedure(&self) -> bool {
        matches!(self, Self::Execute(..) | Self::Procedure(..))
    }
}

/// Reads a request.
pub(super) fn read(message: &Message) -> Result<Request, Malformed> {
    let mut input = In::new(&message.body);
    let transaction = headers(&mut input)?;
    let body = match message.kind {
        packet::BATCH => Body::Batch(rest_as_text(input)?),
        packet::RPC => call(&mut input)?,
        packet::TRANSACTION => transaction_command(&mut input)?,
        _ => return Err(Malformed("an unknown kind of request")),
    };
    Ok(Request { transaction, body })
}

/// `ALL_HEADERS`: of them only the transaction descriptor counts.
fn headers(input: &mut In<'_>) -> Result<u64, Malformed> {
    let total = usize::try_from(input.u32()?).unwrap_or(usize::MAX);
    let mut headers = In::new(input.take(total.checked_sub(4).ok_or(Malformed("short headers"))?)?);
    let mut transaction = 0;
    while !headers.is_empty() {
        let length = usize::try_from(headers.u32()?).unwrap_or(usize::MAX);
        let mut header =
            In::new(headers.take(length.checked_sub(4).ok_or(Malformed("a short header"))?)?);
        if header.u16()? == 2 {
            transaction = header.u64()?;
        }
    }
    Ok(transaction)
}

fn rest_as_text(mut input: In<'_>) -> Result<String, Malformed> {
    let mut units = Vec::new();
    while !input.is_empty() {
        units.push(input.u16()?);
    }
    Ok(String::from_utf16_lossy(&units))
}

fn call(input: &mut In<'_>) -> Result<Body, Malformed> {
    const EXECUTE_SQL: u16 = 10;
    let name = match input.u16()? {
        u16::MAX if input.u16()? == EXECUTE_SQL => "sp_executesql".to_owned(),
        u16::MAX => return Err(Malformed("a procedure number other than 10")),
        units => input.utf16(units.into())?,
    };
    input.u16()?;
    let mut parameters = parameters::read_all(input)?;
    let bare = name
        .rsplit('.')
        .next()
        .unwrap_or(&name)
        .trim_matches(['[', ']'])
        .to_owned();
    if !bare.eq_ignore_ascii_case("sp_executesql") {
        return Ok(Body::Procedure(bare, parameters));
    }
    let mut text = || match parameters.is_empty() {
        true => String::new(),
        false => match parameters.remove(0).value {
            rusqlite::types::Value::Text(text) => text,
            _ => String::new(),
        },
    };
    let (statement, declaration) = (text(), text());
    Ok(Body::Execute(statement, declaration, parameters))
}

fn transaction_command(input: &mut In<'_>) -> Result<Body, Malformed> {
    match input.u16()? {
        5 => Ok(Body::Begin(input.u8()?)),
        7 => Ok(Body::Commit),
        8 => Ok(Body::Rollback(input.short_text()?)),
        9 => Ok(Body::Save(input.short_text()?)),
        _ => Err(Malformed("an unknown transaction command")),
    }
}
