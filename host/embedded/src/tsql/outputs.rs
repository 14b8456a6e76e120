//! What each column of a `SELECT` is called and of which type, where T-SQL knows more than SQLite.
//!
//! SQLite knows the declared type of plain columns only. An expression's type is guessed from its shape; where even that says
//! nothing, the values decide.

use super::clauses::{arguments, top_level, type_text};
use super::lexer::{Kind, Token};
use super::script::split_commas;
use crate::tds::SqlType;

/// One column of a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// Its name, where SQLite would call it otherwise: an expression without an alias has none.
    pub name: Option<String>,
    /// Its type.
    pub guess: Guess,
}

/// What is known about a column's type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Guess {
    /// Nothing: the declared type if SQLite has one, else the values decide.
    Unknown,
    /// This type.
    Type(SqlType),
    /// The type of a variable.
    Variable(String),
    /// Made from a column: a `SELECT` of that column alone, whose declared type counts, and whether it is summed up.
    Column(Vec<Token>, Aggregate),
}

/// What an aggregate does to the type of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    /// Nothing: `MIN`, `MAX`, `ISNULL`.
    None,
    /// `SUM`.
    Sum,
    /// `AVG`.
    Average,
}

/// The columns of a `SELECT`; empty for other statements and for `*`.
pub(crate) fn outputs(statement: &[Token]) -> Vec<Output> {
    if !statement.first().is_some_and(|token| token.is("SELECT")) {
        return Vec::new();
    }
    let start = items_start(statement);
    let end = top_level(
        statement,
        start,
        &[
            "FROM",
            "WHERE",
            "ORDER",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "GROUP",
            "OFFSET",
        ],
    );
    let items = split_commas(
        statement
            .get(start..end.unwrap_or(statement.len()))
            .unwrap_or_default(),
    );
    let source = source(statement);
    if items
        .iter()
        .any(|item| item.last().is_some_and(|token| token.is_symbol("*")))
    {
        return Vec::new();
    }
    items.iter().map(|item| output(item, source)).collect()
}

/// Behind `SELECT [DISTINCT] [TOP (n)]`.
fn items_start(statement: &[Token]) -> usize {
    let mut at = 1;
    if statement
        .get(at)
        .is_some_and(|token| token.is_any(&["DISTINCT", "ALL"]))
    {
        at += 1;
    }
    if statement.get(at).is_some_and(|token| token.is("TOP")) {
        at += 1;
        at = if statement.get(at).is_some_and(|token| token.is_symbol("(")) {
            arguments(statement, at).map_or(at, |(_, after)| after)
        } else {
            at + 1
        };
    }
    at
}

/// The `FROM` clause, with all its joins.
fn source(statement: &[Token]) -> &[Token] {
    let Some(from) = top_level(statement, 0, &["FROM"]) else {
        return &[];
    };
    let end = top_level(
        statement,
        from,
        &[
            "WHERE",
            "GROUP",
            "ORDER",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "HAVING",
            "OFFSET",
        ],
    );
    statement
        .get(from..end.unwrap_or(statement.len()))
        .unwrap_or_default()
}

fn output(item: &[Token], source: &[Token]) -> Output {
    let (expression, alias) = split_alias(item);
    let column = is_column(expression);
    let name = match alias {
        Some(alias) => Some(alias),
        None if column => None,
        None => Some(String::new()),
    };
    Output {
        name,
        guess: if column {
            Guess::Unknown
        } else {
            guess(expression, source)
        },
    }
}

/// `expression AS name`, `expression name` or `name = expression`.
fn split_alias(item: &[Token]) -> (&[Token], Option<String>) {
    match item {
        [name, equals, expression @ ..] if name.is_name() && equals.is_symbol("=") => {
            (expression, Some(name.text.clone()))
        }
        [expression @ .., word, name] if word.is("AS") => {
            (expression, Some(name.text.trim_matches('\'').to_owned()))
        }
        [expression @ .., before, name]
            if name.is_name() && ends_operand(before) && !name.is("END") =>
        {
            (
                item.get(..=expression.len()).unwrap_or_default(),
                Some(name.text.clone()),
            )
        }
        _ => (item, None),
    }
}

fn ends_operand(token: &Token) -> bool {
    token.is_symbol(")")
        || token.is("END")
        || (token.kind != Kind::Symbol && !token.is_any(&["CASE", "NOT", "IS"]))
}

fn is_column(expression: &[Token]) -> bool {
    expression.iter().enumerate().all(|(at, token)| {
        if at % 2 == 0 {
            token.is_name()
        } else {
            token.is_symbol(".")
        }
    }) && expression
        .first()
        .is_some_and(|token| !token.is_any(&["NULL", "CURRENT_TIMESTAMP"]))
}

fn guess(expression: &[Token], source: &[Token]) -> Guess {
    match expression {
        [token] if token.kind == Kind::Variable && !token.text.starts_with("@@") => {
            Guess::Variable(token.text.to_lowercase())
        }
        [token] if token.kind == Kind::Variable => Guess::Type(SqlType::Int),
        [token] if token.is("CURRENT_TIMESTAMP") => Guess::Type(SqlType::DateTime),
        [token] if token.kind == Kind::Number => number(&token.text),
        [name, open, ..] if name.kind == Kind::Word && open.is_symbol("(") => {
            match arguments(expression, 1) {
                Ok((arguments, after)) if after == expression.len() => {
                    call(&name.text, &arguments, source)
                }
                _ => Guess::Unknown,
            }
        }
        _ => Guess::Unknown,
    }
}

/// `1.50` is a `decimal(3,2)`; whole numbers go by their value.
fn number(text: &str) -> Guess {
    let Some((whole, fraction)) = text.split_once('.').filter(|_| !text.contains(['e', 'E']))
    else {
        return Guess::Unknown;
    };
    let scale = u8::try_from(fraction.len()).unwrap_or(38);
    let precision = u8::try_from(whole.trim_start_matches('0').len())
        .unwrap_or(38)
        .saturating_add(scale)
        .clamp(1, 38);
    Guess::Type(SqlType::Decimal {
        precision,
        scale: scale.min(precision),
    })
}

fn call(name: &str, arguments: &[Vec<Token>], source: &[Token]) -> Guess {
    let first = arguments.first().map_or(&[][..], Vec::as_slice);
    let like = |sum: Aggregate| {
        if is_column(first) && !source.is_empty() {
            return Guess::Column(
                [vec![Token::word("SELECT")], first.to_vec(), source.to_vec()].concat(),
                sum,
            );
        }
        if sum == Aggregate::None {
            guess(first, source)
        } else {
            Guess::Unknown
        }
    };
    match name.to_ascii_uppercase().as_str() {
        "COUNT" | "LEN" | "DATALENGTH" | "CHARINDEX" | "DATEDIFF" | "DATEPART" | "YEAR"
        | "MONTH" | "DAY" => Guess::Type(SqlType::Int),
        "COUNT_BIG" => Guess::Type(SqlType::BigInt),
        "GETDATE" | "GETUTCDATE" => Guess::Type(SqlType::DateTime),
        "SYSDATETIME" | "SYSUTCDATETIME" => Guess::Type(SqlType::DateTime2 { scale: 7 }),
        "NEWID" => Guess::Type(SqlType::UniqueIdentifier),
        "CAST" | "TRY_CAST" => first
            .iter()
            .rposition(|token| token.is("AS"))
            .and_then(|split| SqlType::parse(&type_text(first.get(split + 1..)?)))
            .map_or(Guess::Unknown, Guess::Type),
        "CONVERT" | "TRY_CONVERT" => {
            SqlType::parse(&type_text(first)).map_or(Guess::Unknown, Guess::Type)
        }
        "DATEADD" => arguments.get(2).map_or(Guess::Unknown, |value| {
            call("MIN", std::slice::from_ref(value), source)
        }),
        "MIN" | "MAX" | "ISNULL" | "COALESCE" | "NULLIF" | "ABS" => like(Aggregate::None),
        "SUM" => like(Aggregate::Sum),
        "AVG" => like(Aggregate::Average),
        _ => Guess::Unknown,
    }
}
