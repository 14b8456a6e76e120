//! What the services say: JSON documents by path, and what was done to them.
//!
//! | request | answer |
//! |---|---|
//! | `GET PATH` | the document: what was put there, or what the seed says of the path; else 404 |
//! | `PUT PATH` | the body is the document now: 200 |
//! | `DELETE PATH` | there is no document now: 204 |
//! | `POST PATH` with `{"id": "x", …}` | the body is the document `PATH/x` now: 201; 409 when there is one. Without an id it gets a number |
//! | anything below `/_echo` | the request: method, target, headers, body |
//! | `GET /_posts/PATH/x` | how often a document of that id was posted: `{"times": n}` |
//! | `GET /_health` | 200 |
//!
//! A seed `http/SERVICE.json` is an object of documents by path. A path may have parameters, which stand in the texts of its document:
//! `{"/students/{id}": {"studentId": "{id}", "status": "ENROLLED"}}`; `null` is no document. A path as it is goes before one with
//! parameters. With a data directory what is written is kept in its file `http.jsonl`, a line for each change.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::{Answer, Request};

/// The documents of a seed, by service and path.
pub(crate) type Seed = BTreeMap<String, BTreeMap<String, Value>>;

/// The documents of all services.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    seed: Seed,
    written: Mutex<Written>,
}

#[derive(Debug, Default)]
struct Written {
    /// By service and path; none where a document was deleted.
    documents: HashMap<String, Option<Value>>,
    /// How often a document was posted.
    posts: HashMap<String, u64>,
    /// Numbers given as ids.
    numbers: u64,
    /// Where changes are kept, if they are.
    log: Option<File>,
}

/// A change, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Change {
    path: String,
    /// What the document is now; none where there is none any more, or where it stays.
    document: Option<Value>,
    /// Whether it was posted.
    posted: bool,
}

impl Documents {
    pub(crate) fn new(seed: Seed) -> Self {
        Self {
            seed,
            written: Mutex::default(),
        }
    }

    /// The same with what was written before, in a file that keeps what is written from now on.
    pub(crate) fn keeping(seed: Seed, file: &Path) -> io::Result<Self> {
        let mut written = Written::default();
        let before = if file.exists() {
            fs::read_to_string(file)?
        } else {
            String::new()
        };
        // A last line that was cut off was never answered.
        for line in before
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            written.apply(serde_json::from_str(line)?);
        }
        written.log = Some(File::options().create(true).append(true).open(file)?);
        Ok(Self {
            seed,
            written: Mutex::new(written),
        })
    }

    /// Carries a request out.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let path = request.target.split('?').next().unwrap_or_default();
        let inner = path.get(1..).unwrap_or_default();
        let (service, rest) = inner.split_once('/').unwrap_or((inner, ""));
        match (request.method.as_str(), rest) {
            (_, rest) if rest == "_echo" || rest.starts_with("_echo/") => echo(request),
            ("GET" | "HEAD", "_health") => Answer::json(200, &json!({ "status": "ok" })),
            ("GET", rest) if rest.starts_with("_posts/") => {
                let document = rest.trim_start_matches("_posts");
                let times = self
                    .written
                    .lock()
                    .posts
                    .get(&format!("/{service}{document}"))
                    .copied();
                Answer::json(200, &json!({ "times": times.unwrap_or(0) }))
            }
            ("GET" | "HEAD", _) => match self.find(service, path) {
                Some(document) => Answer::json(200, &document),
                None => not_found(),
            },
            ("PUT", _) => self.put(path, &request.body),
            ("DELETE", _) => {
                self.written.lock().change(path, None, false);
                Answer {
                    status: 204,
                    headers: Vec::new(),
                    body: Vec::new(),
                }
            }
            ("POST", _) => self.post(path, &request.body),
            _ => Answer::json(405, &json!({ "error": "method not allowed" })),
        }
    }

    fn find(&self, service: &str, path: &str) -> Option<Value> {
        if let Some(written) = self.written.lock().documents.get(path) {
            return written.clone();
        }
        let documents = self.seed.get(service)?;
        let own = path.strip_prefix('/')?.strip_prefix(service)?;
        let found = match documents.get(own) {
            Some(document) => document.clone(),
            None => documents
                .iter()
                .find_map(|(template, document)| filled(template, own, document))?,
        };
        Some(found).filter(|document| !document.is_null())
    }

    fn put(&self, path: &str, body: &[u8]) -> Answer {
        let Ok(document) = serde_json::from_slice::<Value>(body) else {
            return Answer::json(400, &json!({ "error": "the body is not JSON" }));
        };
        let answer = Answer::json(200, &document);
        self.written.lock().change(path, Some(document), false);
        answer
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        let Ok(mut document) = serde_json::from_slice::<Value>(body) else {
            return Answer::json(400, &json!({ "error": "the body is not JSON" }));
        };
        let mut written = self.written.lock();
        let id = match document.get("id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => {
                written.numbers += 1;
                written.numbers.to_string()
            }
        };
        if let Some(object) = document.as_object_mut() {
            object.insert("id".to_owned(), json!(id));
        }
        let at = format!("{path}/{id}");
        if written.documents.get(&at).is_some_and(Option::is_some) {
            let known = written.documents.get(&at).cloned().flatten();
            written.change(&at, known, true);
            return Answer::json(409, &json!({ "error": "a document with that id exists" }));
        }
        let mut answer = Answer::json(201, &document);
        answer.headers.push(("location", at.clone()));
        written.change(&at, Some(document), true);
        answer
    }
}

impl Written {
    fn change(&mut self, path: &str, document: Option<Value>, posted: bool) {
        let change = Change {
            path: path.to_owned(),
            document,
            posted,
        };
        if let Some(log) = &mut self.log {
            let line = serde_json::to_string(&change).map(|line| line + "\n");
            let kept = line
                .map_err(io::Error::from)
                .and_then(|line| log.write_all(line.as_bytes()));
            if let Err(error) = kept {
                tracing::error!(%error, "a change of a document could not be kept");
            }
        }
        self.apply(change);
    }

    fn apply(&mut self, change: Change) {
        if change.posted {
            *self.posts.entry(change.path.clone()).or_default() += 1;
        }
        self.documents.insert(change.path, change.document);
    }
}

fn not_found() -> Answer {
    Answer::json(404, &json!({ "error": "not found" }))
}

fn echo(request: &Request) -> Answer {
    let headers: serde_json::Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let body = String::from_utf8_lossy(&request.body);
    let said = json!({ "method": request.method, "target": request.target, "headers": headers, "body": body });
    Answer::json(200, &said)
}

/// The document of a path with parameters, with their values.
fn filled(template: &str, path: &str, document: &Value) -> Option<Value> {
    let (names, values): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if names.len() != values.len() {
        return None;
    }
    let mut given = Vec::new();
    for (name, value) in names.into_iter().zip(values) {
        if name.starts_with('{') && name.ends_with('}') {
            given.push((name, value));
        } else if name != value {
            return None;
        }
    }
    Some(with_values(document, &given))
}

fn with_values(document: &Value, given: &[(&str, &str)]) -> Value {
    match document {
        Value::String(text) => {
            let filled = given.iter().fold(text.clone(), |text, (name, value)| {
                text.replace(name, value)
            });
            Value::String(filled)
        }
        Value::Array(values) => values
            .iter()
            .map(|value| with_values(value, given))
            .collect(),
        Value::Object(values) => values
            .iter()
            .map(|(name, value)| (name.clone(), with_values(value, given)))
            .collect(),
        other => other.clone(),
    }
}
