//! Clauses that stand elsewhere in SQLite, or not at all: table hints, `TOP`, `OFFSET … FETCH`, `OUTPUT`.

use super::lexer::{Kind, Token, render};
use super::script::{depth_change, split_commas};
use crate::tds::SqlError;

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

/// `OFFSET m ROWS FETCH NEXT n ROWS ONLY` becomes `LIMIT n OFFSET m`.
pub(super) fn offsets(mut tokens: Vec<Token>) -> Result<Vec<Token>, SqlError> {
    while let Some(start) = (0..tokens.len()).find(|&at| is_offset(&tokens, at)) {
        let mut at = start + 1;
        let skip = until(&tokens, &mut at, &["ROW", "ROWS"])?;
        let mut limit = vec![Token::symbol("-"), Token::new(Kind::Number, "1")];
        if tokens.get(at).is_some_and(|token| token.is("FETCH")) {
            at += 2;
            limit = until(&tokens, &mut at, &["ROW", "ROWS"])?;
            if !tokens.get(at).is_some_and(|token| token.is("ONLY")) {
                return Err(SqlError::syntax("FETCH"));
            }
            at += 1;
        }
        let clause = [
            vec![Token::word("LIMIT")],
            limit,
            vec![Token::word("OFFSET")],
            skip,
        ]
        .concat();
        tokens.splice(start..at, clause);
    }
    Ok(tokens)
}

/// `SELECT TOP (n) …` becomes `SELECT … LIMIT n`.
pub(super) fn tops(mut tokens: Vec<Token>) -> Result<Vec<Token>, SqlError> {
    let mut at = 0;
    while at < tokens.len() {
        let distinct = tokens
            .get(at + 1)
            .is_some_and(|token| token.is_any(&["DISTINCT", "ALL"]));
        let top = at + 1 + usize::from(distinct);
        if tokens
            .get(at)
            .is_some_and(|token| token.is_any(&["UPDATE", "DELETE", "INTO"]))
            && word_at(&tokens, at + 1, "TOP")
        {
            return Err(SqlError::syntax("TOP"));
        }
        if word_at(&tokens, at, "SELECT") && word_at(&tokens, top, "TOP") {
            move_top(&mut tokens, at, top)?;
        }
        at += 1;
    }
    Ok(tokens)
}

/// `OUTPUT inserted.x` becomes `RETURNING x`, at the end.
pub(super) fn output(mut tokens: Vec<Token>) -> Result<Vec<Token>, SqlError> {
    let Some(first) = tokens.first() else {
        return Ok(tokens);
    };
    let source = match () {
        () if first.is_any(&["INSERT", "UPDATE"]) => "inserted",
        () if first.is("DELETE") => "deleted",
        () => return Ok(tokens),
    };
    let Some(start) = top_level(&tokens, 0, &["OUTPUT"]) else {
        return Ok(tokens);
    };
    let end = top_level(
        &tokens,
        start,
        &["VALUES", "SELECT", "DEFAULT", "FROM", "WHERE", "WITH"],
    )
    .unwrap_or(tokens.len());
    let clause: Vec<Token> = tokens.drain(start..end).skip(1).collect();
    let mut returning = vec![Token::word("RETURNING")];
    let mut clause = clause.into_iter().peekable();
    while let Some(token) = clause.next() {
        if token.is("INTO") {
            return Err(SqlError::unsupported("OUTPUT … INTO"));
        }
        let qualified = token.is_any(&["inserted", "deleted"])
            && clause.peek().is_some_and(|next| next.is_symbol("."));
        if !qualified {
            returning.push(token);
        } else if token.is(source) {
            clause.next();
        } else {
            return Err(SqlError::unsupported(&format!(
                "{}.* in this OUTPUT",
                token.text
            )));
        }
    }
    tokens.extend(returning);
    Ok(tokens)
}

fn is_offset(tokens: &[Token], at: usize) -> bool {
    word_at(tokens, at, "OFFSET") && top_level(tokens, at, &["ROW", "ROWS"]).is_some()
}

fn word_at(tokens: &[Token], at: usize, word: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.is(word))
}

/// The first of `words` from `start` on, at the depth of `start`.
pub(super) fn top_level(tokens: &[Token], start: usize, words: &[&str]) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        depth += depth_change(token);
        if depth < 0 {
            return None;
        }
        if depth == 0 && token.is_any(words) {
            return Some(at);
        }
    }
    None
}

/// Tokens from `at` up to one of `words`, which is passed too.
fn until(tokens: &[Token], at: &mut usize, words: &[&str]) -> Result<Vec<Token>, SqlError> {
    let end = top_level(tokens, *at, words).ok_or_else(|| SqlError::syntax("OFFSET"))?;
    let taken = tokens.get(*at..end).unwrap_or_default().to_vec();
    *at = end + 1;
    Ok(taken)
}

fn move_top(tokens: &mut Vec<Token>, select: usize, top: usize) -> Result<(), SqlError> {
    let count_start = top + 1;
    let count_end = if tokens
        .get(count_start)
        .is_some_and(|token| token.is_symbol("("))
    {
        closing(tokens, count_start).ok_or_else(|| SqlError::syntax("TOP"))? + 1
    } else {
        count_start + 1
    };
    if let Some(word) = tokens
        .get(count_end)
        .filter(|token| token.is_any(&["PERCENT", "WITH"]))
    {
        return Err(SqlError::syntax(&word.text));
    }
    let count: Vec<Token> = tokens.drain(top..count_end).skip(1).collect();
    let end = select_end(tokens, select);
    let mut limit = vec![Token::word("LIMIT")];
    limit.extend(count);
    let in_union = tokens
        .get(end)
        .is_some_and(|token| token.is_any(&["UNION", "EXCEPT", "INTERSECT"]));
    if in_union {
        limit.push(Token::symbol(")"));
    }
    tokens.splice(end..end, limit);
    if in_union {
        let open = [
            Token::word("SELECT"),
            Token::symbol("*"),
            Token::word("FROM"),
            Token::symbol("("),
        ];
        tokens.splice(select..select, open);
    }
    Ok(())
}

fn select_end(tokens: &[Token], select: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(select) {
        depth += depth_change(token);
        if depth < 0 || (depth == 0 && token.is_any(&["UNION", "EXCEPT", "INTERSECT"])) {
            return at;
        }
    }
    tokens.len()
}

/// The arguments between the parenthesis at `open` and its end, and the position behind it.
pub(super) fn arguments(
    tokens: &[Token],
    open: usize,
) -> Result<(Vec<Vec<Token>>, usize), SqlError> {
    let close = closing(tokens, open).ok_or_else(|| SqlError::syntax("("))?;
    let inside = tokens.get(open + 1..close).unwrap_or_default();
    let arguments = if inside.is_empty() {
        Vec::new()
    } else {
        split_commas(inside)
    };
    Ok((arguments, close + 1))
}

/// A declared type as text: `decimal(5,2)`.
pub(super) fn type_text(tokens: &[Token]) -> String {
    render(tokens).replace([' ', '"'], "")
}
