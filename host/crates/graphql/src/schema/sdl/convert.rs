//! Small things of the parser's tree, in the tables' terms.

use crate::response::Position;
use crate::syntax::{ObjectEntry, Value, ValueKind};
use async_graphql::parser::types as ast;
use async_graphql::parser::{Pos, Positioned};
use async_graphql::{Name, Value as ConstValue};
use std::borrow::Cow;

pub(super) fn position(pos: Pos) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: number(pos.line),
        column: number(pos.column),
    }
}

/// The parser leaves escaped quotes in block strings as they are.
pub(super) fn description(text: Option<&Positioned<String>>) -> Option<String> {
    text.map(|text| text.node.replace("\\\"\"\"", "\"\"\""))
}

pub(super) fn deprecated(directives: &[Positioned<ast::ConstDirective>]) -> Option<String> {
    let applied = directives
        .iter()
        .any(|directive| directive.node.name.node == "deprecated");
    applied.then(|| {
        directive_text(directives.iter(), "deprecated", "reason")
            .unwrap_or_else(|| "No longer supported".to_owned())
    })
}

pub(super) fn directive_text<'x>(
    mut directives: impl Iterator<Item = &'x Positioned<ast::ConstDirective>>,
    directive: &str,
    argument: &str,
) -> Option<String> {
    let found = directives.find(|applied| applied.node.name.node == directive)?;
    match &found.node.get_argument(argument)?.node {
        ConstValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

pub(super) fn constant(value: &ConstValue, at: Position) -> Value<'static> {
    let kind = match value {
        ConstValue::Null | ConstValue::Binary(_) => ValueKind::Null,
        ConstValue::Number(number) => {
            let text = number.to_string();
            let is_float = text.contains(['.', 'e', 'E']);
            if is_float {
                ValueKind::Float(Cow::Owned(text))
            } else {
                ValueKind::Int(Cow::Owned(text))
            }
        }
        ConstValue::String(text) => ValueKind::String(Cow::Owned(text.clone())),
        ConstValue::Boolean(value) => ValueKind::Boolean(*value),
        ConstValue::Enum(name) => ValueKind::Enum(Cow::Owned(name.to_string())),
        ConstValue::List(items) => {
            ValueKind::List(items.iter().map(|item| constant(item, at)).collect())
        }
        ConstValue::Object(entries) => {
            let entry = |(name, value): (&Name, &ConstValue)| ObjectEntry {
                name: Cow::Owned(name.to_string()),
                at,
                value: constant(value, at),
            };
            ValueKind::Object(entries.iter().map(entry).collect())
        }
    };
    Value { at, kind }
}

pub(super) fn location_name(location: ast::DirectiveLocation) -> &'static str {
    use ast::DirectiveLocation as Location;
    match location {
        Location::Query => "QUERY",
        Location::Mutation => "MUTATION",
        Location::Subscription => "SUBSCRIPTION",
        Location::Field => "FIELD",
        Location::FragmentDefinition => "FRAGMENT_DEFINITION",
        Location::FragmentSpread => "FRAGMENT_SPREAD",
        Location::InlineFragment => "INLINE_FRAGMENT",
        Location::Schema => "SCHEMA",
        Location::Scalar => "SCALAR",
        Location::Object => "OBJECT",
        Location::FieldDefinition => "FIELD_DEFINITION",
        Location::ArgumentDefinition => "ARGUMENT_DEFINITION",
        Location::Interface => "INTERFACE",
        Location::Union => "UNION",
        Location::Enum => "ENUM",
        Location::EnumValue => "ENUM_VALUE",
        Location::InputObject => "INPUT_OBJECT",
        Location::InputFieldDefinition => "INPUT_FIELD_DEFINITION",
        Location::VariableDefinition => "VARIABLE_DEFINITION",
    }
}
