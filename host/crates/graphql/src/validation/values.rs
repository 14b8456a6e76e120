//! Literals against input types, and where variables are among them.

use super::Errors;
use crate::coercion::literal::scalar_problem;
use crate::excerpt::Excerpt;
use crate::response::{Position, RequestError};
use crate::schema::Schema;
use crate::schema::types::{InputObject, Kind, Type};
use crate::syntax::{ObjectEntry, Value, ValueKind};
use std::collections::{HashMap, HashSet};

/// A place where a variable is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage<'d> {
    /// The variable's name.
    pub name: &'d str,
    pub at: Position,
    /// What is expected there; none when that is not known.
    pub ty: Option<&'d Type>,
    /// Whether the place has a default.
    pub has_default: bool,
    /// The `@oneOf` input object it is a field of.
    pub one_of: Option<&'d str>,
}

/// What is expected of a value.
#[derive(Clone, Copy)]
pub(super) struct InputPosition<'d> {
    /// Its type; none when that is not known.
    pub ty: Option<&'d Type>,
    pub has_default: bool,
    /// The type of the input object or list around it.
    pub parent: Option<&'d Type>,
}

/// What keeps a constant of the schema from being a value of a type, and where.
pub(crate) fn problems_of_constant(
    schema: &Schema,
    ty: &Type,
    value: &Value<'_>,
) -> Vec<(Position, String)> {
    let mut errors = Errors::default();
    constant_value(schema, Some(ty), value, &mut errors);
    let problem = |error: RequestError| {
        let at = error.locations.last().copied().unwrap_or(value.at);
        let sentence = error.error.to_string();
        (at, sentence.trim_end_matches('.').to_owned())
    };
    errors.into_found().into_iter().map(problem).collect()
}

/// Checks a value in which no variable can be.
pub(super) fn constant_value(
    schema: &Schema,
    ty: Option<&Type>,
    value: &Value<'_>,
    errors: &mut Errors,
) {
    let place = InputPosition {
        ty,
        has_default: false,
        parent: None,
    };
    Values {
        schema,
        errors,
        usages: &mut Vec::new(),
    }
    .check(place, value);
}

/// Checks values and collects the variables in them.
pub(super) struct Values<'c, 'd> {
    pub schema: &'d Schema,
    pub errors: &'c mut Errors,
    pub usages: &'c mut Vec<Usage<'d>>,
}

impl<'d> Values<'_, 'd> {
    /// Checks a value.
    pub fn check(&mut self, place: InputPosition<'d>, value: &'d Value<'_>) {
        self.value(place, value, false);
    }

    /// Checks a value; one inside a value that was told to be wrong as a whole (`told`) is only looked at for variables and fields
    /// that come twice.
    fn value(&mut self, place: InputPosition<'d>, value: &'d Value<'_>, told: bool) {
        match &value.kind {
            ValueKind::Variable(name) => {
                let InputPosition {
                    ty, has_default, ..
                } = place;
                let one_of = place.parent.and_then(|parent| self.one_of_name(parent));
                self.usages.push(Usage {
                    name,
                    at: value.at,
                    ty,
                    has_default,
                    one_of,
                });
            }
            ValueKind::List(items) => self.list(place.ty, items, value, told),
            ValueKind::Object(entries) => self.object(place.ty, entries, value, told),
            _ if told => {}
            ValueKind::Null => {
                if let Some(ty @ Type::NonNull(_)) = place.ty {
                    self.unexpected(ty, value);
                }
            }
            _ => self.leaf(place.ty, value),
        }
    }

    fn list(
        &mut self,
        ty: Option<&'d Type>,
        items: &'d [Value<'_>],
        value: &Value<'_>,
        told: bool,
    ) {
        let (item, is_list) = match ty.map(Type::nullable) {
            Some(Type::List(item)) => (Some(&**item), true),
            other => (other, false),
        };
        if !told && !is_list {
            self.leaf(item, value);
        }
        let place = InputPosition {
            ty: item,
            has_default: false,
            parent: ty,
        };
        items
            .iter()
            .for_each(|item| self.value(place, item, told || !is_list));
    }

    fn object(
        &mut self,
        ty: Option<&'d Type>,
        entries: &'d [ObjectEntry<'_>],
        value: &Value<'_>,
        told: bool,
    ) {
        let schema = self.schema;
        let definition = ty.map(|ty| schema.get(ty.named()));
        let input = definition.and_then(|definition| match &definition.kind {
            Kind::Input(input) => Some((&*definition.name, input)),
            _ => None,
        });
        match input {
            _ if told => {}
            Some((name, input)) => self.input(name, input, entries, value),
            None => self.leaf(ty, value),
        }
        let mut seen: HashMap<&str, Position> = HashMap::with_capacity(entries.len());
        for entry in entries {
            let name = entry.name.as_ref();
            let field = input.and_then(|(_, input)| input.fields.get(name));
            if let (None, Some((input, _)), false) = (field, input, told) {
                self.errors.add(
                    format_args!(
                        "Field \"{}\" is not defined by type \"{input}\".",
                        Excerpt(name)
                    ),
                    vec![entry.at],
                );
            }
            if let Some(first) = seen.get(name) {
                let message = format_args!(
                    "There can be only one input field named \"{}\".",
                    Excerpt(name)
                );
                self.errors.add(message, vec![*first, entry.at]);
            } else {
                seen.insert(name, entry.at);
            }
            let has_default = field.is_some_and(|field| field.default.is_some());
            let place = InputPosition {
                ty: field.map(|field| &field.ty),
                has_default,
                parent: ty,
            };
            self.value(place, &entry.value, told || input.is_none());
        }
    }

    fn unexpected(&mut self, ty: &Type, value: &Value<'_>) {
        if self.errors.is_full() {
            return;
        }
        let wanted = self.schema.print(ty);
        self.errors.add(
            format_args!(
                "Expected value of type \"{wanted}\", found {}.",
                Excerpt(value)
            ),
            vec![value.at],
        );
    }

    fn leaf(&mut self, ty: Option<&Type>, value: &Value<'_>) {
        let Some(ty) = ty.filter(|_| !self.errors.is_full()) else {
            return;
        };
        let definition = self.schema.get(ty.named());
        let problem = match &definition.kind {
            Kind::Scalar(scalar) => scalar_problem(scalar, value),
            Kind::Enum(values) => match &value.kind {
                ValueKind::Enum(name) if values.contains_key(name.as_ref()) => None,
                ValueKind::Enum(name) => Some(format!(
                    "Value \"{}\" does not exist in \"{}\" enum.",
                    Excerpt(name),
                    definition.name
                )),
                _ => Some(format!(
                    "Enum \"{}\" cannot represent non-enum value: {}.",
                    definition.name,
                    Excerpt(value)
                )),
            },
            _ => return self.unexpected(ty, value),
        };
        if let Some(problem) = problem {
            self.errors.add(format_args!("{problem}"), vec![value.at]);
        }
    }

    /// Checks an input object as a whole.
    fn input(
        &mut self,
        name: &str,
        input: &InputObject,
        entries: &[ObjectEntry<'_>],
        value: &Value<'_>,
    ) {
        let given: HashSet<&str> = entries.iter().map(|entry| entry.name.as_ref()).collect();
        for field in input.fields.values().filter(|field| field.is_required()) {
            if !given.contains(field.name.as_ref()) {
                let ty = self.schema.print(&field.ty);
                let message = format_args!(
                    "Field \"{name}.{}\" of required type \"{ty}\" was not provided.",
                    field.name
                );
                self.errors.add(message, vec![value.at]);
            }
        }
        if !input.one_of {
            return;
        }
        match entries {
            [first, rest @ ..] if rest.iter().all(|entry| entry.name == first.name) => {
                // Of a field that comes twice the last one counts.
                if matches!(rest.last().unwrap_or(first).value.kind, ValueKind::Null) {
                    self.errors.add(
                        format_args!(
                            "Field \"{name}.{}\" must be non-null.",
                            Excerpt(&first.name)
                        ),
                        vec![value.at],
                    );
                }
            }
            _ => {
                let message =
                    format_args!("OneOf Input Object \"{name}\" must specify exactly one key.");
                self.errors.add(message, vec![value.at]);
            }
        }
    }

    /// The name of a `@oneOf` input object.
    fn one_of_name(&self, ty: &Type) -> Option<&'d str> {
        let schema = self.schema;
        match ty.nullable() {
            Type::Named(id) => match &schema.get(*id).kind {
                Kind::Input(input) if input.one_of => Some(&schema.get(*id).name),
                _ => None,
            },
            _ => None,
        }
    }
}
