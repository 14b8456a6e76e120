//! A statement's text, ready to be filled with values.
//!
//! `@name` becomes `@P1`, `@P2`, … in the order of use. A list stands inside `IN (…)`, by itself or among other values, and becomes as
//! many placeholders as it has values, padded to a power of two by repeating the last one as far as there is room, so that the
//! server sees one text per size and not one per length. Where no value is left the condition is replaced (`lists`). What running the
//! text does to a connection is read by `effects`.

mod builder;
mod reader;
mod writer;

use std::collections::HashSet;

use super::declarations::declarations;
use super::effects::{Counted, TransactionEffects, alters_session, counted};
use super::filled::{Bound, Filled, Parameter};
use super::lexer::{Kind, Token, tokens};
use super::lists::conditions;
use crate::sql::statement::Complaint;
use builder::{Builder, reserved};
use reader::Reader;
use writer::fill;

/// A parsed text.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Whether the session is another one afterwards.
    pub(super) alters_session: bool,
    /// What may become of a transaction.
    pub(super) effects: TransactionEffects,
    /// What is counted of the rows affected.
    pub(super) counted: Counted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A parameter, by its place in the declaration.
    Scalar(usize),
    /// `operand [NOT] IN (…)` with a list among the values.
    In(Box<In>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct In {
    operand: Vec<Piece>,
    negated: bool,
    /// ` NOT IN (`, as the text has it.
    opening: String,
    elements: Vec<Element>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    /// A list, by its place in the declaration.
    List(usize),
    Other(Vec<Piece>),
}

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
        let is_list = |place: usize| {
            let name = reader.at(place).and_then(|token| parameter_name(token));
            name.is_some_and(|name| {
                !locals.contains(&name.to_ascii_lowercase())
                    && parameters.iter().any(|parameter| {
                        parameter.list && parameter.name.eq_ignore_ascii_case(name)
                    })
            })
        };
        let mut builder = Builder {
            conditions: conditions(&reader.tokens, is_list),
            places: significant.iter().map(|(at, _)| *at).collect(),
            complaints: reserved(&locals, parameters),
            used: HashSet::new(),
            tokens: &tokens,
            locals: &locals,
            reader: &reader,
            parameters,
        };
        let pieces = builder.pieces(0, tokens.len());
        let (mut complaints, used) = (builder.complaints, builder.used);
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
                counted: counted(&reader.tokens),
            })
        } else {
            Err(complaints)
        }
    }

    /// The text and the values to send. `values` are in the order of the declaration.
    pub(super) fn fill(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        fill(&self.pieces, parameters, values)
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
        sketch(&self.pieces, parameters, &mut text);
        (text, declarations(parameters, without))
    }
}

fn sketch(pieces: &[Piece], parameters: &[Parameter], text: &mut String) {
    let name = |index: usize, text: &mut String| {
        if let Some(parameter) = parameters.get(index) {
            text.push('@');
            text.push_str(&parameter.name);
        }
    };
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Scalar(index) => name(*index, text),
            Piece::In(condition) => {
                sketch(&condition.operand, parameters, text);
                text.push_str(&condition.opening);
                for (position, element) in condition.elements.iter().enumerate() {
                    text.push_str(if position > 0 { ", " } else { "" });
                    match element {
                        Element::List(index) => name(*index, text),
                        Element::Other(pieces) => sketch(pieces, parameters, text),
                    }
                }
                text.push(')');
            }
        }
    }
}

/// The name a variable has, without its sign.
fn parameter_name<'a>(token: &Token<'a>) -> Option<&'a str> {
    (token.kind == Kind::Variable)
        .then(|| token.text.strip_prefix('@'))
        .flatten()
}

#[cfg(test)]
mod tests;
