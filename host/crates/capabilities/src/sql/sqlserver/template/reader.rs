//! The tokens of a text that matter, looked at with their neighbours.

use std::collections::HashSet;

use crate::sql::sqlserver::lexer::{Kind, Token};

/// Words that begin a statement: where one ends that has no `;`.
const STATEMENTS: [&str; 16] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "SET", "EXEC", "EXECUTE", "IF", "WHILE",
    "WITH", "BEGIN", "END", "DECLARE", "RETURN", "PRINT",
];

/// The tokens that matter, looked at with their neighbours.
pub(super) struct Reader<'a> {
    pub(super) tokens: Vec<Token<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn at(&self, place: usize) -> Option<&Token<'a>> {
        self.tokens.get(place)
    }

    fn before(&self, place: usize, back: usize) -> Option<&Token<'a>> {
        self.at(place.checked_sub(back)?)
    }

    /// Whether a variable names a procedure's parameter: `EXEC p @name = …`.
    pub(super) fn is_argument_name(&self, place: usize) -> bool {
        if !self.at(place + 1).is_some_and(|token| token.is_symbol("=")) {
            return false;
        }
        let mut back = 1;
        while let Some(token) = self.before(place, back) {
            if token.is_any(&["EXEC", "EXECUTE"]) {
                // Directly behind EXEC it is the variable that takes the return value.
                return back > 1;
            }
            if token.is_symbol(";") || token.is_any(&STATEMENTS) {
                return false;
            }
            back += 1;
        }
        false
    }

    /// The names the text declares itself, in lower case.
    pub(super) fn locals(&self) -> HashSet<String> {
        let mut locals = HashSet::new();
        let mut declaring = false;
        let mut depth = 0usize;
        for (place, token) in self.tokens.iter().enumerate() {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
            } else if token.is("DECLARE") {
                declaring = true;
                depth = 0;
            } else if declaring && depth == 0 && (token.is_symbol(";") || token.is_any(&STATEMENTS))
            {
                declaring = false;
            }
            let introduced = self
                .before(place, 1)
                .is_some_and(|before| before.is("DECLARE") || before.is_symbol(","));
            if declaring && depth == 0 && introduced && token.kind == Kind::Variable {
                locals.insert(token.text.trim_start_matches('@').to_ascii_lowercase());
            }
        }
        locals
    }
}
