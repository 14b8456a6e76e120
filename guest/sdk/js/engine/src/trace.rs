//! From places in the bundle to those in the sources.

use std::cell::RefCell;

/// What QuickJS calls the module's code.
pub(crate) const BUNDLE: &str = "mayfly-bundle.js";

/// The source map, as far as stack traces need it.
#[derive(Default)]
pub(crate) struct Lines {
    sources: Vec<String>,
    /// For each line of the bundle the source, by its number, and the line in it; a line of 0 stands for none.
    lines: Vec<(u32, u32)>,
    /// The mappings of a source map, which are read when there is an error to tell of; empty for a bundle that is too large.
    mappings: String,
}

thread_local! {
    /// Used while the engine is being made, when `ENGINE` is not there yet.
    static MAKING: RefCell<Lines> = RefCell::default();
}

impl Lines {
    /// `numbers` are pairs: a source and a line.
    pub(crate) fn new(sources: Vec<String>, numbers: &[u32], mappings: String) -> Self {
        let lines = numbers
            .chunks_exact(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
            .collect();
        Self {
            sources,
            lines,
            mappings,
        }
    }

    pub(crate) fn keep_while_making(self) {
        MAKING.set(self);
    }

    pub(crate) fn made() -> Self {
        MAKING.take()
    }

    /// The text with every place in the bundle replaced by the one in the source.
    fn translate(&self, text: &str) -> String {
        let mut translated = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = rest.find(BUNDLE) {
            let (before, after) = rest.split_at(found);
            translated.push_str(before);
            let after = after.strip_prefix(BUNDLE).unwrap_or(after);
            let (line, column, end) = place(after);
            match self.exact(line, column).or_else(|| self.by_line(line)) {
                Some(place) => translated.push_str(&place),
                None => translated.push_str(&format!("{BUNDLE}:{line}:{column}")),
            }
            rest = end;
        }
        translated.push_str(rest);
        translated
    }

    /// The place of a line's first code.
    fn by_line(&self, line: usize) -> Option<String> {
        let &(source, line) = self.lines.get(line.checked_sub(1)?)?;
        let source = self.sources.get(source as usize)?;
        (line > 0).then(|| format!("{source}:{line}"))
    }

    /// The place of the last segment of a line that begins at a column or before.
    fn exact(&self, line: usize, column: usize) -> Option<String> {
        let (wanted_line, wanted_column) = (line.checked_sub(1)?, column.checked_sub(1)?);
        let (mut source, mut source_line, mut source_column) = (0_i64, 0_i64, 0_i64);
        for (at, group) in self.mappings.split(';').enumerate().take(line) {
            let mut column = 0;
            let mut found = None;
            for segment in group.split(',') {
                let mut fields = [0_i64; 5];
                let count = segment_fields(segment, &mut fields);
                let [column_by, source_by, line_by, source_column_by, _] = fields;
                column += column_by;
                if count < 4 {
                    continue;
                }
                source += source_by;
                source_line += line_by;
                source_column += source_column_by;
                if at == wanted_line && usize::try_from(column).is_ok_and(|c| c <= wanted_column) {
                    found = Some((source, source_line + 1, source_column + 1));
                }
            }
            if let Some((source, line, column)) = found {
                let source = self.sources.get(usize::try_from(source).ok()?)?;
                return Some(format!("{source}:{line}:{column}"));
            }
        }
        None
    }
}

/// Numbers of five bits a digit, the least first; the lowest bit is the sign. How many there are.
fn segment_fields(segment: &str, fields: &mut [i64; 5]) -> usize {
    let (mut value, mut shift) = (0_i64, 0_u32);
    let mut count = 0;
    for byte in segment.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        value |= i64::from(digit & 31).checked_shl(shift).unwrap_or(0);
        shift += 5;
        if digit & 32 == 0 {
            let magnitude = value >> 1;
            if let Some(field) = fields.get_mut(count) {
                *field = if value & 1 == 1 {
                    -magnitude
                } else {
                    magnitude
                };
            }
            count += 1;
            (value, shift) = (0, 0);
        }
    }
    count
}

/// Reads `:12:5`, and gives what follows it.
fn place(text: &str) -> (usize, usize, &str) {
    let (line, rest) = number(text);
    let (column, rest) = number(rest);
    (line, column, rest)
}

fn number(text: &str) -> (usize, &str) {
    let Some(digits) = text.strip_prefix(':') else {
        return (0, text);
    };
    let end = digits
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    number.parse().map_or((0, text), |number| (number, rest))
}

/// The text with places of the bundle replaced by those of the sources.
pub(crate) fn translate(text: String) -> String {
    if !text.contains(BUNDLE) {
        return text;
    }
    crate::ENGINE.with(|engine| match engine.get() {
        Some(engine) => engine.lines.translate(&text),
        None => MAKING.with_borrow(|lines| lines.translate(&text)),
    })
}

/// A stack with what happened before it. Where the prelude made it, it begins with that.
pub(crate) fn whole(what: &str, stack: String) -> String {
    if stack.contains(what) {
        stack
    } else {
        format!("{what}\n{stack}")
    }
}
