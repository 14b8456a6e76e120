//! The schema, the query, and what the query's data may look like: written down twice, for the engine and for the check.

use serde_json::{Map, Value};

pub(super) const SDL: &str = r#"
directive @resolve(module: String!, needs: String) on FIELD_DEFINITION
type Query { thing: Thing @resolve(module: "m") }
interface Named { id: ID! }
type Thing implements Named {
  id: ID!  count: Int  ratio: Float  name: String!  flag: Boolean  colour: Colour
  tags: [String!]  grid: [[Int!]]!  next: Thing  others: [Named]
}
type Other implements Named { id: ID!  size: Int! }
enum Colour { RED GREEN }
"#;

pub(super) const QUERY: &str = "{ thing { id count ratio label: name flag colour tags grid
  next { id name next { ratio } }
  others { __typename id ... on Thing { name flag } ... on Other { size } } } }";

/// What a value may be.
#[derive(Clone)]
pub(super) enum Type {
    Int,
    Float,
    Text,
    Flag,
    Id,
    Colour,
    List(Box<Shape>),
    /// An object with these selected fields.
    Object(Vec<Selected>),
    /// An object whose `__typename`, the first key, says which fields it has.
    OneOf(Vec<(&'static str, Vec<Selected>)>),
}

/// A type, and whether null is one of its values.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) ty: Type,
    pub(super) nullable: bool,
}

/// A selected field.
#[derive(Clone)]
pub(super) struct Selected {
    /// The key in the response.
    pub(super) key: &'static str,
    /// The property of what the guest says.
    pub(super) property: &'static str,
    pub(super) shape: Shape,
}

/// The shape of `thing`.
pub(super) fn thing() -> Shape {
    let innermost = maybe(Type::Object(vec![field("ratio", maybe(Type::Float))]));
    let next = Type::Object(vec![
        field("id", always(Type::Id)),
        field("name", always(Type::Text)),
        field("next", innermost),
    ]);
    let others = Type::OneOf(vec![
        (
            "Thing",
            vec![
                field("id", always(Type::Id)),
                field("name", always(Type::Text)),
                field("flag", maybe(Type::Flag)),
            ],
        ),
        (
            "Other",
            vec![
                field("id", always(Type::Id)),
                field("size", always(Type::Int)),
            ],
        ),
    ]);
    maybe(Type::Object(vec![
        field("id", always(Type::Id)),
        field("count", maybe(Type::Int)),
        field("ratio", maybe(Type::Float)),
        Selected {
            key: "label",
            property: "name",
            shape: always(Type::Text),
        },
        field("flag", maybe(Type::Flag)),
        field("colour", maybe(Type::Colour)),
        field("tags", maybe(list(always(Type::Text)))),
        field("grid", always(list(maybe(list(always(Type::Int)))))),
        field("next", maybe(next)),
        field("others", maybe(list(maybe(others)))),
    ]))
}

fn field(name: &'static str, shape: Shape) -> Selected {
    Selected {
        key: name,
        property: name,
        shape,
    }
}

fn maybe(ty: Type) -> Shape {
    Shape { ty, nullable: true }
}

fn always(ty: Type) -> Shape {
    Shape {
        ty,
        nullable: false,
    }
}

fn list(of: Shape) -> Type {
    Type::List(Box::new(of))
}

/// Whether a completed value is one of its type.
pub(super) fn sound(value: &Value, shape: &Shape) -> Result<(), String> {
    let fits = match (&shape.ty, value) {
        (_, Value::Null) => shape.nullable,
        (Type::Int, Value::Number(number)) => number
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        (Type::Float, Value::Number(_)) | (Type::Flag, Value::Bool(_)) => true,
        (Type::Text | Type::Id, Value::String(_)) => true,
        (Type::Colour, Value::String(colour)) => ["RED", "GREEN"].contains(&colour.as_str()),
        (Type::List(of), Value::Array(items)) => {
            return items.iter().try_for_each(|item| sound(item, of));
        }
        (Type::Object(fields), Value::Object(object)) => return sound_object(object, fields, 0),
        (Type::OneOf(types), Value::Object(object)) => {
            let first = object
                .iter()
                .next()
                .filter(|(key, _)| *key == "__typename")
                .and_then(|(_, name)| name.as_str());
            let fields = types
                .iter()
                .find(|(name, _)| Some(*name) == first)
                .map(|(_, fields)| fields);
            return sound_object(object, fields.ok_or("an object of no type")?, 1);
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{value} is not of its type"))
    }
}

fn sound_object(
    object: &Map<String, Value>,
    fields: &[Selected],
    before: usize,
) -> Result<(), String> {
    let keys: Vec<_> = object.keys().skip(before).map(String::as_str).collect();
    if keys != fields.iter().map(|field| field.key).collect::<Vec<_>>() {
        return Err(format!("an object has the keys {keys:?}"));
    }
    fields
        .iter()
        .try_for_each(|field| sound(&object[field.key], &field.shape))
}

/// Whether a completed value is what was said, when what was said fits.
pub(super) fn same(said: &Value, completed: &Value, shape: &Shape) -> Result<(), String> {
    let equal = match (&shape.ty, said, completed) {
        (Type::List(of), Value::Array(said), Value::Array(completed))
            if said.len() == completed.len() =>
        {
            return said
                .iter()
                .zip(completed)
                .try_for_each(|(said, completed)| same(said, completed, of));
        }
        (Type::Object(fields), Value::Object(_), Value::Object(_)) => {
            return same_object(said, completed, fields);
        }
        (Type::OneOf(types), Value::Object(_), Value::Object(_)) => {
            let fields = types
                .iter()
                .find(|(name, _)| said["__typename"] == **name)
                .map(|(_, fields)| fields);
            return same_object(said, completed, fields.ok_or("an object of no type")?);
        }
        (Type::Float, Value::Number(said), Value::Number(completed)) => {
            said.as_f64() == completed.as_f64()
        }
        _ => said == completed,
    };
    if equal {
        Ok(())
    } else {
        Err(format!("{said} became {completed}"))
    }
}

fn same_object(said: &Value, completed: &Value, fields: &[Selected]) -> Result<(), String> {
    // What is not said is null.
    fields.iter().try_for_each(|field| {
        same(
            said.get(field.property).unwrap_or(&Value::Null),
            &completed[field.key],
            &field.shape,
        )
    })
}
