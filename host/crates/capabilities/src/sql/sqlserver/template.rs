//! A statement's text, ready to be filled with values.
//!
//! `@name` becomes `@P1`, `@P2`, … in the order of use. A list stands inside `IN (…)`, by itself or among other values, and becomes as
//! many placeholders as it has values, padded to a power of two by repeating the last one as far as there is room, so that the
//! server sees one text per size and not one per length. Where no value is left the condition is replaced (`lists`). What running the
//! text does to a connection is read by `effects`.

use std::collections::HashSet;

use tiberius::ColumnData;

use super::declarations::declarations;
use super::effects::{TransactionEffects, alters_session, hides_counts};
use super::filled::{Bound, Filled, MAX_VALUES, Parameter};
use super::lexer::{Kind, Token, tokens};
use super::lists::{Condition, conditions};
use super::values::{cast, null_text, null_value};
use crate::sql::statement::Complaint;

/// A parsed text.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Whether the session is another one afterwards.
    pub(super) alters_session: bool,
    /// What may become of a transaction.
    pub(super) effects: TransactionEffects,
    /// Whether the rows affected may not be counted.
    pub(super) hides_counts: bool,
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
                hides_counts: hides_counts(&reader.tokens),
            })
        } else {
            Err(complaints)
        }
    }

    /// The text and the values to send. `values` are in the order of the declaration.
    pub(super) fn fill(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        let mut writer = Writer {
            sizes: sizes(parameters, values),
            places: vec![None; parameters.len()],
            filled: Filled {
                text: String::new(),
                values: Vec::new(),
            },
            parameters,
            values,
        };
        writer.pieces(&self.pieces);
        writer.filled
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

/// How many values are sent for each list: the next power of two, as far as there is room for what repeats.
fn sizes(parameters: &[Parameter], values: &[Bound]) -> Vec<usize> {
    let count = |(parameter, value): (&Parameter, &Bound)| match value {
        Bound::List(list) => list.len(),
        Bound::Value(_) => 1,
        Bound::Null => usize::from(null_value(parameter.sql_type).is_some()),
    };
    let counts: Vec<usize> = parameters.iter().zip(values).map(count).collect();
    let mut room = MAX_VALUES.saturating_sub(counts.iter().sum());
    let pad = |(count, value): (usize, &Bound)| match value {
        Bound::List(list) if !list.is_empty() => {
            let padding = (count.next_power_of_two() - count).min(room);
            room -= padding;
            count + padding
        }
        _ => count,
    };
    counts.into_iter().zip(values).map(pad).collect()
}

/// Writes a text with its values.
struct Writer<'a> {
    parameters: &'a [Parameter],
    values: &'a [Bound],
    sizes: Vec<usize>,
    /// The first placeholder of each parameter that was used, and how many there are.
    places: Vec<Option<(usize, usize)>>,
    filled: Filled,
}

impl Writer<'_> {
    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text(text),
                Piece::Scalar(index) => self.parameter(*index),
                Piece::In(condition) => self.condition(condition),
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.filled.text.push_str(text);
    }

    fn condition(&mut self, condition: &In) {
        let is_empty = |element: &&Element| {
            matches!(element, Element::List(index)
                if matches!(self.values.get(*index), Some(Bound::List(list)) if list.is_empty()))
        };
        let left: Vec<&Element> = condition
            .elements
            .iter()
            .filter(|element| !is_empty(element))
            .collect();
        if left.is_empty() {
            // Always false, or always true, and still a condition over the operand.
            self.text("(");
            self.pieces(&condition.operand);
            self.text(if condition.negated {
                " IS NULL OR "
            } else {
                " IS NULL AND "
            });
            self.pieces(&condition.operand);
            return self.text(" IS NOT NULL)");
        }
        self.pieces(&condition.operand);
        self.text(&condition.opening);
        for (position, element) in left.into_iter().enumerate() {
            self.text(if position > 0 { ", " } else { "" });
            match element {
                Element::List(index) => self.parameter(*index),
                Element::Other(pieces) => self.pieces(pieces),
            }
        }
        self.text(")");
    }

    fn parameter(&mut self, index: usize) {
        let (Some(parameter), Some(value), Some(size)) = (
            self.parameters.get(index),
            self.values.get(index),
            self.sizes.get(index),
        ) else {
            return;
        };
        let Some(sent) = to_send(parameter, value, *size) else {
            // NULL goes into the text for types the driver cannot send a typed NULL of.
            return self.text(&null_text(parameter.sql_type));
        };
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        let (first, count) = *place.get_or_insert_with(|| {
            let first = self.filled.values.len() + 1;
            let count = sent.len();
            self.filled.values.extend(sent);
            (first, count)
        });
        for offset in 0..count {
            if offset > 0 {
                self.text(", ");
            }
            let placeholder = format!("@P{}", first + offset);
            self.text(&cast(parameter.sql_type, &placeholder));
        }
    }
}

/// What goes over the wire for a parameter, `size` values for a list; none where NULL is written into the text.
fn to_send(parameter: &Parameter, value: &Bound, size: usize) -> Option<Vec<ColumnData<'static>>> {
    match value {
        Bound::Value(value) => Some(vec![value.clone()]),
        Bound::Null => null_value(parameter.sql_type).map(|null| vec![null]),
        Bound::List(values) => {
            let last = values.last()?;
            let padding = std::iter::repeat_n(last, size.saturating_sub(values.len()));
            Some(values.iter().chain(padding).cloned().collect())
        }
    }
}

/// The name a variable has, without its sign.
fn parameter_name<'a>(token: &Token<'a>) -> Option<&'a str> {
    (token.kind == Kind::Variable)
        .then(|| token.text.strip_prefix('@'))
        .flatten()
}

/// Makes pieces of tokens.
struct Builder<'a, 'b> {
    tokens: &'b [Token<'a>],
    /// Where the tokens that are not blank stand among all.
    places: Vec<usize>,
    reader: &'b Reader<'a>,
    conditions: Vec<Condition>,
    locals: &'b HashSet<String>,
    parameters: &'b [Parameter],
    complaints: Vec<Complaint>,
    used: HashSet<usize>,
}

impl Builder<'_, '_> {
    /// The pieces of the tokens from one up to another, counted among all.
    fn pieces(&mut self, from: usize, to: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = from;
        while at < to {
            let Some(token) = self.tokens.get(at) else {
                break;
            };
            let place = self.places.binary_search(&at).ok();
            if let Some(condition) = place.and_then(|place| self.condition_at(place, to)) {
                at = self.place(condition.close) + 1;
                pieces.push(self.condition(&condition));
                continue;
            }
            at += 1;
            let parameter = place.filter(|place| {
                token.kind == Kind::Variable && !self.reader.is_argument_name(*place)
            });
            match parameter.and_then(|_| classify(token.text, self.locals, self.parameters)) {
                Some(Ok(index)) => {
                    self.used.insert(index);
                    pieces.push(Piece::Scalar(index));
                }
                Some(Err(complaint)) => self.complaints.push(complaint),
                None => push_text(&mut pieces, token.text),
            }
        }
        pieces
    }

    /// The outermost condition whose operand begins here and that ends before `to`.
    fn condition_at(&self, place: usize, to: usize) -> Option<Condition> {
        let here = self
            .conditions
            .iter()
            .filter(|condition| condition.operand == place && self.place(condition.close) < to);
        here.max_by_key(|condition| condition.close).cloned()
    }

    fn condition(&mut self, condition: &Condition) -> Piece {
        if condition.is_malformed(&self.reader.tokens) {
            self.complaints.push((
                "a list cannot be compared with a single value".to_owned(),
                "write `column IN (@list)`, one column for each list".to_owned(),
            ));
        }
        let behind = self.place(condition.behind_operand.saturating_sub(1)) + 1;
        let opening = self.tokens.get(behind..=self.place(condition.open));
        let opening = opening.unwrap_or_default().iter().map(|token| token.text);
        Piece::In(Box::new(In {
            opening: opening.collect(),
            operand: self.pieces(self.place(condition.operand), behind),
            negated: condition.negated,
            elements: condition
                .values
                .iter()
                .filter(|(from, to)| from < to)
                .map(|(from, to)| self.element(*from, *to))
                .collect(),
        }))
    }

    fn element(&mut self, from: usize, to: usize) -> Element {
        if to - from == 1
            && let Some(name) = self.reader.at(from).and_then(parameter_name)
            && !self.locals.contains(&name.to_ascii_lowercase())
            && let Some(index) = index_of(name, self.parameters)
            && self.parameters.get(index).is_some_and(|found| found.list)
        {
            self.used.insert(index);
            return Element::List(index);
        }
        Element::Other(self.pieces(self.place(from), self.place(to - 1) + 1))
    }

    /// Where a token that is not blank stands among all.
    fn place(&self, place: usize) -> usize {
        self.places.get(place).copied().unwrap_or_default()
    }
}

fn index_of(name: &str, parameters: &[Parameter]) -> Option<usize> {
    parameters
        .iter()
        .position(|parameter| parameter.name.eq_ignore_ascii_case(name))
}

/// What a `@name` outside of lists is: a declared parameter, or a complaint; none for a variable of the text's own.
fn classify(
    text: &str,
    locals: &HashSet<String>,
    parameters: &[Parameter],
) -> Option<Result<usize, Complaint>> {
    let name = text.strip_prefix('@')?;
    if locals.contains(&name.to_ascii_lowercase()) {
        return None;
    }
    let Some(index) = index_of(name, parameters) else {
        return Some(Err((
            format!("the text uses `@{name}`, which is not declared"),
            format!("add `{name}` to its parameters, or correct the name"),
        )));
    };
    if parameters.get(index).is_some_and(|found| found.list) {
        return Some(Err((
            format!("the list `@{name}` stands outside of `IN (@{name})`"),
            format!("write `column IN (@{name})`"),
        )));
    }
    Some(Ok(index))
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
                format!("the text declares `@{local}`, which is reserved for the host"),
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
                    "parameter `{}` is declared twice; SQL Server ignores case",
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
