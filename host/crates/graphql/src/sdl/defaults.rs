//! Default values: whether they fit their types, and what they become.
//!
//! A default may rely on the defaults of input fields that it leaves out, so those are completed first. Such defaults must not lead
//! back to themselves; and because a few of them can stand for more than fits into memory, what they become is bounded.

use super::problems::Problems;
use crate::coercion::compile::compile_constant;
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{InputDef, Kind, Type, TypeId};
use crate::syntax::{Value, ValueKind};
use crate::validation::values::problems_of_constant;
use std::collections::HashMap;

/// Bytes of JSON that all default values of a schema may become.
const MAX_BYTES: usize = 4 << 20;
/// Uses of one default by another that are followed.
const MAX_USES: usize = 1_000_000;

/// Where an argument or input field with a default is found in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DefaultOf {
    Input(TypeId, usize),
    Argument(TypeId, usize, usize),
    DirectiveArgument(usize, usize),
}

/// Coerces every default, and says which do not fit.
pub(super) fn complete(schema: &mut Schema, problems: &mut Problems) {
    let mut fitting = Vec::new();
    for place in places(schema) {
        let Some(input) = input(schema, place) else {
            continue;
        };
        if fits(schema, input, problems) {
            fitting.push(place);
        }
    }
    let Some(mut uses) = uses(schema, &fitting, problems) else {
        return;
    };
    let mut written = 0;
    for place in in_order(schema, &fitting, &uses, problems) {
        let used = uses.remove(&place).unwrap_or_default();
        let json = become_json(schema, place, &used, &mut written, problems);
        if let (Some(json), Some(input)) = (json, input_mut(schema, place))
            && let Some(default) = &mut input.default
        {
            default.json = json;
        }
    }
}

/// Tells what is wrong with the default of an argument or input field.
fn fits(schema: &Schema, input: &InputDef, problems: &mut Problems) -> bool {
    let Some(default) = &input.default else {
        return false;
    };
    // Of a type that takes no values is reported with the type.
    if !schema.get(input.ty.named()).is_input() {
        return false;
    }
    let found = problems_of_constant(schema, &input.ty, &default.value);
    let fits = found.is_empty();
    for (at, problem) in found {
        problems.add(at, || {
            format!("default value of \"{}\": {problem}", Excerpt(&input.name))
        });
    }
    fits
}

/// The JSON of a default whose own uses are complete; none if it would be too large.
fn become_json(
    schema: &Schema,
    place: DefaultOf,
    used: &[DefaultOf],
    written: &mut usize,
    problems: &mut Problems,
) -> Option<String> {
    let input = input(schema, place)?;
    let default = input.default.as_ref()?;
    let size_of_used = |place: &DefaultOf| {
        let used = self::input(schema, *place)?.default.as_ref()?;
        Some(used.json.len())
    };
    let expected: usize = used.iter().filter_map(size_of_used).sum();
    if *written + expected <= MAX_BYTES {
        match compile_constant(schema, &input.ty, &default.value) {
            Ok(json) => {
                *written += json.len();
                if *written <= MAX_BYTES {
                    return Some(json);
                }
            }
            Err(message) => {
                problems.add(default.value.at, || {
                    format!("default value of \"{}\": {message}", Excerpt(&input.name))
                });
                return None;
            }
        }
    }
    problems.add(default.value.at, || {
        format!(
            "default value of \"{}\": the default values of the schema expand to more than {} MiB; make them smaller",
            Excerpt(&input.name),
            MAX_BYTES >> 20
        )
    });
    None
}

/// By default: the defaults of input fields that it uses, as often as it does. None if these are too many.
fn uses(
    schema: &Schema,
    places: &[DefaultOf],
    problems: &mut Problems,
) -> Option<HashMap<DefaultOf, Vec<DefaultOf>>> {
    let mut uses = HashMap::with_capacity(places.len());
    let mut total = 0;
    for place in places {
        let Some(input) = input(schema, *place) else {
            continue;
        };
        let mut found = Vec::new();
        if let Some(default) = &input.default {
            let left = MAX_USES - total;
            collect(schema, &input.ty, &default.value, left, &mut found);
            if found.len() > left {
                problems.add(default.value.at, || {
                    format!(
                        "default values of the schema use each other more than {MAX_USES} times; make them simpler"
                    )
                });
                return None;
            }
        }
        total += found.len();
        uses.insert(*place, found);
    }
    Some(uses)
}

/// Adds the defaults that a value leaves to the fields of input objects, until there are more than `most`.
fn collect(schema: &Schema, ty: &Type, value: &Value<'_>, most: usize, found: &mut Vec<DefaultOf>) {
    if found.len() > most {
        return;
    }
    match (ty.nullable(), &value.kind) {
        (Type::List(item), ValueKind::List(items)) => items
            .iter()
            .for_each(|value| collect(schema, item, value, most, found)),
        (Type::List(item), _) => collect(schema, item, value, most, found),
        (Type::Named(id), ValueKind::Object(entries)) => {
            let Kind::Input(input) = &schema.get(*id).kind else {
                return;
            };
            let given: HashMap<&str, &Value<'_>> = entries
                .iter()
                .map(|entry| (entry.name.as_ref(), &entry.value))
                .collect();
            for (index, field) in input.fields.values().enumerate() {
                match given.get(&*field.name) {
                    Some(value) => collect(schema, &field.ty, value, most, found),
                    None if field.default.is_some() => found.push(DefaultOf::Input(*id, index)),
                    None => {}
                }
                if found.len() > most {
                    return;
                }
            }
        }
        _ => {}
    }
}

/// The places so that each comes after those it uses; reports those that use themselves, and leaves them out.
fn in_order(
    schema: &Schema,
    places: &[DefaultOf],
    uses: &HashMap<DefaultOf, Vec<DefaultOf>>,
    problems: &mut Problems,
) -> Vec<DefaultOf> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        UnderWay,
        Done,
    }
    let mut order = Vec::with_capacity(places.len());
    let mut states: HashMap<DefaultOf, State> = HashMap::with_capacity(places.len());
    for start in places {
        let mut stack = vec![(*start, 0)];
        while let Some((place, next)) = stack.pop() {
            if next == 0 && states.get(&place) == Some(&State::Done) {
                continue;
            }
            states.insert(place, State::UnderWay);
            let used = uses.get(&place).and_then(|used| used.get(next));
            match used {
                None => {
                    states.insert(place, State::Done);
                    // One that does not fit was reported.
                    if uses.contains_key(&place) {
                        order.push(place);
                    }
                }
                Some(used) => {
                    stack.push((place, next + 1));
                    match states.get(used) {
                        None => stack.push((*used, 0)),
                        Some(State::Done) => {}
                        Some(State::UnderWay) => endless(schema, *used, problems),
                    }
                }
            }
        }
    }
    order
}

fn endless(schema: &Schema, place: DefaultOf, problems: &mut Problems) {
    let Some(input) = input(schema, place) else {
        return;
    };
    if let Some(default) = &input.default {
        problems.add(default.value.at, || {
            format!(
                "default value of \"{}\": it contains itself endlessly, through the defaults of fields it leaves out; give these fields",
                Excerpt(&input.name)
            )
        });
    }
}

/// Every argument and input field that has a default.
fn places(schema: &Schema) -> Vec<DefaultOf> {
    let mut places = Vec::new();
    let mut note = |input: &InputDef, place: DefaultOf| {
        if input.default.is_some() {
            places.push(place);
        }
    };
    for (index, ty) in schema.types.iter().enumerate() {
        let id = TypeId::of(index);
        match &ty.kind {
            Kind::Object(members) | Kind::Interface(members) => {
                for (field, definition) in members.fields.values().enumerate() {
                    for (argument, input) in definition.arguments.values().enumerate() {
                        note(input, DefaultOf::Argument(id, field, argument));
                    }
                }
            }
            Kind::Input(object) => {
                for (field, input) in object.fields.values().enumerate() {
                    note(input, DefaultOf::Input(id, field));
                }
            }
            _ => {}
        }
    }
    for (directive, definition) in schema.directives.iter().enumerate() {
        for (argument, input) in definition.arguments.values().enumerate() {
            note(input, DefaultOf::DirectiveArgument(directive, argument));
        }
    }
    places
}

fn input(schema: &Schema, place: DefaultOf) -> Option<&InputDef> {
    let found = match place {
        DefaultOf::Input(ty, field) => match &schema.types.get(ty.index())?.kind {
            Kind::Input(input) => input.fields.get_index(field)?,
            _ => return None,
        },
        DefaultOf::Argument(ty, field, argument) => {
            let (_, field) = schema.types.get(ty.index())?.fields()?.get_index(field)?;
            field.arguments.get_index(argument)?
        }
        DefaultOf::DirectiveArgument(directive, argument) => {
            let directive = schema.directives.get(directive)?;
            directive.arguments.get_index(argument)?
        }
    };
    Some(found.1)
}

fn input_mut(schema: &mut Schema, place: DefaultOf) -> Option<&mut InputDef> {
    let found = match place {
        DefaultOf::Input(ty, field) => match &mut schema.types.get_mut(ty.index())?.kind {
            Kind::Input(input) => input.fields.get_index_mut(field)?,
            _ => return None,
        },
        DefaultOf::Argument(ty, field, argument) => {
            match &mut schema.types.get_mut(ty.index())?.kind {
                Kind::Object(members) | Kind::Interface(members) => {
                    let (_, field) = members.fields.get_index_mut(field)?;
                    field.arguments.get_index_mut(argument)?
                }
                _ => return None,
            }
        }
        DefaultOf::DirectiveArgument(directive, argument) => {
            let directive = schema.directives.get_mut(directive)?;
            directive.arguments.get_index_mut(argument)?
        }
    };
    Some(found.1)
}
