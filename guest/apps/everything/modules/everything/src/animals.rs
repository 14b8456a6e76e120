//! Fields of animals and persons, over what `needs` gives them.

use crate::data::{Raw, at_most, data};
use mayfly_guest::prelude::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Friendly {
    friend_ids: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct FriendsArguments {
    first: Option<i32>,
    kind: Option<String>,
}

/// The first friends, null for those there is nothing known of; of one kind, if that is asked.
pub(crate) fn friends(
    animals: Vec<Friendly>,
    arguments: FriendsArguments,
) -> Result<Vec<Result<Vec<Option<Raw>>>>> {
    let data = data()?;
    let of_kind = match &arguments.kind {
        Some(kind) => Some(data.things(|facts| facts.kind.as_ref() == Some(kind))?),
        None => None,
    };
    let friends = |animal: &Friendly| -> Result<Vec<Option<Raw>>> {
        let known = animal
            .friend_ids
            .iter()
            .take(at_most(arguments.first))
            .map(|id| data.thing(id));
        Ok(known
            .filter(|friend| {
                of_kind
                    .as_ref()
                    .is_none_or(|kind| kind.iter().any(|of_kind| is(of_kind, *friend)))
            })
            .collect())
    };
    Ok(animals.iter().map(friends).collect())
}

fn is(one: Raw, other: Option<Raw>) -> bool {
    other.is_some_and(|other| std::ptr::eq(one, other))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owned {
    owner_id: Option<String>,
}

pub(crate) fn owners(animals: Vec<Owned>) -> Result<Vec<Result<Option<Raw>>>> {
    let data = data()?;
    Ok(animals
        .iter()
        .map(|animal| data.thing_of(animal.owner_id.as_deref(), &["Person"]))
        .collect())
}

#[derive(Deserialize)]
pub(crate) struct Weighed {
    kilograms: Option<f64>,
}

#[derive(Deserialize)]
pub(crate) struct WeightArguments {
    unit: Option<String>,
}

pub(crate) fn weight(animal: Weighed, arguments: WeightArguments) -> Result<Option<f64>> {
    let factor = match arguments.unit.as_deref() {
        Some("GRAM") => 1000.0,
        Some(_) => 1.0,
        None => {
            return Err(Error::argument(
                "unit",
                "a weight without a unit is no weight",
            ));
        }
    };
    Ok(animal.kilograms.map(|kilograms| kilograms * factor))
}

#[derive(Deserialize)]
pub(crate) struct Trained {
    commands: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(crate) struct KnowsArguments {
    command: String,
}

pub(crate) fn knows(animal: Trained, arguments: KnowsArguments) -> Result<bool> {
    Ok(animal
        .commands
        .is_some_and(|commands| commands.contains(&arguments.command)))
}

#[derive(Deserialize)]
pub(crate) struct Identified {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HouseTrainedArguments {
    at_other_homes: Option<bool>,
}

/// Dogs whose id ends with 1 are at home with others, all the others only at their own.
pub(crate) fn house_trained(dog: Identified, arguments: HouseTrainedArguments) -> Result<bool> {
    let Some(elsewhere) = arguments.at_other_homes else {
        return Err(Error::argument(
            "atOtherHomes",
            "nobody knows where that is",
        ));
    };
    Ok(dog.id.ends_with('1') == elsewhere)
}

#[derive(Deserialize)]
pub(crate) struct Talking {
    vocabulary: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WordsArguments {
    starting_with: Option<String>,
    most: Option<i32>,
}

pub(crate) fn words(parrot: Talking, arguments: WordsArguments) -> Result<Vec<String>> {
    let start = arguments.starting_with.unwrap_or_default();
    let words = parrot
        .vocabulary
        .into_iter()
        .filter(|word| word.starts_with(&start));
    Ok(words.take(at_most(arguments.most)).collect())
}

#[derive(Deserialize)]
pub(crate) struct PetsArguments {
    kinds: Option<Vec<String>>,
}

pub(crate) fn pets(
    persons: Vec<Identified>,
    arguments: PetsArguments,
) -> Result<Vec<Result<Vec<Raw>>>> {
    let data = data()?;
    let pets = |person: &Identified| {
        data.things(|facts| {
            let is_wanted = |kind: &String| {
                arguments
                    .kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(kind))
            };
            facts.owner_id.as_ref() == Some(&person.id)
                && facts.kind.as_ref().is_some_and(is_wanted)
        })
    };
    Ok(persons.iter().map(pets).collect())
}

#[derive(Deserialize)]
pub(crate) struct Called {
    name: Option<String>,
    nickname: String,
}

#[derive(Deserialize)]
pub(crate) struct GreetingArguments {
    other: String,
    loud: Option<bool>,
}

pub(crate) fn greeting(person: Called, arguments: GreetingArguments) -> Result<String> {
    let hello = if arguments.loud == Some(true) {
        "HELLO"
    } else {
        "Hello"
    };
    Ok(format!(
        "{hello} {}, I am {}",
        arguments.other,
        person.name.unwrap_or(person.nickname)
    ))
}
