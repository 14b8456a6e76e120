//! A statement's text, ready to be filled with values.
//!
//! `@name` becomes `@P1`, `@P2`, … in the order of use. A list stands inside `IN (@name)` and becomes as many placeholders as it has
//! values, padded to a power of two by repeating the last one, so that the server sees one text per size and not one per length.
//! What running the text does to a connection is read by `effects`.

use std::collections::HashSet;

use mayfly_config::Parameter;
use tiberius::ColumnData;

use super::describe::declarations;
use super::effects::{TransactionEffects, alters_session};
use super::lexer::{Kind, Token, tokens};
use super::values::{cast, null_text, null_value};

/// A parsed text.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    /// Whether the session is another one afterwards.
    pub(super) alters_session: bool,
    /// What may become of a transaction.
    pub(super) effects: TransactionEffects,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A parameter, by its place in the declaration.
    Scalar(usize),
    List(usize),
}

/// A value for a parameter.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    Null,
    Value(ColumnData<'static>),
    List(Vec<ColumnData<'static>>),
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) text: String,
    /// What `@P1`, `@P2`, … in the text stand for.
    pub(super) values: Vec<ColumnData<'static>>,
}

/// A problem and what to do about it.
pub(super) type Complaint = (String, String);

/// Words that begin a statement: where one ends that has no `;`.
const STATEMENTS: [&str; 16] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "SET", "EXEC", "EXECUTE", "IF", "WHILE",
    "WITH", "BEGIN", "END", "DECLARE", "RETURN", "PRINT",
];
impl Template {
    /// Reads a text and compares it with the declared parameters.
    ///
    /// `marked` are the procedures that the operator says alter the session.
    pub(super) fn parse(
        text: &str,
        parameters: &[Parameter],
        marked: &[String],
    ) -> Result<Self, Vec<Complaint>> {
        let tokens = tokens(text)
            .map_err(|what| vec![(format!("the text has {what}"), "close it".to_owned())])?;
        let significant: Vec<(usize, Token<'_>)> = tokens
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, token)| token.kind != Kind::Blank)
            .collect();
        let reader = Reader {
            tokens: significant.iter().map(|(_, token)| *token).collect(),
        };
        let locals = reader.locals();
        let mut complaints = reserved(&locals, parameters);
        let mut used = HashSet::new();
        let mut pieces = Vec::new();
        let mut places = significant.iter().map(|(at, _)| *at).enumerate().peekable();
        for (at, token) in tokens.iter().enumerate() {
            let place = places
                .next_if(|(_, place)| *place == at)
                .map(|(place, _)| place);
            let parameter = place
                .filter(|place| token.kind == Kind::Variable && !reader.is_argument_name(*place));
            match parameter
                .and_then(|place| classify(token.text, place, &locals, parameters, &reader))
            {
                Some(Ok((index, piece))) => {
                    used.insert(index);
                    pieces.push(piece);
                }
                Some(Err(complaint)) => complaints.push(complaint),
                None => push_text(&mut pieces, token.text),
            }
        }
        for (_, parameter) in parameters
            .iter()
            .enumerate()
            .filter(|(index, _)| !used.contains(index))
        {
            complaints.push((
                format!(
                    "parameter `{}` is declared but the text does not use it",
                    parameter.name
                ),
                format!(
                    "use `@{}` in the text, or remove the parameter",
                    parameter.name
                ),
            ));
        }
        complaints.dedup();
        if complaints.is_empty() {
            let alters_session = alters_session(&reader.tokens, marked);
            Ok(Self {
                pieces,
                alters_session,
                effects: TransactionEffects::of(&reader.tokens, alters_session),
            })
        } else {
            Err(complaints)
        }
    }

    /// The text and the values to send. `values` are in the order of the declaration.
    pub(super) fn fill(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        let mut filled = Filled {
            text: String::new(),
            values: Vec::new(),
        };
        let mut places: Vec<Option<(usize, usize)>> = vec![None; parameters.len()];
        for piece in &self.pieces {
            let index = match piece {
                Piece::Text(text) => {
                    filled.text.push_str(text);
                    continue;
                }
                Piece::Scalar(index) | Piece::List(index) => *index,
            };
            let (Some(parameter), Some(value), Some(place)) = (
                parameters.get(index),
                values.get(index),
                places.get_mut(index),
            ) else {
                continue;
            };
            let Some(sent) = to_send(parameter, value) else {
                // NULL goes into the text for types the driver cannot send a typed NULL of.
                filled.text.push_str(&null_text(parameter.sql_type));
                continue;
            };
            let (first, count) = *place.get_or_insert_with(|| {
                let first = filled.values.len() + 1;
                let count = sent.len();
                filled.values.extend(sent);
                (first, count)
            });
            for offset in 0..count {
                if offset > 0 {
                    filled.text.push_str(", ");
                }
                filled
                    .text
                    .push_str(&cast(parameter.sql_type, &format!("@P{}", first + offset)));
            }
        }
        filled
    }
}

impl Template {
    /// The text with the parameters' own names, for a server to describe, and their declarations but for one.
    pub(super) fn sketch(
        &self,
        parameters: &[Parameter],
        without: Option<&str>,
    ) -> (String, String) {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Scalar(index) | Piece::List(index) => {
                    if let Some(parameter) = parameters.get(*index) {
                        text.push('@');
                        text.push_str(&parameter.name);
                    }
                }
            }
        }
        (text, declarations(parameters, without))
    }
}

/// What goes over the wire for a parameter; none where NULL is written into the text.
fn to_send(parameter: &Parameter, value: &Bound) -> Option<Vec<ColumnData<'static>>> {
    match value {
        Bound::Value(value) => Some(vec![value.clone()]),
        Bound::Null => null_value(parameter.sql_type).map(|null| vec![null]),
        Bound::List(values) => {
            let last = values.last()?;
            let size = values.len().next_power_of_two();
            Some(
                values
                    .iter()
                    .chain(std::iter::repeat_n(last, size - values.len()))
                    .cloned()
                    .collect(),
            )
        }
    }
}

/// What a `@name` in the text is: a declared parameter, or a complaint; none for a variable of the text's own.
fn classify(
    text: &str,
    place: usize,
    locals: &HashSet<String>,
    parameters: &[Parameter],
    reader: &Reader<'_>,
) -> Option<Result<(usize, Piece), Complaint>> {
    let name = text.strip_prefix('@')?;
    if locals.contains(&name.to_ascii_lowercase()) {
        return None;
    }
    let Some(index) = parameters
        .iter()
        .position(|parameter| parameter.name.eq_ignore_ascii_case(name))
    else {
        return Some(Err((
            format!("the text uses `@{name}`, which is not declared"),
            format!("add `{name}` to its parameters, or correct the name"),
        )));
    };
    match parameters
        .get(index)
        .is_some_and(|parameter| parameter.list)
    {
        false => Some(Ok((index, Piece::Scalar(index)))),
        true if reader.is_in_list(place) => Some(Ok((index, Piece::List(index)))),
        true => Some(Err((
            format!("the list `@{name}` stands outside of `IN (@{name})`"),
            format!("write `column IN (@{name})`"),
        ))),
    }
}

/// Complaints about the text's own variables, and about parameters that could be either of two.
fn reserved(locals: &HashSet<String>, parameters: &[Parameter]) -> Vec<Complaint> {
    let numbered = |name: &str| {
        name.strip_prefix(['p', 'P'])
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut complaints = Vec::new();
    for local in locals {
        if numbered(local) || local.starts_with("mayfly_") {
            complaints.push((
                format!("the text declares `@{local}`, which the host needs"),
                "give it another name".to_owned(),
            ));
        } else if parameters
            .iter()
            .any(|parameter| parameter.name.eq_ignore_ascii_case(local))
        {
            complaints.push((
                format!("the text declares `@{local}`, which is a parameter too"),
                "give one of them another name".to_owned(),
            ));
        }
    }
    for (index, parameter) in parameters.iter().enumerate() {
        if parameters
            .iter()
            .take(index)
            .any(|other| other.name.eq_ignore_ascii_case(&parameter.name))
        {
            complaints.push((
                format!(
                    "parameter `{}` is declared twice; SQL Server does not tell case apart",
                    parameter.name
                ),
                "give one of them another name".to_owned(),
            ));
        }
    }
    complaints
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// The tokens that matter, looked at with their neighbours.
struct Reader<'a> {
    tokens: Vec<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn at(&self, place: usize) -> Option<&Token<'a>> {
        self.tokens.get(place)
    }

    fn before(&self, place: usize, back: usize) -> Option<&Token<'a>> {
        self.at(place.checked_sub(back)?)
    }

    /// Whether a variable stands as the only one in `IN (…)`.
    fn is_in_list(&self, place: usize) -> bool {
        self.before(place, 1)
            .is_some_and(|token| token.is_symbol("("))
            && self.before(place, 2).is_some_and(|token| token.is("IN"))
            && self.at(place + 1).is_some_and(|token| token.is_symbol(")"))
    }

    /// Whether a variable names a procedure's parameter: `EXEC p @name = …`.
    fn is_argument_name(&self, place: usize) -> bool {
        if !self.at(place + 1).is_some_and(|token| token.is_symbol("=")) {
            return false;
        }
        let mut back = 1;
        while let Some(token) = self.before(place, back) {
            if token.is_any(&["EXEC", "EXECUTE"]) {
                // Directly behind EXEC it is the variable that takes the return value.
                return back > 1;
            }
            if token.is_symbol(";") || token.is_any(&STATEMENTS) {
                return false;
            }
            back += 1;
        }
        false
    }

    /// The names the text declares itself, in lower case.
    fn locals(&self) -> HashSet<String> {
        let mut locals = HashSet::new();
        let mut declaring = false;
        let mut depth = 0usize;
        for (place, token) in self.tokens.iter().enumerate() {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
            } else if token.is("DECLARE") {
                declaring = true;
                depth = 0;
            } else if declaring && depth == 0 && (token.is_symbol(";") || token.is_any(&STATEMENTS))
            {
                declaring = false;
            }
            let introduced = self
                .before(place, 1)
                .is_some_and(|before| before.is("DECLARE") || before.is_symbol(","));
            if declaring && depth == 0 && introduced && token.kind == Kind::Variable {
                locals.insert(token.text.trim_start_matches('@').to_ascii_lowercase());
            }
        }
        locals
    }
}

#[cfg(test)]
mod tests;
