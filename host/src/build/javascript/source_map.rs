//! Reads a source map as far as stack traces need it: for each line of the bundle, the source and the line its first code comes from.

use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use super::sdk;

/// The largest map that is read, in bytes.
const LIMITS: mayfly_json::Limits = mayfly_json::Limits::of_bytes(256 << 20);

/// The most mappings that a component carries, in bytes.
const MAPPINGS_BYTES: usize = 512 << 10;

/// Pairs of a source and a line, one for each line of the bundle; a line of 0 stands for none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) sources: Vec<String>,
    pub(super) numbers: Vec<u32>,
    /// The map's own mappings, for places with columns; empty where they are too many to carry along.
    pub(super) mappings: String,
}

#[derive(Deserialize)]
struct Map {
    sources: Vec<String>,
    mappings: String,
}

impl Lines {
    /// Reads a map that is in `directory`; sources below `root` are named from there.
    pub(super) fn read(text: &str, directory: &Path, root: &Path) -> anyhow::Result<Self> {
        let map: Map = mayfly_json::read(text, LIMITS)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("cannot read the source map")?;
        let sources = map
            .sources
            .iter()
            .map(|source| sdk::without_place(&shown(&directory.join(source), root)))
            .collect();
        let numbers = numbers(&map.mappings);
        let mut mappings = map.mappings;
        if mappings.len() > MAPPINGS_BYTES {
            mappings.clear();
        }
        Ok(Self {
            sources,
            numbers,
            mappings,
        })
    }

    /// The place in the sources of a line of the bundle, counted from 1.
    pub(super) fn place(&self, line: usize) -> Option<String> {
        let pair = line.checked_sub(1)?.checked_mul(2)?;
        let (source, line) = (self.numbers.get(pair)?, *self.numbers.get(pair + 1)?);
        let source = self.sources.get(*source as usize)?;
        (line > 0).then(|| format!("{source}:{line}"))
    }
}

/// A path without `..`, from the root if it is below.
fn shown(path: &Path, root: &Path) -> String {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
        .strip_prefix(root)
        .unwrap_or(&plain)
        .display()
        .to_string()
}

/// Every segment counts on from the one before, over the ends of lines. The bundler begins a line that begins with nothing of its own by
/// saying again where the line before ended: that is passed over.
fn numbers(mappings: &str) -> Vec<u32> {
    let (mut source, mut line) = (0_i64, 0_i64);
    let mut numbers = Vec::new();
    for group in mappings.split(';') {
        let mut first = None;
        let mut repeated = None;
        for segment in group.split(',') {
            let fields = segment_fields(segment);
            if let [column, source_by, line_by, column_by, ..] = fields.as_slice() {
                source += source_by;
                line += line_by;
                let place = (source, line + 1);
                if [column, source_by, line_by, column_by] == [&0; 4] {
                    repeated.get_or_insert(place);
                } else {
                    first.get_or_insert(place);
                }
            }
        }
        let (source, line) = first.or(repeated).unwrap_or((0, 0));
        numbers.push(u32::try_from(source).unwrap_or(0));
        numbers.push(u32::try_from(line).unwrap_or(0));
    }
    numbers
}

/// Numbers of five bits a digit, the least first; the lowest bit is the sign.
fn segment_fields(segment: &str) -> Vec<i64> {
    let (mut value, mut shift) = (0_i64, 0_u32);
    let mut fields = Vec::new();
    for byte in segment.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        value |= i64::from(digit & 31).checked_shl(shift).unwrap_or(0);
        if digit & 32 != 0 {
            shift += 5;
            continue;
        }
        let magnitude = value >> 1;
        fields.push(if value & 1 == 1 {
            -magnitude
        } else {
            magnitude
        });
        (value, shift) = (0, 0);
    }
    fields
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn each_line_has_the_place_of_its_first_code() {
        let map = r#"{"version":3,"sources":["../src/a.ts","../../x/b.js"],"mappings":";AAAA;CACA,EAAE;;ACFF"}"#;
        let lines = Lines::read(map, Path::new("/app/build"), Path::new("/app")).unwrap();
        assert_eq!(lines.sources, ["src/a.ts", "/x/b.js"]);
        let places: Vec<_> = (1..=5).map(|line| lines.place(line)).collect();
        let place = |text: &str| Some(text.to_owned());
        assert_eq!(
            places,
            [None, place("src/a.ts:1"), place("src/a.ts:2"), None, None]
        );
        assert_eq!((lines.place(0), lines.place(99)), (None, None));
    }

    #[test]
    fn a_line_that_begins_with_the_end_of_the_one_before_has_its_own_place() {
        // As esbuild writes it: the second line's first segment says again what the first line's last one said.
        let map = r#"{"sources":["a.js"],"mappings":"AAAA,IAAI;AAAA,EACE;AAAA"}"#;
        let lines = Lines::read(map, Path::new("/app"), Path::new("/app")).unwrap();
        let places: Vec<_> = (1..=3).filter_map(|line| lines.place(line)).collect();
        assert_eq!(places, ["a.js:1", "a.js:2", "a.js:2"]);
    }

    #[test]
    fn large_and_negative_numbers_are_read() {
        assert_eq!(segment_fields("gBAAD"), [16, 0, 0, -1]);
        assert!(segment_fields("").is_empty());
    }
}
