//! Schemas: definitions and extensions of the schema, of types and of directives.

use super::{Parsed, Parser};
use crate::syntax::error::{SyntaxError, Wanted};
use crate::syntax::lexer::Bounds;
use crate::syntax::token::TokenKind;
use crate::syntax::type_system::{
    Definition, DirectiveDefinition, EnumValueDefinition, FieldDefinition, InputValueDefinition,
    MemberNodes, RootNode, SchemaNode, TypeBody, TypeDefinition,
};
use crate::syntax::{Name, Position};
use std::borrow::Cow;

/// Keywords that begin a definition.
const KEYWORDS: [&str; 9] = [
    "schema",
    "scalar",
    "type",
    "interface",
    "union",
    "enum",
    "input",
    "directive",
    "extend",
];

/// Where directives are allowed.
const LOCATIONS: [&str; 19] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

/// Parses a schema.
pub(crate) fn parse_schema(source: &str, bounds: Bounds) -> Parsed<Vec<Definition<'_>>> {
    let mut parser = Parser::new(source, bounds)?;
    let mut definitions = Vec::new();
    while definitions.is_empty() || parser.token.kind != TokenKind::End {
        let definition = parser.type_system()?;
        definitions.push(definition);
    }
    Ok(definitions)
}

impl<'a> Parser<'a> {
    fn type_system(&mut self) -> Parsed<Definition<'a>> {
        // Until the keyword is known to be one, what comes before is the definition before.
        let before = self.item;
        let at = self.token.at;
        let description = self.description()?;
        self.item = if description.is_some() {
            self.token.start
        } else {
            before
        };
        let extends = self.at_keyword("extend");
        if extends {
            if description.is_some() {
                let message = "Unexpected description, only definitions have one, not extensions.";
                return Err(SyntaxError::malformed(message, at));
            }
            self.item = self.token.start;
            self.advance()?;
        }
        let Some(keyword) = KEYWORDS.into_iter().find(|known| self.at_keyword(known)) else {
            if description.is_some() && self.at("{") {
                let message = "Unexpected description, no definition follows it.";
                return Err(SyntaxError::malformed(message, at));
            }
            return Err(self.no_definition());
        };
        if extends && matches!(keyword, "directive" | "extend") {
            return Err(self.no_definition());
        }
        if !extends {
            self.item = self.token.start;
        }
        let keyword_at = self.advance()?.at;
        match keyword {
            "schema" => {
                let schema = self.schema_definition(keyword_at, extends, description)?;
                Ok(Definition::Schema(schema))
            }
            "directive" => {
                let directive = self.directive_definition(description)?;
                Ok(Definition::Directive(directive))
            }
            keyword => {
                let ty = self.type_definition(keyword, extends, description)?;
                Ok(Definition::Type(ty))
            }
        }
    }

    fn schema_definition(
        &mut self,
        at: Position,
        extends: bool,
        description: Option<Cow<'a, str>>,
    ) -> Parsed<SchemaNode<'a>> {
        let directives = self.directives(true)?;
        let roots = if extends {
            self.optional_many(("{", "}"), Self::root)?
        } else {
            self.many(("{", "}"), Self::root)?
        };
        let is_empty = directives.is_empty() && roots.is_empty();
        self.something_to_extend(extends && is_empty, "\"@\" or \"{\"")?;
        Ok(SchemaNode {
            at,
            extends,
            description,
            directives,
            roots,
        })
    }

    /// What comes next begins no definition.
    fn no_definition(&self) -> SyntaxError {
        let is_word = self.token.kind == TokenKind::Name;
        let word = self.token.text.as_ref();
        if is_word && (word == "fragment" || self.operation_kind().is_some()) {
            let message =
                format!("a schema has no \"{word}\"; move it to the documents of clients");
            return SyntaxError::malformed(message, self.token.at);
        }
        let body_missing =
            matches!(self.alternative, Some((_, start)) if start == self.token.start);
        let wanted = if body_missing {
            Wanted {
                reference: None,
                plain: Cow::Borrowed("\"{\""),
            }
        } else {
            Wanted::any("a definition")
        };
        let error = SyntaxError::expected(wanted, &self.token, self.before(self.item));
        if is_word && !body_missing {
            error.meaning(nearest(word, KEYWORDS))
        } else {
            error
        }
    }

    fn root(&mut self) -> Parsed<RootNode<'a>> {
        let at = self.token.at;
        let Some(kind) = self.operation_kind() else {
            let error = self.unexpected("\"query\", \"mutation\" or \"subscription\"");
            let known = ["query", "mutation", "subscription"];
            return Err(error.meaning(nearest(&self.token.text, known)));
        };
        self.advance()?;
        self.expect(":")?;
        let ty = self.name("a type")?;
        Ok(RootNode { at, kind, ty })
    }

    fn type_definition(
        &mut self,
        keyword: &str,
        extends: bool,
        description: Option<Cow<'a, str>>,
    ) -> Parsed<TypeDefinition<'a>> {
        let name = self.name("the name of the type")?;
        let interfaces = match keyword {
            "type" | "interface" => self.implemented()?,
            _ => Vec::new(),
        };
        let directives = self.directives(true)?;
        let has_head = !directives.is_empty() || !interfaces.is_empty();
        let (body, wanted) = match keyword {
            "scalar" => (TypeBody::Scalar, "\"@\""),
            "union" => (TypeBody::Union(self.members()?), "\"@\" or \"=\""),
            "enum" => (
                TypeBody::Enum(self.optional_many(("{", "}"), Self::enum_value)?),
                "\"@\" or \"{\"",
            ),
            "input" => (
                TypeBody::Input(self.optional_many(("{", "}"), |parser| {
                    parser.input_value("the name of an input field")
                })?),
                "\"@\" or \"{\"",
            ),
            _ => {
                let fields = self.optional_many(("{", "}"), Self::field_definition)?;
                let members = MemberNodes { interfaces, fields };
                let body = if keyword == "type" {
                    TypeBody::Object(members)
                } else {
                    TypeBody::Interface(members)
                };
                (body, "\"implements\", \"@\" or \"{\"")
            }
        };
        let is_empty = match &body {
            TypeBody::Scalar => true,
            TypeBody::Object(members) | TypeBody::Interface(members) => members.fields.is_empty(),
            TypeBody::Union(members) => members.is_empty(),
            TypeBody::Enum(values) => values.is_empty(),
            TypeBody::Input(fields) => fields.is_empty(),
        };
        self.something_to_extend(extends && is_empty && !has_head, wanted)?;
        Ok(TypeDefinition {
            extends,
            description,
            name,
            directives,
            body,
        })
    }

    /// An extension has to add something.
    fn something_to_extend(&self, is_empty: bool, wanted: &'static str) -> Parsed<()> {
        if !is_empty {
            return Ok(());
        }
        let wanted = Wanted::any(wanted);
        Err(SyntaxError::expected(
            wanted,
            &self.token,
            self.before(self.item),
        ))
    }

    fn implemented(&mut self) -> Parsed<Vec<Name<'a>>> {
        if self.skip_keyword("implements")? {
            self.delimited("&", |parser| parser.name("the name of an interface"))
        } else {
            Ok(Vec::new())
        }
    }

    fn members(&mut self) -> Parsed<Vec<Name<'a>>> {
        if self.skip("=")? {
            self.delimited("|", |parser| parser.name("the name of a type"))
        } else {
            Ok(Vec::new())
        }
    }

    /// One or more items with a punctuator between them and, if the author likes, before the first.
    fn delimited<T>(
        &mut self,
        delimiter: &str,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.skip(delimiter)?;
        let mut items = vec![item(self)?];
        while self.skip(delimiter)? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn field_definition(&mut self) -> Parsed<FieldDefinition<'a>> {
        let description = self.description()?;
        let name = self.name("the name of a field")?;
        let arguments = self.argument_definitions()?;
        self.expect(":")?;
        let ty = self.type_reference()?;
        let directives = self.directives(true)?;
        Ok(FieldDefinition {
            description,
            name,
            arguments,
            ty,
            directives,
        })
    }

    fn argument_definitions(&mut self) -> Parsed<Vec<InputValueDefinition<'a>>> {
        self.optional_many(("(", ")"), |parser| {
            parser.input_value("the name of an argument")
        })
    }

    fn input_value(&mut self, wanted: &'static str) -> Parsed<InputValueDefinition<'a>> {
        let description = self.description()?;
        let name = self.name(wanted)?;
        self.expect(":")?;
        let ty = self.type_reference()?;
        let default = if self.skip("=")? {
            Some(self.value(true)?)
        } else {
            None
        };
        let directives = self.directives(true)?;
        Ok(InputValueDefinition {
            description,
            name,
            ty,
            default,
            directives,
        })
    }

    fn enum_value(&mut self) -> Parsed<EnumValueDefinition<'a>> {
        let description = self.description()?;
        if ["true", "false", "null"]
            .into_iter()
            .any(|word| self.at_keyword(word))
        {
            let message = format!(
                "{} is reserved and cannot be used for an enum value.",
                self.token.describe()
            );
            return Err(SyntaxError::malformed(message, self.token.at));
        }
        let name = self.name("an enum value")?;
        let directives = self.directives(true)?;
        Ok(EnumValueDefinition {
            description,
            name,
            directives,
        })
    }

    fn directive_definition(
        &mut self,
        description: Option<Cow<'a, str>>,
    ) -> Parsed<DirectiveDefinition<'a>> {
        self.expect("@")?;
        let name = self.name("the name of the directive")?;
        let arguments = self.argument_definitions()?;
        let repeatable = self.skip_keyword("repeatable")?;
        if !self.skip_keyword("on")? {
            return Err(self.expected(Wanted::token("on")));
        }
        let locations = self.delimited("|", Self::location)?;
        Ok(DirectiveDefinition {
            description,
            name,
            arguments,
            repeatable,
            locations,
        })
    }

    fn location(&mut self) -> Parsed<&'static str> {
        let known = LOCATIONS.into_iter().find(|known| self.at_keyword(known));
        let Some(location) = known else {
            let error = self.unexpected("a location of directives, such as FIELD_DEFINITION");
            return Err(error.meaning(nearest(&self.token.text, LOCATIONS)));
        };
        self.advance()?;
        Ok(location)
    }
}

/// The word among some that was probably meant.
fn nearest<const N: usize>(word: &str, known: [&'static str; N]) -> Option<&'static str> {
    crate::syntax::suggestion::nearest(word, known.into_iter())
}
