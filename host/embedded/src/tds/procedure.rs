//! Stored procedures: text files of T-SQL with their parameters in comments at the top.
//!
//! `procedures/NAME.sql` defines the procedure `NAME` for every database:
//!
//! ```sql
//! -- @student_id nvarchar(64)
//! -- @type nvarchar(32) = NULL
//! -- @count int output
//! SET @count = (SELECT COUNT(*) FROM Assessments WHERE student_id = @student_id);
//! SELECT id, score FROM Assessments WHERE student_id = @student_id AND (@type IS NULL OR type = @type);
//! IF @count = 0 RETURN 1;
//! ```
//!
//! A line `-- @name type [= default] [output]` declares a parameter, in order; the first line that is not a comment ends the list.
//! A default is NULL, a number or a string. The rest runs as a batch does: each `SELECT` is a result set, `RETURN n` sets the
//! return status (0 without it), and what output parameters hold at the end is sent back.

use rusqlite::types::Value;

use crate::sql_types::{SqlError, SqlType};
use crate::tsql::{Kind, Statement, Token, parse, tokenize};

/// A procedure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Procedure {
    pub name: String,
    /// Its parameters, in order.
    pub parameters: Vec<Declared>,
    /// What it does.
    pub body: Vec<Statement>,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// `@name` in lower case.
    pub name: String,
    /// Its type.
    pub ty: SqlType,
    /// What it is if the caller leaves it out; none: it may not.
    pub default: Option<Value>,
    /// Whether its value is sent back.
    pub output: bool,
}

impl Procedure {
    /// Reads a definition.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, SqlError> {
        let head = text
            .lines()
            .map(str::trim)
            .take_while(|line| line.is_empty() || line.starts_with("--"));
        let declarations = head
            .map(|line| line.trim_start_matches(['-', ' ']))
            .filter(|line| line.starts_with('@'));
        let parameters = declarations.map(declared).collect::<Result<_, _>>()?;
        Ok(Self {
            name: name.to_owned(),
            parameters,
            body: parse(tokenize(text)?)?,
        })
    }
}

/// `@name type [= default] [output]`; also the declarations of `sp_executesql`.
pub(super) fn declared(text: &str) -> Result<Declared, SqlError> {
    let mut tokens = tokenize(text)?.into_iter().peekable();
    let name = tokens
        .next()
        .filter(|token| token.kind == Kind::Variable)
        .ok_or_else(|| SqlError::syntax(text))?;
    let mut ty = String::new();
    while let Some(token) =
        tokens.next_if(|token| !token.is_symbol("=") && !token.is_any(&["OUTPUT", "OUT"]))
    {
        ty.push_str(&token.text);
    }
    let default = match tokens.next_if(|token| token.is_symbol("=")) {
        Some(_) => Some(constant(&mut tokens).ok_or_else(|| SqlError::syntax(text))?),
        None => None,
    };
    let output = tokens
        .next()
        .is_some_and(|token| token.is_any(&["OUTPUT", "OUT"]));
    // `numeric` without precision is what a typed NULL is declared as: it may be followed by any digits.
    let ty = SqlType::parse(&ty).ok_or_else(|| SqlError::unknown_type(&ty))?;
    Ok(Declared {
        name: name.text.to_lowercase(),
        ty,
        default,
        output,
    })
}

fn constant(tokens: &mut impl Iterator<Item = Token>) -> Option<Value> {
    let mut token = tokens.next()?;
    let negative = token.is_symbol("-");
    if negative {
        token = tokens.next()?;
    }
    let sign = if negative { "-" } else { "" };
    match token.kind {
        Kind::Word if token.is("NULL") => Some(Value::Null),
        Kind::Number => {
            let text = format!("{sign}{}", token.text);
            text.parse()
                .map(Value::Integer)
                .ok()
                .or_else(|| text.parse().map(Value::Real).ok())
        }
        Kind::Literal | Kind::National => Some(Value::Text(
            token.text.trim_matches('\'').replace("''", "'"),
        )),
        _ => None,
    }
}
