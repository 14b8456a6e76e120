//! Reads a TOML table key by key, and keeps every problem with its line instead of stopping at the first.
//!
//! A key that nobody asked for is a problem, named with the nearest key that exists.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::outside::{Outside, Scalar};
use crate::problem::Problem;
use crate::units;

/// The file being read, and what was found wrong with it so far.
pub(crate) struct Source<'a> {
    /// Where problems are.
    pub file: &'a Path,
    /// The text, for lines.
    pub text: &'a str,
    /// What is wrong.
    pub problems: RefCell<Vec<Problem>>,
    /// Where values come from that stand elsewhere.
    pub outside: Outside<'a>,
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
pub(crate) struct Table<'a> {
    source: &'a Source<'a>,
    /// The dotted path of the table, empty for the file.
    pub path: String,
    /// Where the table begins, for what it lacks.
    pub at: usize,
    entries: BTreeMap<&'a str, (usize, &'a Spanned<DeValue<'a>>)>,
    asked: Vec<String>,
    /// Whether a value could not be had, and need not be: what is wrong with the rest may come of that.
    incomplete: bool,
}

impl<'a> Table<'a> {
    /// The table at `path`.
    pub fn new(source: &'a Source<'a>, path: String, at: usize, table: &'a DeTable<'a>) -> Self {
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
        }
    }

    /// A table that stands at a byte of the text, in this one.
    pub fn inner(&self, path: String, at: usize, table: &'a DeTable<'a>) -> Self {
        Self::new(self.source, path, at, table)
    }

    /// Where values come from that stand elsewhere.
    pub fn outside(&self) -> &'a Outside<'a> {
        &self.source.outside
    }

    /// Goes on without a value that nobody needs now.
    pub fn leave_incomplete(&mut self) {
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

    /// The value at a key, which then is known.
    pub fn take(&mut self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
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

    fn wrong_value(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = value.get_ref().type_str();
        self.wrong(key, value.span().start, found, expected);
    }

    fn wrong_scalar(&self, key: &str, scalar: &Scalar<'_>, expected: &str) {
        self.wrong(key, scalar.at, scalar.kind(), expected);
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

    /// A text with its place.
    pub fn text_at(&mut self, key: &str) -> Option<(usize, String)> {
        let scalar = self.scalar(key)?;
        if scalar.as_text().is_none() {
            self.wrong_scalar(key, &scalar, "a string");
        }
        let at = scalar.at;
        Some((at, scalar.into_text()?.into_owned()))
    }

    /// A text, if there is one.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.text_at(key).map(|(_, text)| text)
    }

    /// A text or a whole number, as text, with its place.
    pub fn text_or_number_at(&mut self, key: &str) -> Option<(usize, String)> {
        let scalar = self.scalar(key)?;
        let text = scalar.as_text().or_else(|| scalar.as_number());
        if text.is_none() {
            self.wrong_scalar(key, &scalar, "a string or a whole number");
        }
        Some((scalar.at, text?.to_owned()))
    }

    /// A text that has to be there; empty after the problem was noted.
    pub fn required(&mut self, key: &str, example: &str) -> String {
        if !self.entries.contains_key(key) {
            self.asked.push(key.to_owned());
            let name = if self.path.is_empty() {
                "the file".to_owned()
            } else {
                format!("`{}`", self.path)
            };
            self.problem(format!("{name} lacks `{key}`; add {key} = {example}"));
            return String::new();
        }
        self.text(key).unwrap_or_default()
    }

    /// A truth value.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        let Some(scalar) = self.scalar(key) else {
            return default;
        };
        scalar.as_flag().unwrap_or_else(|| {
            self.wrong_scalar(key, &scalar, "true or false");
            default
        })
    }

    /// A whole number within a range.
    pub fn number(&mut self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(scalar) = self.scalar(key) else {
            return default;
        };
        let number = scalar
            .as_number()
            .and_then(|number| number.parse::<u64>().ok());
        match number {
            Some(number) if range.contains(&number) => number,
            _ => {
                let (low, high) = (range.start(), range.end());
                let message = format!(
                    "`{}` must be a whole number from {low} to {high}",
                    self.key(key)
                );
                self.source.problem(scalar.at, message);
                default
            }
        }
    }

    /// A size such as `"16 MiB"` within a range of bytes.
    pub fn size(&mut self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        self.measured(
            key,
            default,
            "a size such as \"16 MiB\"",
            units::bytes,
            |bytes| {
                (!range.contains(bytes)).then(|| {
                    format!(
                        "from {} to {}",
                        units::show_bytes(*range.start()),
                        units::show_bytes(*range.end())
                    )
                })
            },
        )
    }

    /// A duration such as `"2 s"` within a range.
    pub fn time(
        &mut self,
        key: &str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        self.measured(
            key,
            default,
            "a duration such as \"2 s\" or \"250 ms\"",
            units::duration,
            |time| {
                (!range.contains(time))
                    .then(|| format!("from {:?} to {:?}", range.start(), range.end()))
            },
        )
    }

    /// A part such as `"75 %"`, from 1 to 100.
    pub fn percent(&mut self, key: &str, default: u8) -> u8 {
        let parse = |text: &str| text.strip_suffix('%')?.trim_end().parse::<u8>().ok();
        self.measured(key, default, "a part such as \"75 %\"", parse, |percent| {
            (!(1..=100).contains(percent)).then(|| "from 1 % to 100 %".to_owned())
        })
    }

    fn measured<T>(
        &mut self,
        key: &str,
        default: T,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
        outside: impl Fn(&T) -> Option<String>,
    ) -> T {
        let Some(scalar) = self.scalar(key) else {
            return default;
        };
        let wrong = |expected: &str| {
            let message = format!("`{}` must be {expected}", self.key(key));
            self.source.problem(scalar.at, message);
        };
        let Some(parsed) = scalar.as_text().and_then(parse) else {
            wrong(expected);
            return default;
        };
        if let Some(range) = outside(&parsed) {
            wrong(&range);
            return default;
        }
        parsed
    }

    /// A list of texts with their places.
    pub fn texts(&mut self, key: &str) -> Vec<(usize, String)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in value.get_ref().as_array().into_iter().flatten() {
            let Some(scalar) = self.resolve(self.key(key), item) else {
                continue;
            };
            let at = scalar.at;
            match scalar.into_text() {
                Some(text) => texts.push((at, text.into_owned())),
                None => self.wrong_value(key, value, "a list of strings"),
            }
        }
        if !value.get_ref().is_array() {
            self.wrong_value(key, value, "a list of strings");
        }
        texts
    }

    /// A table inside this one.
    pub fn table(&mut self, key: &str) -> Option<Table<'a>> {
        let value = self.take(key)?;
        let path = self.key(key);
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_value(key, value, "a table");
        }
        table.map(|table| Table::new(self.source, path, value.span().start, table))
    }

    /// Every table inside the table `key`, by name: `[modules.students]`, `[modules.assessments]`.
    pub fn tables(&mut self, key: &str) -> Vec<(String, Table<'a>)> {
        self.table(key).map_or_else(Vec::new, Table::into_tables)
    }

    /// Every table of a list of tables: `[[modules.students.probe]]`.
    pub fn list(&mut self, key: &str) -> Vec<Table<'a>> {
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
            .filter_map(|name| self.table(name).map(|table| (name.to_owned(), table)))
            .collect();
        tables.sort_by_key(|(_, table)| table.at);
        tables
    }

    /// Every entry of this table that is a text, in the order written: name, place, text.
    pub fn into_texts(mut self) -> Vec<(String, usize, String)> {
        let names: Vec<&str> = self.entries.keys().copied().collect();
        let mut texts: Vec<_> = names
            .into_iter()
            .filter_map(|name| {
                self.text_at(name)
                    .map(|(at, text)| (name.to_owned(), at, text))
            })
            .collect();
        texts.sort_by_key(|(_, at, _)| *at);
        texts
    }

    /// The keys nobody asked for yet, in the order of the alphabet.
    pub fn names(&self) -> Vec<String> {
        self.entries.keys().map(|name| (*name).to_owned()).collect()
    }

    /// Whether there is a table at a key.
    pub fn is_table(&self, key: &str) -> bool {
        self.entries
            .get(key)
            .is_some_and(|(_, value)| value.get_ref().is_table())
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

/// The known key a mistyped one is closest to, when it is close at all.
fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(key, candidate), candidate.as_str()))
        .min()
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        if let Some(first) = row.first_mut() {
            *first = previous;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let cost = (diagonal + usize::from(left != right))
                .min(previous + 1)
                .min(*cell + 1);
            diagonal = *cell;
            *cell = cost;
            previous = cost;
        }
    }
    row.last().copied().unwrap_or_default()
}
