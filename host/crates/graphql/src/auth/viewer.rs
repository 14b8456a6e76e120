//! What is known of a caller.

use mayfly_json::{Limits, Tree, Value};

/// Who asks.
#[derive(Debug)]
pub struct Viewer {
    pub(super) kind: ViewerKind,
    pub(super) claims: Option<Tree<'static>>,
    pub(super) groups: Vec<String>,
    pub(super) scopes: Vec<String>,
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
            groups: Vec::new(),
            scopes: Vec::new(),
        }
    }

    /// A caller with claims, a JSON object that is believed.
    #[must_use]
    pub fn with_claims(kind: ViewerKind, claims: &str) -> Self {
        let tree = Tree::read(claims.to_owned(), Limits::of_bytes(claims.len())).ok();
        let said = |names: [&str; 2], split: bool| {
            let root = tree.as_ref().map(Tree::root);
            let values = names
                .into_iter()
                .filter_map(|name| root.and_then(|root| root.get(name)));
            values.flat_map(|value| texts(value, split)).collect()
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

/// The texts of a claim.
fn texts(value: Value<'_>, split: bool) -> Vec<String> {
    let all: Vec<String> = match value.elements() {
        Some(elements) => elements
            .filter_map(|element| element.as_str().map(|text| text.into_owned()))
            .collect(),
        None => value
            .as_str()
            .map(|text| text.into_owned())
            .into_iter()
            .collect(),
    };
    if !split {
        return all;
    }
    all.iter()
        .flat_map(|text| text.split_ascii_whitespace())
        .map(str::to_owned)
        .collect()
}
