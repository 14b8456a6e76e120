//! DynamoDB, through the host's client. Every call needs a grant for its table and action.
//!
//! ```no_run
//! use mayfly_guest::prelude::*;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Student {
//!     id: String,
//!     name: String,
//! }
//!
//! async fn rename(id: &str, name: &str) -> Result<Student> {
//!     dynamodb::table("Students")
//!         .update(object! { PK: format!("STUDENT#{id}"), SK: "PROFILE" }, dynamodb::expression("SET #n = :n").name("#n", "name").value(":n", name))
//!         .when("attribute_exists(PK)")
//!         .send()
//!         .await
//! }
//! ```
//!
//! Items are read into, and written from, serde types. What JSON cannot say travels tagged: [`Binary`], [`StringSet`] and [`NumberSet`].

mod tagged;
mod write;

pub use tagged::{Binary, NumberSet, StringSet};
pub use write::{Check, Delete, Put, Transaction, Update, transaction};

use crate::bindings::mayfly::resolver::dynamodb as host;
use crate::{Call, Error, IntoJson, Object, Result};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// Names a table.
#[must_use]
pub fn table(name: &str) -> Table<'_> {
    Table {
        name,
        options: host::ReadOptions {
            consistent: false,
            attributes: Vec::new(),
        },
    }
}

/// An expression, to give names and values to.
#[must_use]
pub fn expression(text: &str) -> Expression {
    Expression {
        text: text.to_owned(),
        names: Object::new(),
        values: Object::new(),
    }
}

/// A condition or any other expression, in DynamoDB's own language, with what it refers to.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    names: Object,
    values: Object,
}

impl Expression {
    /// Says which attribute a `#placeholder` stands for.
    #[must_use]
    pub fn name(mut self, placeholder: &str, attribute: &str) -> Self {
        self.names.set(placeholder, attribute);
        self
    }

    /// Says which value a `:placeholder` stands for.
    #[must_use]
    pub fn value(mut self, placeholder: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.values.set(placeholder, value);
        self
    }

    fn into_host(self) -> Result<host::Expression> {
        let Self {
            text,
            names,
            values,
        } = self;
        Ok(host::Expression {
            text,
            names: names.into_optional_json()?,
            values: values.into_optional_json()?,
        })
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        expression(text)
    }
}

/// A table, and how to read from it.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    name: &'a str,
    options: host::ReadOptions,
}

impl<'a> Table<'a> {
    /// Reads see every write acknowledged before; that costs twice.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        self.options.consistent = true;
        self
    }

    /// Reads fetch only these top-level attributes.
    #[must_use]
    pub fn attributes(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.attributes = names.into_iter().map(Into::into).collect();
        self
    }

    /// Reads one item. Concurrent gets of many invocations are sent as one request.
    ///
    /// ```no_run
    /// # use mayfly_guest::prelude::*;
    /// # #[derive(Deserialize)] struct Student { id: String }
    /// async fn student(id: &str) -> Result<Option<Student>> {
    ///     dynamodb::table("Students").get(object! { PK: format!("STUDENT#{id}"), SK: "PROFILE" }).await
    /// }
    /// ```
    pub fn get<T: DeserializeOwned>(&self, key: impl IntoJson) -> Call<Option<T>> {
        Call::send(item, || {
            Ok(host::get(self.name, &key.into_json()?, &self.options))
        })
    }

    /// Reads at most 1,000 items: as many as `keys`, in their order, `None` where there is no item.
    pub fn batch_get<T: DeserializeOwned>(
        &self,
        keys: impl IntoIterator<Item = impl IntoJson>,
    ) -> Call<Vec<Option<T>>> {
        Call::send(item, || {
            let keys = keys
                .into_iter()
                .map(IntoJson::into_json)
                .collect::<Result<Vec<_>>>()?;
            Ok(host::batch_get(self.name, &keys, &self.options))
        })
    }

    /// Starts a query for items with one partition key.
    ///
    /// ```no_run
    /// # use mayfly_guest::prelude::*;
    /// # #[derive(Deserialize)] struct Note { text: String }
    /// async fn latest_notes(student: &str) -> Result<Vec<Note>> {
    ///     let condition = dynamodb::expression("PK = :pk AND begins_with(SK, :note)")
    ///         .value(":pk", &format!("STUDENT#{student}"))
    ///         .value(":note", "NOTE#");
    ///     Ok(dynamodb::table("Students").query(condition).descending().limit(10).page().await?.items)
    /// }
    /// ```
    pub fn query(&self, key_condition: impl Into<Expression>) -> Query<'a> {
        Query {
            table: self.clone(),
            key_condition: key_condition.into(),
            index: None,
            filter: None,
            limit: None,
            ascending: true,
            start_key: None,
        }
    }

    /// A whole item to write, replacing what is there.
    pub fn put(&self, item: impl IntoJson) -> Put {
        Put::new(self.name, item.into_json())
    }

    /// A change of some attributes to write.
    pub fn update(&self, key: impl IntoJson, update: impl Into<Expression>) -> Update {
        Update::new(self.name, key.into_json(), update.into())
    }

    /// An item to delete.
    pub fn delete(&self, key: impl IntoJson) -> Delete {
        Delete::new(self.name, key.into_json())
    }

    /// A condition that must hold for a transaction to happen.
    pub fn check(&self, key: impl IntoJson, condition: impl Into<Expression>) -> Check {
        Check::new(self.name, key.into_json(), condition.into())
    }
}

/// A query being put together.
#[derive(Debug, Clone)]
#[must_use = "a query does nothing until a page is asked for"]
pub struct Query<'a> {
    table: Table<'a>,
    key_condition: Expression,
    index: Option<String>,
    filter: Option<String>,
    limit: Option<u32>,
    ascending: bool,
    start_key: Option<Result<String>>,
}

impl Query<'_> {
    /// Reads from a secondary index.
    pub fn index(mut self, name: &str) -> Self {
        self.index = Some(name.to_owned());
        self
    }

    /// Drops items after reading; the names and values of the key condition serve here too.
    pub fn filter(mut self, expression: &str) -> Self {
        self.filter = Some(expression.to_owned());
        self
    }

    /// Evaluates at most this many items, before the filter.
    pub fn limit(mut self, items: u32) -> Self {
        self.limit = Some(items);
        self
    }

    /// From the highest sort key down.
    pub fn descending(mut self) -> Self {
        self.ascending = false;
        self
    }

    /// Goes on after a page: give its [`last_key`](Page::last_key).
    pub fn after(mut self, last_key: impl IntoJson) -> Self {
        self.start_key = Some(last_key.into_json());
        self
    }

    /// Reads a page.
    pub fn page<T: DeserializeOwned>(self) -> Call<Page<T>> {
        Call::send(item, || {
            Ok(host::query(&host::QueryRequest {
                table: self.table.name.to_owned(),
                index: self.index,
                key_condition: self.key_condition.into_host()?,
                filter: self.filter,
                options: self.table.options,
                limit: self.limit,
                ascending: self.ascending,
                start_key: self.start_key.transpose()?,
            }))
        })
    }
}

/// A page of items.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to give to [`Query::after`] for the next page; `None` at the end.
    pub last_key: Option<serde_json::Value>,
}

fn item<T: DeserializeOwned>(text: String) -> Result<T> {
    serde_json::from_str(&text)
        .map_err(|error| Error::new(crate::codes::INVALID_DATA, format!("item: {error}")))
}

fn nothing(text: String) -> Result<()> {
    item::<IgnoredAny>(text).map(|_| ())
}
