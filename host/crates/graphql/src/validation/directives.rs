//! Directives, and the arguments of directives and fields.

use super::values::Checker;
use crate::document::{Argument, Directive};
use crate::response::Position;
use crate::schema::types::InputDef;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::sync::Arc;

/// What has arguments, for messages.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    /// A field: its type and name.
    Field(&'a str, &'a str),
    /// A directive.
    Directive(&'a str),
}

impl<'d> Checker<'_, 'd> {
    /// Checks the directives of one place.
    pub fn directives(&mut self, directives: &'d [Directive<'_>], location: &str) {
        let mut seen: HashMap<&str, Position> = HashMap::new();
        for directive in directives {
            let name = directive.name.text;
            let schema = self.schema;
            let Some(definition) = schema.directive(name) else {
                self.errors.add(format!("Unknown directive \"@{name}\"."), vec![directive.at]);
                self.arguments(None, &directive.arguments, Owner::Directive(name), directive.at);
                continue;
            };
            if !definition.locations.contains(&location) {
                self.errors.add(format!("Directive \"@{name}\" may not be used on {location}."), vec![directive.at]);
            }
            if !definition.repeatable
                && let Some(first) = seen.insert(name, directive.at)
            {
                let message = format!("The directive \"@{name}\" can only be used once at this location.");
                self.errors.add(message, vec![first, directive.at]);
            }
            self.arguments(Some(&definition.arguments), &directive.arguments, Owner::Directive(name), directive.at);
        }
    }

    /// Checks arguments against their definitions, if those are known.
    pub fn arguments(
        &mut self,
        definitions: Option<&'d IndexMap<Arc<str>, InputDef>>,
        given: &'d [Argument<'_>],
        owner: Owner<'_>,
        at: Position,
    ) {
        let mut seen: HashMap<&str, Position> = HashMap::new();
        for argument in given {
            let name = argument.name;
            if let Some(first) = seen.insert(name.text, name.at) {
                self.errors.add(format!("There can be only one argument named \"{}\".", name.text), vec![first, name.at]);
            }
            let definition = definitions.and_then(|definitions| definitions.get(name.text));
            if definition.is_none() && definitions.is_some() {
                let message = match owner {
                    Owner::Field(ty, field) => format!("Unknown argument \"{}\" on field \"{ty}.{field}\".", name.text),
                    Owner::Directive(directive) => format!("Unknown argument \"{}\" on directive \"@{directive}\".", name.text),
                };
                self.errors.add(message, vec![name.at]);
            }
            let has_default = definition.is_some_and(|definition| definition.default.is_some());
            self.value(definition.map(|definition| &definition.ty), has_default, &argument.value);
        }
        let Some(definitions) = definitions else { return };
        for definition in definitions.values().filter(|definition| definition.is_required()) {
            if seen.contains_key(definition.name.as_ref()) {
                continue;
            }
            let (name, ty) = (&definition.name, self.schema.print(&definition.ty));
            let owner = match owner {
                Owner::Field(_, field) => format!("Field \"{field}\""),
                Owner::Directive(directive) => format!("Directive \"@{directive}\""),
            };
            self.errors
                .add(format!("{owner} argument \"{name}\" of type \"{ty}\" is required, but it was not provided."), vec![at]);
        }
    }
}
