//! What occurs in documents and in schemas: values, types, directives.

use super::{Parsed, Parser};
use crate::excerpt::Excerpt;
use crate::syntax::error::SyntaxError;
use crate::syntax::token::TokenKind;
use crate::syntax::{Argument, Directive, ObjectEntry, TypeNode, Value, ValueKind};
use std::borrow::Cow;

impl<'a> Parser<'a> {
    /// The directives that come next; `constant` ones have no variables.
    pub(super) fn directives(&mut self, constant: bool) -> Parsed<Vec<Directive<'a>>> {
        let mut directives = Vec::new();
        while self.at("@") {
            let at = self.advance()?.at;
            let name = self.name("the name of a directive")?;
            let arguments = self.arguments(constant)?;
            directives.push(Directive {
                at,
                name,
                arguments,
            });
        }
        Ok(directives)
    }

    pub(super) fn arguments(&mut self, constant: bool) -> Parsed<Vec<Argument<'a>>> {
        self.optional_many(("(", ")"), |parser| {
            let name = parser.name("the name of an argument")?;
            parser.expect(":")?;
            Ok(Argument {
                name,
                value: parser.value(constant)?,
            })
        })
    }

    pub(super) fn value(&mut self, constant: bool) -> Parsed<Value<'a>> {
        let at = self.token.at;
        let kind = match self.token.kind {
            TokenKind::Punctuator(b'[') => {
                ValueKind::List(self.any(("[", "]"), |parser| parser.value(constant))?)
            }
            TokenKind::Punctuator(b'{') => {
                ValueKind::Object(self.any(("{", "}"), |parser| parser.entry(constant))?)
            }
            TokenKind::Int => ValueKind::Int(self.advance()?.text),
            TokenKind::Float => ValueKind::Float(self.advance()?.text),
            TokenKind::String | TokenKind::BlockString => ValueKind::String(self.advance()?.text),
            TokenKind::Name => match self.advance()?.text {
                text if text == "true" => ValueKind::Boolean(true),
                text if text == "false" => ValueKind::Boolean(false),
                text if text == "null" => ValueKind::Null,
                text => ValueKind::Enum(text),
            },
            TokenKind::Punctuator(b'$') => self.variable_value(constant)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Value { at, kind })
    }

    fn variable_value(&mut self, constant: bool) -> Parsed<ValueKind<'a>> {
        let dollar = self.advance()?;
        if !constant {
            return Ok(ValueKind::Variable(
                self.name("the name of a variable")?.text,
            ));
        }
        if self.token.kind == TokenKind::Name {
            let message = format!(
                "Unexpected variable \"${}\" in constant value.",
                Excerpt(&self.token.text)
            );
            return Err(SyntaxError::malformed(message, dollar.at));
        }
        Err(SyntaxError::malformed("Unexpected \"$\".", dollar.at))
    }

    fn entry(&mut self, constant: bool) -> Parsed<ObjectEntry<'a>> {
        let name = self.name("the name of an input field")?;
        self.expect(":")?;
        Ok(ObjectEntry {
            name: Cow::Borrowed(name.text),
            at: name.at,
            value: self.value(constant)?,
        })
    }

    pub(super) fn type_reference(&mut self) -> Parsed<TypeNode<'a>> {
        let at = self.token.at;
        let inner = if self.skip("[")? {
            let inner = self.type_reference()?;
            self.expect("]")?;
            TypeNode::List(at, Box::new(inner))
        } else {
            TypeNode::Named(self.name("a type")?)
        };
        Ok(if self.skip("!")? {
            TypeNode::NonNull(Box::new(inner))
        } else {
            inner
        })
    }
}
