//! A batch as it runs: control flow, variables, session settings, errors, and the SQL between.

use std::rc::Rc;
use std::time::Duration;

use rusqlite::types::Value;

use super::answer::Answer;
use super::database::Databases;
use super::flight::{Flight, Stop};
use super::query::{self, Variables};
use super::settings::Session;
use super::tokens::{self, Done};
use crate::sql_types::{Moment, SqlError, SqlType, coerce, convert};
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
    /// Behind the loop: `BREAK`.
    Break,
    /// With the next round of the loop: `CONTINUE`.
    Continue,
}

/// A value, and its type where it is known.
pub(super) type TypedValue = (Value, Option<SqlType>);

/// One run of a batch or procedure.
pub(super) struct Run<'a> {
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
    /// How deep in `TRY` blocks it is.
    pub tries: u32,
    /// The errors that the `CATCH` blocks it is in have caught, and the procedures they come from.
    pub caught: Vec<(SqlError, String)>,
    /// Whether an error was so grave that the connection has to be closed.
    pub fatal: bool,
    /// Whether error 266 is left out, from the fault switches.
    pub no_error_266: bool,
    /// Whether text of one byte a character is described as UTF-8, from the fault switches.
    pub utf8_collation: bool,
    /// What a trigger would do, from the fault switches. Taken by the first statement that changes rows.
    pub trigger: Option<String>,
}

impl Run<'_> {
    /// Runs statements in order.
    pub(super) fn statements(&mut self, statements: &[Statement]) -> Result<Flow, Stop> {
        for statement in statements {
            self.flight.check()?;
            match self.statement(statement) {
                Ok(Flow::Next) => {
                    if statement.clears_error() {
                        self.session.last_error = 0;
                    }
                }
                Ok(flow) => return Ok(flow),
                Err(Stop::Failed(error)) => {
                    if self.report(error)? == Flow::Abort {
                        return Ok(Flow::Abort);
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(Flow::Next)
    }

    /// Hands an error to the `TRY` block that catches it, or else tells the client.
    pub(super) fn report(&mut self, error: SqlError) -> Result<Flow, Stop> {
        if self.tries > 0 && error.is_caught() {
            return Err(error.into());
        }
        let takes_transaction = self.takes_transaction(&error);
        self.fail(&error, takes_transaction)
    }

    /// Whether an error ends the transaction, or dooms it where it is caught.
    fn takes_transaction(&self, error: &SqlError) -> bool {
        error.dooms()
            || error.class >= 20
            || (self.session.abort_on_error && error.class > 10 && error.number != 266)
    }

    /// Tells the client of an error, and rolls back what it takes with it. Whether the batch goes on.
    pub(super) fn fail(&mut self, error: &SqlError, takes_transaction: bool) -> Result<Flow, Stop> {
        let procedure = self.procedure.clone();
        self.answer.error(error, &procedure)?;
        self.failed = true;
        self.fatal |= error.class >= 20;
        self.session.row_count = 0;
        self.session.last_error = error.number;
        if self.session.transaction.count > 0
            && (takes_transaction || self.session.transaction.lost(&self.session.connection))
        {
            self.rollback()?;
        }
        self.answer.statement(Done {
            status: tokens::DONE_ERROR,
            ..Done::default()
        })?;
        let goes_on =
            error.lets_batch_go_on() && (!self.session.abort_on_error || error.number == 266);
        Ok(if goes_on { Flow::Next } else { Flow::Abort })
    }

    /// Runs what ends what it has set: a procedure, `sp_executesql`.
    pub(super) fn in_scope(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<Flow, Stop>,
    ) -> Result<Flow, Stop> {
        let settings = self.session.settings();
        let identity = self.session.scope_identity.take();
        let before = self.session.transaction.count;
        let ran = run(self);
        // The server does not raise error 266 under `XACT_ABORT`.
        let is_counted = !self.no_error_266 && !self.session.abort_on_error;
        self.session.restore(settings);
        self.session.scope_identity = identity;
        let now = self.session.transaction.count;
        if now != before && is_counted && ran.as_ref().is_ok_and(|flow| *flow != Flow::Abort) {
            self.report(SqlError::transaction_count(before, now))?;
        }
        ran
    }

    /// Rolls back what was doomed and is still open when a batch ends.
    pub(super) fn end_batch(&mut self) -> Result<(), Stop> {
        if !self.session.transaction.doomed {
            return Ok(());
        }
        let error = SqlError::new(
            3998,
            "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
        );
        self.fail(&error, true).map(|_| ())
    }

    /// Runs `body`, and `handler` when it fails.
    fn try_catch(&mut self, body: &[Statement], handler: &[Statement]) -> Result<Flow, Stop> {
        self.tries += 1;
        let ran = self.statements(body);
        self.tries -= 1;
        let error = match ran {
            Err(Stop::Failed(error)) if error.is_caught() => error,
            ran => return ran,
        };
        let transaction = &self.session.transaction;
        if transaction.count > 0 {
            if transaction.lost(&self.session.connection) {
                self.rollback()?;
            } else if self.takes_transaction(&error) {
                self.session.transaction.doomed = true;
            }
        }
        self.session.last_error = error.number;
        self.session.row_count = 0;
        // The statement that failed may have begun an answer.
        self.answer.statement(Done::default())?;
        self.caught.push((error, self.procedure.clone()));
        let ran = self.statements(handler);
        self.caught.pop();
        ran
    }

    fn repeat(&mut self, condition: &[Token], body: &Statement) -> Result<Flow, Stop> {
        while self.holds(condition)? {
            self.flight.check()?;
            match self.statements(std::slice::from_ref(body))? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Flow, Stop> {
        match statement {
            Statement::Sql(tokens) => self.sql(tokens)?,
            Statement::SetOption(names, value) => self.session.set(names, value)?,
            Statement::Declare(variables) => {
                for (name, ty, first) in variables {
                    let value = match first {
                        Some(first) => {
                            let (value, from) = self.evaluate_typed(first)?;
                            convert((&value).into(), from, *ty, 0)?
                        }
                        None => Value::Null,
                    };
                    self.variables.insert(name.clone(), (Some(*ty), value));
                }
            }
            Statement::Assign(name, expression) => {
                let (value, from) = self.evaluate_typed(expression)?;
                self.assign(name, &value, from)?;
            }
            Statement::If(condition, then, otherwise) => {
                return self.branch(condition, then, otherwise.as_deref());
            }
            Statement::Block(statements) => return self.statements(statements),
            Statement::Try(body, handler) => return self.try_catch(body, handler),
            Statement::While(condition, body) => return self.repeat(condition, body),
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
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
        let holds = self.holds(condition)?;
        self.session.row_count = 0;
        match if holds { Some(then) } else { otherwise } {
            Some(statement) => self.statements(std::slice::from_ref(statement)),
            None => Ok(Flow::Next),
        }
    }

    fn holds(&mut self, condition: &[Token]) -> Result<bool, Stop> {
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
        Ok(self.evaluate(&case)? == Value::Integer(1))
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

    /// Gives a variable a value of a type, or of one nobody knows.
    pub(super) fn assign(
        &mut self,
        name: &str,
        value: &Value,
        from: Option<SqlType>,
    ) -> Result<(), Stop> {
        let Some((ty, old)) = self.variables.get_mut(name) else {
            return Err(SqlError::undeclared(name).into());
        };
        *old = match *ty {
            Some(ty) => convert(value.into(), from, ty, 0)?,
            None => value.clone(),
        };
        Ok(())
    }

    /// The value of an expression.
    pub(super) fn evaluate(&mut self, expression: &[Token]) -> Result<Value, Stop> {
        Ok(self.evaluate_typed(expression)?.0)
    }

    /// The value of an expression, and its type where it is known.
    pub(super) fn evaluate_typed(&mut self, expression: &[Token]) -> Result<TypedValue, Stop> {
        let select: Vec<Token> = std::iter::once(Token::word("SELECT"))
            .chain(expression.iter().cloned())
            .collect();
        let row = self.last_row(&select)?;
        Ok(row
            .and_then(|row| row.into_iter().next())
            .unwrap_or((Value::Null, None)))
    }

    /// The last row of a `SELECT` whose rows are not sent.
    fn last_row(&mut self, select: &[Token]) -> Result<Option<Vec<TypedValue>>, Stop> {
        let connection = Rc::clone(&self.session.connection);
        let translated = tsql::translate(select, &self.globals(), &query::Schema(&connection))?;
        let failed = |error: rusqlite::Error| query::failure(&error, self.flight);
        let mut statement = connection.prepare_cached(&translated.sql).map_err(failed)?;
        query::bind(&mut statement, &self.variables)?;
        self.session
            .transaction
            .prepare(&connection, false, self.flight)?;
        let mut rows = statement.raw_query();
        let mut last = None;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            self.flight.check()?;
            let columns = translated.outputs.iter().enumerate();
            last = Some(
                columns
                    .map(|(at, output)| {
                        (row.get_ref(at).map_or(Value::Null, Value::from), output.ty)
                    })
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
                for (name, (value, from)) in names.iter().zip(row) {
                    self.assign(name, &value, from)?;
                }
            }
            return Ok(());
        }
        let connection = Rc::clone(&self.session.connection);
        let translated = tsql::translate(tokens, &self.globals(), &query::Schema(&connection))?;
        let mut statement = connection
            .prepare_cached(&translated.sql)
            .map_err(|error| query::failure(&error, self.flight))?;
        query::bind(&mut statement, &self.variables)?;
        let alone =
            self.session
                .transaction
                .prepare(&connection, !statement.readonly(), self.flight)?;
        let ran = self.step(&mut statement, &translated);
        drop(statement);
        if alone {
            super::transaction::end_alone(&connection, ran.is_ok(), self.flight)?;
        }
        let done = ran.map_err(|stop| self.refine(stop))?;
        self.session.row_count = done.rows;
        if translated.identity && done.rows > 0 {
            self.session.identity = Some(connection.last_insert_rowid());
            self.session.scope_identity = self.session.identity;
        }
        self.answer.statement(done)?;
        if matches!(translated.verb, Verb::Insert | Verb::Update | Verb::Delete) {
            self.run_trigger()?;
        }
        Ok(())
    }

    /// Does what nobody sees in the text, if that is not yet done.
    pub(super) fn run_trigger(&mut self) -> Result<(), Stop> {
        let Some(text) = self.trigger.take() else {
            return Ok(());
        };
        let statements = tsql::parse(tsql::tokenize(&text)?)?;
        self.statements(&statements).map(|_| ())
    }

    fn step(
        &mut self,
        statement: &mut rusqlite::Statement<'_>,
        translated: &tsql::Translated,
    ) -> Result<Done, Stop> {
        let changes = if statement.column_count() > 0 {
            let (flight, text_size) = (self.flight, self.session.text_size);
            query::send_rows(
                statement,
                &translated.outputs,
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
        let small = |at: usize, or: u8| u8::try_from(number(at)).unwrap_or(or);
        let text = |at: usize| values.get(at).map(plain).unwrap_or_default();
        let error = match (throw, values.len()) {
            (true, 0) => match self.caught.last() {
                Some((error, _)) => error.clone(),
                None => {
                    let message = "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.";
                    return Err(SqlError::new(10_704, message).into());
                }
            },
            (true, 3) => SqlError {
                state: small(2, 1),
                ..SqlError::new(number(0), text(1))
            },
            (false, 3..) => SqlError {
                class: small(1, 16),
                state: small(2, 1),
                ..SqlError::new(
                    50_000,
                    formatted(&text(0), values.get(3..).unwrap_or_default()),
                )
            },
            _ => return Err(SqlError::syntax(if throw { "THROW" } else { "RAISERROR" }).into()),
        };
        if error.class <= 10 {
            self.answer.info(&error.message)?;
            return Ok(Flow::Next);
        }
        if throw {
            self.report(error)?;
            return Ok(Flow::Abort);
        }
        // `RAISERROR` lets the batch go on, and `XACT_ABORT` does not see it.
        if self.tries > 0 && error.is_caught() {
            return Err(error.into());
        }
        self.fail(&error, error.class >= 20)?;
        Ok(if self.fatal { Flow::Abort } else { Flow::Next })
    }

    pub(super) fn globals(&self) -> Globals {
        let session = &self.session;
        let variables = self.variables.iter();
        Globals {
            transaction_count: session.transaction.count,
            transaction_id: session.transaction.descriptor,
            transaction_state: session.transaction.state(),
            row_count: session.row_count,
            last_error: session.last_error,
            session: session.number,
            depth: self.depth,
            scope_identity: session.scope_identity,
            identity: session.identity,
            database: session.database.clone(),
            caught: self.caught.last().cloned(),
            variables: variables
                .map(|(name, (ty, _))| (name.clone(), *ty))
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
    let time = Moment::parse(&text)?.local().time();
    Ok(time
        .signed_duration_since(chrono::NaiveTime::MIN)
        .to_std()
        .unwrap_or_default())
}

/// A message of `RAISERROR` with its values: `%s`, `%d` and their kin, each taken in order; `%%` is a percent sign.
fn formatted(message: &str, values: &[Value]) -> String {
    let mut values = values.iter();
    let mut parts = message.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            text.push('%');
            text.push_str(parts.next().unwrap_or_default());
            continue;
        }
        let letter = part.find(|c: char| c.is_ascii_alphabetic());
        let behind = letter.and_then(|at| part.get(at + 1..));
        match (behind, values.next()) {
            (Some(behind), Some(value)) => {
                text.push_str(&plain(value));
                text.push_str(behind);
            }
            (Some(behind), None) => {
                text.push_str("(null)");
                text.push_str(behind);
            }
            (None, _) => {
                text.push('%');
                text.push_str(part);
            }
        }
    }
    text
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
