//! Backends that answer at once: a profile for every get, 20 rows for every query (none for nobody), as the pools would write them.

use std::fmt::Write as _;
use std::future::ready;
use std::sync::Arc;

use mayfly_capabilities::dynamodb::Tables;
use mayfly_capabilities::dynamodb::{
    DeleteRequest, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest,
};
use mayfly_capabilities::sql::{Database, OpenTransaction, Rows, Session, Statements};
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::Call;
use mayfly_runtime::imports::RowBudget;
use serde::Deserialize;
use tokio::time::Instant;

/// The file that all peers read.
const FILE: &str = include_str!("../data/assessments.json");

/// The student of whom there are no rows.
pub(crate) const NOBODY: &str = "nobody";

/// What every call is answered with.
pub(crate) struct InMemory {
    profile: String,
    rows: Arc<str>,
}

/// An object of the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    id: String,
    name: String,
    grade: i32,
    reading_level: String,
    score: f64,
    taken_at: String,
    active: bool,
}

impl InMemory {
    /// Reads the data and takes it apart again, into what DynamoDB and SQL Server would hold of it.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let assessments: Vec<Assessment> = serde_json_plain::from_str(FILE)?;
        let (mut profile, mut rows) = ("null".to_owned(), "[".to_owned());
        for assessment in assessments {
            let Assessment {
                id,
                name,
                grade,
                reading_level,
                score,
                taken_at,
                active,
            } = assessment;
            profile =
                format!(r#"{{"name":"{name}","grade":{grade},"readingLevel":"{reading_level}"}}"#);
            let comma = if rows.len() > 1 { "," } else { "" };
            let taken_at = taken_at.trim_end_matches('Z');
            let row = format!(
                r#"{{"id":"{id}","score":"{score:.2}","taken_at":"{taken_at}","active":{active}}}"#
            );
            write!(rows, "{comma}{row}")?;
        }
        rows.push(']');
        Ok(Self {
            profile,
            rows: rows.into(),
        })
    }
}

fn answer(json: &str) -> Call {
    Box::pin(ready(Ok(json.to_owned())))
}

fn left_out() -> Call {
    Box::pin(ready(Err(CallError::new(
        CallCode::Invalid,
        "the bench has no such call",
    ))))
}

impl Tables for InMemory {
    fn get(&self, _: String, _: String, _: ReadOptions, _: Instant) -> Call {
        answer(&self.profile)
    }

    fn batch_get(&self, _: String, _: Vec<String>, _: ReadOptions, _: usize, _: Instant) -> Call {
        left_out()
    }

    fn query(&self, _: QueryRequest, _: Instant) -> Call {
        left_out()
    }

    fn put(&self, _: PutRequest, _: Instant) -> Call {
        left_out()
    }

    fn update(&self, _: UpdateRequest, _: Instant) -> Call {
        left_out()
    }

    fn delete(&self, _: DeleteRequest, _: Instant) -> Call {
        left_out()
    }

    fn transact_write(&self, _: Vec<TransactItem>, _: Option<String>, _: Instant) -> Call {
        left_out()
    }
}

/// A session: the rows, shared.
struct InMemorySession(Arc<str>);

impl Database for InMemory {
    fn session(&self, _: &str, _: &str, _: usize, _: RowBudget) -> Arc<dyn Session> {
        Arc::new(InMemorySession(self.rows.clone()))
    }
}

impl Statements for InMemorySession {
    fn query(&self, _: &str, parameters: &str, _: Instant) -> Call {
        let of_nobody = parameters.contains(NOBODY);
        answer(if of_nobody { "[]" } else { &self.0 })
    }

    fn execute(&self, _: &str, _: &str, _: Instant) -> Call {
        left_out()
    }

    fn call(&self, _: &str, _: &str, _: Instant) -> Call {
        left_out()
    }
}

impl Session for InMemorySession {
    fn stream_rows(&self, _: &str, _: &str) -> Arc<dyn Rows> {
        Arc::new(LeftOut)
    }

    fn begin(&self) -> Arc<dyn OpenTransaction> {
        Arc::new(LeftOut)
    }
}

/// What the bench does not call.
struct LeftOut;

impl Rows for LeftOut {
    fn next(&self, _: u32, _: Instant) -> Call {
        left_out()
    }
}

impl Statements for LeftOut {
    fn query(&self, _: &str, _: &str, _: Instant) -> Call {
        left_out()
    }

    fn execute(&self, _: &str, _: &str, _: Instant) -> Call {
        left_out()
    }

    fn call(&self, _: &str, _: &str, _: Instant) -> Call {
        left_out()
    }
}

impl OpenTransaction for LeftOut {
    fn commit(&self, _: Instant) -> Call {
        left_out()
    }

    fn rollback(&self, _: Instant) -> Call {
        left_out()
    }
}
