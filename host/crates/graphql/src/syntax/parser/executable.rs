//! What clients send: operations and fragments.

use super::{Parsed, Parser};
use crate::syntax::error::{SyntaxError, Wanted};
use crate::syntax::lexer::Bounds;
use crate::syntax::token::TokenKind;
use crate::syntax::{
    Document, Field, Fragment, Inline, Operation, OperationKind, Selection, SelectionSet, Spread,
    VariableNode,
};
use std::collections::HashMap;

/// Parses an executable document.
pub(crate) fn parse(source: &str, bounds: Bounds) -> Parsed<Document<'_>> {
    let mut parser = Parser::new(source, bounds)?;
    let mut document = Document {
        operations: Vec::new(),
        fragments: Vec::new(),
        by_name: HashMap::new(),
    };
    loop {
        parser.executable(&mut document)?;
        if parser.token.kind == TokenKind::End {
            break;
        }
    }
    for (index, fragment) in document.fragments.iter().enumerate() {
        document.by_name.insert(fragment.name.text, index);
    }
    Ok(document)
}

impl<'a> Parser<'a> {
    fn executable(&mut self, document: &mut Document<'a>) -> Parsed<()> {
        if self.at("{") {
            let at = self.token.at;
            let selection = self.selection_set()?;
            document.operations.push(Operation {
                at,
                kind: OperationKind::Query,
                name: None,
                variables: Vec::new(),
                directives: Vec::new(),
                selection,
            });
            return Ok(());
        }
        let at = self.token.at;
        // Descriptions of executable definitions mean nothing to a server.
        let described = self.description()?.is_some();
        if let Some(kind) = self.operation_kind() {
            document.operations.push(self.operation(kind)?);
        } else if self.at_keyword("fragment") {
            document.fragments.push(self.fragment()?);
        } else if described && self.at("{") {
            let message =
                "Unexpected description, descriptions are not supported on shorthand queries.";
            return Err(SyntaxError::malformed(message, at));
        } else if described && self.token.kind == TokenKind::Name {
            let message = "Unexpected description, only GraphQL definitions support descriptions.";
            return Err(SyntaxError::malformed(message, at));
        } else {
            return Err(self.unexpected("an operation or a fragment"));
        }
        Ok(())
    }

    /// The kind of operation that the keyword read ahead stands for.
    pub(super) fn operation_kind(&self) -> Option<OperationKind> {
        if self.token.kind != TokenKind::Name {
            return None;
        }
        match self.token.text.as_ref() {
            "query" => Some(OperationKind::Query),
            "mutation" => Some(OperationKind::Mutation),
            "subscription" => Some(OperationKind::Subscription),
            _ => None,
        }
    }

    fn operation(&mut self, kind: OperationKind) -> Parsed<Operation<'a>> {
        let at = self.advance()?.at;
        let name = if self.token.kind == TokenKind::Name {
            Some(self.name("the name of the operation")?)
        } else {
            None
        };
        let variables = self.optional_many(("(", ")"), Self::variable)?;
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
        self.description()?;
        let at = self.expect("$")?;
        let name = self.name("the name of a variable")?;
        self.expect(":")?;
        let ty = self.type_reference()?;
        let default = if self.skip("=")? {
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
            return Err(self.unexpected("the name of the fragment"));
        }
        let name = self.name("the name of the fragment")?;
        if !self.skip_keyword("on")? {
            return Err(self.expected(Wanted::token("on")));
        }
        let condition = self.name("a type")?;
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
            items: self.many(("{", "}"), Self::selection)?,
        })
    }

    fn selection(&mut self) -> Parsed<Selection<'a>> {
        if self.token.kind == TokenKind::Spread {
            return self.spread();
        }
        let at = self.token.at;
        let first = self.name("a field")?;
        let (alias, name) = if self.skip(":")? {
            (Some(first), self.name("a field")?)
        } else {
            (None, first)
        };
        let arguments = self.arguments(false)?;
        let directives = self.directives(false)?;
        let selection = if self.at("{") {
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
        let conditional = self.skip_keyword("on")?;
        if !conditional && self.token.kind == TokenKind::Name {
            let name = self.name("a fragment")?;
            let directives = self.directives(false)?;
            return Ok(Selection::Spread(Spread {
                at,
                name,
                directives,
            }));
        }
        let condition = if conditional {
            Some(self.name("a type")?)
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
}
