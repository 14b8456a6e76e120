//! Makes the pieces of a text of its tokens, and complains about what is wrong with it.

use std::collections::HashSet;

use super::reader::Reader;
use super::{Element, In, Piece, parameter_name};
use crate::sql::sqlserver::filled::Parameter;
use crate::sql::sqlserver::lexer::{Kind, Token};
use crate::sql::sqlserver::lists::Condition;
use crate::sql::statement::Complaint;

/// Makes pieces of tokens.
pub(super) struct Builder<'a, 'b> {
    pub(super) tokens: &'b [Token<'a>],
    /// Where the tokens that are not blank stand among all.
    pub(super) places: Vec<usize>,
    pub(super) reader: &'b Reader<'a>,
    pub(super) conditions: Vec<Condition>,
    pub(super) locals: &'b HashSet<String>,
    pub(super) parameters: &'b [Parameter],
    pub(super) complaints: Vec<Complaint>,
    pub(super) used: HashSet<usize>,
}

impl Builder<'_, '_> {
    /// The pieces of the tokens from one up to another, counted among all.
    pub(super) fn pieces(&mut self, from: usize, to: usize) -> Vec<Piece> {
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
            format!("the list `@{name}` is used outside `IN (@{name})`"),
            format!("write `column IN (@{name})`"),
        )));
    }
    Some(Ok(index))
}

/// Complaints about the text's own variables, and about parameters that could be either of two.
pub(super) fn reserved(locals: &HashSet<String>, parameters: &[Parameter]) -> Vec<Complaint> {
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
