//! Documents written by hand: many to a file, a blank line between them.
//!
//! ```text
//! # for readers of the file
//! ## 5.4.2 Required arguments        a heading: what follows belongs to it
//!
//! query ($id: ID!) { cat(id: $id) { name } }
//! $ {"id": "cat-1"}                  asked once for each such line, and without variables if there is none
//! $ {}
//! @ Name                             the operation's name
//! ! data                             among the differences: what differs
//!
//! "{ cat }\r\n"                      a document as a JSON string, for characters that are hard to see
//! ```

use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A request, and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) query: String,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Option<Value>,
    /// The kind of difference that is expected of a documented one.
    pub(crate) difference: Option<String>,
}

impl Case {
    /// A request someone made up.
    pub(crate) fn of(name: String, request: &Value) -> Self {
        Self {
            name,
            query: request["query"].as_str().unwrap().to_owned(),
            operation_name: request["operationName"].as_str().map(str::to_owned),
            variables: request.get("variables").cloned(),
            difference: None,
        }
    }

    /// The request's JSON.
    pub(crate) fn request(&self) -> Value {
        let mut request = Map::from_iter([("query".to_owned(), json!(self.query))]);
        if let Some(name) = &self.operation_name {
            request.insert("operationName".to_owned(), json!(name));
        }
        if let Some(variables) = &self.variables {
            request.insert("variables".to_owned(), variables.clone());
        }
        request.into()
    }
}

/// The cases of a file, or of all files of a folder, beside this one.
pub(crate) fn read(name: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("conformance")
        .join(name);
    let mut files: Vec<PathBuf> = if path.is_dir() {
        fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    } else {
        vec![path]
    };
    files.sort();
    files.iter().flat_map(|file| cases(file)).collect()
}

fn cases(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap();
    let mut cases = Vec::new();
    let mut heading = "";
    let mut block: Vec<(usize, &str)> = Vec::new();
    for (index, line) in text.lines().chain([""]).enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title;
        } else if line.starts_with("# ") {
        } else if !line.is_empty() {
            block.push((index + 1, line));
        } else if let Some((first, _)) = block.first() {
            let place = format!("{}:{first} {heading}", file.file_name().unwrap().display());
            cases.extend(of_block(&place, &block));
            block.clear();
        }
    }
    cases
}

/// The document of a block, once for each of its variables.
fn of_block(place: &str, block: &[(usize, &str)]) -> Vec<Case> {
    let with = |mark: &str| {
        block
            .iter()
            .filter_map(move |(_, line)| line.strip_prefix(mark))
            .collect::<Vec<_>>()
    };
    let is_document = |line: &&str| !["$ ", "@ ", "! "].iter().any(|mark| line.starts_with(mark));
    let mut query = block
        .iter()
        .map(|(_, line)| *line)
        .filter(is_document)
        .collect::<Vec<_>>()
        .join("\n");
    if query.starts_with('"') {
        query = serde_json::from_str(&query).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    let first = |mark| with(mark).first().map(|text| (*text).to_owned());
    let case = Case {
        name: place.to_owned(),
        query,
        operation_name: first("@ "),
        variables: None,
        difference: first("! "),
    };
    let variables = with("$ ");
    if variables.is_empty() {
        return vec![case];
    }
    let variables = variables.iter().map(|text| {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}: {text}"))
    });
    variables
        .map(|variables| Case {
            variables: Some(variables),
            ..case.clone()
        })
        .collect()
}
