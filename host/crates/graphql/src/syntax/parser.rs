//! Text to syntax tree: recursive descent over the guard's lexer, with the reference implementation's grammar and messages.
//!
//! async-graphql's parser is not used for executable documents because it decides differently from the reference: it loses
//! duplicate input fields, refuses `$a: Int = 1 @d`, `[ Int ]`, enum values that begin with `true` or `null`, and `\u{…}`; accepts
//! `queryName { }` and `query () { }`; leaves `\"""` in block strings; has no positions inside values; and turns duplicate names
//! into syntax errors. Recursion is bounded by the lexer's count of brackets.

use super::Position;
use super::lexer::{Lexer, Token, TokenKind, syntax};
use super::{
    Argument, Directive, Document, Field, Fragment, Inline, Name, ObjectEntry, Operation,
    OperationKind, Selection, SelectionSet, Spread, TypeNode, Value, ValueKind, VariableNode,
};
use crate::excerpt::Excerpt;
use crate::response::RequestError;
use mayfly_config::Limits;
use std::borrow::Cow;
use std::collections::HashMap;

type Parsed<T> = Result<T, RequestError>;

/// Parses an executable document within the limits of the lexer.
pub(crate) fn parse(source: &str, limits: Limits) -> Parsed<Document<'_>> {
    let mut lexer = Lexer::new(source, limits);
    let token = lexer.next_token()?;
    let mut parser = Parser { lexer, token };
    let mut document = Document {
        operations: Vec::new(),
        fragments: Vec::new(),
        by_name: HashMap::new(),
    };
    loop {
        parser.definition(&mut document)?;
        if parser.token.kind == TokenKind::End {
            break;
        }
    }
    for (index, fragment) in document.fragments.iter().enumerate() {
        document.by_name.insert(fragment.name.text, index);
    }
    Ok(document)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token read ahead.
    token: Token<'a>,
}

impl<'a> Parser<'a> {
    fn definition(&mut self, document: &mut Document<'a>) -> Parsed<()> {
        if self.at_punctuator(b'{') {
            let at = self.token.at;
            let selection = self.selection_set()?;
            let (kind, variables, directives) = (OperationKind::Query, Vec::new(), Vec::new());
            document.operations.push(Operation {
                at,
                kind,
                name: None,
                variables,
                directives,
                selection,
            });
            return Ok(());
        }
        let at = self.token.at;
        let described = self.skip_description()?;
        match (self.token.kind, self.token.text.as_ref()) {
            (TokenKind::Name, "query") => document
                .operations
                .push(self.operation(OperationKind::Query)?),
            (TokenKind::Name, "mutation") => document
                .operations
                .push(self.operation(OperationKind::Mutation)?),
            (TokenKind::Name, "subscription") => document
                .operations
                .push(self.operation(OperationKind::Subscription)?),
            (TokenKind::Name, "fragment") => document.fragments.push(self.fragment()?),
            (TokenKind::Punctuator(b'{'), _) if described => {
                let message =
                    "Unexpected description, descriptions are not supported on shorthand queries.";
                return Err(syntax(message.to_owned(), at));
            }
            (TokenKind::Name, _) if described => {
                let message =
                    "Unexpected description, only GraphQL definitions support descriptions.";
                return Err(syntax(message.to_owned(), at));
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    /// Descriptions of executable definitions mean nothing to a server.
    fn skip_description(&mut self) -> Parsed<bool> {
        let described = matches!(self.token.kind, TokenKind::String | TokenKind::BlockString);
        if described {
            self.advance()?;
        }
        Ok(described)
    }

    fn operation(&mut self, kind: OperationKind) -> Parsed<Operation<'a>> {
        let at = self.advance()?.at;
        let name = if self.token.kind == TokenKind::Name {
            Some(self.name()?)
        } else {
            None
        };
        let variables = self.optional_many(b'(', Self::variable, b')')?;
        let directives = self.directives(false)?;
        let selection = self.selection_set()?;
        Ok(Operation {
            at,
            kind,
            name,
            variables,
            directives,
            selection,
        })
    }

    fn variable(&mut self) -> Parsed<VariableNode<'a>> {
        self.skip_description()?;
        let at = self.expect(b'$')?;
        let name = self.name()?;
        self.expect(b':')?;
        let ty = self.type_reference()?;
        let default = if self.skip(b'=')? {
            Some(self.value(true)?)
        } else {
            None
        };
        let directives = self.directives(true)?;
        Ok(VariableNode {
            at,
            name,
            ty,
            default,
            directives,
        })
    }

    fn fragment(&mut self) -> Parsed<Fragment<'a>> {
        let at = self.advance()?.at;
        if self.at_keyword("on") {
            return Err(self.unexpected());
        }
        let name = self.name()?;
        if !self.at_keyword("on") {
            return Err(syntax(
                format!("Expected \"on\", found {}.", self.token.describe()),
                self.token.at,
            ));
        }
        self.advance()?;
        let condition = self.name()?;
        let directives = self.directives(false)?;
        let selection = self.selection_set()?;
        Ok(Fragment {
            at,
            name,
            condition,
            directives,
            selection,
        })
    }

    fn selection_set(&mut self) -> Parsed<SelectionSet<'a>> {
        let at = self.token.at;
        Ok(SelectionSet {
            at,
            items: self.many(b'{', Self::selection, b'}')?,
        })
    }

    fn selection(&mut self) -> Parsed<Selection<'a>> {
        if self.token.kind == TokenKind::Spread {
            return self.spread();
        }
        let at = self.token.at;
        let first = self.name()?;
        let (alias, name) = if self.skip(b':')? {
            (Some(first), self.name()?)
        } else {
            (None, first)
        };
        let arguments = self.optional_many(b'(', |parser| parser.argument(false), b')')?;
        let directives = self.directives(false)?;
        let selection = if self.at_punctuator(b'{') {
            Some(self.selection_set()?)
        } else {
            None
        };
        Ok(Selection::Field(Field {
            at,
            alias,
            name,
            arguments,
            directives,
            selection,
        }))
    }

    fn spread(&mut self) -> Parsed<Selection<'a>> {
        let at = self.advance()?.at;
        let conditional = self.at_keyword("on");
        if !conditional && self.token.kind == TokenKind::Name {
            let name = self.name()?;
            let directives = self.directives(false)?;
            return Ok(Selection::Spread(Spread {
                at,
                name,
                directives,
            }));
        }
        let condition = if conditional {
            self.advance()?;
            Some(self.name()?)
        } else {
            None
        };
        let directives = self.directives(false)?;
        let selection = self.selection_set()?;
        Ok(Selection::Inline(Inline {
            at,
            condition,
            directives,
            selection,
        }))
    }

    fn argument(&mut self, constant: bool) -> Parsed<Argument<'a>> {
        let name = self.name()?;
        self.expect(b':')?;
        Ok(Argument {
            name,
            value: self.value(constant)?,
        })
    }

    fn directives(&mut self, constant: bool) -> Parsed<Vec<Directive<'a>>> {
        let mut directives = Vec::new();
        while self.at_punctuator(b'@') {
            let at = self.advance()?.at;
            let name = self.name()?;
            let arguments = self.optional_many(b'(', |parser| parser.argument(constant), b')')?;
            directives.push(Directive {
                at,
                name,
                arguments,
            });
        }
        Ok(directives)
    }

    fn value(&mut self, constant: bool) -> Parsed<Value<'a>> {
        let at = self.token.at;
        let kind = match self.token.kind {
            TokenKind::Punctuator(b'[') => {
                ValueKind::List(self.any(b'[', |parser| parser.value(constant), b']')?)
            }
            TokenKind::Punctuator(b'{') => {
                ValueKind::Object(self.any(b'{', |parser| parser.entry(constant), b'}')?)
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
            _ => return Err(self.unexpected()),
        };
        Ok(Value { at, kind })
    }

    fn variable_value(&mut self, constant: bool) -> Parsed<ValueKind<'a>> {
        let dollar = self.advance()?;
        if !constant {
            return Ok(ValueKind::Variable(self.name()?.text));
        }
        if self.token.kind == TokenKind::Name {
            let message = format!(
                "Unexpected variable \"${}\" in constant value.",
                Excerpt(&self.token.text)
            );
            return Err(syntax(message, dollar.at));
        }
        Err(syntax("Unexpected \"$\".".to_owned(), dollar.at))
    }

    fn entry(&mut self, constant: bool) -> Parsed<ObjectEntry<'a>> {
        let name = self.name()?;
        self.expect(b':')?;
        Ok(ObjectEntry {
            name: Cow::Borrowed(name.text),
            at: name.at,
            value: self.value(constant)?,
        })
    }

    fn type_reference(&mut self) -> Parsed<TypeNode<'a>> {
        let at = self.token.at;
        let inner = if self.skip(b'[')? {
            let inner = self.type_reference()?;
            self.expect(b']')?;
            TypeNode::List(at, Box::new(inner))
        } else {
            TypeNode::Named(self.name()?)
        };
        Ok(if self.skip(b'!')? {
            TypeNode::NonNull(Box::new(inner))
        } else {
            inner
        })
    }

    fn name(&mut self) -> Parsed<Name<'a>> {
        match self.token.kind {
            TokenKind::Name => {
                let token = self.advance()?;
                // Names are never decoded, so they always borrow from the text.
                let text = if let Cow::Borrowed(text) = token.text {
                    text
                } else {
                    ""
                };
                Ok(Name { text, at: token.at })
            }
            _ => Err(syntax(
                format!("Expected Name, found {}.", self.token.describe()),
                self.token.at,
            )),
        }
    }

    /// One or more items between brackets.
    fn many<T>(
        &mut self,
        open: u8,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
        close: u8,
    ) -> Parsed<Vec<T>> {
        self.expect(open)?;
        let mut items = vec![item(self)?];
        while !self.skip(close)? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn optional_many<T>(
        &mut self,
        open: u8,
        item: impl FnMut(&mut Self) -> Parsed<T>,
        close: u8,
    ) -> Parsed<Vec<T>> {
        if self.at_punctuator(open) {
            self.many(open, item, close)
        } else {
            Ok(Vec::new())
        }
    }

    /// Any number of items between brackets.
    fn any<T>(
        &mut self,
        open: u8,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
        close: u8,
    ) -> Parsed<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.skip(close)? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn at_punctuator(&self, byte: u8) -> bool {
        self.token.kind == TokenKind::Punctuator(byte)
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        self.token.kind == TokenKind::Name && self.token.text == keyword
    }

    fn expect(&mut self, byte: u8) -> Parsed<Position> {
        if self.at_punctuator(byte) {
            return Ok(self.advance()?.at);
        }
        let message = format!(
            "Expected \"{}\", found {}.",
            char::from(byte),
            self.token.describe()
        );
        Err(syntax(message, self.token.at))
    }

    fn skip(&mut self, byte: u8) -> Parsed<bool> {
        let found = self.at_punctuator(byte);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn advance(&mut self) -> Parsed<Token<'a>> {
        let next = self.lexer.next_token()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn unexpected(&self) -> RequestError {
        syntax(
            format!("Unexpected {}.", self.token.describe()),
            self.token.at,
        )
    }
}
