//! A batch as it runs: control flow, variables, session settings, errors, and the SQL between.

use std::rc::Rc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::answer::Answer;
use super::database::Databases;
use super::errors::SqlError;
use super::flight::{Flight, Stop};
use super::query::{self, Variables};
use super::settings::Session;
use super::tokens::{self, Done};
use super::types::SqlType;
use super::value::coerce;
use crate::tsql::{self, Globals, Kind, Statement, Token, Verb};

/// How a batch goes on after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// With the next one.
    Next,
    /// Not at all: `RETURN`.
    Return,
    /// Not at all: an error ended it.
    Abort,
}

/// One run of a batch or procedure.
pub(super) struct Run<'a> {
    /// The session.
    pub session: &'a mut Session,
    /// For procedures and locks.
    pub databases: std::sync::Arc<Databases>,
    /// How deep in procedures it is.
    pub depth: u8,
    /// What is written.
    pub answer: Answer<'a>,
    /// What may end it.
    pub flight: &'a Flight,
    /// Parameters and declared variables.
    pub variables: Variables,
    /// The procedure's name for error messages; empty in a batch.
    pub procedure: String,
    /// What `RETURN` said.
    pub return_status: i32,
    /// Whether a statement failed.
    pub failed: bool,
    /// Whether an error was so grave that the connection has to be closed.
    pub fatal: bool,
    /// Whether error 266 is left out, from the fault switches.
    pub no_error_266: bool,
}

impl Run<'_> {
    /// Runs statements in order.
    pub(super) fn statements(&mut self, statements: &[Statement]) -> Result<Flow, Stop> {
        for statement in statements {
            self.flight.check()?;
            match self.statement(statement) {
                Ok(Flow::Next) => {}
                Ok(flow) => return Ok(flow),
                Err(Stop::Failed(error)) => {
                    if self.fail(&error)? == Flow::Abort {
                        return Ok(Flow::Abort);
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(Flow::Next)
    }

    /// Reports an error, and rolls back what it takes with it. Whether the batch goes on.
    pub(super) fn fail(&mut self, error: &SqlError) -> Result<Flow, Stop> {
        let procedure = self.procedure.clone();
        self.answer.error(error, &procedure)?;
        self.failed = true;
        self.fatal |= error.class >= 20;
        self.session.row_count = 0;
        let takes_transaction =
            error.number == 1205 || self.fatal || (self.session.abort_on_error && error.class > 10);
        if self.session.transaction.count > 0
            && (takes_transaction || self.session.transaction.lost(&self.session.connection))
        {
            self.rollback()?;
        }
        self.answer.statement(Done {
            status: tokens::DONE_ERROR,
            ..Done::default()
        })?;
        let goes_on = error.lets_batch_go_on() && !self.session.abort_on_error;
        Ok(if goes_on { Flow::Next } else { Flow::Abort })
    }

    fn statement(&mut self, statement: &Statement) -> Result<Flow, Stop> {
        match statement {
            Statement::Sql(tokens) => self.sql(tokens)?,
            Statement::SetOption(names, value) => self.session.set(names, value)?,
            Statement::Declare(variables) => {
                for (name, ty, first) in variables {
                    let value = first
                        .as_ref()
                        .map_or(Ok(Value::Null), |first| self.evaluate(first))?;
                    self.variables
                        .insert(name.clone(), (Some(*ty), coerce(value, *ty)?));
                }
            }
            Statement::Assign(name, expression) => {
                let value = self.evaluate(expression)?;
                self.assign(name, value)?;
            }
            Statement::If(condition, then, otherwise) => {
                return self.branch(condition, then, otherwise.as_deref());
            }
            Statement::Block(statements) => return self.statements(statements),
            Statement::BeginTransaction => self.begin()?,
            Statement::Commit => self.commit()?,
            Statement::Rollback(None) => self.rollback()?,
            Statement::Rollback(Some(name)) => self.rollback_to(name)?,
            Statement::Save(name) => self.save(name)?,
            Statement::WaitFor(time) => {
                let time = self.evaluate(time)?;
                self.flight.sleep(delay(&time)?)?;
            }
            Statement::Print(expression) => {
                let text = self.evaluate(expression)?;
                self.answer.info(&plain(&text))?;
            }
            Statement::Raise(arguments, throw) => return self.raise(arguments, *throw),
            Statement::Return(expression) => {
                if !expression.is_empty()
                    && let Value::Integer(status) =
                        coerce(self.evaluate(expression)?, SqlType::Int)?
                {
                    self.return_status = i32::try_from(status).unwrap_or(0);
                }
                return Ok(Flow::Return);
            }
            Statement::Execute(call) => return self.execute(call),
            Statement::Use(name) if name.eq_ignore_ascii_case(&self.session.database) => {}
            Statement::Use(_) => {
                return Err(SqlError::unsupported("USE of another database").into());
            }
        }
        Ok(Flow::Next)
    }

    fn branch(
        &mut self,
        condition: &[Token],
        then: &Statement,
        otherwise: Option<&Statement>,
    ) -> Result<Flow, Stop> {
        let case = [
            vec![Token::word("CASE"), Token::word("WHEN")],
            condition.to_vec(),
            vec![
                Token::word("THEN"),
                Token::new(Kind::Number, "1"),
                Token::word("END"),
            ],
        ]
        .concat();
        let holds = self.evaluate(&case)? == Value::Integer(1);
        self.session.row_count = 0;
        match if holds { Some(then) } else { otherwise } {
            Some(statement) => self.statements(std::slice::from_ref(statement)),
            None => Ok(Flow::Next),
        }
    }

    /// Begins a transaction, or goes one deeper.
    pub(super) fn begin(&mut self) -> Result<(), Stop> {
        if self.session.transaction.begin() {
            self.session
                .status
                .sqlserver(|counters| counters.open_transactions += 1);
            self.answer
                .transaction(8, self.session.transaction.descriptor)?;
        }
        self.answer.statement(Done::default())
    }

    /// A call ended: error 266, if it left another number of transactions open than the `before` it found. It changes nothing.
    pub(super) fn compare_count(&mut self, before: u32) -> Result<(), Stop> {
        let now = self.session.transaction.count;
        // The server does not raise it under XACT_ABORT.
        if now == before || self.no_error_266 || self.session.abort_on_error {
            return Ok(());
        }
        let message = format!(
            "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. \
             Previous count = {before}, current count = {now}."
        );
        let error = SqlError {
            state: 2,
            ..SqlError::new(266, message)
        };
        let procedure = self.procedure.clone();
        self.failed = true;
        self.answer.error(&error, &procedure)?;
        self.answer.statement(Done {
            status: tokens::DONE_ERROR,
            ..Done::default()
        })
    }

    /// Commits.
    pub(super) fn commit(&mut self) -> Result<(), Stop> {
        let connection = Rc::clone(&self.session.connection);
        if let Some(descriptor) = self.session.transaction.commit(&connection, self.flight)? {
            self.session.status.sqlserver(|counters| {
                counters.open_transactions -= 1;
                counters.commits += 1;
            });
            self.answer.transaction(9, descriptor)?;
        }
        self.answer.statement(Done::default())
    }

    /// Rolls everything back.
    pub(super) fn rollback(&mut self) -> Result<(), Stop> {
        let connection = Rc::clone(&self.session.connection);
        let descriptor = self.session.transaction.rollback(&connection)?;
        self.session.status.sqlserver(|counters| {
            counters.open_transactions -= 1;
            counters.rollbacks += 1;
        });
        self.answer.transaction(10, descriptor)?;
        self.answer.statement(Done::default())
    }

    /// Rolls back to a save point.
    pub(super) fn rollback_to(&mut self, name: &str) -> Result<(), Stop> {
        self.session
            .transaction
            .rollback_to(&self.session.connection, name)?;
        self.answer.statement(Done::default())
    }

    /// Sets a save point.
    pub(super) fn save(&mut self, name: &str) -> Result<(), Stop> {
        let connection = Rc::clone(&self.session.connection);
        self.session
            .transaction
            .save(&connection, name, self.flight)?;
        self.answer.statement(Done::default())
    }

    pub(super) fn assign(&mut self, name: &str, value: Value) -> Result<(), Stop> {
        let Some((ty, old)) = self.variables.get_mut(name) else {
            return Err(SqlError::undeclared(name).into());
        };
        *old = match *ty {
            Some(ty) => coerce(value, ty)?,
            None => value,
        };
        Ok(())
    }

    /// The value of an expression.
    pub(super) fn evaluate(&mut self, expression: &[Token]) -> Result<Value, Stop> {
        let select: Vec<Token> = std::iter::once(Token::word("SELECT"))
            .chain(expression.iter().cloned())
            .collect();
        Ok(self
            .last_row(&select)?
            .and_then(|row| row.into_iter().next())
            .unwrap_or(Value::Null))
    }

    /// The last row of a `SELECT` whose rows are not sent.
    fn last_row(&mut self, select: &[Token]) -> Result<Option<Vec<Value>>, Stop> {
        let translated = tsql::translate(select, &self.globals())?;
        let connection = Rc::clone(&self.session.connection);
        let failed = |error: rusqlite::Error| query::failure(&error, self.flight);
        let mut statement = connection.prepare_cached(&translated.sql).map_err(failed)?;
        query::bind(&mut statement, &self.variables)?;
        self.session
            .transaction
            .prepare(&connection, false, self.flight)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut last = None;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            self.flight.check()?;
            last = Some(
                (0..width)
                    .map(|at| row.get_ref(at).map_or(Value::Null, Value::from))
                    .collect(),
            );
            count += 1;
        }
        self.session.row_count = count;
        Ok(last)
    }

    fn sql(&mut self, tokens: &[Token]) -> Result<(), Stop> {
        if let Some((names, select)) = assignments(tokens) {
            if let Some(row) = self.last_row(&select)? {
                for (name, value) in names.iter().zip(row) {
                    self.assign(name, value)?;
                }
            }
            return Ok(());
        }
        let translated = tsql::translate(tokens, &self.globals())?;
        let connection = Rc::clone(&self.session.connection);
        let mut statement = connection
            .prepare_cached(&translated.sql)
            .map_err(|error| query::failure(&error, self.flight))?;
        query::bind(&mut statement, &self.variables)?;
        let alone =
            self.session
                .transaction
                .prepare(&connection, !statement.readonly(), self.flight)?;
        let ran = self.step(&mut statement, &connection, &translated);
        drop(statement);
        if alone {
            super::transaction::end_alone(&connection, ran.is_ok(), self.flight)?;
        }
        let done = ran.map_err(|stop| self.refine(stop))?;
        self.session.row_count = done.rows;
        self.answer.statement(done)
    }

    fn step(
        &mut self,
        statement: &mut rusqlite::Statement<'_>,
        connection: &Connection,
        translated: &tsql::Translated,
    ) -> Result<Done, Stop> {
        let returns_rows = statement.column_count() > 0;
        let changes = if returns_rows {
            let (variables, flight, text_size) =
                (&self.variables, self.flight, self.session.text_size);
            query::send_rows(
                statement,
                connection,
                &translated.outputs,
                variables,
                &mut self.answer,
                flight,
                text_size,
            )?
        } else {
            let count = statement
                .raw_execute()
                .map_err(|error| query::failure(&error, self.flight))?;
            u64::try_from(count).unwrap_or(0)
        };
        let (command, rows) = match translated.verb {
            Verb::Select => (0xc1, changes),
            Verb::Insert => (0xc3, changes),
            Verb::Delete => (0xc4, changes),
            Verb::Update => (0xc5, changes),
            Verb::Other => return Ok(Done::default()),
        };
        Ok(Done {
            status: if self.session.no_count {
                0
            } else {
                tokens::DONE_COUNT
            },
            command,
            rows,
        })
    }

    /// A duplicate in an index that was made by `CREATE UNIQUE INDEX` is error 2601; in a constraint it is 2627.
    fn refine(&self, stop: Stop) -> Stop {
        const INDEX: &str = "SELECT il.name FROM pragma_index_list(?1) il WHERE il.origin = 'c' AND il.\"unique\" AND ?2 = \
            (SELECT group_concat(?1 || '.' || ii.name, ', ') FROM pragma_index_info(il.name) ii)";
        let Stop::Failed(mut error) = stop else {
            return stop;
        };
        if error.number == 2627
            && let Some(columns) = error.message.split('\'').nth(1)
            && let Some((table, _)) = columns.split_once('.')
            && let Ok(index) = self
                .session
                .connection
                .query_row(INDEX, [table, columns], |row| row.get::<_, String>(0))
        {
            let message = format!(
                "Cannot insert duplicate key row in object 'dbo.{table}' with unique index '{index}'."
            );
            error = SqlError {
                number: 2601,
                message,
                ..error
            };
        }
        Stop::Failed(error)
    }

    fn raise(&mut self, arguments: &[Vec<Token>], throw: bool) -> Result<Flow, Stop> {
        let values = arguments
            .iter()
            .filter(|argument| !argument.is_empty())
            .map(|argument| self.evaluate(argument));
        let values: Vec<Value> = values.collect::<Result<_, _>>()?;
        let number = |at: usize| match values.get(at) {
            Some(Value::Integer(number)) => u32::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        let text = |at: usize| values.get(at).map(plain).unwrap_or_default();
        let error = match (throw, values.len()) {
            (true, 3) => SqlError {
                state: u8::try_from(number(2)).unwrap_or(1),
                ..SqlError::new(number(0), text(1))
            },
            (false, 3..) => {
                let (class, state) = (
                    u8::try_from(number(1)).unwrap_or(16),
                    u8::try_from(number(2)).unwrap_or(1),
                );
                SqlError {
                    class,
                    state,
                    ..SqlError::new(50_000, text(0))
                }
            }
            _ => return Err(SqlError::syntax("THROW").into()),
        };
        if error.class <= 10 {
            self.answer.info(&error.message)?;
            return Ok(Flow::Next);
        }
        // `RAISERROR` lets the batch go on; `THROW` ends it.
        let flow = self.fail(&error)?;
        Ok(if throw || self.fatal {
            Flow::Abort
        } else if flow == Flow::Abort && self.session.abort_on_error {
            flow
        } else {
            Flow::Next
        })
    }

    pub(super) fn globals(&self) -> Globals {
        Globals {
            transaction_count: self.session.transaction.count,
            transaction_id: self.session.transaction.descriptor,
            row_count: self.session.row_count,
            session: self.session.number,
            text_variables: self
                .variables
                .iter()
                .filter(|(_, (ty, _))| ty.is_some_and(SqlType::is_text))
                .map(|(name, _)| name.clone())
                .collect(),
        }
    }
}

/// `SELECT @a = x, @b = y …`: the variables, and the `SELECT` without them.
pub(super) fn assignments(tokens: &[Token]) -> Option<(Vec<String>, Vec<Token>)> {
    let is_assignment = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.kind == Kind::Variable && !token.text.starts_with("@@"))
            && tokens.get(at + 1).is_some_and(|token| token.is_symbol("="))
    };
    if !tokens.first()?.is("SELECT") || !is_assignment(1) {
        return None;
    }
    let (mut names, mut select) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let starts_item = tokens
            .get(at.wrapping_sub(1))
            .is_some_and(|before| before.is("SELECT") || before.is_symbol(","));
        if starts_item && is_assignment(at) {
            names.push(token.text.to_lowercase());
            at += 2;
        } else {
            select.push(token.clone());
            at += 1;
        }
    }
    Some((names, select))
}

/// `'hh:mm:ss.mmm'` as a duration.
fn delay(value: &Value) -> Result<Duration, SqlError> {
    let text = plain(value);
    let time = super::moment::Moment::parse(&text)?.local().time();
    Ok(time
        .signed_duration_since(chrono::NaiveTime::MIN)
        .to_std()
        .unwrap_or_default())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
