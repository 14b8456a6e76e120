//! `sql`: grants by statement, then the host's pools. Statements on one backend share the invocation's session with it, which
//! keeps them to one connection.

use std::sync::Arc;

use mayfly_error::{CallCode, CallError, shortened};
use mayfly_runtime::imports::{Asker, Call, Calls, Granted, Pending, SHOWN_BYTES};
use tokio::time::Instant;
use wasmtime::component::Resource;

use super::SqlCapability;
use super::bindings::mayfly::resolver::sql as wit;
use super::configuration::StatementGrants;
use super::database::{OpenTransaction, Rows, Session, Statements};
use super::parameters::statement_weight;

/// A transaction of a guest, or why it cannot be one: its first call then says so.
pub struct Transaction(Result<(Arc<str>, Arc<dyn OpenTransaction>), CallError>);

/// A row stream of a guest, or why it cannot be one: its first call then says so.
pub struct RowStream(Result<Arc<dyn Rows>, CallError>);

/// The sessions of an invocation, by backend.
#[derive(Default)]
struct Sessions(Vec<(String, Arc<dyn Session>)>);

/// How a statement is run.
type Run = fn(&dyn Statements, &str, &str, Instant) -> Call;

/// Checks the grant for a statement, and gives its backend.
fn may_run(asker: &Asker<'_>, statement: &str) -> Result<Arc<str>, CallError> {
    let granted = asker.module.grants.get::<StatementGrants>();
    if let Some(backend) = granted.and_then(|granted| granted.0.get(statement)) {
        return Ok(backend.clone());
    }
    let name = &asker.module.name;
    let statement = shortened(statement, SHOWN_BYTES);
    let detail = format!(
        "module `{name}` may not run statement `{statement}`; add \"{statement}\" to `modules.{name}.grants.sql`"
    );
    Err(CallError::new(
        CallCode::Denied,
        format!("statement `{statement}` is not granted"),
    )
    .with_detail(detail))
}

/// Whether the module may run anything on a backend: without that a transaction there is nothing but a held connection.
fn may_begin(asker: &Asker<'_>, backend: &str) -> Result<(), CallError> {
    let granted = asker.module.grants.get::<StatementGrants>();
    if granted.is_some_and(|granted| granted.0.values().any(|home| **home == *backend)) {
        return Ok(());
    }
    let detail = format!(
        "module `{}` was granted no statement of backend `{backend}`",
        asker.module.name
    );
    Err(CallError::new(
        CallCode::Denied,
        format!("no statement of backend `{backend}` is granted"),
    )
    .with_detail(detail))
}

/// The invocation's session with a backend.
fn session(
    granted: &mut Granted<'_, SqlCapability>,
    backend: &str,
) -> Result<Arc<dyn Session>, CallError> {
    let sessions = granted.kept::<Sessions>();
    if let Some((_, session)) = sessions.0.iter().find(|(name, _)| name == backend) {
        return Ok(session.clone());
    }
    let missing = || {
        CallError::new(
            CallCode::NotFound,
            format!("there is no SQL backend `{backend}`"),
        )
    };
    let databases = granted.backend().clone();
    let database = databases.get(backend).ok_or_else(missing)?;
    let (most, rows) = (granted.unread_bytes(), granted.rows());
    let session = database.session(&granted.module().name, granted.trace_id(), most, rows);
    let sessions = granted.kept::<Sessions>();
    sessions.0.push((backend.to_owned(), session.clone()));
    Ok(session)
}

/// Begins a statement outside transactions.
fn begin_statement(
    calls: &mut Calls,
    (statement, parameters): (&str, &str),
    run: Run,
) -> wasmtime::Result<Resource<Pending>> {
    calls.begin::<SqlCapability, _>(
        statement_weight(statement, parameters),
        |asker| may_run(asker, statement),
        |granted, backend| {
            let session = session(granted, &backend)?;
            Ok(run(&*session, statement, parameters, granted.deadline()))
        },
    )
}

/// Begins a statement inside a transaction.
fn begin_inside(
    calls: &mut Calls,
    transaction: &Resource<Transaction>,
    (statement, parameters): (&str, &str),
    run: Run,
) -> wasmtime::Result<Resource<Pending>> {
    let open = open(calls, transaction);
    calls.begin::<SqlCapability, _>(
        statement_weight(statement, parameters),
        |asker| {
            let (backend, open) = open?;
            if may_run(asker, statement)? != backend {
                let message = format!(
                    "statement `{statement}` is not of the transaction's backend `{backend}`"
                );
                return Err(CallError::new(CallCode::Invalid, message));
            }
            Ok(open)
        },
        |granted, open| Ok(run(&*open, statement, parameters, granted.deadline())),
    )
}

/// Begins the end of a transaction.
fn begin_end(
    calls: &mut Calls,
    transaction: &Resource<Transaction>,
    end: fn(&dyn OpenTransaction, Instant) -> Call,
) -> wasmtime::Result<Resource<Pending>> {
    let open = open(calls, transaction);
    calls.begin::<SqlCapability, _>(
        0,
        |_| open,
        |granted, (_, open)| Ok(end(&*open, granted.deadline())),
    )
}

/// A transaction that is open, for which the grant was checked when it began, with its backend.
fn open(
    calls: &mut Calls,
    transaction: &Resource<Transaction>,
) -> Result<(Arc<str>, Arc<dyn OpenTransaction>), CallError> {
    match calls.table_mut().get(transaction) {
        Ok(transaction) => transaction.0.clone(),
        Err(error) => Err(CallError::new(CallCode::Invalid, error.to_string())),
    }
}

impl wit::Host for Calls {
    fn query(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_statement(
            self,
            (&statement, &parameters),
            |on, name, values, deadline| on.query(name, values, deadline),
        )
    }

    fn execute(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_statement(
            self,
            (&statement, &parameters),
            |on, name, values, deadline| on.execute(name, values, deadline),
        )
    }

    fn call(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_statement(
            self,
            (&statement, &parameters),
            |on, name, values, deadline| on.call(name, values, deadline),
        )
    }

    fn stream_rows(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<RowStream>> {
        let stream = self.open::<SqlCapability, _, _>(
            statement_weight(&statement, &parameters),
            |asker| may_run(asker, &statement),
            |granted, backend| {
                let session = session(granted, &backend)?;
                Ok(session.stream_rows(&statement, &parameters))
            },
        );
        Ok(self.table_mut().push(RowStream(stream))?)
    }

    fn begin(&mut self, backend: String) -> wasmtime::Result<Resource<Transaction>> {
        let transaction = self.open::<SqlCapability, _, _>(
            backend.len(),
            |asker| {
                may_begin(asker, &backend)?;
                Ok(backend)
            },
            |granted, backend| {
                let session = session(granted, &backend)?;
                Ok((backend.into(), session.begin()))
            },
        );
        Ok(self.table_mut().push(Transaction(transaction))?)
    }
}

impl wit::HostRowStream for Calls {
    fn next(
        &mut self,
        stream: Resource<RowStream>,
        max_rows: u32,
    ) -> wasmtime::Result<Resource<Pending>> {
        // The grant was checked when the stream was opened.
        let stream = self.table_mut().get(&stream)?.0.clone();
        self.begin::<SqlCapability, _>(
            0,
            |_| stream,
            |granted, stream| Ok(stream.next(max_rows, granted.deadline())),
        )
    }

    fn drop(&mut self, stream: Resource<RowStream>) -> wasmtime::Result<()> {
        self.table_mut().delete(stream)?;
        Ok(())
    }
}

impl wit::HostTransaction for Calls {
    fn query(
        &mut self,
        transaction: Resource<Transaction>,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_inside(
            self,
            &transaction,
            (&statement, &parameters),
            |on, name, values, deadline| on.query(name, values, deadline),
        )
    }

    fn execute(
        &mut self,
        transaction: Resource<Transaction>,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_inside(
            self,
            &transaction,
            (&statement, &parameters),
            |on, name, values, deadline| on.execute(name, values, deadline),
        )
    }

    fn call(
        &mut self,
        transaction: Resource<Transaction>,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_inside(
            self,
            &transaction,
            (&statement, &parameters),
            |on, name, values, deadline| on.call(name, values, deadline),
        )
    }

    fn commit(
        &mut self,
        transaction: Resource<Transaction>,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_end(self, &transaction, |open, deadline| open.commit(deadline))
    }

    fn rollback(
        &mut self,
        transaction: Resource<Transaction>,
    ) -> wasmtime::Result<Resource<Pending>> {
        begin_end(self, &transaction, |open, deadline| open.rollback(deadline))
    }

    fn drop(&mut self, transaction: Resource<Transaction>) -> wasmtime::Result<()> {
        self.table_mut().delete(transaction)?;
        Ok(())
    }
}
