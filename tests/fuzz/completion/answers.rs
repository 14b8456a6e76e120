//! What guests say: what fits, what fits but for some parts, JSON of any kind, and text that is hardly JSON.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::shape::{Selected, Shape, Type, thing};

/// An answer, and what is known about it.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// It fits its type.
    Fits(Value),
    /// It may or may not.
    Json(Value),
    /// It may not even be JSON.
    Text(String),
}

impl Answer {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Fits(value) | Self::Json(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

pub(super) fn answer() -> impl Strategy<Value = Answer> {
    let fits = fitting(&thing());
    let broken =
        (fits.clone(), vec((any::<u16>(), anything()), 1..4)).prop_map(|(mut value, changes)| {
            changes
                .into_iter()
                .for_each(|(place, new)| replace(&mut value, place, new));
            Answer::Json(value)
        });
    let garbled = (
        fits.clone(),
        vec(
            (any::<u16>(), "\\PC{0,3}|[\\[\\]{},:\"\\\\0-9eE.-]{1,3}"),
            1..4,
        ),
    )
        .prop_map(|(value, changes)| {
            let mut characters: Vec<char> = value.to_string().chars().collect();
            for (place, new) in changes {
                let at = usize::from(place) * characters.len() / 65_536;
                let end = (at + usize::from(place % 3)).min(characters.len());
                characters.splice(at..end, new.chars());
            }
            Answer::Text(characters.into_iter().collect())
        });
    prop_oneof![
        3 => fits.prop_map(Answer::Fits),
        4 => broken,
        2 => anything().prop_map(Answer::Json),
        3 => garbled,
        1 => "\\PC{0,80}".prop_map(Answer::Text),
    ]
}

/// Values that fit.
fn fitting(shape: &Shape) -> BoxedStrategy<Value> {
    let value = match &shape.ty {
        Type::Int => any::<i32>().prop_map(Value::from).boxed(),
        Type::Float => (-1.0e12..1.0e12_f64).prop_map(Value::from).boxed(),
        Type::Text | Type::Id => "\\PC{0,12}|[a-z\"\\\\\n\u{0}\u{1f600}]{0,6}"
            .prop_map(Value::from)
            .boxed(),
        Type::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Type::Colour => prop_oneof![Just(json!("RED")), Just(json!("GREEN"))].boxed(),
        Type::List(of) => vec(fitting(of), 0..4).prop_map(Value::from).boxed(),
        Type::Object(fields) => object(fields).prop_map(Value::from).boxed(),
        Type::OneOf(types) => {
            let of_type = |(name, fields): &(&'static str, Vec<Selected>)| {
                let name = *name;
                object(fields).prop_map(move |mut object| {
                    object.insert("__typename".to_owned(), json!(name));
                    Value::from(object)
                })
            };
            proptest::strategy::Union::new(types.iter().map(of_type).map(Strategy::boxed)).boxed()
        }
    };
    if shape.nullable {
        prop_oneof![1 => Just(Value::Null), 4 => value].boxed()
    } else {
        value
    }
}

/// Objects with the selected properties, in any order, and with others.
fn object(fields: &[Selected]) -> impl Strategy<Value = Map<String, Value>> + use<> {
    let known: Vec<_> = fields
        .iter()
        .map(|field| {
            fitting(&field.shape).prop_map({
                let name = field.property;
                move |value| (name.to_owned(), value)
            })
        })
        .collect();
    let unknown = vec(("unknown[a-c]", anything()), 0..2);
    (known, unknown).prop_flat_map(|(mut entries, unknown)| {
        entries.extend(unknown);
        Just(entries)
            .prop_shuffle()
            .prop_map(|entries| entries.into_iter().collect())
    })
}

/// JSON of any kind.
fn anything() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e30..1.0e30_f64).prop_map(Value::from),
        "\\PC{0,8}|RED|Thing|Other|-?[0-9]{1,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = "id|count|name|tags|grid|next|others|__typename|size|[a-z]{1,3}";
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..5)
                .prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Puts something else in a place inside a value, counted through all its parts.
fn replace(value: &mut Value, place: u16, new: Value) {
    let mut parts = usize::from(place) % size(value);
    put(value, &mut parts, &mut Some(new));
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(object) => object.values().map(size).sum(),
        _ => 0,
    }
}

fn put(value: &mut Value, before: &mut usize, new: &mut Option<Value>) {
    if *before == 0 {
        if let Some(new) = new.take() {
            *value = new;
        }
        return;
    }
    *before -= 1;
    let parts: Box<dyn Iterator<Item = &mut Value>> = match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(object) => Box::new(object.values_mut()),
        _ => return,
    };
    for part in parts {
        if new.is_none() {
            return;
        }
        put(part, before, new);
    }
}
