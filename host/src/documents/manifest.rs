//! A manifest: the documents that the operator's own clients were built with, in any of the forms that their tools write.
//!
//! - Apollo's: `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id", "body", …}]}`;
//! - Relay's and GraphQL Code Generator's: `{"ID": "document", …}`.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use mayfly_config::{Documents, Problem, file};
use mayfly_graphql::Engine;
use mayfly_json::{Kind, Limits, Tree, Value};

/// The largest manifest, in bytes: several thousand documents.
const MOST_BYTES: u64 = 16 << 20;

/// What a document takes beside its text and its id: its places in two tables.
const ENTRY_BYTES: u64 = 128;

/// What Apollo's manifests call themselves.
const APOLLO_FORMAT: &str = "apollo-persisted-query-manifest";

const REMEDY: &str = "write the file with Relay's compiler, Apollo's generate-persisted-query-manifest, or GraphQL Code Generator's client preset";

/// The documents of a manifest.
#[derive(Debug)]
pub struct TrustedDocuments {
    /// In order, so that what is told of them is.
    by_id: BTreeMap<String, Arc<str>>,
    texts: HashSet<Arc<str>>,
    enforces: bool,
}

impl TrustedDocuments {
    /// Reads the manifest that the configuration names.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is in no form that is known.
    pub fn load(config: &Documents) -> Result<Option<Self>, Problem> {
        let Some(path) = &config.manifest else {
            return Ok(None);
        };
        let documents = read(path).map_err(|message| Problem::of_file(path, message))?;
        Ok(Some(Self::new(documents, config.trusted_only)))
    }

    fn new(by_id: BTreeMap<String, Arc<str>>, enforces: bool) -> Self {
        Self {
            texts: by_id.values().cloned().collect(),
            by_id,
            enforces,
        }
    }

    /// What they take, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let each = self.iter().map(|(id, text)| id.len() + text.len());
        each.map(|bytes| bytes as u64 + ENTRY_BYTES).sum()
    }

    /// Whether other documents are refused.
    #[must_use]
    pub fn enforces(&self) -> bool {
        self.enforces
    }

    /// The document of this name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<str>> {
        self.by_id.get(id).cloned()
    }

    /// Whether this document is one of them.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// Those that a schema does not know how to answer: their ids, places and what is wrong with each.
    #[must_use]
    pub fn invalid(&self, engine: &Engine) -> Vec<String> {
        let documents = self.iter().filter_map(|(id, text)| {
            let errors = engine.check_document(text).err()?;
            let first = errors.errors().first()?;
            let at = first.locations.first().map_or_else(String::new, |at| {
                format!(", line {}, column {}", at.line, at.column)
            });
            Some(format!("document \"{id:.80}\"{at}: {}", first.error))
        });
        documents.collect()
    }

    /// Every document with its id, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_id
            .iter()
            .map(|(id, text)| (id.as_str(), text.as_ref()))
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Arc<str>>, String> {
    let bytes = file::read_bytes(path, MOST_BYTES)
        .map_err(|error| format!("cannot be read: {error}; correct `documents.manifest`"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("is not UTF-8; {REMEDY}"))?;
    let limits = Limits::of_bytes(text.len());
    let tree =
        Tree::read(text, limits).map_err(|error| format!("is not JSON: {error}; {REMEDY}"))?;
    let root = tree.root();
    let documents = match root.get("format").and_then(Value::as_str) {
        Some(format) if format == APOLLO_FORMAT => apollo(root),
        Some(_) if root.get("operations").is_some() => {
            return Err(format!("is a manifest of an unknown format; {REMEDY}"));
        }
        _ => by_id(root),
    };
    let documents = documents.map_err(|what| format!("{what}; {REMEDY}"))?;
    if documents.is_empty() {
        return Err(format!("has no document; {REMEDY}"));
    }
    let mut by_id: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for (id, text) in documents {
        if by_id.get(&id).is_some_and(|known| *known != text) {
            return Err(format!(
                "has two different documents with the id \"{id:.80}\"; {REMEDY}"
            ));
        }
        by_id.insert(id, text);
    }
    Ok(by_id)
}

fn apollo(root: Value<'_>) -> Result<Vec<(String, Arc<str>)>, String> {
    if root.get("version").and_then(Value::as_u64) != Some(1) {
        return Err("is not of version 1".to_owned());
    }
    let operations = root
        .get("operations")
        .and_then(Value::elements)
        .ok_or("lacks the list `operations`")?;
    let documents = operations.enumerate().map(|(index, operation)| {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        match (text("id"), text("body")) {
            (Some(id), Some(body)) => Ok((id.into_owned(), Arc::from(body.as_ref()))),
            _ => Err(format!("lacks `id` or `body` in operation {}", index + 1)),
        }
    });
    documents.collect()
}

fn by_id(root: Value<'_>) -> Result<Vec<(String, Arc<str>)>, String> {
    let members = root.members().ok_or_else(|| {
        format!(
            "is {}, not an object of documents by name",
            name(root.kind())
        )
    })?;
    let documents = members.map(|(key, value)| {
        let key = key.value().into_owned();
        match value.as_str() {
            Some(text) => Ok((key, Arc::from(text.as_ref()))),
            None => Err(format!(
                "has {} in place of the document \"{key:.60}\"",
                name(value.kind())
            )),
        }
    });
    documents.collect()
}

fn name(kind: Kind) -> &'static str {
    kind.name()
}
