//! `sql`: grants by statement, then the host's pools. Statements on one backend share the invocation's session with it, which
//! keeps them to one connection.

use std::sync::Arc;

use mayfly_error::{CallCode, CallError};
use mayfly_pools::statement_weight;
use wasmtime::component::Resource;

use super::backends::{OpenTransaction, Rows, Session};
use super::bindings::mayfly::resolver::sql as wit;
use super::calls::Calls;
use super::pending::Pending;

/// A transaction of a guest, or why it cannot be one: its first call then says so.
pub struct Transaction(Result<(String, Arc<dyn OpenTransaction>), CallError>);

/// A row stream of a guest, or why it cannot be one: its first call then says so.
pub struct RowStream(Result<Arc<dyn Rows>, CallError>);

impl Calls {
    /// The invocation's session with a backend.
    fn session(&mut self, backend: &str) -> Result<Arc<dyn Session>, CallError> {
        if let Some((_, session)) = self.sessions.iter().find(|(name, _)| name == backend) {
            return Ok(session.clone());
        }
        let missing = || {
            CallError::new(
                CallCode::NotFound,
                format!("there is no SQL Server backend `{backend}`"),
            )
        };
        let (most, rows) = (self.module.budget.unread_bytes, self.rows());
        let database = self.backends.sqlserver.get(backend).ok_or_else(missing)?;
        let session = database.session(&self.module.name, &self.operation.trace_id, most, rows);
        self.sessions.push((backend.to_owned(), session.clone()));
        Ok(session)
    }

    /// The session to run a statement on, once the grant was checked.
    fn statement_session(&mut self, statement: &str) -> Result<Arc<dyn Session>, CallError> {
        let backend = self.may_run(statement)?;
        self.session(&backend)
    }

    /// Whether the module may run anything on a backend: without that a transaction there is nothing but a held connection.
    fn may_begin(&self, backend: &str) -> Result<(), CallError> {
        let statements = &self.backends.statements;
        if self
            .module
            .grants
            .sql
            .iter()
            .any(|granted| statements.get(granted).is_some_and(|home| home == backend))
        {
            return Ok(());
        }
        let detail = format!(
            "module `{}` was granted no statement of backend `{backend}`",
            self.module.name
        );
        Err(CallError::new(
            CallCode::Denied,
            format!("no statement of backend `{backend}` is granted"),
        )
        .with_detail(detail))
    }

    /// An open transaction, once the grant for a statement inside it was checked.
    fn transaction(
        &self,
        transaction: &Resource<Transaction>,
        statement: Option<&str>,
    ) -> Result<Arc<dyn OpenTransaction>, CallError> {
        let entry = self
            .table
            .get(transaction)
            .map_err(|error| CallError::new(CallCode::Invalid, error.to_string()))?;
        let (backend, open) = entry.0.as_ref().map_err(Clone::clone)?;
        if let Some(statement) = statement
            && self.may_run(statement)? != *backend
        {
            let message =
                format!("statement `{statement}` is not of the transaction's backend `{backend}`");
            return Err(CallError::new(CallCode::Invalid, message));
        }
        Ok(open.clone())
    }
}

impl wit::Host for Calls {
    fn query(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(statement_weight(&statement, &parameters), |calls| {
            Ok(calls
                .statement_session(&statement)?
                .query(&statement, &parameters, deadline))
        })
    }

    fn execute(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(statement_weight(&statement, &parameters), |calls| {
            Ok(calls
                .statement_session(&statement)?
                .execute(&statement, &parameters, deadline))
        })
    }

    fn call(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(statement_weight(&statement, &parameters), |calls| {
            Ok(calls
                .statement_session(&statement)?
                .call(&statement, &parameters, deadline))
        })
    }

    fn stream_rows(
        &mut self,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<RowStream>> {
        let counted = self
            .count_call(statement_weight(&statement, &parameters))
            .map_err(Into::into);
        let session = counted.and_then(|()| self.statement_session(&statement));
        let stream = session.map(|session| session.stream_rows(&statement, &parameters));
        Ok(self.table.push(RowStream(stream))?)
    }

    fn begin(&mut self, backend: String) -> wasmtime::Result<Resource<Transaction>> {
        let counted = self.count_call(backend.len()).map_err(Into::into);
        let session = counted
            .and_then(|()| self.may_begin(&backend))
            .and_then(|()| self.session(&backend));
        let transaction = session.map(|session| (backend, session.begin()));
        Ok(self.table.push(Transaction(transaction))?)
    }
}

impl wit::HostRowStream for Calls {
    fn next(
        &mut self,
        stream: Resource<RowStream>,
        max_rows: u32,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        let stream = self.table.get(&stream)?.0.clone();
        self.begin(0, |_| Ok(stream?.next(max_rows, deadline)))
    }

    fn drop(&mut self, stream: Resource<RowStream>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
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
        let deadline = self.call_deadline.into();
        self.begin(statement_weight(&statement, &parameters), |calls| {
            Ok(calls.transaction(&transaction, Some(&statement))?.query(
                &statement,
                &parameters,
                deadline,
            ))
        })
    }

    fn execute(
        &mut self,
        transaction: Resource<Transaction>,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(statement_weight(&statement, &parameters), |calls| {
            Ok(calls.transaction(&transaction, Some(&statement))?.execute(
                &statement,
                &parameters,
                deadline,
            ))
        })
    }

    fn call(
        &mut self,
        transaction: Resource<Transaction>,
        statement: String,
        parameters: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(statement_weight(&statement, &parameters), |calls| {
            Ok(calls.transaction(&transaction, Some(&statement))?.call(
                &statement,
                &parameters,
                deadline,
            ))
        })
    }

    fn commit(
        &mut self,
        transaction: Resource<Transaction>,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(0, |calls| {
            Ok(calls.transaction(&transaction, None)?.commit(deadline))
        })
    }

    fn rollback(
        &mut self,
        transaction: Resource<Transaction>,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(0, |calls| {
            Ok(calls.transaction(&transaction, None)?.rollback(deadline))
        })
    }

    fn drop(&mut self, transaction: Resource<Transaction>) -> wasmtime::Result<()> {
        self.table.delete(transaction)?;
        Ok(())
    }
}
