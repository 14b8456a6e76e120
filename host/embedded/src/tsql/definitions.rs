//! Tables, indexes and views: from T-SQL to SQLite, and the types and collations of a seed's tables.
//!
//! Exact numbers are declared with a name of their own (`decimal_text(5,2)`), because SQLite makes floating-point numbers of what lies
//! in a `DECIMAL` column; text columns get the server's collation, so that keys and indexes compare as it does.

use super::clauses::closing;
use super::collation;
use super::compile::{Catalog, Definition};
use super::lexer::{Kind, Token, render, tokenize_in_place};
use super::parser::Parser;
use super::script::split_commas;
use super::{Globals, Translated, Verb};
use crate::sql_types::{SqlError, SqlType};

/// What the server creates and this endpoint does not.
const LACKING: [&str; 12] = [
    "PROCEDURE",
    "PROC",
    "FUNCTION",
    "TRIGGER",
    "TYPE",
    "SCHEMA",
    "SEQUENCE",
    "SYNONYM",
    "USER",
    "LOGIN",
    "DATABASE",
    "STATISTICS",
];

/// Words that say how something is stored.
const STORAGE: [&str; 3] = ["CLUSTERED", "NONCLUSTERED", "ROWGUIDCOL"];

/// Translates `CREATE`, `ALTER`, `DROP` and `TRUNCATE`.
pub(super) fn translate(
    tokens: &[Token],
    globals: &Globals,
    catalog: &dyn Catalog,
) -> Result<Translated, SqlError> {
    let statement = tokens;
    let tokens = without_schema(tokens);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    if let Some(kind) = tokens
        .iter()
        .skip(1)
        .take(3)
        .find(|token| token.is_any(&LACKING))
    {
        let verb = tokens
            .first()
            .map_or("", |token| &token.text)
            .to_uppercase();
        return Err(SqlError::unsupported(&format!(
            "{verb} {}",
            kind.text.to_uppercase()
        )));
    }
    let sql = if is(0, "CREATE") && is(1, "TABLE") {
        create_table(&tokens, &Definition::new(globals, catalog))?
    } else if is(0, "CREATE") && is(1, "VIEW") {
        create_view(statement, &Definition::new(globals, catalog))?
    } else if is(0, "TRUNCATE") {
        format!(
            "DELETE FROM {}",
            render(tokens.get(2..).unwrap_or_default())
        )
    } else if is(0, "CREATE") {
        create_index(&tokens)
    } else if is(0, "DROP") && is(1, "INDEX") {
        let end = tokens
            .iter()
            .position(|token| token.is("ON"))
            .unwrap_or(tokens.len());
        render(tokens.get(..end).unwrap_or_default())
    } else if is(0, "ALTER") {
        alter_table(&tokens, &Definition::new(globals, catalog))?
    } else {
        render(&tokens)
    };
    let verb = if is(0, "TRUNCATE") {
        Verb::Delete
    } else {
        Verb::Other
    };
    Ok(Translated {
        sql,
        verb,
        outputs: Vec::new(),
        identity: false,
    })
}

/// A seed's script with the types and collations that its tables have here.
pub(crate) fn seed_script(script: &str) -> Result<String, SqlError> {
    let tokens = tokenize_in_place(script)?;
    let mut result = String::with_capacity(script.len());
    let mut done = 0;
    for at in 0..tokens.len() {
        let is = |ahead: usize, word: &str| {
            tokens
                .get(at + ahead)
                .is_some_and(|(token, _)| token.is(word))
        };
        let table = usize::from(is(1, "TEMP")) + 1;
        if !is(0, "CREATE") || !is(table, "TABLE") {
            continue;
        }
        let bare: Vec<Token> = tokens
            .iter()
            .skip(at)
            .map(|(token, _)| token.clone())
            .collect();
        let Some(open) = bare
            .iter()
            .position(|token| token.is_symbol("(") || token.is_symbol(";"))
        else {
            continue;
        };
        let Some(close) = closing(&bare, open)
            .filter(|_| bare.get(open).is_some_and(|token| token.is_symbol("(")))
        else {
            continue;
        };
        let inside = bare.get(open + 1..close).unwrap_or_default();
        let columns: Vec<String> = split_commas(inside)
            .iter()
            .map(|column| render(&seeded_column(column)))
            .collect();
        let (Some((_, first)), Some((_, last))) = (tokens.get(at + open), tokens.get(at + close))
        else {
            continue;
        };
        result.push_str(script.get(done..first.end).unwrap_or_default());
        result.push_str(&columns.join(", "));
        done = last.start;
    }
    result.push_str(script.get(done..).unwrap_or_default());
    Ok(result)
}

/// A column of a seed's table: everything but its type is SQLite's language already.
fn seeded_column(column: &[Token]) -> Vec<Token> {
    match typed(column) {
        Some((name, ty, rest)) => [name, declared(ty, &rest), rest].concat(),
        None => column.to_vec(),
    }
}

/// A column's name, type and the rest; none if this is not a column, or one of a type of SQLite's own.
fn typed(column: &[Token]) -> Option<(Vec<Token>, SqlType, Vec<Token>)> {
    let first = column.first().filter(|token| token.is_name())?;
    if first.is_any(&[
        "CONSTRAINT",
        "PRIMARY",
        "UNIQUE",
        "FOREIGN",
        "CHECK",
        "INDEX",
    ]) {
        return None;
    }
    let ty = column.get(1).filter(|token| token.is_name())?;
    let has_length = column.get(2).is_some_and(|token| token.is_symbol("("));
    let end = if has_length {
        closing(column, 2)? + 1
    } else {
        2
    };
    let text = render(column.get(1..end)?).replace([' ', '"'], "");
    let parsed = SqlType::parse(&text)?;
    // SQLite numbers the rows of a table by an `INTEGER PRIMARY KEY` of this very name.
    if ty.is("INTEGER") {
        return None;
    }
    Some((vec![first.clone()], parsed, column.get(end..)?.to_vec()))
}

/// A type as SQLite is told it.
fn declared(ty: SqlType, rest: &[Token]) -> Vec<Token> {
    let word = |text: String| Token::new(Kind::Word, text);
    let own = match ty {
        SqlType::Decimal { precision, scale } => Some(format!("decimal_text({precision},{scale})")),
        SqlType::Money => Some("money_text".to_owned()),
        SqlType::SmallMoney => Some("smallmoney_text".to_owned()),
        _ => None,
    };
    let collation = match own {
        Some(_) => Some(collation::DECIMAL),
        None if ty.is_text() => Some(collation::TEXT),
        None => None,
    };
    // SQLite takes numbers only in a declaration: `max` is written -1.
    let declaration = own.unwrap_or_else(|| ty.declaration().replace("max", "-1"));
    let mut tokens = vec![word(declaration)];
    if let Some(collation) = collation
        && !rest.iter().any(|token| token.is("COLLATE"))
    {
        tokens.extend([Token::word("COLLATE"), Token::word(collation)]);
    }
    tokens
}

fn without_schema(tokens: &[Token]) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if kept.last().is_some_and(|last| last.is_symbol(".")) && kept.len() > 1 {
            kept.truncate(kept.len() - 2);
            if token.is_symbol(".") {
                kept.push(token.clone());
                continue;
            }
        }
        kept.push(token.clone());
    }
    kept
}

fn create_table(tokens: &[Token], definition: &Definition<'_>) -> Result<String, SqlError> {
    let open = tokens
        .iter()
        .position(|token| token.is_symbol("("))
        .ok_or_else(|| SqlError::syntax("TABLE"))?;
    let close = closing(tokens, open).ok_or_else(|| SqlError::syntax("("))?;
    let name = tokens
        .get(open - 1)
        .ok_or_else(|| SqlError::syntax("TABLE"))?;
    let parts = split_commas(tokens.get(open + 1..close).unwrap_or_default());
    let columns: Vec<(String, Option<SqlType>)> = parts
        .iter()
        .filter_map(|part| {
            let (name, ty) = match typed(part) {
                Some((name, ty, _)) => (name.into_iter().next()?, Some(ty)),
                None => (
                    part.first()
                        .filter(|_| part.get(1).is_some_and(|ty| ty.is("INTEGER")))?
                        .clone(),
                    Some(SqlType::Int),
                ),
            };
            Some((name.text, ty))
        })
        .collect();
    let shown = parts
        .iter()
        .map(|part| table_part(part, &name.text, &columns, definition))
        .collect::<Result<Vec<_>, _>>()?;
    let temporary = if name.text.starts_with('#') {
        "TEMP "
    } else {
        ""
    };
    let head = render(tokens.get(1..open).unwrap_or_default());
    Ok(format!("CREATE {temporary}{head} ({})", shown.join(", ")))
}

/// A column or constraint of a new table.
fn table_part(
    part: &[Token],
    table: &str,
    columns: &[(String, Option<SqlType>)],
    definition: &Definition<'_>,
) -> Result<String, SqlError> {
    let part: Vec<Token> = part
        .iter()
        .filter(|token| !token.is_any(&STORAGE))
        .cloned()
        .collect();
    let is_column = part.first().is_some_and(|first| {
        first.is_name()
            && !first.is_any(&[
                "CONSTRAINT",
                "PRIMARY",
                "UNIQUE",
                "FOREIGN",
                "CHECK",
                "INDEX",
            ])
    });
    if !is_column {
        return constraints(&part, table, None, columns, definition);
    }
    if part.get(1).is_some_and(|token| token.is("AS")) {
        return Err(SqlError::unsupported("a computed column"));
    }
    if part.get(1).is_some_and(|token| token.is("INTEGER"))
        && part.iter().any(|token| token.is("PRIMARY"))
    {
        return constraints(&part, table, None, columns, definition);
    }
    let Some((name, ty, mut rest)) = typed(&part).or_else(|| {
        let name = part.first()?.clone();
        part.get(1).filter(|ty| ty.is("INTEGER"))?;
        Some((vec![name], SqlType::Int, part.get(2..)?.to_vec()))
    }) else {
        let ty = part.get(1).map_or("", |token| &token.text);
        return Err(SqlError::unknown_type(ty));
    };
    let is_key = rest.iter().any(|token| token.is("PRIMARY"));
    if let Some(at) = rest.iter().position(|token| token.is("IDENTITY")) {
        let has_seed = rest.get(at + 1).is_some_and(|token| token.is_symbol("("));
        let end = if has_seed {
            closing(&rest, at + 1).map_or(rest.len(), |close| close + 1)
        } else {
            at + 1
        };
        let seed = render(rest.get(at + 1..end).unwrap_or_default()).replace(' ', "");
        if !is_key || !(seed.is_empty() || seed == "(1,1)") {
            return Err(SqlError::unsupported(
                "IDENTITY other than (1,1) on the primary key",
            ));
        }
        // The one column that SQLite numbers.
        let name = render(&name);
        return Ok(format!("{name} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"));
    }
    if let Some(at) = rest.iter().position(|token| token.is("COLLATE")) {
        let name = rest
            .get(at + 1)
            .map_or("", |token| &token.text)
            .to_uppercase();
        let known = if name.contains("_BIN") || name.contains("_CS_AS") {
            "BINARY"
        } else if name.contains("_CI_AS") {
            collation::TEXT
        } else {
            return Err(SqlError::unsupported(&format!("the collation {name}")));
        };
        if let Some(token) = rest.get_mut(at + 1) {
            *token = Token::word(known);
        }
    }
    if is_key && !rest.iter().any(|token| token.is("NULL")) {
        rest.extend([Token::word("NOT"), Token::word("NULL")]);
    }
    let own = name.first().map(|name| (name.text.clone(), ty));
    let head = render(&[name, declared(ty, &rest)].concat());
    Ok(format!(
        "{head} {}",
        constraints(&rest, table, own, columns, definition)?
    ))
}

/// Constraints, whose expressions are compiled: `DEFAULT`, `CHECK`.
fn constraints(
    tokens: &[Token],
    table: &str,
    column: Option<(String, SqlType)>,
    columns: &[(String, Option<SqlType>)],
    definition: &Definition<'_>,
) -> Result<String, SqlError> {
    let mut parts = Vec::new();
    let mut plain: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.is("CHECK") && tokens.get(at + 1).is_some_and(|next| next.is_symbol("(")) {
            let close = closing(tokens, at + 1).ok_or_else(|| SqlError::syntax("CHECK"))?;
            let inside = tokens.get(at + 2..close).unwrap_or_default();
            let mut parser = Parser {
                tokens: inside,
                at: 0,
            };
            let condition = parser.expression()?;
            parts.push(render(&std::mem::take(&mut plain)));
            parts.push(format!(
                "CHECK ({})",
                definition.condition(&condition, table, columns)?
            ));
            at = close + 1;
        } else if token.is("DEFAULT") {
            let mut parser = Parser { tokens, at: at + 1 };
            let value = parser.primary()?;
            parts.push(render(&std::mem::take(&mut plain)));
            parts.push(format!(
                "DEFAULT ({})",
                definition.default(&value, table, column.as_ref())?
            ));
            at = parser.at;
        } else {
            plain.push(token.clone());
            at += 1;
        }
    }
    parts.push(render(&plain));
    Ok(parts.join(" "))
}

fn create_view(tokens: &[Token], definition: &Definition<'_>) -> Result<String, SqlError> {
    let start = tokens
        .iter()
        .position(|token| token.is("AS"))
        .ok_or_else(|| SqlError::syntax("VIEW"))?;
    let head = render(&without_schema(tokens.get(..start).unwrap_or_default()));
    let mut parser = Parser {
        tokens,
        at: start + 1,
    };
    let query = parser.query()?;
    if parser.at < tokens.len() {
        return Err(parser.near());
    }
    Ok(format!("{head} AS {}", definition.query(&query)?))
}

/// `CREATE INDEX`: what is included in it, and how it is stored, SQLite decides.
fn create_index(tokens: &[Token]) -> String {
    let mut kept: Vec<Token> = tokens
        .iter()
        .filter(|token| !token.is_any(&STORAGE))
        .cloned()
        .collect();
    if let Some(at) = kept.iter().position(|token| token.is("INCLUDE"))
        && let Some(close) = closing(&kept, at + 1)
    {
        kept.drain(at..=close);
    }
    if let Some(at) = kept.iter().position(|token| token.is("WITH")) {
        kept.truncate(at);
    }
    render(&kept)
}

/// `ALTER TABLE t ADD column type …`.
fn alter_table(tokens: &[Token], definition: &Definition<'_>) -> Result<String, SqlError> {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let name = tokens.get(2).ok_or_else(|| SqlError::syntax("ALTER"))?;
    if is(1, "TABLE") && is(3, "DROP") && is(4, "COLUMN") {
        return Ok(render(tokens));
    }
    let column = tokens.get(4..).unwrap_or_default();
    if !is(1, "TABLE") || !is(3, "ADD") || is(4, "CONSTRAINT") || split_commas(column).len() > 1 {
        return Err(SqlError::unsupported("this ALTER"));
    }
    let columns = definition.columns(&name.text);
    let part = table_part(column, &name.text, &columns, definition)?;
    Ok(format!(
        "ALTER TABLE {} ADD COLUMN {part}",
        render(std::slice::from_ref(name))
    ))
}
