//! The data: things by id, and fixtures by name, each as it is written.

use mayfly_guest::prelude::*;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// JSON as it is written in the file, or as it was given.
pub(crate) type Raw = &'static RawValue;

/// The whole file.
#[derive(Deserialize)]
pub(crate) struct Data {
    #[serde(borrow)]
    things: BTreeMap<&'static str, Raw>,
    #[serde(borrow)]
    fixtures: BTreeMap<&'static str, Raw>,
}

/// What resolvers look at in a thing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    #[serde(rename = "__typename")]
    pub(crate) type_name: String,
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) owner_id: Option<String>,
}

/// Reads the file.
pub(crate) fn data() -> Result<Data> {
    Ok(serde_json::from_str(include_str!("../../../data.json"))?)
}

impl Data {
    /// A thing.
    pub(crate) fn thing(&self, id: &str) -> Option<Raw> {
        self.things.get(id).copied()
    }

    /// A thing, if it is of one of these types.
    pub(crate) fn thing_of(&self, id: Option<&str>, types: &[&str]) -> Result<Option<Raw>> {
        let Some(raw) = id.and_then(|id| self.thing(id)) else {
            return Ok(None);
        };
        let facts: Facts = serde_json::from_str(raw.get())?;
        Ok(types.contains(&facts.type_name.as_str()).then_some(raw))
    }

    /// The things for which `wanted` holds, by id.
    pub(crate) fn things(&self, wanted: impl Fn(&Facts) -> bool) -> Result<Vec<Raw>> {
        let mut found = Vec::new();
        for raw in self.things.values() {
            if wanted(&serde_json::from_str(raw.get())?) {
                found.push(*raw);
            }
        }
        Ok(found)
    }

    /// A fixture.
    pub(crate) fn fixture(&self, name: &str) -> Result<Raw> {
        let fixture = self.fixtures.get(name).copied();
        fixture.ok_or_else(|| Error::new("NO_FIXTURE", format!("there is no fixture `{name}`")))
    }
}

/// How many items `first` allows; all when it is not given, none when it is negative.
pub(crate) fn at_most(first: Option<i32>) -> usize {
    first.map_or(usize::MAX, |first| usize::try_from(first).unwrap_or(0))
}
