//! Writes: each is put together, given a condition, and sent alone or with others in a transaction.

use super::{Expression, host, item, nothing};
use crate::{Call, Result};
use serde::de::DeserializeOwned;

/// A whole item to write.
#[derive(Debug, Clone)]
#[must_use = "a write does nothing until it is sent"]
pub struct Put {
    table: String,
    item: Result<String>,
    condition: Option<Expression>,
}

/// A change of some attributes to write.
#[derive(Debug, Clone)]
#[must_use = "a write does nothing until it is sent"]
pub struct Update {
    table: String,
    key: Result<String>,
    update: Expression,
    condition: Option<String>,
}

/// An item to delete.
#[derive(Debug, Clone)]
#[must_use = "a write does nothing until it is sent"]
pub struct Delete {
    table: String,
    key: Result<String>,
    condition: Option<Expression>,
}

/// A condition on an item that a transaction does not write.
#[derive(Debug, Clone)]
#[must_use = "a check does nothing until its transaction is sent"]
pub struct Check {
    table: String,
    key: Result<String>,
    condition: Expression,
}

impl Put {
    pub(super) fn new(table: &str, item: Result<String>) -> Self {
        Self {
            table: table.to_owned(),
            item,
            condition: None,
        }
    }

    /// Writes only if this holds; else the error is [`codes::CONDITION_FAILED`](crate::codes::CONDITION_FAILED).
    pub fn when(mut self, condition: impl Into<Expression>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Writes the item and gives the one that was there.
    pub fn send<T: DeserializeOwned>(self) -> Call<Option<T>> {
        Call::send(item, || Ok(host::put(&self.into_host()?)))
    }

    fn into_host(self) -> Result<host::PutRequest> {
        let condition = self.condition.map(Expression::into_host).transpose()?;
        Ok(host::PutRequest {
            table: self.table,
            item: self.item?,
            condition,
        })
    }
}

impl Update {
    pub(super) fn new(table: &str, key: Result<String>, update: Expression) -> Self {
        Self {
            table: table.to_owned(),
            key,
            update,
            condition: None,
        }
    }

    /// Writes only if this holds; the names and values of the update serve here too.
    pub fn when(mut self, condition: &str) -> Self {
        self.condition = Some(condition.to_owned());
        self
    }

    /// Updates the item and gives it as it is afterwards.
    pub fn send<T: DeserializeOwned>(self) -> Call<T> {
        Call::send(item, || Ok(host::update(&self.into_host()?)))
    }

    fn into_host(self) -> Result<host::UpdateRequest> {
        Ok(host::UpdateRequest {
            table: self.table,
            key: self.key?,
            update: self.update.into_host()?,
            condition: self.condition,
        })
    }
}

impl Delete {
    pub(super) fn new(table: &str, key: Result<String>) -> Self {
        Self {
            table: table.to_owned(),
            key,
            condition: None,
        }
    }

    /// Deletes only if this holds; else the error is [`codes::CONDITION_FAILED`](crate::codes::CONDITION_FAILED).
    pub fn when(mut self, condition: impl Into<Expression>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Deletes the item and gives the one that was there.
    pub fn send<T: DeserializeOwned>(self) -> Call<Option<T>> {
        Call::send(item, || Ok(host::delete(&self.into_host()?)))
    }

    fn into_host(self) -> Result<host::DeleteRequest> {
        let condition = self.condition.map(Expression::into_host).transpose()?;
        Ok(host::DeleteRequest {
            table: self.table,
            key: self.key?,
            condition,
        })
    }
}

impl Check {
    pub(super) fn new(table: &str, key: Result<String>, condition: Expression) -> Self {
        Self {
            table: table.to_owned(),
            key,
            condition,
        }
    }
}

/// Starts a transaction: all of its writes happen, or none.
///
/// ```no_run
/// # use mayfly_guest::prelude::*;
/// async fn enrol(student: &str, class: &str) -> Result<()> {
///     let table = dynamodb::table("Students");
///     dynamodb::transaction()
///         .check(table.check(object! { PK: format!("STUDENT#{student}"), SK: "PROFILE" }, "attribute_exists(PK)"))
///         .put(table.put(object! { PK: format!("CLASS#{class}"), SK: format!("STUDENT#{student}") }))
///         .token(&random::id())
///         .send()
///         .await
/// }
/// ```
pub fn transaction() -> Transaction {
    Transaction {
        items: Ok(Vec::new()),
        token: None,
    }
}

/// Writes that happen together or not at all: 1 to 100.
#[derive(Debug)]
#[must_use = "a transaction does nothing until it is sent"]
pub struct Transaction {
    items: Result<Vec<host::TransactItem>>,
    token: Option<String>,
}

impl Transaction {
    /// Adds a put.
    pub fn put(self, put: Put) -> Self {
        self.with(put.into_host().map(host::TransactItem::Put))
    }

    /// Adds an update.
    pub fn update(self, update: Update) -> Self {
        self.with(update.into_host().map(host::TransactItem::Update))
    }

    /// Adds a deletion.
    pub fn delete(self, delete: Delete) -> Self {
        self.with(delete.into_host().map(host::TransactItem::Delete))
    }

    /// Adds a condition.
    pub fn check(self, check: Check) -> Self {
        let request = || -> Result<_> {
            let Check {
                table,
                key,
                condition,
            } = check;
            Ok(host::CheckRequest {
                table,
                key: key?,
                condition: condition.into_host()?,
            })
        };
        self.with(request().map(host::TransactItem::Check))
    }

    /// Makes a repetition with the same token (1 to 36 characters) within ten minutes do nothing.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Does all of it, or nothing.
    pub fn send(self) -> Call<()> {
        Call::send(nothing, || {
            Ok(host::transact_write(&self.items?, self.token.as_deref()))
        })
    }

    fn with(mut self, item: Result<host::TransactItem>) -> Self {
        match (&mut self.items, item) {
            (Ok(items), Ok(item)) => items.push(item),
            (Ok(_), Err(error)) => self.items = Err(error),
            (Err(_), _) => {}
        }
        self
    }
}
