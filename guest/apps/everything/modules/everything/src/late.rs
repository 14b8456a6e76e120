//! Fields of shapes that end as they are told to, at the parents they are told to: values, nulls, errors, values of another type.

use crate::data::data;
use mayfly_guest::prelude::*;
use serde_json::value::{RawValue, to_raw_value};

#[derive(Deserialize)]
pub(crate) struct Parent {
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct Arguments {
    fixture: Option<String>,
    outcome: String,
    /// The names of the parents at which the outcome is what it is; at all of them when left out.
    at: Option<Vec<String>>,
}

/// The length of the parent's name.
pub(crate) fn number(parent: Parent, arguments: Arguments) -> Result<Box<RawValue>> {
    let length = parent.name.len();
    arguments.end(&parent, || Ok(to_raw_value(&length)?))
}

/// The numbers up to the length of the parent's name.
pub(crate) fn list(parent: Parent, arguments: Arguments) -> Result<Box<RawValue>> {
    let length = parent.name.len();
    arguments.end(&parent, || {
        Ok(to_raw_value(&(1..=length).collect::<Vec<_>>())?)
    })
}

/// The fixture asked for.
pub(crate) fn fixture(parent: Parent, arguments: Arguments) -> Result<Box<RawValue>> {
    let name = arguments.fixture.clone().unwrap_or_default();
    arguments.end(&parent, || Ok(data()?.fixture(&name)?.to_owned()))
}

/// The same for many parents at once.
pub(crate) fn fixtures(
    parents: Vec<Parent>,
    arguments: Arguments,
) -> Result<Vec<Result<Box<RawValue>>>> {
    let data = data()?;
    let name = arguments.fixture.clone().unwrap_or_default();
    Ok(parents
        .iter()
        .map(|parent| arguments.end(parent, || Ok(data.fixture(&name)?.to_owned())))
        .collect())
}

impl Arguments {
    fn end(
        &self,
        parent: &Parent,
        value: impl Fn() -> Result<Box<RawValue>>,
    ) -> Result<Box<RawValue>> {
        let is_here = self.at.as_ref().is_none_or(|at| at.contains(&parent.name));
        match self.outcome.as_str() {
            _ if !is_here => value(),
            "NULL" => Ok(to_raw_value(&None::<i32>)?),
            "ERROR" => Err(Error::new("ASKED_FOR", format!("late at {}", parent.name))),
            "WRONG" => Ok(to_raw_value("wrong")?),
            "HOLE" => Ok(to_raw_value(&[Some(1), None])?),
            _ => value(),
        }
    }
}
