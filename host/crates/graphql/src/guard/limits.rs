//! How large, deep and costly an operation may be. Every limit is a key of `mayfly.toml` under `limits`.

/// The limits of the guard. The defaults admit what applications send and the full introspection query of common tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `limits.tokens`: tokens of the document's text. A page of hand-written query has a few hundred.
    pub tokens: usize,
    /// `limits.nesting`: brackets of any kind inside one another. Parsing, validating and planning recurse this deep, so it must
    /// stay well below what a 2 MiB stack holds; 200 is safe.
    pub nesting: usize,
    /// `limits.expansion`: selected fields once every fragment is written out, in the largest operation. Also bounds the plan,
    /// which holds a field once for each type it may be found on.
    pub expansion: usize,
    /// `limits.depth`: fields inside one another, fragments written out.
    pub depth: usize,
    /// `limits.aliases`: aliases in the document.
    pub aliases: usize,
    /// `limits.directives`: directives in the document.
    pub directives: usize,
    /// `limits.root_fields`: fields at the root of one operation, fragments written out.
    pub root_fields: usize,
    /// `limits.complexity`: fields an answer may hold, counting a list's fields once per element that may be there.
    pub complexity: u64,
    /// `limits.list_size`: elements assumed of a list none of whose arguments says how many it has.
    pub list_size: u64,
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
        }
    }
}
