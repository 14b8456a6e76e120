//! Reads the values of a table as what they must be: texts, numbers, sizes, durations, secrets. A value that is something else, or out
//! of its range, is a problem; it may be in the file or come from outside it.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use crate::description::{Declared, Kind};
use crate::key::Key;
use crate::outside::Given;
use crate::reader::Table;
use crate::resolution::placeholder;
use crate::scalar::Scalar;
use crate::units;

impl<'a> Table<'a> {
    /// A text with its place.
    pub fn text_at(&mut self, key: Key<'_>) -> Option<(usize, String)> {
        self.declare(key, || {
            (Declared::default(), Kind::Text(key.words.to_vec()))
        });
        self.text_of(key.name)
    }

    fn text_of(&mut self, key: &str) -> Option<(usize, String)> {
        let scalar = self.scalar(key)?;
        if scalar.as_text().is_none() {
            self.wrong_scalar(key, &scalar, "a string");
        }
        let at = scalar.at;
        Some((at, scalar.into_text()?.into_owned()))
    }

    /// A text, if there is one.
    pub fn text(&mut self, key: Key<'_>) -> Option<String> {
        self.text_at(key).map(|(_, text)| text)
    }

    /// One of a few words, if there is one.
    pub fn word<T: Copy>(&mut self, key: Key<'_>, words: &[(&'static str, T)]) -> Option<T> {
        let all = || words.iter().map(|(word, _)| *word);
        self.declare(key, || (Declared::default(), Kind::Text(all().collect())));
        let (at, text) = self.text_of(key.name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("`{}` must be {}", self.key(key.name), alternatives(all()));
            self.problem_at(at, message);
        }
        found.map(|(_, value)| *value)
    }

    /// Whether a text is in the file itself, and not outside of it.
    #[must_use]
    pub fn stands_in_file(&self, key: Key<'_>) -> bool {
        matches!(
            self.peek(key.name).map(toml::Spanned::get_ref),
            Some(DeValue::String(_))
        )
    }

    /// A text that has to be in the file itself; `why` tells why it may not come from outside.
    pub fn text_in_file(&mut self, key: Key<'_>, why: &str) -> Option<String> {
        self.declare(key, || (Declared::default(), Kind::Text(Vec::new())));
        let value = self.take(key.name)?;
        match value.get_ref() {
            DeValue::String(text) => {
                if let Some(name) = placeholder(text) {
                    let path = self.key(key.name);
                    let message =
                        format!("`{path}`: \"${{{name}}}\" is not replaced; write the text itself");
                    self.problem_with_value(value.span().start, message);
                }
                return Some(text.to_string());
            }
            DeValue::Table(_) => {
                let message = format!("`{}` is set outside the file: {why}", self.key(key.name));
                self.problem_with_value(value.span().start, message);
            }
            _ => self.wrong_value(key.name, value, "a string"),
        }
        None
    }

    /// A text or a whole number, as text, with its place.
    pub fn text_or_number_at(&mut self, key: Key<'_>) -> Option<(usize, String)> {
        self.declare(key, || (Declared::default(), Kind::TextOrNumber));
        let scalar = self.scalar(key.name)?;
        let text = scalar.as_text().or_else(|| scalar.as_number());
        if text.is_none() {
            self.wrong_scalar(key.name, &scalar, "a string or a whole number");
        }
        Some((scalar.at, text?.to_owned()))
    }

    /// A text that has to be there; empty after the problem was noted.
    pub fn required(&mut self, key: Key<'_>, example: &str) -> String {
        self.declare(key, || {
            (Declared::required(), Kind::Text(key.words.to_vec()))
        });
        let key = key.name;
        if !self.has(key) {
            self.ignore(key);
            let name = if self.path.is_empty() {
                "the file".to_owned()
            } else {
                format!("`{}`", self.path)
            };
            self.problem(format!("{name} lacks `{key}`; add {key} = {example}"));
            return String::new();
        }
        self.text_of(key).map(|(_, text)| text).unwrap_or_default()
    }

    /// A truth value.
    pub fn flag(&mut self, key: Key<'_>, default: bool) -> bool {
        self.declare(key, || (Declared::or(default), Kind::Flag));
        let Some(scalar) = self.scalar(key.name) else {
            return default;
        };
        scalar.as_flag().unwrap_or_else(|| {
            self.wrong_scalar(key.name, &scalar, "true or false");
            default
        })
    }

    /// A whole number within a range.
    pub fn number(&mut self, key: Key<'_>, default: u64, range: RangeInclusive<u64>) -> u64 {
        let (least, most) = (*range.start(), *range.end());
        self.declare(key, || {
            (Declared::or(default), Kind::Number { least, most })
        });
        let Some(scalar) = self.scalar(key.name) else {
            return default;
        };
        let number = scalar
            .as_number()
            .and_then(|number| number.parse::<u64>().ok());
        match number {
            Some(number) if range.contains(&number) => number,
            _ => {
                let message = format!(
                    "`{}` must be a whole number from {least} to {most}",
                    self.key(key.name)
                );
                self.problem_with_value(scalar.at, message);
                default
            }
        }
    }

    /// A size such as `"16 MiB"` within a range of bytes.
    pub fn size(&mut self, key: Key<'_>, default: u64, range: RangeInclusive<u64>) -> u64 {
        let (least, most) = (*range.start(), *range.end());
        self.declare(key, || {
            let default = Declared::or(units::show_bytes(default));
            (default, Kind::Size { least, most })
        });
        let size = self.measured(
            key.name,
            "a size such as \"16 MiB\"",
            units::bytes,
            |bytes| {
                (!range.contains(bytes)).then(|| {
                    format!(
                        "from {} to {}",
                        units::show_bytes(least),
                        units::show_bytes(most)
                    )
                })
            },
        );
        size.unwrap_or(default)
    }

    /// A duration such as `"2 s"` within a range.
    pub fn time(
        &mut self,
        key: Key<'_>,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let shown = || Declared::or(units::show_duration(default));
        self.declare(key, || (shown(), time_within(&range)));
        self.time_of(key.name, &range).unwrap_or(default)
    }

    /// A duration within a range, if there is one.
    pub fn time_if_set(
        &mut self,
        key: Key<'_>,
        range: &RangeInclusive<Duration>,
    ) -> Option<Duration> {
        self.declare(key, || (Declared::default(), time_within(range)));
        self.time_of(key.name, range)
    }

    fn time_of(&mut self, key: &str, range: &RangeInclusive<Duration>) -> Option<Duration> {
        self.measured(
            key,
            "a duration such as \"2 s\" or \"250 ms\"",
            units::duration,
            |time| {
                (!range.contains(time))
                    .then(|| format!("from {:?} to {:?}", range.start(), range.end()))
            },
        )
    }

    /// A part such as `"75 %"`, from 1 to 100.
    pub fn percent(&mut self, key: Key<'_>, default: u8) -> u8 {
        self.declare(key, || {
            (Declared::or(format!("{default} %")), Kind::Percent)
        });
        let parse = |text: &str| text.strip_suffix('%')?.trim_end().parse::<u8>().ok();
        let part = self.measured(
            key.name,
            "a percentage such as \"75 %\"",
            parse,
            |percent| (!(1..=100).contains(percent)).then(|| "from 1 % to 100 %".to_owned()),
        );
        part.unwrap_or(default)
    }

    /// A value with a unit; none when it is not there, or the problem was reported.
    fn measured<T>(
        &mut self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
        outside: impl Fn(&T) -> Option<String>,
    ) -> Option<T> {
        let scalar = self.scalar(key)?;
        let wrong = |expected: &str| {
            let message = format!("`{}` must be {expected}", self.key(key));
            self.problem_with_value(scalar.at, message);
        };
        let Some(parsed) = scalar.as_text().and_then(parse) else {
            wrong(expected);
            return None;
        };
        if let Some(range) = outside(&parsed) {
            wrong(&range);
            return None;
        }
        Some(parsed)
    }

    /// A list of texts with their places.
    pub fn texts(&mut self, key: Key<'_>) -> Vec<(usize, String)> {
        self.declare(key, || (Declared::default(), Kind::Texts));
        let key = key.name;
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

    /// Every entry of this table that is a text, in the order written: name, place, text. Operators choose the names; `key` stands for
    /// any.
    pub fn into_texts(mut self, key: Key<'_>) -> Vec<(String, usize, String)> {
        let mut texts: Vec<_> = self
            .names(key.name)
            .into_iter()
            .filter_map(|name| {
                let (at, text) = self.text_at(Key { name: &name, ..key })?;
                Some((name, at, text))
            })
            .collect();
        texts.sort_by_key(|(_, at, _)| *at);
        texts
    }

    /// A text that must not be in the file for everybody to read.
    pub fn secret(&mut self, key: Key<'_>) -> Given {
        self.declare(key, || (Declared::default(), Kind::Secret));
        let key = key.name;
        if !self.has(key) {
            self.ignore(key);
            return Given::Nothing;
        }
        let Some(scalar) = self.scalar(key) else {
            return Given::Unknown;
        };
        if scalar.in_file {
            let path = self.key(key);
            let message = format!(
                "`{path}` is a secret and must not be in the file itself; write {key} = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}"
            );
            self.problem_at(scalar.at, message);
            return Given::Unknown;
        }
        scalar
            .into_text()
            .map_or(Given::Unknown, |text| Given::Text(text.into_owned()))
    }

    fn wrong_scalar(&self, key: &str, scalar: &Scalar<'_>, expected: &str) {
        self.wrong(key, scalar.at, scalar.kind(), expected);
    }
}

fn time_within(range: &RangeInclusive<Duration>) -> Kind {
    Kind::Time {
        least: *range.start(),
        most: *range.end(),
    }
}

/// Words as a sentence has them: `"a", "b" or "c"`.
fn alternatives(words: impl Iterator<Item = &'static str>) -> String {
    let quoted: Vec<_> = words.map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}
