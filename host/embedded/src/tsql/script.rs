//! A batch as statements: the control flow of T-SQL, which SQLite lacks, and between it the SQL, which SQLite runs.
//!
//! T-SQL needs no `;` between statements, so a statement ends where a key word starts another one. Expressions are kept as tokens;
//! SQLite checks them. Not known: cursors, `MERGE`, table variables, `EXEC` of text.

use super::lexer::{Kind, Token};
use crate::sql_types::{SqlError, SqlType};

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    /// What SQLite runs.
    Sql(Vec<Token>),
    /// `SET NOCOUNT ON` and its kin: names and the value.
    SetOption(Vec<String>, String),
    /// `DECLARE`: name, type, first value.
    Declare(Vec<(String, SqlType, Option<Vec<Token>>)>),
    /// `SET @name = expression`.
    Assign(String, Vec<Token>),
    /// `IF condition then [ELSE otherwise]`.
    If(Vec<Token>, Box<Statement>, Option<Box<Statement>>),
    /// `BEGIN … END`.
    Block(Vec<Statement>),
    /// `BEGIN TRY … END TRY BEGIN CATCH … END CATCH`.
    Try(Vec<Statement>, Vec<Statement>),
    /// `WHILE condition body`.
    While(Vec<Token>, Box<Statement>),
    /// `BREAK`.
    Break,
    /// `CONTINUE`.
    Continue,
    /// `BEGIN TRAN`.
    BeginTransaction,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`, to a save point if it has a name.
    Rollback(Option<String>),
    /// `SAVE TRAN name`.
    Save(String),
    /// `WAITFOR DELAY`: the time as an expression.
    WaitFor(Vec<Token>),
    /// `PRINT expression`.
    Print(Vec<Token>),
    /// `THROW number, message, state` or `RAISERROR (message, class, state)`: the expressions, and whether it is `THROW`.
    Raise(Vec<Vec<Token>>, bool),
    /// `RETURN [expression]`.
    Return(Vec<Token>),
    /// `USE database`.
    Use(String),
    /// `EXEC procedure`.
    Execute(Call),
}

impl Statement {
    /// Whether `@@ERROR` is 0 behind it when it succeeds: what holds other statements, or makes an error itself, leaves theirs.
    pub(crate) fn clears_error(&self) -> bool {
        !matches!(
            self,
            Self::If(..)
                | Self::Block(..)
                | Self::Try(..)
                | Self::While(..)
                | Self::Raise(..)
                | Self::Execute(..)
        )
    }
}

/// `EXEC [@result =] procedure [[@name =] value [OUTPUT], …]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The variable that takes the return status.
    pub result: Option<String>,
    /// The name without its schema.
    pub procedure: String,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
}

/// An argument of `EXEC`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    /// `@name` in lower case; empty when it goes by position.
    pub name: String,
    pub value: Vec<Token>,
    /// Whether its value comes back.
    pub output: bool,
}

/// Splits a batch into statements.
pub(crate) fn parse(tokens: Vec<Token>) -> Result<Vec<Statement>, SqlError> {
    let mut parser = Parser { tokens, at: 0 };
    let mut statements = Vec::new();
    while parser.skip_semicolons() {
        statements.push(parser.statement()?);
    }
    Ok(statements)
}

/// Splits tokens at the commas outside parentheses.
pub(crate) fn split_commas(tokens: &[Token]) -> Vec<Vec<Token>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_i32;
    for token in tokens {
        depth += depth_change(token);
        if depth == 0 && token.is_symbol(",") {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(token.clone());
        }
    }
    parts
}

/// What a token does to the depth of parentheses.
pub(crate) fn depth_change(token: &Token) -> i32 {
    match (token.kind, token.text.as_str()) {
        (Kind::Symbol, "(") => 1,
        (Kind::Symbol, ")") => -1,
        _ => 0,
    }
}

const STARTERS: [&str; 29] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "SET",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVE",
    "IF",
    "WAITFOR",
    "DECLARE",
    "PRINT",
    "THROW",
    "RAISERROR",
    "RETURN",
    "USE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "EXEC",
    "EXECUTE",
    "END",
    "ELSE",
    "WHILE",
    "BREAK",
    "CONTINUE",
];

/// Statements that the server has and this endpoint has not.
const LACKING: [&str; 22] = [
    "MERGE",
    "OPEN",
    "FETCH",
    "CLOSE",
    "DEALLOCATE",
    "GOTO",
    "GRANT",
    "REVOKE",
    "DENY",
    "BACKUP",
    "RESTORE",
    "DBCC",
    "BULK",
    "KILL",
    "RECONFIGURE",
    "CHECKPOINT",
    "SHUTDOWN",
    "READTEXT",
    "WRITETEXT",
    "UPDATETEXT",
    "DISABLE",
    "ENABLE",
];

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn peek_is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek_is(word);
        self.at += usize::from(found);
        found
    }

    fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(found);
        found
    }

    /// Where parsing fails: near the next token, as the server words it.
    fn near(&self) -> SqlError {
        SqlError::syntax(
            self.peek()
                .or(self.tokens.last())
                .map_or("", |token| &token.text),
        )
    }

    fn skip_semicolons(&mut self) -> bool {
        while self.accept_symbol(";") {}
        self.at < self.tokens.len()
    }

    fn statement(&mut self) -> Result<Statement, SqlError> {
        let Some(first) = self.peek().cloned() else {
            return Err(self.near());
        };
        let upper = if first.kind == Kind::Word {
            first.text.to_ascii_uppercase()
        } else {
            String::new()
        };
        let second_is_name = |parser: &Self, word: &str| {
            parser
                .tokens
                .get(parser.at + 1)
                .is_some_and(|token| token.is(word))
        };
        match upper.as_str() {
            "SET" => self.set(),
            "BEGIN" if second_is_name(self, "TRAN") || second_is_name(self, "TRANSACTION") => {
                self.at += 2;
                self.transaction_name();
                Ok(Statement::BeginTransaction)
            }
            "BEGIN" if second_is_name(self, "TRY") => self.try_catch(),
            "BEGIN" => self.block(),
            "WHILE" => {
                self.at += 1;
                let condition = self.expression();
                Ok(Statement::While(condition, Box::new(self.statement()?)))
            }
            "BREAK" | "CONTINUE" => {
                self.at += 1;
                Ok(if upper == "BREAK" {
                    Statement::Break
                } else {
                    Statement::Continue
                })
            }
            "COMMIT" => {
                self.at += 1;
                self.transaction_words();
                Ok(Statement::Commit)
            }
            "ROLLBACK" => {
                self.at += 1;
                Ok(Statement::Rollback(self.transaction_words()))
            }
            "SAVE" => {
                self.at += 1;
                self.transaction_words()
                    .map(Statement::Save)
                    .ok_or_else(|| self.near())
            }
            "IF" => self.condition(),
            "WAITFOR" => {
                self.at += 1;
                if self.accept("DELAY") {
                    Ok(Statement::WaitFor(self.expression()))
                } else {
                    Err(self.near())
                }
            }
            "DECLARE" => self.declare(),
            "PRINT" => self.keyword_then_expression(Statement::Print),
            "RETURN" => self.keyword_then_expression(Statement::Return),
            "THROW" | "RAISERROR" => Ok(self.raise(upper == "THROW")),
            "USE" => {
                self.at += 1;
                self.next()
                    .filter(Token::is_name)
                    .map(|name| Statement::Use(name.text))
                    .ok_or_else(|| self.near())
            }
            "EXEC" | "EXECUTE" => self.execute(),
            "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH" | "CREATE" | "ALTER" | "DROP"
            | "TRUNCATE" => Ok(Statement::Sql(self.sql())),
            word if LACKING.contains(&word) => Err(SqlError::unsupported(word)),
            _ => Err(self.near()),
        }
    }

    fn keyword_then_expression(
        &mut self,
        make: fn(Vec<Token>) -> Statement,
    ) -> Result<Statement, SqlError> {
        self.at += 1;
        Ok(make(self.expression()))
    }

    fn set(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        if let Some(variable) = self
            .peek()
            .filter(|token| token.kind == Kind::Variable)
            .cloned()
        {
            self.at += 1;
            return self.assignment(&variable);
        }
        if self.accept("TRANSACTION") {
            if !(self.accept("ISOLATION") && self.accept("LEVEL")) {
                return Err(self.near());
            }
            let mut level = self.next().ok_or_else(|| self.near())?.text.to_uppercase();
            if (level == "READ" || level == "REPEATABLE")
                && let Some(word) = self.next()
            {
                level = format!("{level} {}", word.text.to_uppercase());
            }
            return Ok(Statement::SetOption(vec!["ISOLATION".into()], level));
        }
        let mut names = Vec::new();
        loop {
            let name = self
                .next()
                .filter(Token::is_name)
                .ok_or_else(|| self.near())?;
            names.push(name.text.to_uppercase());
            if !self.accept_symbol(",") {
                break;
            }
        }
        if names == ["IDENTITY_INSERT"] {
            self.at += 1;
        }
        let sign = if self.accept_symbol("-") { "-" } else { "" };
        let value = self.next().ok_or_else(|| self.near())?;
        Ok(Statement::SetOption(
            names,
            format!("{sign}{}", value.text.to_uppercase()),
        ))
    }

    /// `= expression`, `+= expression`, behind a variable.
    fn assignment(&mut self, variable: &Token) -> Result<Statement, SqlError> {
        let operator = self.next().ok_or_else(|| self.near())?;
        let Some(sign) = operator
            .text
            .strip_suffix('=')
            .filter(|sign| sign.len() <= 1 && operator.kind == Kind::Symbol)
        else {
            return Err(self.near());
        };
        let symbol = |text: &str| Token::new(Kind::Symbol, text);
        let mut expression = self.expression();
        if !sign.is_empty() {
            let before = [variable.clone(), symbol(sign), symbol("(")];
            expression.splice(0..0, before);
            expression.push(symbol(")"));
        }
        Ok(Statement::Assign(variable.text.to_lowercase(), expression))
    }

    /// `[TRAN|TRANSACTION|WORK] [name]`.
    fn transaction_words(&mut self) -> Option<String> {
        if self.accept("TRAN") || self.accept("TRANSACTION") {
            return self.transaction_name();
        }
        self.accept("WORK");
        None
    }

    fn transaction_name(&mut self) -> Option<String> {
        let name = self
            .peek()
            .filter(|token| token.is_name() && !token.is_any(&STARTERS) && !token.is("WITH"))?
            .text
            .clone();
        self.at += 1;
        Some(name)
    }

    fn block(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        let mut statements = Vec::new();
        while self.skip_semicolons() {
            if self.accept("END") {
                return Ok(Statement::Block(statements));
            }
            statements.push(self.statement()?);
        }
        Err(self.near())
    }

    fn try_catch(&mut self) -> Result<Statement, SqlError> {
        let mut blocks = Vec::new();
        for word in ["TRY", "CATCH"] {
            self.skip_semicolons();
            if !(self.accept("BEGIN") && self.accept(word)) {
                return Err(self.near());
            }
            let mut statements = Vec::new();
            loop {
                if !self.skip_semicolons() {
                    return Err(self.near());
                }
                if self.accept("END") {
                    break;
                }
                statements.push(self.statement()?);
            }
            if !self.accept(word) {
                return Err(self.near());
            }
            blocks.push(statements);
        }
        let handler = blocks.pop().unwrap_or_default();
        Ok(Statement::Try(blocks.pop().unwrap_or_default(), handler))
    }

    fn condition(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        let condition = self.expression();
        let then = Box::new(self.statement()?);
        let mark = self.at;
        self.skip_semicolons();
        if self.accept("ELSE") {
            return Ok(Statement::If(
                condition,
                then,
                Some(Box::new(self.statement()?)),
            ));
        }
        self.at = mark;
        Ok(Statement::If(condition, then, None))
    }

    fn declare(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        let is_table = |parser: &Self, at: usize| {
            let word = parser.tokens.get(parser.at + at);
            word.is_some_and(|word| word.is("TABLE"))
        };
        if is_table(self, 1) || is_table(self, 2) {
            return Err(SqlError::unsupported("a table variable"));
        }
        if self
            .tokens
            .get(self.at + 1)
            .is_some_and(|word| word.is("CURSOR"))
        {
            return Err(SqlError::unsupported("a cursor"));
        }
        let mut variables = Vec::new();
        for part in split_commas(&self.expression()) {
            let mut tokens = part.into_iter().peekable();
            let name = tokens
                .next()
                .filter(|token| token.kind == Kind::Variable)
                .ok_or_else(|| self.near())?;
            tokens.next_if(|token| token.is("AS"));
            let mut declared = String::new();
            while let Some(token) = tokens.next_if(|token| !token.is_symbol("=")) {
                declared.push_str(&token.text);
            }
            let ty = SqlType::parse(&declared).ok_or_else(|| SqlError::unknown_type(&declared))?;
            let first = tokens.next().map(|_equals| tokens.collect());
            variables.push((name.text.to_lowercase(), ty, first));
        }
        Ok(Statement::Declare(variables))
    }

    fn execute(&mut self) -> Result<Statement, SqlError> {
        self.at += 1;
        if self.peek().is_some_and(|token| token.is_symbol("(")) || self.peek_is("AS") {
            return Err(SqlError::unsupported("EXEC of anything but a procedure"));
        }
        let result = self
            .peek()
            .filter(|token| token.kind == Kind::Variable)
            .map(|token| token.text.to_lowercase());
        if result.is_some() {
            self.at += 1;
            if !self.accept_symbol("=") {
                return Err(self.near());
            }
        }
        let mut procedure = self
            .next()
            .filter(Token::is_name)
            .ok_or_else(|| self.near())?
            .text;
        while self.accept_symbol(".") {
            procedure = self
                .next()
                .filter(Token::is_name)
                .ok_or_else(|| self.near())?
                .text;
        }
        let parts = split_commas(&self.expression());
        let arguments = parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(argument)
            .collect();
        Ok(Statement::Execute(Call {
            result,
            procedure,
            arguments,
        }))
    }

    fn raise(&mut self, throw: bool) -> Statement {
        self.at += 1;
        let mut arguments = self.expression();
        if !throw {
            if let Some(with) = arguments.iter().position(|token| token.is("WITH")) {
                arguments.truncate(with);
            }
            if arguments.first().is_some_and(|token| token.is_symbol("(")) {
                arguments.remove(0);
                arguments.pop();
            }
        }
        Statement::Raise(split_commas(&arguments), throw)
    }

    /// Tokens up to the next statement.
    fn expression(&mut self) -> Vec<Token> {
        self.collect(|_, token| token.is_any(&STARTERS))
    }

    fn sql(&mut self) -> Vec<Token> {
        self.collect(|before, token| token.is_any(&STARTERS) && !continues(before, token))
    }

    /// Takes tokens until `ends` says that the next one, outside parentheses and `CASE`, begins a statement.
    fn collect(&mut self, ends: impl Fn(&[Token], &Token) -> bool) -> Vec<Token> {
        let (mut depth, mut cases) = (0_i32, 0_usize);
        let mut taken: Vec<Token> = Vec::new();
        while let Some(token) = self.peek() {
            if depth == 0 && token.is_symbol(";") {
                break;
            }
            if depth <= 0 && cases == 0 && ends(&taken, token) {
                break;
            }
            depth += depth_change(token);
            if token.is("CASE") {
                cases += 1;
            } else if token.is("END") {
                cases = cases.saturating_sub(1);
            }
            taken.push(token.clone());
            self.at += 1;
        }
        taken
    }
}

/// `[@name =] value [OUTPUT]`.
fn argument(mut tokens: Vec<Token>) -> Argument {
    let output = tokens
        .pop_if(|token| token.is_any(&["OUTPUT", "OUT"]))
        .is_some();
    let is_named = tokens.get(1).is_some_and(|token| token.is_symbol("="));
    match tokens
        .first()
        .filter(|token| is_named && token.kind == Kind::Variable)
        .map(|token| token.text.to_lowercase())
    {
        Some(name) => Argument {
            name,
            value: tokens.split_off(2),
            output,
        },
        None => Argument {
            name: String::new(),
            value: tokens,
            output,
        },
    }
}

/// Whether `token` goes on with the SQL statement that began with `before`, though it could start one of its own.
fn continues(before: &[Token], token: &Token) -> bool {
    let (Some(first), Some(last)) = (before.first(), before.last()) else {
        return true;
    };
    if token.is("SELECT") {
        return last.is_any(&["UNION", "ALL", "EXCEPT", "INTERSECT", "AS"])
            || (first.is("INSERT") && !seen(before, &["SELECT", "VALUES", "DEFAULT"]))
            || (first.is("WITH") && !seen(before, &["SELECT", "INSERT", "UPDATE", "DELETE"]));
    }
    if token.is_any(&["INSERT", "UPDATE", "DELETE"]) {
        return last.is_any(&["ON", "FOR", "DO"])
            || (first.is("WITH") && !seen(before, &["SELECT", "INSERT", "UPDATE", "DELETE"]));
    }
    if token.is("SET") {
        return last.is_any(&["UPDATE", "DELETE"]) && first.is("CREATE")
            || (seen(before, &["UPDATE"]) && !seen(before, &["SET"]));
    }
    (token.is("IF") && first.is_any(&["CREATE", "DROP"]))
        || (first.is("ALTER") && token.is_any(&["DROP", "ALTER"]))
}

/// Whether one of the words stands in `tokens` outside parentheses.
fn seen(tokens: &[Token], words: &[&str]) -> bool {
    let mut depth = 0_i32;
    tokens.iter().any(|token| {
        depth += depth_change(token);
        depth == 0 && token.is_any(words)
    })
}
