//! Operators that mean something else in SQLite: `+` on strings, `/` and `%` by zero.

use super::clauses::closing;
use super::lexer::{Kind, Token};
use super::script::depth_change;

/// Makes `+` into `||` in every chain of operands that holds a string literal, a variable or call that gives a string.
///
/// SQLite adds text as numbers, so a chain of nothing but columns that hold text is read as a sum; T-SQL knows their types and
/// we do not.
pub(super) fn concatenations(mut tokens: Vec<Token>, text_variables: &[String]) -> Vec<Token> {
    for at in 0..tokens.len() {
        if !is_string(&tokens, at, text_variables) {
            continue;
        }
        for step in [-1_isize, 1] {
            for plus in chain(&tokens, at, step) {
                if let Some(token) = tokens.get_mut(plus) {
                    *token = Token::symbol("||");
                }
            }
        }
    }
    tokens
}

/// Wraps every divisor in `divisor(…)`, which fails with error 8134 on zero, where SQLite gives NULL.
pub(super) fn divisions(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at < tokens.len() {
        if tokens
            .get(at)
            .is_some_and(|token| token.is_symbol("/") || token.is_symbol("%"))
        {
            let end = operand_end(&tokens, at + 1);
            tokens.insert(end.min(tokens.len()), Token::symbol(")"));
            tokens.splice(at + 1..at + 1, [Token::word("divisor"), Token::symbol("(")]);
            at += 2;
        }
        at += 1;
    }
    tokens
}

/// Whether the operand at `at` is a string, as far as its tokens tell.
fn is_string(tokens: &[Token], at: usize, text_variables: &[String]) -> bool {
    const CALLS: [&str; 12] = [
        "left_of",
        "right_of",
        "substring",
        "upper",
        "lower",
        "ltrim",
        "rtrim",
        "trim",
        "replace",
        "concat",
        "reverse",
        "char",
    ];
    const TYPES: [&str; 4] = ["'nvarchar", "'varchar", "'nchar", "'char"];
    let Some(token) = tokens.get(at) else {
        return false;
    };
    match token.kind {
        Kind::Literal => token.text.starts_with('\''),
        Kind::Variable => text_variables.contains(&token.text.to_lowercase()),
        Kind::Word if !tokens.get(at + 1).is_some_and(|next| next.is_symbol("(")) => false,
        Kind::Word if token.is("convert_to") => tokens
            .get(at + 2)
            .is_some_and(|ty| TYPES.iter().any(|name| ty.text.starts_with(name))),
        Kind::Word => token.is_any(&CALLS),
        _ => false,
    }
}

/// The positions of `+` in the chain of operands around `from`, in one direction and at its depth.
fn chain(tokens: &[Token], from: usize, step: isize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut at = from;
    while let Some(next) = at.checked_add_signed(step) {
        at = next;
        let Some(token) = tokens.get(at) else { break };
        depth += depth_change(token) * i32::try_from(step).unwrap_or(1);
        if depth < 0 {
            break;
        }
        if depth == 0 && token.is_symbol("+") {
            found.push(at);
        } else if depth == 0 && ends_chain(token) {
            break;
        }
    }
    found
}

fn ends_chain(token: &Token) -> bool {
    const WORDS: [&str; 24] = [
        "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "LIKE", "IN", "BETWEEN", "AS", "CASE",
        "WHEN", "THEN", "ELSE", "END", "ORDER", "GROUP", "BY", "SET", "VALUES", "ON", "IS",
        "UNION", "ESCAPE",
    ];
    let operand_symbol = token.is_symbol(".")
        || token.is_symbol(")")
        || token.is_symbol("(")
        || token.is_symbol("||");
    token.is_any(&WORDS) || (token.kind == Kind::Symbol && !operand_symbol)
}

/// The position behind the operand that starts at `start`: a sign, then a value, name, call or parenthesis.
fn operand_end(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    while tokens
        .get(at)
        .is_some_and(|token| token.is_symbol("-") || token.is_symbol("+"))
    {
        at += 1;
    }
    let opens = |at: usize| tokens.get(at).is_some_and(|token| token.is_symbol("("));
    if opens(at) {
        return closing(tokens, at).map_or(tokens.len(), |close| close + 1);
    }
    at += 1;
    while tokens.get(at).is_some_and(|token| token.is_symbol(".")) {
        at += 2;
    }
    if opens(at) {
        closing(tokens, at).map_or(tokens.len(), |close| close + 1)
    } else {
        at
    }
}
