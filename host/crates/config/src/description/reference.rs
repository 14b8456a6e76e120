//! The reference of the configuration, in Markdown.

use std::fmt::Write;

use super::{DescribedKey, DescribedTable, Description, Kind};
use crate::FILE;
use crate::units::{show_bytes, show_duration};

impl Description {
    /// Every table and key, for people.
    #[must_use]
    pub fn reference(&self) -> String {
        let mut out = format!(
            "# Configuration\n\n\
             Every key of `{FILE}`. This page is written by `mayfly config reference`; `mayfly config schema` writes a JSON Schema for \
             editors.\n"
        );
        for table in &self.tables {
            write_table(&mut out, table);
        }
        out
    }
}

fn write_table(out: &mut String, table: &DescribedTable) {
    let title = match (table.path.as_str(), table.is_list) {
        ("", _) => "The file".to_owned(),
        (path, true) => format!("`[[{path}]]`"),
        (path, false) => format!("`[{path}]`"),
    };
    let _ = write!(out, "\n## {title}\n\n{}\n", table.doc);
    // Tables have sections of their own.
    let keys: Vec<_> = table
        .keys
        .iter()
        .chain(&table.any)
        .filter(|key| !key.is_table())
        .collect();
    if keys.is_empty() {
        return;
    }
    out.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            key.name,
            cell(&key.value()),
            cell(&key.default_shown()),
            cell(key.doc)
        );
    }
}

/// A text as it may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

impl DescribedKey {
    fn is_table(&self) -> bool {
        matches!(self.kind, Kind::Table(_) | Kind::Tables(_) | Kind::List(_))
    }

    /// What a value has to be.
    pub(super) fn value(&self) -> String {
        match &self.kind {
            Kind::Text(words) if words.is_empty() => "text".to_owned(),
            Kind::Text(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
                quoted.join(" or ")
            }
            Kind::Secret => "secret, from outside the file".to_owned(),
            Kind::Texts => "list of texts".to_owned(),
            Kind::TextOrNumber => "text or whole number".to_owned(),
            Kind::Flag => "`true` or `false`".to_owned(),
            // No limit that anybody reaches.
            Kind::Number { least, most } if *most >= u64::MAX >> 1 => {
                format!("whole number from {least}")
            }
            Kind::Number { least, most } => format!("whole number, {least} to {most}"),
            Kind::Size { least, most } => {
                format!("size, {} to {}", show_bytes(*least), show_bytes(*most))
            }
            Kind::Time { least, most } => {
                let (least, most) = (show_duration(*least), show_duration(*most));
                format!("duration, {least} to {most}")
            }
            Kind::Percent => "percentage, 1 % to 100 %".to_owned(),
            Kind::TextsOrTable(_) => "list of texts, or a table".to_owned(),
            Kind::Table(_) | Kind::Tables(_) | Kind::List(_) => "table".to_owned(),
        }
    }

    fn default_shown(&self) -> String {
        match (&self.default, self.is_required, self.unless) {
            (_, true, _) => "required".to_owned(),
            (_, false, Some(unless)) => format!("required, unless {unless}"),
            (Some(default), ..) => default.clone(),
            (None, ..) => String::new(),
        }
    }
}
