//! `[limits]`: how large, deep and costly one document and its response may be.

use crate::reader::{Table, count};

/// `[limits]`. The defaults admit what applications send, and the full introspection query of common tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `tokens` of the text. Default 10,000; a page of hand-written query has a few hundred.
    pub tokens: usize,
    /// `nesting` of brackets of any kind in the text. Default 64. Parsing, validating and planning recurse this deep, so at most
    /// 200, which stays well below what a 2 MiB stack holds.
    pub nesting: usize,
    /// `expansion`: selected fields once every fragment is written out, in the largest operation. Default 10,000.
    pub expansion: usize,
    /// `depth` of selected fields, fragments written out. Default 32.
    pub depth: usize,
    /// `aliases` in the document. Default 100.
    pub aliases: usize,
    /// `directives` in the document. Default 100.
    pub directives: usize,
    /// `root_fields` of one operation, fragments written out. Default 32.
    pub root_fields: usize,
    /// `complexity`: fields an answer may hold. An operation that may answer with more is refused, its lists reckoned with the lengths
    /// their arguments say; a module's answer with which it would hold more nevertheless is null, with an error. Default 100,000.
    pub complexity: u64,
    /// `list_size`: elements assumed of a list none of whose arguments says how many it has. Default 10.
    pub list_size: u64,
    /// `plan`: bytes of one prepared operation, which holds a field once for each type it may be found on. Default 2 MiB, some seven
    /// thousand fields. An operation under way may hold so much besides what it exchanges.
    pub plan_bytes: usize,
    /// `response`: bytes of one response, in which an error counts 256 more, and an object that another module adds to 256 and what
    /// the module is given of it. Default 4 MiB.
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
        let mut read = |key: &str, value: &mut usize, most: u64| {
            *value = count(table.number(key, *value as u64, 1..=most))
        };
        read("tokens", &mut limits.tokens, 1_000_000);
        // The parser recurses once per level: 200 levels fit its stack with room to spare, 500 do not.
        read("nesting", &mut limits.nesting, 200);
        read("expansion", &mut limits.expansion, 10_000_000);
        read("depth", &mut limits.depth, 60);
        read("aliases", &mut limits.aliases, 100_000);
        read("directives", &mut limits.directives, 100_000);
        read("root_fields", &mut limits.root_fields, 10_000);
        limits.complexity = table.number("complexity", limits.complexity, 1..=u64::MAX >> 1);
        limits.list_size = table.number("list_size", limits.list_size, 1..=1_000_000);
        limits.plan_bytes = count(table.size("plan", limits.plan_bytes as u64, 64 << 10..=1 << 30));
        limits.response_bytes =
            count(table.size("response", limits.response_bytes as u64, 1_024..=1 << 30));
        table.finish();
        limits
    }
}
