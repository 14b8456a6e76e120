//! What the names of a rule mean at its place, and whether what is compared can ever be equal.

use super::Place;
use crate::auth::rule::{Expression, Mistake, Operand};
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{Kind, Scalar, Type, TypeId};
use crate::syntax::suggestion::or_else;
use std::sync::Arc;

/// What an operand holds, as far as that is known before there is a caller.
#[derive(Debug, Clone, PartialEq)]
enum Holds {
    /// A claim, or a scalar of the app: whatever is there.
    Anything,
    Text,
    Id,
    Number,
    Flag,
    Enum(TypeId),
    List(Box<Holds>),
}

/// How callers are recognised.
const CALLERS: [&str; 3] = ["anonymous", "token", "api_key"];

/// Checks every comparison, and notes which operands are IDs.
pub(super) fn check(place: Place<'_>, expression: &mut Expression, mistakes: &mut Vec<Mistake>) {
    expression.comparisons(&mut |is_in, left, right| {
        let first = holds(place, left, mistakes);
        let second = holds(place, right, mistakes);
        let (Some(first), Some(second)) = (first, second) else {
            return;
        };
        if let Some(mistake) = compare(place, is_in, (left, &first), (right, &second)) {
            mistakes.push(mistake);
        }
    });
}

fn compare(
    place: Place<'_>,
    is_in: bool,
    (left, first): (&Operand, &Holds),
    (right, second): (&Operand, &Holds),
) -> Option<Mistake> {
    if is_constant(left) && is_constant(right) {
        let message = "both sides are constants, so the answer is always the same; compare something of the caller";
        return Some((left.at(), message.to_owned()));
    }
    let list = |holds: &Holds| matches!(holds, Holds::List(_));
    if list(first) || !is_in && list(second) {
        let at = if list(first) { left.at() } else { right.at() };
        let message = "a list is never equal to one value; write VALUE in LIST";
        return Some((at, message.to_owned()));
    }
    let second = match second {
        Holds::List(item) => item,
        Holds::Anything => return None,
        _ if is_in => {
            let message = "what follows \"in\" must be a list; write == to compare with one value";
            return Some((right.at(), message.to_owned()));
        }
        other => other,
    };
    let values = [left].into_iter().chain(items(right));
    let words = values.filter_map(|value| match value {
        Operand::Text { text, at } => Some((text.as_str(), *at)),
        _ => None,
    });
    for (word, at) in words {
        if let Some(known) =
            known_words(place.schema, left, first).or(known_words(place.schema, right, second))
            && !known.contains(&word)
        {
            let remedy = or_else(
                word,
                known.iter().copied(),
                "",
                &format!("it is one of {}", known.join(", ")),
            );
            return Some((
                at,
                format!(
                    "{:?} is never found there{remedy}",
                    Excerpt(word).to_string()
                ),
            ));
        }
    }
    if can_be_equal(first, second) {
        return None;
    }
    let (first, second) = (
        describe(place.schema, first),
        describe(place.schema, second),
    );
    Some((
        left.at(),
        format!("{first} is never equal to {second}; compare things of the same kind"),
    ))
}

fn items(operand: &Operand) -> &[Operand] {
    match operand {
        Operand::List { items, .. } => items,
        other => std::slice::from_ref(other),
    }
}

/// The only words that an operand may hold, if they are that few.
fn known_words<'s>(schema: &'s Schema, operand: &Operand, holds: &Holds) -> Option<Vec<&'s str>> {
    match (operand, holds) {
        (Operand::Caller(_), _) => Some(CALLERS.to_vec()),
        (_, Holds::Enum(id)) => match &schema.get(*id).kind {
            Kind::Enum(values) => Some(values.keys().map(|name| &**name).collect()),
            _ => None,
        },
        _ => None,
    }
}

fn is_constant(operand: &Operand) -> bool {
    matches!(
        operand,
        Operand::Text { .. } | Operand::Number { .. } | Operand::Flag { .. } | Operand::List { .. }
    )
}

fn can_be_equal(first: &Holds, second: &Holds) -> bool {
    use Holds::{Anything, Enum, Id, Number, Text};
    match (first, second) {
        (Anything, _) | (_, Anything) => true,
        (Text | Id | Enum(_), Text | Id) | (Text | Id, Enum(_)) => true,
        (Id, Number) | (Number, Id) => true,
        _ => first == second,
    }
}

fn describe(schema: &Schema, holds: &Holds) -> String {
    match holds {
        Holds::Anything => "a claim".to_owned(),
        Holds::Text => "a text".to_owned(),
        Holds::Id => "an ID".to_owned(),
        Holds::Number => "a number".to_owned(),
        Holds::Flag => "true or false".to_owned(),
        Holds::Enum(id) => format!("a value of {}", schema.get(*id).name),
        Holds::List(_) => "a list".to_owned(),
    }
}

/// What an operand holds; none when it means nothing here, which is noted.
fn holds(place: Place<'_>, operand: &mut Operand, mistakes: &mut Vec<Mistake>) -> Option<Holds> {
    let text_list = || Holds::List(Box::new(Holds::Text));
    let found = match operand {
        Operand::Caller(_) | Operand::Text { .. } => Ok(Holds::Text),
        Operand::UserPool | Operand::Flag { .. } => Ok(Holds::Flag),
        Operand::Groups(_) | Operand::Scopes(_) => Ok(text_list()),
        Operand::Claim { .. } => Ok(Holds::Anything),
        Operand::Number { .. } => Ok(Holds::Number),
        Operand::List { items, .. } => {
            let first = items
                .first_mut()
                .and_then(|item| holds(place, item, mistakes));
            Ok(Holds::List(Box::new(first.unwrap_or(Holds::Anything))))
        }
        Operand::Argument { path, is_id, at } => {
            let found = argument(place, path).map_err(|message| (*at, message));
            *is_id = found.as_ref().is_ok_and(is_of_ids);
            found
        }
        Operand::Parent { field, is_id, at } => {
            let found = parent(place, field).map_err(|message| (*at, message));
            *is_id = found.as_ref().is_ok_and(is_of_ids);
            found
        }
    };
    found.map_err(|mistake| mistakes.push(mistake)).ok()
}

fn is_of_ids(holds: &Holds) -> bool {
    match holds {
        Holds::Id => true,
        Holds::List(item) => is_of_ids(item),
        _ => false,
    }
}

/// What an argument holds, or a field of one that is an input object.
fn argument(place: Place<'_>, path: &[Arc<str>]) -> Result<Holds, String> {
    let Some(field) = place.field else {
        return Err("a type has no arguments to compare; put the rule on its fields".to_owned());
    };
    let name = place.name();
    if field.resolve.is_none() {
        return Err(format!(
            "\"{name}\" has no @resolve, and only fields that have one can compare arguments"
        ));
    }
    let mut inputs = &field.arguments;
    let mut owner = format!("\"{name}\" has no argument");
    for (index, step) in path.iter().enumerate() {
        let Some(input) = inputs.get(step) else {
            let known = inputs.keys().map(|known| &**known);
            let remedy = or_else(step, known, "", "correct the name");
            return Err(format!("{owner} \"{}\"{remedy}", Excerpt(step)));
        };
        if index + 1 == path.len() {
            return value(place.schema, &input.ty).ok_or_else(|| {
                format!(
                    "\"{}\" is an object; compare one of its fields",
                    Excerpt(step)
                )
            });
        }
        let ty = place.schema.get(input.ty.named());
        let (Kind::Input(object), false) = (&ty.kind, is_list(&input.ty)) else {
            return Err(format!("\"{}\" has no fields in a rule", Excerpt(step)));
        };
        inputs = &object.fields;
        owner = format!("\"{}\" has no field", ty.name);
    }
    Err("expected the name of an argument".to_owned())
}

/// What a field of the parent holds.
fn parent(place: Place<'_>, name: &str) -> Result<Holds, String> {
    let ty = place.ty;
    if place.field.is_none() {
        return Err("a type has no parent to compare; put the rule on its fields".to_owned());
    }
    if place.is_root {
        return Err(format!("fields of \"{}\" have no parent", ty.name));
    }
    let fields = ty.fields();
    let Some(field) = fields.and_then(|fields| fields.get(name)) else {
        let known = fields.into_iter().flat_map(|fields| fields.values());
        let known = known
            .filter(|known| known.resolve.is_none())
            .map(|known| &*known.name);
        let remedy = or_else(name, known, "", "correct the name");
        return Err(format!(
            "\"{}\" has no field \"{}\"{remedy}",
            ty.name,
            Excerpt(name)
        ));
    };
    let coordinate = format!("\"{}.{}\"", ty.name, field.name);
    if field.resolve.is_some() {
        return Err(format!(
            "{coordinate} is answered by a module of its own; compare a field that the parent's module answers"
        ));
    }
    value(place.schema, &field.ty).ok_or_else(|| {
        format!(
            "{coordinate} is an object; compare a field that holds one value, or a list of them"
        )
    })
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.nullable(), Type::List(_))
}

/// What a value of a type holds; none for objects.
fn value(schema: &Schema, ty: &Type) -> Option<Holds> {
    Some(match ty.nullable() {
        Type::List(item) => Holds::List(Box::new(value(schema, item)?)),
        Type::NonNull(inner) => value(schema, inner)?,
        Type::Named(id) => match &schema.get(*id).kind {
            Kind::Scalar(Scalar::String) => Holds::Text,
            Kind::Scalar(Scalar::Id) => Holds::Id,
            Kind::Scalar(Scalar::Int | Scalar::Float) => Holds::Number,
            Kind::Scalar(Scalar::Boolean) => Holds::Flag,
            Kind::Scalar(Scalar::Custom { .. }) => Holds::Anything,
            Kind::Enum(_) => Holds::Enum(*id),
            _ => return None,
        },
    })
}
