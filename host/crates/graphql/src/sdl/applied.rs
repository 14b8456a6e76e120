//! Directives applied in a schema, checked against their definitions: they are known, allowed there, not repeated, and are given
//! arguments that fit.

use super::check;
use super::declare::{Builder, Declared};
use super::problems::Problems;
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{DirectiveDef, InputDef, Type};
use crate::syntax::suggestion::or_else;
use crate::syntax::type_system::{InputValueDefinition, TypeBody};
use crate::syntax::{Argument, Directive, Position};
use crate::validation::values::problems_of_constant;
use std::collections::{HashMap, HashSet};

impl Builder<'_> {
    /// Checks every directive of the text.
    pub fn check_applied(&mut self, schema: &Schema) {
        let again = self.defined_again.iter().map(|(_, directive)| directive);
        let mut applied = Applied {
            schema,
            // Of a directive that every schema has, what this one says is what it means.
            directives: schema
                .directives
                .iter()
                .chain(again)
                .map(|directive| (&*directive.name, directive))
                .collect(),
            problems: &mut self.problems,
        };
        let of_schema = self.schema.iter().flat_map(|schema| &schema.directives);
        applied.check(of_schema, "SCHEMA");
        for declared in self.declared.iter().filter(|declared| !declared.built_in) {
            applied.check_type(declared);
        }
        let own = self.directives.values().skip(self.built_in_directives);
        for directive in own.chain(self.declared_again.values()) {
            applied.check_inputs(&directive.arguments, "ARGUMENT_DEFINITION");
        }
        for (at, directive) in &self.defined_again {
            applied.check_defined_again(*at, directive);
        }
    }
}

struct Applied<'c, 's> {
    schema: &'s Schema,
    directives: HashMap<&'s str, &'s DirectiveDef>,
    problems: &'c mut Problems,
}

impl<'s> Applied<'_, 's> {
    fn check_type(&mut self, declared: &Declared<'_>) {
        let Some(first) = declared.parts.first() else {
            return;
        };
        let location = match first.body {
            TypeBody::Scalar => "SCALAR",
            TypeBody::Object(_) => "OBJECT",
            TypeBody::Interface(_) => "INTERFACE",
            TypeBody::Union(_) => "UNION",
            TypeBody::Enum(_) => "ENUM",
            TypeBody::Input(_) => "INPUT_OBJECT",
        };
        let of_type = declared.parts.iter().flat_map(|part| &part.directives);
        self.check(of_type, location);
        for part in &declared.parts {
            match &part.body {
                TypeBody::Object(members) | TypeBody::Interface(members) => {
                    for field in &members.fields {
                        self.check(field.directives.iter(), "FIELD_DEFINITION");
                        self.check_inputs(&field.arguments, "ARGUMENT_DEFINITION");
                    }
                }
                TypeBody::Enum(values) => {
                    for value in values {
                        self.check(value.directives.iter(), "ENUM_VALUE");
                    }
                }
                TypeBody::Input(fields) => self.check_inputs(fields, "INPUT_FIELD_DEFINITION"),
                TypeBody::Scalar | TypeBody::Union(_) => {}
            }
        }
    }

    fn check_inputs(&mut self, inputs: &[InputValueDefinition<'_>], location: &'static str) {
        for input in inputs {
            self.check(input.directives.iter(), location);
        }
    }

    /// Checks the directives of one place.
    fn check<'x>(
        &mut self,
        directives: impl Iterator<Item = &'x Directive<'x>>,
        location: &'static str,
    ) {
        let mut seen: HashSet<&str> = HashSet::new();
        for directive in directives {
            let name = directive.name.text;
            let Some(definition) = self.directives.get(name).copied() else {
                let known = self.directives.keys().copied();
                self.problems.add(directive.at, || {
                    let remedy = or_else(name, known, "@", "declare it or remove it");
                    format!("unknown directive \"@{}\"{remedy}", Excerpt(name))
                });
                continue;
            };
            if !definition.locations.contains(&location) {
                self.problems.add(directive.at, || {
                    format!(
                        "directive \"@{}\" may not be used on {location}; it may be used on {}",
                        Excerpt(name),
                        definition.locations.join(", ")
                    )
                });
            }
            if !seen.insert(name) && !definition.repeatable {
                self.problems.add(directive.at, || {
                    format!(
                        "directive \"@{}\" can be used only once here; remove one",
                        Excerpt(name)
                    )
                });
            }
            self.arguments(definition, directive);
        }
    }

    fn arguments(&mut self, definition: &'s DirectiveDef, directive: &Directive<'_>) {
        let mut given: HashSet<&str> = HashSet::with_capacity(directive.arguments.len());
        let directive_name = Excerpt(directive.name.text).to_string();
        for argument in &directive.arguments {
            let name = argument.name;
            match definition.arguments.get(name.text) {
                _ if !given.insert(name.text) => self.problems.add(name.at, || {
                    let name = Excerpt(name.text);
                    format!(
                        "argument \"{name}\" of \"@{directive_name}\" is given twice; remove one"
                    )
                }),
                None => self.problems.add(name.at, || {
                    let known = definition.arguments.keys().map(|known| &**known);
                    let remedy = or_else(name.text, known, "", "remove it");
                    let name = Excerpt(name.text);
                    format!("unknown argument \"{name}\" of \"@{directive_name}\"{remedy}")
                }),
                Some(defined) => self.value(defined, argument, &directive_name),
            }
        }
        let missing = definition
            .arguments
            .values()
            .filter(|defined| defined.is_required() && !given.contains(&*defined.name));
        for defined in missing {
            self.problems.add(directive.at, || {
                format!(
                    "\"@{directive_name}\" lacks the argument \"{}\" of type \"{}\", which is required; add it",
                    Excerpt(&defined.name),
                    self.schema.print(&defined.ty)
                )
            });
        }
    }

    fn value(&mut self, defined: &InputDef, argument: &Argument<'_>, directive: &str) {
        let value = &argument.value;
        // Of a type that takes no values is reported with the definition.
        if !self.schema.get(defined.ty.named()).is_input() {
            return;
        }
        for (at, problem) in problems_of_constant(self.schema, &defined.ty, value) {
            self.problems.add(at, || {
                let name = Excerpt(argument.name.text);
                format!("argument \"{name}\" of \"@{directive}\": {problem}")
            });
        }
    }

    /// A directive that every schema has may be declared for the sake of editors, but not as another one.
    fn check_defined_again(&mut self, at: Position, again: &DirectiveDef) {
        let name = &again.name;
        let mut known = self.schema.directives.iter();
        let Some(definition) = known.find(|known| known.name == *name) else {
            return;
        };
        check::directive(self.schema, again, self.problems);
        for argument in again.arguments.values() {
            let known = definition.arguments.get(&argument.name);
            if !known.is_some_and(|known| is_same(&argument.ty, &known.ty)) {
                self.problems.add(argument.at, || {
                    let arguments: Vec<String> = definition
                        .arguments
                        .values()
                        .map(|known| format!("{}: {}", known.name, self.schema.print(&known.ty)))
                        .collect();
                    format!(
                        "\"@{name}\" is built in with the arguments ({}); declare these or none",
                        arguments.join(", ")
                    )
                });
            }
        }
        let is_new = |location: &&&'static str| !definition.locations.contains(location);
        if let Some(location) = again.locations.iter().find(is_new) {
            self.problems.add(at, || {
                format!(
                    "\"@{name}\" is built in and may not be used on {location}; declare it on {}",
                    definition.locations.join(" | ")
                )
            });
        }
    }
}

/// Whether two types are the same when it does not matter what may be null.
fn is_same(one: &Type, other: &Type) -> bool {
    match (one.nullable(), other.nullable()) {
        (Type::List(one), Type::List(other)) => is_same(one, other),
        (Type::Named(one), Type::Named(other)) => one == other,
        _ => false,
    }
}
