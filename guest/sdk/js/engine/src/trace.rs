//! From lines of the bundle to those of the sources.

use std::cell::RefCell;

/// What QuickJS calls the module's code.
pub(crate) const BUNDLE: &str = "mayfly-bundle.js";

/// For each line of the bundle the source, by its number, and the line in it; a line of 0 stands for none.
#[derive(Default)]
pub(crate) struct Lines {
    sources: Vec<String>,
    lines: Vec<(u32, u32)>,
}

thread_local! {
    /// Used while the engine is being made, when `ENGINE` is not there yet.
    static MAKING: RefCell<Lines> = RefCell::default();
}

impl Lines {
    /// `numbers` are pairs: a source and a line.
    pub(crate) fn new(sources: Vec<String>, numbers: &[u32]) -> Self {
        let lines = numbers
            .chunks_exact(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
            .collect();
        Self { sources, lines }
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
            match self.source(line) {
                Some((source, line)) => {
                    translated.push_str(source);
                    translated.push_str(&format!(":{line}"));
                }
                None => translated.push_str(&format!("{BUNDLE}:{line}:{column}")),
            }
            rest = end;
        }
        translated.push_str(rest);
        translated
    }

    fn source(&self, line: usize) -> Option<(&str, u32)> {
        let &(source, line) = self.lines.get(line.checked_sub(1)?)?;
        let source = self.sources.get(source as usize)?;
        (line > 0).then_some((source, line))
    }
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
