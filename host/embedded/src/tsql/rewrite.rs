//! One T-SQL statement as SQLite text: the order of the steps, and the small ones.
//!
//! Each step takes tokens and gives tokens. What no step knows goes to SQLite as it is, which refuses it or, rarely, reads it
//! differently; the crate's documentation lists the known differences.

use super::lexer::{Kind, Token, render};
use super::outputs::{Output, outputs};
use super::{clauses, functions, operators};
use crate::tds::SqlError;

/// What `@@NAME` stands for at this moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globals {
    /// `@@TRANCOUNT`.
    pub transaction_count: u32,
    /// `CURRENT_TRANSACTION_ID()`; 0 outside of a transaction.
    pub transaction_id: u64,
    /// `@@ROWCOUNT`.
    pub row_count: u64,
    /// `@@SPID`.
    pub session: u16,
    /// The variables that hold text, in lower case.
    pub text_variables: Vec<String>,
}

/// What a statement does, as far as its answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `SELECT`.
    Select,
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// Anything that counts no rows.
    Other,
}

/// A statement for SQLite.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    /// Its text.
    pub sql: String,
    /// What it does.
    pub verb: Verb,
    /// What its columns are; empty where only SQLite knows.
    pub outputs: Vec<Output>,
}

/// Translates one statement.
pub(crate) fn translate(statement: &[Token], globals: &Globals) -> Result<Translated, SqlError> {
    let tokens = shorthands(schemas(statement.to_vec()));
    let verb = verb(&tokens);
    let tokens = clauses::hints(tokens);
    let outputs = outputs(&tokens);
    let tokens = transaction_ids(max_lengths(tokens), globals);
    let tokens = variables(tokens, globals)?;
    let tokens = functions::rewrite(tokens)?;
    let tokens = operators::concatenations(tokens, &globals.text_variables);
    let tokens = operators::divisions(tokens);
    let tokens = clauses::offsets(tokens)?;
    let tokens = clauses::tops(tokens)?;
    let tokens = clauses::output(tokens)?;
    Ok(Translated {
        sql: render(&tokens),
        verb,
        outputs,
    })
}

fn verb(tokens: &[Token]) -> Verb {
    const VERBS: [(&str, Verb); 4] = [
        ("SELECT", Verb::Select),
        ("INSERT", Verb::Insert),
        ("UPDATE", Verb::Update),
        ("DELETE", Verb::Delete),
    ];
    let mut depth = 0;
    for token in tokens {
        depth += super::script::depth_change(token);
        if let Some((_, verb)) = VERBS.iter().find(|(word, _)| depth == 0 && token.is(word)) {
            return *verb;
        }
        if !token.is("WITH") && tokens.first().is_some_and(|first| !first.is("WITH")) {
            break;
        }
    }
    Verb::Other
}

/// Takes `dbo.` and `database.dbo.` away: every database has one schema here.
fn schemas(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let dot_follows = tokens.peek().is_some_and(|next| next.is_symbol("."));
        if token.is_name() && token.text.eq_ignore_ascii_case("dbo") && dot_follows {
            tokens.next();
            if kept.last().is_some_and(|last| last.is_symbol(".")) {
                kept.truncate(kept.len().saturating_sub(2));
            }
        } else if token.is_symbol(".") && kept.last().is_some_and(|last| last.is_symbol(".")) {
            kept.truncate(kept.len().saturating_sub(2));
        } else {
            kept.push(token);
        }
    }
    kept
}

/// Writes out what T-SQL lets one leave out: `INSERT t`, `DELETE t`, `TRUNCATE TABLE t`; and `CREATE TABLE #t`.
fn shorthands(mut tokens: Vec<Token>) -> Vec<Token> {
    let first = |word: &str| tokens.first().is_some_and(|token| token.is(word));
    let second = |word: &str| tokens.get(1).is_some_and(|token| token.is(word));
    if first("INSERT") && !second("INTO") {
        tokens.insert(1, Token::word("INTO"));
    } else if first("DELETE") && !second("FROM") {
        tokens.insert(1, Token::word("FROM"));
    } else if first("TRUNCATE") && second("TABLE") {
        tokens.splice(..2, [Token::word("DELETE"), Token::word("FROM")]);
    } else if first("CREATE")
        && second("TABLE")
        && tokens.get(2).is_some_and(|name| name.text.starts_with('#'))
    {
        tokens.insert(1, Token::word("TEMP"));
    }
    tokens
}

/// `(MAX)` in a declaration becomes `(-1)`: SQLite takes numbers only there.
fn max_lengths(mut tokens: Vec<Token>) -> Vec<Token> {
    if !tokens
        .first()
        .is_some_and(|token| token.is_any(&["CREATE", "ALTER"]))
    {
        return tokens;
    }
    for at in 1..tokens.len() {
        let opens = tokens.get(at - 1).is_some_and(|token| token.is_symbol("("));
        let closes = tokens.get(at + 1).is_some_and(|token| token.is_symbol(")"));
        if let Some(token) = tokens
            .get_mut(at)
            .filter(|token| opens && closes && token.is("MAX"))
        {
            *token = Token::new(Kind::Number, "-1");
        }
    }
    tokens
}

/// Puts the number in place of `CURRENT_TRANSACTION_ID()`.
fn transaction_ids(mut tokens: Vec<Token>, globals: &Globals) -> Vec<Token> {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let called = token.is("CURRENT_TRANSACTION_ID")
            && tokens.get(at + 1).is_some_and(|next| next.is_symbol("("))
            && tokens.get(at + 2).is_some_and(|next| next.is_symbol(")"));
        if called {
            let id = Token::new(Kind::Number, globals.transaction_id.to_string());
            tokens.splice(at..at + 3, [id]);
        }
        at += 1;
    }
    tokens
}

/// Puts values in place of `@@NAME`.
fn variables(tokens: Vec<Token>, globals: &Globals) -> Result<Vec<Token>, SqlError> {
    tokens
        .into_iter()
        .map(|token| {
            if token.kind != Kind::Variable || !token.text.starts_with("@@") {
                return Ok(token);
            }
            let number = |value: u64| Ok(Token::new(Kind::Number, value.to_string()));
            match token.text.to_ascii_uppercase().as_str() {
                "@@TRANCOUNT" => number(u64::from(globals.transaction_count)),
                "@@ROWCOUNT" => number(globals.row_count),
                "@@SPID" => number(u64::from(globals.session)),
                "@@IDENTITY" => Ok(Token::new(Kind::Number, "last_insert_rowid()")),
                "@@ERROR" => number(0),
                "@@VERSION" => Ok(Token::new(
                    Kind::Literal,
                    "'Mayfly embedded SQL endpoint (SQLite)'",
                )),
                "@@SERVERNAME" => Ok(Token::new(Kind::Literal, "'mayfly-embedded'")),
                _ => Err(SqlError::undeclared(&token.text)),
            }
        })
        .collect()
}
