//! Texts of SQL, as libraries send them: which statement of the operator's a text is.

use rquickjs::prelude::Func;
use rquickjs::{Object, Result};

use crate::statement_text::StatementText;
use crate::text::Text;

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("statementText", Func::from(read))
}

/// A hash of what the text says, and after it the names of each parameter.
fn read(text: Text) -> Vec<Vec<String>> {
    let StatementText { hash, parameters } = StatementText::read(&text);
    let mut read = vec![vec![format!("{hash:016x}")]];
    read.extend(parameters);
    read
}
