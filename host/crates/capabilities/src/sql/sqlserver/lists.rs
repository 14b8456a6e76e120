//! Where a text says `operand [NOT] IN (…)` with a list among its values.
//!
//! A list that is empty leaves nothing to compare with, which T-SQL cannot write. `IN` is then false and `NOT IN` true, for NULL as
//! well, and in every place where a condition may stand: in `CASE`, under `NOT`, inside an aggregate, in `GROUP BY`. So the
//! whole condition is replaced by one over its operand that always has this truth, and the operand has to be found: it begins behind
//! the last word or bracket that a condition can follow.

use super::lexer::{Kind, Token};

/// A condition with a list, by places among the tokens that are not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// Where its operand begins.
    pub(super) operand: usize,
    /// Behind the operand: `NOT`, or `IN`.
    pub(super) behind_operand: usize,
    pub(super) negated: bool,
    /// The bracket behind `IN`.
    pub(super) open: usize,
    /// The bracket that closes it.
    pub(super) close: usize,
    /// The values between: from, and up to but without.
    pub(super) values: Vec<(usize, usize)>,
}

/// Words behind which a condition begins.
const BEFORE_CONDITIONS: [&str; 12] = [
    "AND", "OR", "NOT", "WHERE", "ON", "WHEN", "HAVING", "IF", "WHILE", "THEN", "ELSE", "CHECK",
];

/// The conditions of a text in whose brackets `is_list` holds for a value that is one variable.
pub(super) fn conditions(tokens: &[Token<'_>], is_list: impl Fn(usize) -> bool) -> Vec<Condition> {
    let ins = tokens.windows(2).enumerate().filter(
        |(_, pair)| matches!(pair, [word, bracket] if word.is("IN") && bracket.is_symbol("(")),
    );
    ins.filter_map(|(place, _)| {
        let open = place + 1;
        let close = closing(tokens, open)?;
        let values = split(tokens, open + 1, close);
        let has_list = values
            .iter()
            .any(|(from, to)| to - from == 1 && is_list(*from));
        if !has_list {
            return None;
        }
        let negated = place > 0 && tokens.get(place - 1).is_some_and(|token| token.is("NOT"));
        let behind_operand = place - usize::from(negated);
        Some(Condition {
            operand: operand(tokens, behind_operand),
            behind_operand,
            negated,
            open,
            close,
            values,
        })
    })
    .collect()
}

impl Condition {
    /// Whether the operand is a row of several values, which T-SQL does not compare with lists, or is missing.
    pub(super) fn is_malformed(&self, tokens: &[Token<'_>]) -> bool {
        if self.operand == self.behind_operand {
            return true;
        }
        let is_bracketed = tokens
            .get(self.operand)
            .is_some_and(|token| token.is_symbol("("))
            && closing(tokens, self.operand) == Some(self.behind_operand - 1);
        is_bracketed && split(tokens, self.operand + 1, self.behind_operand - 1).len() > 1
    }
}

/// Where the operand begins that ends before `end`.
fn operand(tokens: &[Token<'_>], end: usize) -> usize {
    let (mut start, mut depth, mut cases) = (end, 0usize, 0usize);
    while let Some(token) = start.checked_sub(1).and_then(|before| tokens.get(before)) {
        if token.is_symbol(")") {
            depth += 1;
        } else if depth > 0 {
            depth -= usize::from(token.is_symbol("("));
        } else if token.is("END") {
            cases += 1;
        } else if cases > 0 {
            cases -= usize::from(token.is("CASE"));
        } else if token.is_any(&BEFORE_CONDITIONS)
            || (token.kind == Kind::Symbol && ["(", ",", ";"].contains(&token.text))
        {
            break;
        }
        start -= 1;
    }
    start
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
            if depth == 0 {
                return Some(place);
            }
        }
    }
    None
}

/// The parts between commas outside of brackets.
fn split(tokens: &[Token<'_>], from: usize, to: usize) -> Vec<(usize, usize)> {
    let (mut parts, mut start, mut depth) = (Vec::new(), from, 0usize);
    for (place, token) in tokens.iter().enumerate().take(to).skip(from) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_symbol(",") {
            parts.push((start, place));
            start = place + 1;
        }
    }
    parts.push((start, to));
    parts
}

#[cfg(test)]
mod tests;
