//! Literals against input types, and where variables stand among them.

use super::Errors;
use crate::coercion::literal::scalar_problem;
use crate::document::{ObjectEntry, Value, ValueKind};
use crate::response::Position;
use crate::schema::Schema;
use crate::schema::types::{InputObject, Kind, Type};
use std::collections::HashMap;

/// A place where a variable stands.
#[derive(Debug)]
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

/// Checks a constant of the schema; `problems` collects messages.
pub(crate) fn constant(schema: &Schema, ty: &Type, value: &Value<'_>, problems: &mut Vec<String>) {
    let mut errors = Errors::default();
    let mut usages = Vec::new();
    Checker { schema, errors: &mut errors, usages: &mut usages }.value(Some(ty), false, value);
    problems.extend(errors.found.into_iter().map(|error| error.error.to_string()));
}

/// Checks values and collects the variables in them.
pub(super) struct Checker<'c, 'd> {
    pub schema: &'d Schema,
    pub errors: &'c mut Errors,
    pub usages: &'c mut Vec<Usage<'d>>,
}

impl<'d> Checker<'_, 'd> {
    /// Checks a value where `ty` is expected, if that is known.
    pub fn value(&mut self, ty: Option<&'d Type>, has_default: bool, value: &'d Value<'_>) {
        match (&value.kind, ty) {
            (ValueKind::Variable(name), _) => self.usages.push(Usage { name, at: value.at, ty, has_default, one_of: None }),
            (ValueKind::Null, Some(Type::NonNull(_))) => self.unexpected(ty, value),
            (ValueKind::List(items), Some(known)) => match known.nullable() {
                Type::List(item) => items.iter().for_each(|value| self.value(Some(item), false, value)),
                _ => {
                    self.leaf(known.nullable(), value);
                    self.untyped(value);
                }
            },
            (ValueKind::Object(entries), Some(known)) => {
                self.unique_entries(entries);
                let schema = self.schema;
                let definition = schema.get(known.named());
                match &definition.kind {
                    Kind::Input(input) => self.input(&definition.name, input, entries, value),
                    _ => {
                        self.leaf(known, value);
                        entries.iter().for_each(|entry| self.value(None, false, &entry.value));
                    }
                }
            }
            (ValueKind::List(_) | ValueKind::Object(_), None) => self.untyped(value),
            (ValueKind::Null, _) | (_, None) => {}
            (_, Some(known)) => self.leaf(known, value),
        }
    }

    /// Looks for variables and duplicate fields where no type is known to check.
    fn untyped(&mut self, value: &'d Value<'_>) {
        match &value.kind {
            ValueKind::List(items) => items.iter().for_each(|item| self.value(None, false, item)),
            ValueKind::Object(entries) => {
                self.unique_entries(entries);
                entries.iter().for_each(|entry| self.value(None, false, &entry.value));
            }
            _ => {}
        }
    }

    fn unexpected(&mut self, ty: Option<&Type>, value: &Value<'_>) {
        let wanted = ty.map(|ty| self.schema.print(ty)).unwrap_or_default();
        self.errors.add(format!("Expected value of type \"{wanted}\", found {value}."), vec![value.at]);
    }

    fn leaf(&mut self, ty: &Type, value: &Value<'_>) {
        let schema = self.schema;
        let definition = schema.get(ty.named());
        let problem = match &definition.kind {
            Kind::Scalar(scalar) => scalar_problem(scalar, value),
            Kind::Enum(values) => match &value.kind {
                ValueKind::Enum(name) if values.contains_key(name.as_ref()) => None,
                ValueKind::Enum(name) => Some(format!("Value \"{name}\" does not exist in \"{}\" enum.", definition.name)),
                _ => Some(format!("Enum \"{}\" cannot represent non-enum value: {value}.", definition.name)),
            },
            _ => return self.unexpected(Some(ty), value),
        };
        if let Some(problem) = problem {
            self.errors.add(problem, vec![value.at]);
        }
    }

    fn input(&mut self, name: &'d str, input: &'d InputObject, entries: &'d [ObjectEntry<'_>], value: &Value<'_>) {
        for field in input.fields.values().filter(|field| field.is_required()) {
            if !entries.iter().any(|entry| entry.name == field.name.as_ref()) {
                let ty = self.schema.print(&field.ty);
                let message = format!("Field \"{name}.{}\" of required type \"{ty}\" was not provided.", field.name);
                self.errors.add(message, vec![value.at]);
            }
        }
        if input.one_of {
            self.one_of(name, entries, value);
        }
        for entry in entries {
            match input.fields.get(entry.name.as_ref()) {
                Some(field) => {
                    let before = self.usages.len();
                    self.value(Some(&field.ty), field.default.is_some(), &entry.value);
                    if input.one_of && matches!(entry.value.kind, ValueKind::Variable(_)) {
                        self.usages.iter_mut().skip(before).for_each(|usage| usage.one_of = Some(name));
                    }
                }
                None => {
                    self.errors.add(format!("Field \"{}\" is not defined by type \"{name}\".", entry.name), vec![entry.at]);
                    self.value(None, false, &entry.value);
                }
            }
        }
    }

    fn one_of(&mut self, name: &str, entries: &[ObjectEntry<'_>], value: &Value<'_>) {
        match entries {
            [only] if matches!(only.value.kind, ValueKind::Null) => {
                self.errors.add(format!("Field \"{name}.{}\" must be non-null.", only.name), vec![value.at]);
            }
            [_] => {}
            _ => {
                let message = format!("OneOf Input Object \"{name}\" must specify exactly one key.");
                self.errors.add(message, vec![value.at]);
            }
        }
    }

    fn unique_entries(&mut self, entries: &[ObjectEntry<'_>]) {
        let mut seen: HashMap<&str, Position> = HashMap::with_capacity(entries.len());
        for entry in entries {
            if let Some(first) = seen.insert(&entry.name, entry.at) {
                self.errors.add(format!("There can be only one input field named \"{}\".", entry.name), vec![first, entry.at]);
            }
        }
    }
}
