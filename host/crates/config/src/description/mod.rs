//! What `mayfly.toml` may hold, as it is declared where it is read.
//!
//! A description comes from reading a file that is not there: every table is asked for as if it stood there once, and every key that is
//! read is noted with what is asked of it. So a reader has to ask for every key, whatever the values of others.

mod reference;
mod schema;

use std::time::Duration;

use crate::key::Key;

/// Every table and key of `mayfly.toml`.
#[derive(Debug, Default)]
pub struct Description {
    /// In the order in which they are read; the first is the file itself.
    tables: Vec<DescribedTable>,
}

/// A table, by the order in which tables are read.
pub(crate) type TableNumber = usize;

/// One table.
#[derive(Debug)]
pub(crate) struct DescribedTable {
    /// As it is in the file, names that operators choose in capitals: `modules.NAME`.
    path: String,
    doc: &'static str,
    /// Whether there may be several, each under `[[path]]`.
    is_list: bool,
    keys: Vec<DescribedKey>,
    /// The key that stands for any name, if there is one.
    any: Option<DescribedKey>,
}

/// One key.
#[derive(Debug)]
pub(crate) struct DescribedKey {
    name: String,
    doc: &'static str,
    /// As it would be written, or in words.
    default: Option<String>,
    is_required: bool,
    unless: Option<&'static str>,
    kind: Kind,
}

/// What a key's value is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A text; one of these, if there are any.
    Text(Vec<&'static str>),
    /// A text that comes from outside the file.
    Secret,
    Texts,
    TextOrNumber,
    Flag,
    Number {
        least: u64,
        most: u64,
    },
    Size {
        least: u64,
        most: u64,
    },
    Time {
        least: Duration,
        most: Duration,
    },
    Percent,
    Table(TableNumber),
    /// Tables by names that operators choose.
    Tables(TableNumber),
    /// Tables, each under its own `[[header]]`.
    List(TableNumber),
    TextsOrTable(TableNumber),
}

/// How a key is declared, beside its name.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// Unless the key says it.
    pub default: Option<String>,
    pub is_required: bool,
}

impl Declared {
    /// A key that has a default.
    pub fn or(default: impl ToString) -> Self {
        Self {
            default: Some(default.to_string()),
            is_required: false,
        }
    }

    /// A key that has to be there.
    pub fn required() -> Self {
        Self {
            default: None,
            is_required: true,
        }
    }
}

impl Description {
    /// Adds a table, which is empty yet.
    pub(crate) fn add_table(
        &mut self,
        path: String,
        doc: &'static str,
        is_list: bool,
    ) -> TableNumber {
        self.tables.push(DescribedTable {
            path,
            doc,
            is_list,
            keys: Vec::new(),
            any: None,
        });
        self.tables.len() - 1
    }

    /// Adds a key to a table.
    pub(crate) fn add_key(
        &mut self,
        table: TableNumber,
        key: Key<'_>,
        declared: Declared,
        kind: Kind,
    ) {
        let Some(table) = self.tables.get_mut(table) else {
            return;
        };
        let described = DescribedKey {
            name: key.name.to_owned(),
            doc: key.doc,
            default: key.default.map(str::to_owned).or(declared.default),
            is_required: declared.is_required && key.unless.is_none(),
            unless: key.unless.filter(|_| declared.is_required),
            kind,
        };
        match &mut table.any {
            Some(any) if any.name == key.name => *any = described,
            _ => table.keys.push(described),
        }
    }

    /// From now on a key of this name stands for any.
    pub(crate) fn any_name(&mut self, table: TableNumber, called: &str) {
        if let Some(table) = self.tables.get_mut(table) {
            table.any = Some(DescribedKey {
                name: called.to_owned(),
                doc: "",
                default: None,
                is_required: false,
                unless: None,
                kind: Kind::Text(Vec::new()),
            });
        }
    }

    /// The paths of all tables, and of the keys in them, names that operators choose in capitals.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let tables = self.tables.iter();
        let keys = tables.flat_map(|table| {
            let keys = table.keys.iter().chain(&table.any);
            keys.map(|key| table.key(&key.name))
        });
        keys.collect()
    }

    /// The tables and keys that nothing is said of.
    #[must_use]
    pub fn undocumented(&self) -> Vec<String> {
        let mut found = Vec::new();
        for table in &self.tables {
            if table.doc.is_empty() {
                found.push(table.path.clone());
            }
            let keys = table.keys.iter().chain(&table.any);
            let silent = keys.filter(|key| key.doc.is_empty());
            found.extend(silent.map(|key| table.key(&key.name)));
        }
        found
    }
}

impl DescribedTable {
    fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}
