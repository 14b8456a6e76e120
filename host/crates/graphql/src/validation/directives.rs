//! Directives, and the arguments of directives and fields.

use super::Errors;
use super::values::{InputPosition, Usage, Values};
use crate::excerpt::Excerpt;
use crate::response::Position;
use crate::schema::Schema;
use crate::schema::types::{FieldDef, InputDef};
use crate::syntax::{Argument, Directive, Name};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::sync::Arc;

/// What must have arguments, for messages.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Field(&'a str),
    Directive(&'a str),
}

type Definitions = IndexMap<Arc<str>, InputDef>;

/// Checks directives and arguments at one place of a document, and collects the variables in them.
pub(super) struct DirectiveRules<'c, 'd> {
    pub schema: &'d Schema,
    pub errors: &'c mut Errors,
    pub usages: &'c mut Vec<Usage<'d>>,
    /// The definition of the innermost field around, if it has one.
    pub field: Option<&'d FieldDef>,
}

impl<'d> DirectiveRules<'_, 'd> {
    /// Directives that may not be repeated stand once at a place.
    pub fn unique_directives(&mut self, directives: &[Directive<'_>]) {
        let mut seen: HashMap<&str, Position> = HashMap::new();
        for directive in directives {
            let name = directive.name.text;
            if self
                .schema
                .directive(name)
                .is_none_or(|definition| definition.repeatable)
            {
                continue;
            }
            if let Some(first) = seen.get(name) {
                let message = format_args!(
                    "The directive \"@{}\" can only be used once at this location.",
                    Excerpt(name)
                );
                self.errors.add(message, vec![*first, directive.at]);
            } else {
                seen.insert(name, directive.at);
            }
        }
    }

    /// Checks the directives of one place, one after the other.
    pub fn directives(&mut self, directives: &'d [Directive<'_>], location: &str) {
        for directive in directives {
            let name = directive.name.text;
            let definition = self.schema.directive(name);
            match definition {
                None => self.errors.add(
                    format_args!("Unknown directive \"@{}\".", Excerpt(name)),
                    vec![directive.at],
                ),
                Some(definition) if !definition.locations.contains(&location) => {
                    self.errors.add(
                        format_args!(
                            "Directive \"@{}\" may not be used on {location}.",
                            Excerpt(name)
                        ),
                        vec![directive.at],
                    );
                }
                Some(_) => {}
            }
            let definitions = definition.map(|definition| &definition.arguments);
            for argument in &directive.arguments {
                if definitions
                    .is_some_and(|definitions| !definitions.contains_key(argument.name.text))
                {
                    let message = format_args!(
                        "Unknown argument \"{}\" on directive \"@{}\".",
                        Excerpt(argument.name.text),
                        Excerpt(name)
                    );
                    self.errors.add(message, vec![argument.name.at]);
                }
            }
            self.unique_arguments(&directive.arguments);
            // The reference takes the arguments of a directive it does not know for those of the field around it.
            let taken = definitions.or(self.field.map(|field| &field.arguments));
            self.arguments(taken, &directive.arguments, None);
            if let Some(definitions) = definitions {
                self.required_arguments(
                    definitions,
                    &directive.arguments,
                    Owner::Directive(name),
                    directive.at,
                );
            }
        }
    }

    /// Arguments are given once.
    pub fn unique_arguments(&mut self, given: &[Argument<'_>]) {
        for (name, places) in repeated(given.iter().map(|argument| argument.name)) {
            self.errors.add(
                format_args!(
                    "There can be only one argument named \"{}\".",
                    Excerpt(name)
                ),
                places,
            );
        }
    }

    /// Checks arguments against their definitions, if those are known; those of a field, which `owner` is, must be defined.
    pub fn arguments(
        &mut self,
        definitions: Option<&'d Definitions>,
        given: &'d [Argument<'_>],
        owner: Option<(&str, &str)>,
    ) {
        for argument in given {
            let name = argument.name;
            let definition = definitions.and_then(|definitions| definitions.get(name.text));
            if let (None, Some((ty, field))) = (definition, owner) {
                let message = format_args!(
                    "Unknown argument \"{}\" on field \"{ty}.{field}\".",
                    Excerpt(name.text)
                );
                self.errors.add(message, vec![name.at]);
            }
            let has_default = definition.is_some_and(|definition| definition.default.is_some());
            let place = InputPosition {
                ty: definition.map(|definition| &definition.ty),
                has_default,
                parent: None,
            };
            let mut values = Values {
                schema: self.schema,
                errors: self.errors,
                usages: self.usages,
            };
            values.check(place, &argument.value);
        }
    }

    /// Arguments that must be given are.
    pub fn required_arguments(
        &mut self,
        definitions: &Definitions,
        given: &[Argument<'_>],
        owner: Owner<'_>,
        at: Position,
    ) {
        for definition in definitions
            .values()
            .filter(|definition| definition.is_required())
        {
            let name = definition.name.as_ref();
            if given.iter().any(|argument| argument.name.text == name) {
                continue;
            }
            let ty = self.schema.print(&definition.ty);
            let owner = match owner {
                Owner::Field(field) => format!("Field \"{field}\""),
                Owner::Directive(directive) => format!("Directive \"@{directive}\""),
            };
            let message = format_args!(
                "{owner} argument \"{name}\" of type \"{ty}\" is required, but it was not provided."
            );
            self.errors.add(message, vec![at]);
        }
    }
}

/// The names that stand there more than once, with all their places.
pub(super) fn repeated<'n>(
    names: impl Iterator<Item = Name<'n>>,
) -> impl Iterator<Item = (&'n str, Vec<Position>)> {
    let mut places: IndexMap<&str, Vec<Position>> = IndexMap::new();
    for name in names {
        places.entry(name.text).or_default().push(name.at);
    }
    places.into_iter().filter(|(_, places)| places.len() > 1)
}
