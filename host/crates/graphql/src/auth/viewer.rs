//! What is known of a caller.

use mayfly_json::{Limits, Tree, Value};

/// Who asks.
#[derive(Debug)]
pub struct Viewer {
    pub(super) kind: ViewerKind,
    pub(super) claims: Option<Tree<'static>>,
    pub(super) groups: Words,
    pub(super) scopes: Words,
}

/// What claims say in words: the groups or the scopes of a caller.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) texts: Vec<String>,
    /// Whether something else stands there, too: what it means nobody can say, so nobody can say what is *not* among the words.
    pub(super) has_others: bool,
}

/// How they were recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerKind {
    /// Not at all.
    Anonymous,
    /// By a token of a user pool of Cognito.
    UserPool,
    /// By a token of another issuer.
    Token,
    ApiKey,
}

/// Where tokens say groups, each a list or a text.
const GROUPS: [&str; 2] = ["groups", "cognito:groups"];

/// Where tokens say scopes, each a list, or a text with spaces between them.
const SCOPES: [&str; 2] = ["scope", "scp"];

impl Viewer {
    /// Nobody who is known.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self {
            kind: ViewerKind::Anonymous,
            claims: None,
            groups: Words::EMPTY,
            scopes: Words::EMPTY,
        }
    }

    /// A caller with claims, a JSON object that is believed.
    #[must_use]
    pub fn with_claims(kind: ViewerKind, claims: &str) -> Self {
        let tree = Tree::read(claims.to_owned(), Limits::of_bytes(claims.len())).ok();
        let said = |names: [&str; 2], split: bool| {
            let mut words = Words {
                has_others: tree.is_none(),
                ..Words::EMPTY
            };
            let root = tree.as_ref().map(Tree::root);
            names
                .into_iter()
                .filter_map(|name| root?.get(name))
                .for_each(|value| words.add(value, split));
            words
        };
        let (groups, scopes) = (said(GROUPS, false), said(SCOPES, true));
        Self {
            kind,
            groups,
            scopes,
            claims: tree,
        }
    }
}

impl Words {
    const EMPTY: Self = Self {
        texts: Vec::new(),
        has_others: false,
    };

    /// Adds what a claim says: a text, or a list of texts.
    fn add(&mut self, value: Value<'_>, split: bool) {
        match value.elements() {
            Some(elements) => elements.for_each(|element| self.add_text(element, split)),
            None => self.add_text(value, split),
        }
    }

    fn add_text(&mut self, value: Value<'_>, split: bool) {
        match value.as_str() {
            Some(text) if split => {
                let words = text.split_ascii_whitespace();
                self.texts.extend(words.map(str::to_owned));
            }
            Some(text) => self.texts.push(text.into_owned()),
            None => self.has_others = true,
        }
    }
}
