//! Rows a few at a time: the driver's stream holds one packet and one row beyond what was asked for.

use futures_util::TryStreamExt;
use mayfly_error::{CallCode, CallError};
use tiberius::error::Error;
use tiberius::{QueryItem, QueryStream};

use super::answer::{no_columns, of_layout, write_row};
use super::client::Client;
use super::failure::Fail;
use super::filled::Filled;
use super::rows::{Layout, Reading};
use super::text::Statement;
use crate::sql::bounds::Bounds;
use crate::sql::engine::{self, Page};

/// The rows of one statement.
pub struct Pages<'a> {
    items: QueryStream<'a>,
    reading: Reading<'a>,
    layout: Option<Layout<'a>>,
}

impl<'a> Pages<'a> {
    /// Sends the statement.
    pub(super) async fn open(
        client: &'a mut Client,
        statement: &'a Statement,
        filled: Filled,
        bounds: &'a Bounds,
    ) -> Result<Self, Error> {
        let reading = Reading {
            statement,
            bounds,
            is_lossy: client.is_lossy,
        };
        Ok(Self {
            items: filled.into_query().query(&mut client.driver).await?,
            reading,
            layout: None,
        })
    }
}

impl engine::Pages<Error> for Pages<'_> {
    async fn page(&mut self, max_rows: u32) -> Result<Page, Fail> {
        let Reading {
            statement, bounds, ..
        } = self.reading;
        let mut text = String::from("[");
        let mut rows = 0;
        let mut is_last = false;
        // Half of what is allowed leaves room for one more row; a longer one fails.
        while rows < max_rows && text.len() <= bounds.max_answer_bytes / 2 {
            let next = self.items.try_next().await;
            match next.map_err(|error| of_layout(error, statement, self.layout.as_ref()))? {
                None => {
                    is_last = true;
                    break;
                }
                Some(QueryItem::Metadata(_)) if self.layout.is_some() => {
                    let problem = format!(
                        "{} returns more than one result set; only the first can be streamed",
                        statement.what()
                    );
                    return Err(CallError::new(CallCode::Backend, problem).into());
                }
                Some(QueryItem::Metadata(meta)) => {
                    self.layout = Some(Layout::new(self.reading, meta.columns())?);
                }
                Some(QueryItem::Row(row)) => {
                    let Some(layout) = &self.layout else {
                        return Err(no_columns());
                    };
                    write_row(layout, &row, self.reading, &mut text, &mut rows)?;
                }
            }
        }
        text.push(']');
        Ok(Page { text, is_last })
    }
}
