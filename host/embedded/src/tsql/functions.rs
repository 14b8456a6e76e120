//! Function calls that SQLite spells differently; those it merely lacks are in `scalars`.

use super::clauses::{arguments, type_text};
use super::lexer::{Kind, Token};
use crate::tds::{SqlError, SqlType};

/// Rewrites every call, innermost last, so that arguments are rewritten too.
pub(super) fn rewrite(tokens: Vec<Token>) -> Result<Vec<Token>, SqlError> {
    let mut done = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let called =
            token.kind == Kind::Word && tokens.get(at + 1).is_some_and(|next| next.is_symbol("("));
        if !called {
            done.push(token.clone());
            at += 1;
            continue;
        }
        match token.text.to_ascii_uppercase().as_str() {
            "ISNULL" => done.push(Token::word("ifnull")),
            "LEFT" | "RIGHT" => {
                done.push(Token::word(&format!("{}_of", token.text.to_lowercase())))
            }
            "SCOPE_IDENTITY" => done.push(Token::word("last_insert_rowid")),
            "COUNT_BIG" => done.push(Token::word("count")),
            "CAST" | "TRY_CAST" => {
                let (inside, after) = arguments(&tokens, at + 1)?;
                done.extend(cast(inside)?);
                at = after;
                continue;
            }
            "CONVERT" | "TRY_CONVERT" => {
                let (mut inside, after) = arguments(&tokens, at + 1)?;
                if inside.len() < 2 {
                    return Err(SqlError::syntax(&token.text));
                }
                let value = inside.swap_remove(1);
                done.extend(conversion(
                    value,
                    &type_text(inside.first().map_or(&[], Vec::as_slice)),
                )?);
                at = after;
                continue;
            }
            "DATEADD" | "DATEDIFF" | "DATEPART" | "DATENAME" => {
                let (mut inside, after) = arguments(&tokens, at + 1)?;
                if let Some([part]) = inside.first().map(Vec::as_slice) {
                    let quoted =
                        Token::new(Kind::Literal, format!("'{}'", part.text.to_lowercase()));
                    if let Some(first) = inside.first_mut() {
                        *first = vec![quoted];
                    }
                }
                done.push(Token::word(&token.text.to_lowercase()));
                done.extend(parenthesized(inside)?);
                at = after;
                continue;
            }
            _ => done.push(token.clone()),
        }
        at += 1;
    }
    Ok(done)
}

fn parenthesized(arguments: Vec<Vec<Token>>) -> Result<Vec<Token>, SqlError> {
    let mut tokens = vec![Token::symbol("(")];
    for (position, argument) in arguments.into_iter().enumerate() {
        if position > 0 {
            tokens.push(Token::symbol(","));
        }
        tokens.extend(rewrite(argument)?);
    }
    tokens.push(Token::symbol(")"));
    Ok(tokens)
}

/// `CAST(value AS type)`.
fn cast(mut inside: Vec<Vec<Token>>) -> Result<Vec<Token>, SqlError> {
    // A type such as `decimal(5,2)` keeps its comma inside parentheses, so there is one argument.
    let (Some(mut value), true) = (inside.pop(), inside.is_empty()) else {
        return Err(SqlError::syntax("CAST"));
    };
    let split = value
        .iter()
        .rposition(|token| token.is("AS"))
        .ok_or_else(|| SqlError::syntax("CAST"))?;
    let ty = value.split_off(split);
    conversion(value, &type_text(ty.get(1..).unwrap_or_default()))
}

/// A conversion is a call of our own function, which knows T-SQL's types: SQLite's `CAST` knows five.
fn conversion(value: Vec<Token>, ty: &str) -> Result<Vec<Token>, SqlError> {
    if SqlType::parse(ty).is_none() {
        return Err(SqlError::unknown_type(ty));
    }
    let ty = ty.to_ascii_lowercase();
    // A string type without a length has 30 characters in a conversion.
    let length = if ty.ends_with("char") { "(30)" } else { "" };
    let quoted = vec![Token::new(Kind::Literal, format!("'{ty}{length}'"))];
    let mut tokens = vec![Token::word("convert_to")];
    tokens.extend(parenthesized(vec![quoted, value])?);
    Ok(tokens)
}
