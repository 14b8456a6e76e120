//! A JSON Schema of the configuration, draft 2020-12: for editors, and for whoever writes configurations by program.
//!
//! It says what a schema can: names, types, ranges of numbers, words. What depends on other values is checked by `mayfly check`.

use std::fmt::Write;

use mayfly_json::quoted;

use super::{DescribedKey, DescribedTable, Description, Kind, TableNumber};
use crate::units;

impl Description {
    /// The schema, with a line end.
    #[must_use]
    pub fn schema(&self) -> String {
        let mut out = Writer::default();
        out.open('{');
        out.text("$schema", "https://json-schema.org/draft/2020-12/schema");
        out.text("title", crate::FILE);
        out.key("$defs");
        out.open('{');
        out.key("outside");
        write_outside(&mut out, true);
        out.key("secret");
        write_outside(&mut out, false);
        out.close('}');
        if let Some(file) = self.tables.first() {
            self.write_fields(&mut out, file);
        }
        out.close('}');
        out.0.push('\n');
        out.0
    }

    fn write_table(&self, out: &mut Writer, number: TableNumber) {
        out.open('{');
        if let Some(table) = self.tables.get(number) {
            self.write_fields(out, table);
        }
        out.close('}');
    }

    fn write_fields(&self, out: &mut Writer, table: &DescribedTable) {
        if !table.doc.is_empty() {
            out.text("description", table.doc);
        }
        out.text("type", "object");
        out.key("properties");
        out.open('{');
        for key in &table.keys {
            out.key(&key.name);
            self.write_key(out, key);
        }
        out.close('}');
        out.key("additionalProperties");
        match &table.any {
            Some(any) => self.write_key(out, any),
            None => out.word("false"),
        }
        let required: Vec<_> = table.keys.iter().filter(|key| key.is_required).collect();
        if !required.is_empty() {
            out.key("required");
            out.open('[');
            required.iter().for_each(|key| out.item(&key.name));
            out.close(']');
        }
    }

    fn write_key(&self, out: &mut Writer, key: &DescribedKey) {
        match key.kind {
            Kind::Table(table) => return self.write_table(out, table),
            Kind::Tables(table) => {
                out.open('{');
                out.text("type", "object");
                out.key("additionalProperties");
                self.write_table(out, table);
                return out.close('}');
            }
            Kind::List(table) => {
                out.open('{');
                out.text("type", "array");
                out.key("items");
                self.write_table(out, table);
                return out.close('}');
            }
            _ => {}
        }
        out.open('{');
        out.text("description", &key.told());
        match &key.kind {
            Kind::Secret => out.text("$ref", "#/$defs/secret"),
            Kind::Texts => write_texts(out),
            Kind::TextsOrTable(table) => {
                out.key("oneOf");
                out.open('[');
                out.next();
                out.open('{');
                write_texts(out);
                out.close('}');
                out.next();
                self.write_table(out, *table);
                out.close(']');
            }
            kind => {
                out.key("anyOf");
                out.open('[');
                out.next();
                out.open('{');
                write_scalar(out, kind);
                out.close('}');
                out.next();
                out.open('{');
                out.text("$ref", "#/$defs/outside");
                out.close('}');
                out.close(']');
            }
        }
        out.close('}');
    }
}

impl DescribedKey {
    /// The description for an editor: what a type cannot say stands in words.
    fn told(&self) -> String {
        let mut told = format!("{} Value: {}.", self.doc, self.value().replace('`', ""));
        match (&self.default, self.unless) {
            (_, Some(unless)) => {
                let _ = write!(told, " Required, unless {unless}.");
            }
            (Some(default), None) => {
                let _ = write!(told, " Default: {default}.");
            }
            (None, None) => {}
        }
        told
    }
}

/// What stands for a value that is elsewhere.
fn write_outside(out: &mut Writer, has_default: bool) {
    out.open('{');
    out.text(
        "description",
        "A value from outside the file: from an environment variable or another file.",
    );
    out.text("type", "object");
    out.key("properties");
    out.open('{');
    for key in ["env", "file"] {
        out.key(key);
        out.open('{');
        out.text("type", "string");
        out.close('}');
    }
    if has_default {
        out.key("default");
        out.open('{');
        out.key("type");
        out.open('[');
        for kind in ["string", "integer", "boolean"] {
            out.item(kind);
        }
        out.close(']');
        out.close('}');
    }
    out.close('}');
    out.key("additionalProperties");
    out.word("false");
    out.key("oneOf");
    out.open('[');
    for key in ["env", "file"] {
        out.next();
        out.open('{');
        out.key("required");
        out.open('[');
        out.item(key);
        out.close(']');
        out.close('}');
    }
    out.close(']');
    out.close('}');
}

fn write_texts(out: &mut Writer) {
    out.text("type", "array");
    out.key("items");
    out.open('{');
    out.key("anyOf");
    out.open('[');
    out.next();
    out.open('{');
    out.text("type", "string");
    out.close('}');
    out.next();
    out.open('{');
    out.text("$ref", "#/$defs/outside");
    out.close('}');
    out.close(']');
    out.close('}');
}

/// What a value that is in the file has to be.
fn write_scalar(out: &mut Writer, kind: &Kind) {
    let measured = |out: &mut Writer, units: &[&str]| {
        out.text("type", "string");
        out.text("pattern", &format!("^[0-9]+ *({})$", units.join("|")));
    };
    match kind {
        Kind::Text(words) if !words.is_empty() => {
            out.key("enum");
            out.open('[');
            words.iter().for_each(|word| out.item(word));
            out.close(']');
        }
        Kind::Flag => out.text("type", "boolean"),
        Kind::Number { least, most } => {
            out.text("type", "integer");
            out.key("minimum");
            out.word(&least.to_string());
            out.key("maximum");
            out.word(&most.to_string());
        }
        Kind::TextOrNumber => {
            out.key("type");
            out.open('[');
            out.item("string");
            out.item("integer");
            out.close(']');
        }
        Kind::Size { .. } => measured(out, &units::size_names()),
        Kind::Time { .. } => measured(out, &units::time_names()),
        Kind::Percent => measured(out, &["%"]),
        _ => out.text("type", "string"),
    }
}

/// Writes indented JSON.
#[derive(Default)]
struct Writer(String, usize, Position);

/// What the next value follows.
#[derive(Default, PartialEq, Eq)]
enum Position {
    /// Nothing, or a key.
    #[default]
    Value,
    /// An opening bracket.
    First,
    /// Another value.
    Later,
}

impl Writer {
    fn line(&mut self) {
        self.0.push('\n');
        self.0.extend(std::iter::repeat_n("  ", self.1));
    }

    /// Before a value of an array, or a key.
    fn next(&mut self) {
        if self.2 == Position::Later {
            self.0.push(',');
        }
        self.line();
        self.2 = Position::Value;
    }

    fn open(&mut self, bracket: char) {
        self.0.push(bracket);
        self.1 += 1;
        self.2 = Position::First;
    }

    fn close(&mut self, bracket: char) {
        self.1 -= 1;
        if self.2 == Position::Later {
            self.line();
        }
        self.0.push(bracket);
        self.2 = Position::Later;
    }

    fn key(&mut self, name: &str) {
        self.next();
        self.0.push_str(&quoted(name));
        self.0.push_str(": ");
    }

    /// A number, or a word of JSON.
    fn word(&mut self, word: &str) {
        self.0.push_str(word);
        self.2 = Position::Later;
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.word(&quoted(text));
    }

    fn item(&mut self, text: &str) {
        self.next();
        self.word(&quoted(text));
    }
}
