//! A TOML table, taken key by key, and every problem with its line instead of the first alone. What the values are is read in
//! `values`.
//!
//! A key that nobody asked for is a problem, named with the nearest key that exists.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use strsim::levenshtein;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::description::{Declared, Description, Kind, TableNumber};
pub use crate::key::Key;
pub use crate::outside::Given;
use crate::outside::Outside;
use crate::problem::Problem;

/// The file being read, and what was found wrong with it so far.
pub(crate) struct Source<'a> {
    /// Where problems are.
    pub file: &'a Path,
    /// The text, for lines.
    pub text: &'a str,
    /// What is wrong.
    pub problems: RefCell<Vec<Problem>>,
    /// Where values come from that are elsewhere.
    pub outside: Outside<'a>,
    /// What is read, where that is what is asked for and not the values.
    pub description: Option<RefCell<Description>>,
}

impl Source<'_> {
    /// The line of a byte of the text, from 1.
    fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or(self.text);
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// Adds a problem at a byte of the text.
    pub fn problem(&self, at: usize, message: String) {
        let line = self.line(at);
        self.problems.borrow_mut().push(Problem {
            file: self.file.to_path_buf(),
            line,
            column: 0,
            message,
        });
    }
}

/// One table, whose keys are taken one by one.
pub struct Table<'a> {
    source: &'a Source<'a>,
    /// The dotted path of the table, empty for the file.
    pub path: String,
    /// Where the table begins, for what it lacks.
    pub at: usize,
    entries: BTreeMap<&'a str, (usize, &'a Spanned<DeValue<'a>>)>,
    asked: Vec<String>,
    /// Whether a value could not be read, and need not be: what is wrong with the rest may come of that.
    incomplete: bool,
    /// Where its keys are described; a table that is described holds none.
    described: Option<TableNumber>,
}

/// A value that may be a list of texts or a table.
pub enum TextsOrTable<'a> {
    /// The texts with their places.
    Texts(Vec<(usize, String)>),
    Table(Table<'a>),
}

impl<'a> Table<'a> {
    /// The table at `path`.
    pub(crate) fn new(
        source: &'a Source<'a>,
        path: String,
        at: usize,
        table: &'a DeTable<'a>,
    ) -> Self {
        let entries = table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), (key.span().start, value)))
            .collect();
        Self {
            source,
            path,
            at,
            entries,
            asked: Vec::new(),
            incomplete: false,
            described: None,
        }
    }

    /// A table whose keys are described as they are read; it holds nothing. None where values are read.
    pub(crate) fn described(
        source: &'a Source<'a>,
        path: String,
        doc: &'static str,
        is_list: bool,
    ) -> Option<(Self, TableNumber)> {
        let description = source.description.as_ref()?;
        let number = description
            .borrow_mut()
            .add_table(path.clone(), doc, is_list);
        let table = Self {
            source,
            path,
            at: 0,
            entries: BTreeMap::new(),
            asked: Vec::new(),
            incomplete: false,
            described: Some(number),
        };
        Some((table, number))
    }

    /// Notes what is read, where that is asked for.
    pub(crate) fn declare(&self, key: Key<'_>, how: impl FnOnce() -> (Declared, Kind)) {
        if let (Some(table), Some(description)) = (self.described, &self.source.description) {
            let (declared, kind) = how();
            description.borrow_mut().add_key(table, key, declared, kind);
        }
    }

    /// A table below this one that is described; none where values are read.
    fn describe_table(
        &self,
        key: Key<'_>,
        below: &str,
        kind: fn(TableNumber) -> Kind,
    ) -> Option<Self> {
        let path = format!("{}{below}", self.key(key.name));
        let is_list = matches!(kind(0), Kind::List(_));
        let (table, number) = Table::described(self.source, path, key.doc, is_list)?;
        self.declare(key, || (Declared::default(), kind(number)));
        Some(table)
    }

    /// A table that stands at a byte of the text, in this one.
    pub(crate) fn inner(&self, path: String, at: usize, table: &'a DeTable<'a>) -> Self {
        Self::new(self.source, path, at, table)
    }

    /// Where values come from that are elsewhere.
    pub(crate) fn outside(&self) -> &'a Outside<'a> {
        &self.source.outside
    }

    /// Goes on without a value that nobody needs now.
    pub(crate) fn leave_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// The dotted path of a key.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Adds a problem with this table.
    pub fn problem(&self, message: String) {
        self.problem_at(self.at, message);
    }

    /// Adds a problem at a byte of the text.
    pub fn problem_at(&self, at: usize, message: String) {
        if !self.incomplete {
            self.source.problem(at, message);
        }
    }

    /// Adds a problem with a value that is there, whatever else the table lacks.
    pub fn problem_with_value(&self, at: usize, message: String) {
        self.source.problem(at, message);
    }

    /// The value at a key, which then is known.
    pub(crate) fn peek(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.get(key).map(|(_, value)| *value)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key.to_owned());
        self.entries.remove(key).map(|(_, value)| value)
    }

    /// Adds that a key's value is of another kind than it must be.
    pub fn wrong(&self, key: &str, at: usize, found: &str, expected: &str) {
        let article = if found.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        self.source.problem(
            at,
            format!("`{}` is {article} {found}; write {expected}", self.key(key)),
        );
    }

    /// The same of a value that is in the file.
    pub fn wrong_value(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = value.get_ref().type_str();
        self.wrong(key, value.span().start, found, expected);
    }

    /// The line this table begins in, from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.at)
    }

    /// Leaves a key alone, whatever it holds.
    pub fn ignore(&mut self, key: &str) {
        self.take(key);
    }

    /// Whether the table has a key that nobody asked for yet.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A table inside this one.
    pub fn table(&mut self, key: Key<'_>) -> Option<Table<'a>> {
        self.describe_table(key, "", Kind::Table)
            .or_else(|| self.table_at(key.name))
    }

    fn table_at(&mut self, key: &str) -> Option<Table<'a>> {
        let value = self.take(key)?;
        let path = self.key(key);
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_value(key, value, "a table");
        }
        table.map(|table| Table::new(self.source, path, value.span().start, table))
    }

    /// The texts of a list, or the table in its place.
    pub fn texts_or_table(&mut self, key: Key<'_>) -> TextsOrTable<'a> {
        if let Some(table) = self.describe_table(key, "", Kind::TextsOrTable) {
            return TextsOrTable::Table(table);
        }
        let is_table = self
            .entries
            .get(key.name)
            .is_some_and(|(_, value)| value.get_ref().is_table());
        match is_table.then(|| self.table_at(key.name)).flatten() {
            Some(table) => TextsOrTable::Table(table),
            None => TextsOrTable::Texts(self.texts(key)),
        }
    }

    /// Every table inside the table `key`, by name: `[modules.students]`, `[modules.assessments]`.
    pub fn tables(&mut self, key: Key<'_>) -> Vec<(String, Table<'a>)> {
        if let Some(table) = self.describe_table(key, ".NAME", Kind::Tables) {
            return vec![("NAME".to_owned(), table)];
        }
        self.table_at(key.name)
            .map_or_else(Vec::new, Table::into_tables)
    }

    /// Every table of a list of tables: `[[modules.students.probe]]`.
    pub fn list(&mut self, key: Key<'_>) -> Vec<Table<'a>> {
        if let Some(table) = self.describe_table(key, "", Kind::List) {
            return vec![table];
        }
        let key = key.name;
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let path = self.key(key);
        let tables = value.get_ref().as_array().and_then(|array| {
            let table = |item: &'a Spanned<DeValue<'a>>| {
                Some(Table::new(
                    self.source,
                    path.clone(),
                    item.span().start,
                    item.get_ref().as_table()?,
                ))
            };
            array.iter().map(table).collect::<Option<Vec<_>>>()
        });
        tables.unwrap_or_else(|| {
            self.wrong_value(key, value, "tables, each under its own [[header]]");
            Vec::new()
        })
    }

    fn into_tables(mut self) -> Vec<(String, Table<'a>)> {
        let names: Vec<&str> = self.entries.keys().copied().collect();
        let mut tables: Vec<_> = names
            .into_iter()
            .filter_map(|name| self.table_at(name).map(|table| (name.to_owned(), table)))
            .collect();
        tables.sort_by_key(|(_, table)| table.at);
        tables
    }

    /// The keys nobody asked for yet, in the order of the alphabet: where operators choose the names. `called` is such a name in
    /// descriptions.
    pub fn names(&self, called: &str) -> Vec<String> {
        if let (Some(table), Some(description)) = (self.described, &self.source.description) {
            description.borrow_mut().any_name(table, called);
            return vec![called.to_owned()];
        }
        self.entries.keys().map(|name| (*name).to_owned()).collect()
    }

    /// Ends the table: whatever nobody asked for is unknown.
    pub fn finish(self) {
        for (key, (at, _)) in &self.entries {
            let near = nearest(key, &self.asked)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            self.source
                .problem(*at, format!("unknown key `{}`{near}", self.key(key)));
        }
    }
}

/// A number that was read, as a count.
#[must_use]
pub fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// This many milliseconds.
#[must_use]
pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The known key a mistyped one is closest to, when it is close at all.
fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (levenshtein(key, candidate), candidate.as_str()))
        .min()
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(3))
        .map(|(_, candidate)| candidate)
}
