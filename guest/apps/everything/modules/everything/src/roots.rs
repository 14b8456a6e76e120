//! Root fields that look something up.

use crate::data::{Raw, at_most, data};
use mayfly_guest::prelude::*;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(crate) struct IdArguments {
    id: Option<String>,
}

pub(crate) fn dog(arguments: IdArguments) -> Result<Option<Raw>> {
    data()?.thing_of(arguments.id.as_deref(), &["Dog"])
}

pub(crate) fn cat(arguments: IdArguments) -> Result<Option<Raw>> {
    data()?.thing_of(arguments.id.as_deref(), &["Cat"])
}

pub(crate) fn parrot() -> Result<Option<Raw>> {
    data()?.thing_of(Some("parrot-1"), &["Parrot"])
}

pub(crate) fn person(arguments: IdArguments) -> Result<Option<Raw>> {
    data()?.thing_of(arguments.id.as_deref(), &["Person"])
}

pub(crate) fn animal(arguments: IdArguments) -> Result<Option<Raw>> {
    data()?.thing_of(arguments.id.as_deref(), &["Dog", "Cat", "Parrot"])
}

/// Whatever has the id: also something the field's type does not include.
pub(crate) fn thing(arguments: IdArguments) -> Result<Option<Raw>> {
    let data = data()?;
    Ok(arguments.id.and_then(|id| data.thing(&id)))
}

#[derive(Deserialize)]
pub(crate) struct AnimalsArguments {
    kinds: Option<Vec<String>>,
    first: i32,
}

pub(crate) fn animals(arguments: AnimalsArguments) -> Result<Vec<Raw>> {
    let AnimalsArguments { kinds, first } = arguments;
    let mut found = data()?.things(|facts| {
        let Some(kind) = &facts.kind else {
            return false;
        };
        kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
    })?;
    found.truncate(at_most(Some(first)));
    Ok(found)
}

#[derive(Deserialize)]
pub(crate) struct NamedArguments {
    ids: Vec<String>,
}

pub(crate) fn named(arguments: NamedArguments) -> Result<Vec<Option<Raw>>> {
    let data = data()?;
    Ok(arguments.ids.iter().map(|id| data.thing(id)).collect())
}

#[derive(Deserialize)]
pub(crate) struct FindArguments {
    by: By,
}

/// The one that is given is the only one that is there.
#[derive(Deserialize)]
struct By {
    id: Option<String>,
    name: Option<String>,
    ids: Option<Vec<String>>,
}

pub(crate) fn find(arguments: FindArguments) -> Result<Option<Vec<Raw>>> {
    let data = data()?;
    Ok(match arguments.by {
        By { id: Some(id), .. } => Some(data.thing(&id).into_iter().collect()),
        By { ids: Some(ids), .. } => Some(ids.iter().filter_map(|id| data.thing(id)).collect()),
        By {
            name: Some(name), ..
        } => Some(data.things(|facts| facts.name.as_ref() == Some(&name))?),
        _ => None,
    })
}

#[derive(Deserialize)]
pub(crate) struct SearchArguments {
    text: Option<String>,
    first: Option<i32>,
}

pub(crate) fn search(arguments: SearchArguments) -> Result<Vec<Raw>> {
    let text = arguments.text.unwrap_or_default();
    let mut found =
        data()?.things(|facts| facts.name.as_ref().is_some_and(|name| name.contains(&text)))?;
    found.truncate(at_most(arguments.first));
    Ok(found)
}

#[derive(Deserialize)]
pub(crate) struct FixtureArguments {
    fixture: String,
}

pub(crate) fn fixture(arguments: FixtureArguments) -> Result<Raw> {
    data()?.fixture(&arguments.fixture)
}

#[derive(Deserialize)]
pub(crate) struct FailsArguments {
    message: Option<String>,
}

pub(crate) fn fails(arguments: FailsArguments) -> Result<i32> {
    Err(Error::new(
        "ASKED_FOR",
        arguments.message.unwrap_or_default(),
    ))
}

pub(crate) fn old() -> Result<&'static str> {
    Ok("old")
}

/// The thing with another name; a name that was not given changes nothing, null takes the name away.
pub(crate) fn rename(arguments: Map<String, Value>) -> Result<Option<Value>> {
    let data = data()?;
    let Some(raw) = arguments
        .get("id")
        .and_then(Value::as_str)
        .and_then(|id| data.thing(id))
    else {
        return Ok(None);
    };
    let mut thing: Map<String, Value> = serde_json::from_str(raw.get())?;
    if let Some(name) = arguments.get("name") {
        thing.insert("name".to_owned(), name.clone());
    }
    Ok(Some(thing.into()))
}
