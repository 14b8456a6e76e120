//! `[limits]`: how large, deep and costly one document and its response may be.

use crate::key::Key;
use crate::reader::{Table, count};

const COMPLEXITY: Key<'_> = Key::new(
    "complexity",
    "Fields an answer may hold. An operation that may answer with more is refused, where lists count with the lengths that \
     their arguments give; a module's answer that exceeds it anyway is null, with an error.",
);
const PLAN: Key<'_> = Key::new(
    "plan",
    "Bytes of one prepared operation, which holds a field once for each type it may be found on; the default is about seven thousand \
     fields. An operation under way may hold this much besides what it exchanges.",
);
const RESPONSE: Key<'_> = Key::new(
    "response",
    "Bytes of one response, in which an error counts 256 more, and an object that another module adds to 256 and what that module \
     gets of it.",
);

/// `[limits]`. The defaults admit what applications send, and the full introspection query of common tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub tokens: usize,
    /// `nesting`. Parsing, validating and planning recurse this deep, so at most 200, which stays well below what a 2 MiB stack holds.
    pub nesting: usize,
    pub expansion: usize,
    pub depth: usize,
    pub aliases: usize,
    pub directives: usize,
    pub root_fields: usize,
    pub complexity: u64,
    pub list_size: u64,
    /// `plan`.
    pub plan_bytes: usize,
    /// `response`.
    pub response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 10_000,
            nesting: 64,
            expansion: 10_000,
            depth: 32,
            aliases: 100,
            directives: 100,
            root_fields: 32,
            complexity: 100_000,
            list_size: 10,
            plan_bytes: 2 << 20,
            response_bytes: 4 << 20,
        }
    }
}

impl Limits {
    pub(crate) fn read(table: Option<Table<'_>>) -> Self {
        let mut limits = Self::default();
        let Some(mut table) = table else {
            return limits;
        };
        let mut read = |key: Key<'_>, value: &mut usize, most: u64| {
            *value = count(table.number(key, *value as u64, 1..=most))
        };
        read(
            Key::new(
                "tokens",
                "Tokens of the text; a page of hand-written query has a few hundred.",
            ),
            &mut limits.tokens,
            1_000_000,
        );
        // The parser recurses once per level: 200 levels fit its stack with room to spare, 500 do not.
        read(
            Key::new("nesting", "Nested brackets of any kind."),
            &mut limits.nesting,
            200,
        );
        read(
            Key::new(
                "expansion",
                "Selected fields in the largest operation, with fragments expanded.",
            ),
            &mut limits.expansion,
            10_000_000,
        );
        read(
            Key::new("depth", "Nested selected fields, with fragments expanded."),
            &mut limits.depth,
            60,
        );
        read(
            Key::new("aliases", "Aliases in the document."),
            &mut limits.aliases,
            100_000,
        );
        read(
            Key::new("directives", "Directives in the document."),
            &mut limits.directives,
            100_000,
        );
        read(
            Key::new(
                "root_fields",
                "Root fields of one operation, with fragments expanded.",
            ),
            &mut limits.root_fields,
            10_000,
        );
        limits.complexity = table.number(COMPLEXITY, limits.complexity, 1..=u64::MAX >> 1);
        limits.list_size = table.number(
            Key::new(
                "list_size",
                "Elements assumed of a list if none of its arguments says how many it has.",
            ),
            limits.list_size,
            1..=1_000_000,
        );
        limits.plan_bytes = count(table.size(PLAN, limits.plan_bytes as u64, 64 << 10..=1 << 30));
        limits.response_bytes =
            count(table.size(RESPONSE, limits.response_bytes as u64, 1_024..=1 << 30));
        table.finish();
        limits
    }
}
