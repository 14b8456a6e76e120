//! `dynamodb` in `[modules.NAME.grants]`: which tables a module may reach; none by default.

use std::collections::{BTreeMap, BTreeSet};

use mayfly_config::reader::{Key, Table, TextsOrTable};

/// What a module may do with a DynamoDB table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `get`.
    Get,
    /// `batch-get`.
    BatchGet,
    /// `query`.
    Query,
    /// `put`, also inside a transaction.
    Put,
    /// `update`, also inside a transaction.
    Update,
    /// `delete`, also inside a transaction.
    Delete,
    /// `check`: a condition inside a transaction.
    Check,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 7] = [
        Self::Get,
        Self::BatchGet,
        Self::Query,
        Self::Put,
        Self::Update,
        Self::Delete,
        Self::Check,
    ];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::BatchGet => "batch-get",
            Self::Query => "query",
            Self::Put => "put",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Check => "check",
        }
    }
}

/// What a module may do, by table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableGrants(pub BTreeMap<String, TableGrant>);

const ACTIONS: Key<'_> = Key::new(
    "actions",
    "Any of `get`, `batch-get`, `query`, `put`, `update`, `delete` and, for conditions inside transactions, `check`.",
);
const KEY: Key<'_> = Key::new(
    "key",
    "The only partition the module may reach, bound to the caller, of the table and of indexes without a key of their own here: \
     `ATTRIBUTE = VALUE`, such as `PK = STUDENT#{claims.sub}`. Needs `[callers]`.",
);
const INDEX_KEYS: Key<'_> = Key::new(
    "index_keys",
    "The partitions that the module may reach in indexes with another partition key than the table's.",
);

/// `dynamodb.TABLE`: a list of actions, or a table with `actions`, `key` and `index_keys`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableGrant {
    pub actions: BTreeSet<Action>,
    /// `key`: the only partition the module may reach, of the table and of indexes without a key of their own here.
    pub key: Option<BoundKey>,
    /// `index_keys.INDEX`: the same for queries of an index with another partition key.
    pub index_keys: BTreeMap<String, BoundKey>,
}

/// A partition bound to the caller: `"PK = STUDENT#{claims.sub}"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundKey {
    /// The partition key's attribute, which holds text.
    pub attribute: String,
    /// What it has to be, in this order.
    pub parts: Vec<KeyPart>,
}

/// A part of a bound key's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// Text as it is written.
    Text(String),
    /// `{claims.NAME}`: a claim of the caller's token.
    Claim(String),
}

impl BoundKey {
    /// Reads `ATTRIBUTE = TEXT WITH {claims.NAME}`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, to follow the key's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "write ATTRIBUTE = VALUE, such as \"PK = STUDENT#{claims.sub}\"";
        let (attribute, value) = text
            .split_once('=')
            .ok_or_else(|| format!("binds nothing; {EXAMPLE}"))?;
        let (attribute, mut rest) = (attribute.trim(), value.trim());
        if attribute.is_empty() {
            return Err(format!("names no attribute; {EXAMPLE}"));
        }
        let mut parts = Vec::new();
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(KeyPart::Text(before.to_owned()));
            } else if matches!(parts.last(), Some(KeyPart::Claim(_))) {
                return Err("has two claims with nothing between them, so two callers may share a key; put text between".to_owned());
            }
            let (name, after) = after
                .split_once('}')
                .ok_or("has a `{` without `}`; write {claims.NAME}")?;
            let claim = name
                .strip_prefix("claims.")
                .filter(|claim| !claim.is_empty());
            parts.push(KeyPart::Claim(
                claim
                    .ok_or_else(|| format!("refers to `{{{name}}}`; write {{claims.NAME}}"))?
                    .to_owned(),
            ));
            rest = after;
        }
        if rest.contains('}') {
            return Err("has a `}` without `{`; write {claims.NAME}".to_owned());
        }
        if !rest.is_empty() {
            parts.push(KeyPart::Text(rest.to_owned()));
        }
        if !parts.iter().any(|part| matches!(part, KeyPart::Claim(_))) {
            return Err(format!("is the same for every caller; {EXAMPLE}"));
        }
        Ok(Self {
            attribute: attribute.to_owned(),
            parts,
        })
    }
}

impl TableGrants {
    /// Reads them; whether DynamoDB `is_reachable` is what the rest of the file says.
    pub(super) fn read(grants: &mut Table<'_>, is_reachable: bool) -> Self {
        let mut granted = Self::default();
        let key = Key::new(
            "dynamodb",
            "The tables that the module may reach. Needs `[dynamodb]`.",
        );
        let Some(mut tables) = grants.table(key) else {
            return granted;
        };
        for name in tables.names("TABLE") {
            let key = Key::new(&name, "What the module may do with the table.");
            let grant = match tables.texts_or_table(key) {
                TextsOrTable::Table(table) => TableGrant::read(table),
                TextsOrTable::Texts(words) => TableGrant {
                    actions: actions(&tables, &name, words),
                    ..TableGrant::default()
                },
            };
            granted.0.insert(name, grant);
        }
        if !is_reachable && !granted.0.is_empty() {
            tables.problem(format!(
                "`{}` grants tables, but there is no [dynamodb]; add it",
                grants.key(key.name)
            ));
        }
        granted
    }

    /// Whether anything depends on who the caller is.
    pub(super) fn need_callers(&self) -> bool {
        let mut grants = self.0.values();
        grants.any(|grant| grant.key.is_some() || !grant.index_keys.is_empty())
    }
}

impl TableGrant {
    fn read(mut table: Table<'_>) -> Self {
        if !table.has("actions") {
            table.problem(format!(
                "`{}` grants no `actions`; add actions = [\"get\"]",
                table.path
            ));
        }
        let words = table.texts(ACTIONS);
        let mut grant = Self {
            actions: actions(&table, ACTIONS.name, words),
            key: bound_key(&mut table, KEY),
            ..Self::default()
        };
        if let Some(mut indexes) = table.table(INDEX_KEYS) {
            for name in indexes.names("INDEX") {
                let key = Key::new(&name, "As `key`, for queries of the index.");
                let bound = bound_key(&mut indexes, key);
                grant.index_keys.extend(bound.map(|key| (name, key)));
            }
        }
        if grant.key.is_none() && !grant.index_keys.is_empty() {
            let path = &table.path;
            table.problem(format!("`{path}` binds indexes and leaves the table open; add key = \"PK = {{claims.sub}}\""));
        }
        table.finish();
        grant
    }
}

fn actions(table: &Table<'_>, key: &str, words: Vec<(usize, String)>) -> BTreeSet<Action> {
    let path = table.key(key);
    let mut actions = BTreeSet::new();
    for (at, word) in words {
        match Action::ALL
            .into_iter()
            .find(|action| action.as_str() == word)
        {
            Some(action) => drop(actions.insert(action)),
            None => {
                let known = Action::ALL.map(Action::as_str).join(", ");
                table.problem_at(
                    at,
                    format!("`{path}` grants the unknown action `{word}`; expected one of {known}"),
                );
            }
        }
    }
    actions
}

fn bound_key(table: &mut Table<'_>, key: Key<'_>) -> Option<BoundKey> {
    let (at, text) = table.text_at(key)?;
    match BoundKey::parse(&text) {
        Ok(key) => Some(key),
        Err(problem) => {
            table.problem_at(at, format!("`{}` {problem}", table.key(key.name)));
            // Left out, the grant would be wider than what was meant; the problem keeps the file from being used.
            None
        }
    }
}
