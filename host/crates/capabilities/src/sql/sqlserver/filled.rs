//! A statement with its values, as it is sent.

use tiberius::{ColumnData, Query};

use super::sql_type::SqlType;
use crate::sql::{declared, parameters};

/// A value for a parameter.
pub(super) type Bound = parameters::Bound<ColumnData<'static>>;

/// A declared parameter.
pub(super) type Parameter = declared::Parameter<SqlType>;

/// SQL Server's 2,100 parameters, less the two the driver uses for the text itself.
pub(super) const MAX_VALUES: usize = 2_098;

/// What is sent.
#[derive(Debug)]
pub struct Filled {
    pub(super) text: String,
    /// What `@P1`, `@P2`, … in the text stand for.
    pub(super) values: Vec<ColumnData<'static>>,
}

impl Filled {
    /// As the driver takes it.
    pub(super) fn into_query(self) -> Query<'static> {
        let mut query = Query::new(self.text);
        for value in self.values {
            query.bind(value);
        }
        query
    }
}
