//! What is taken off a statement before it is read: table hints, which say how and not what.

use super::lexer::Token;
use super::script::depth_change;

const HINTS: [&str; 14] = [
    "NOLOCK",
    "READUNCOMMITTED",
    "READCOMMITTED",
    "READPAST",
    "UPDLOCK",
    "ROWLOCK",
    "HOLDLOCK",
    "SERIALIZABLE",
    "TABLOCK",
    "TABLOCKX",
    "XLOCK",
    "PAGLOCK",
    "REPEATABLEREAD",
    "NOEXPAND",
];

/// Where the parenthesis at `open` closes: the position of its `)`.
pub(super) fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0;
    tokens
        .iter()
        .enumerate()
        .skip(open)
        .find_map(|(at, token)| {
            depth += depth_change(token);
            (depth == 0).then_some(at)
        })
}

/// Drops `WITH (NOLOCK, …)` and `(NOLOCK)` behind table names: SQLite has snapshots, not locks.
pub(super) fn hints(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut at = 0;
    while at < tokens.len() {
        let with = tokens.get(at).is_some_and(|token| token.is("WITH"));
        let open = at + usize::from(with);
        let after_name = at > 0 && tokens.get(at - 1).is_some_and(Token::is_name);
        if after_name
            && tokens.get(open).is_some_and(|token| token.is_symbol("("))
            && let Some(close) = closing(&tokens, open)
            && let Some(inside) = tokens.get(open + 1..close)
            && !inside.is_empty()
            && inside
                .iter()
                .all(|token| token.is_any(&HINTS) || token.is_symbol(","))
        {
            tokens.drain(at..=close);
        } else {
            at += 1;
        }
    }
    tokens
}
