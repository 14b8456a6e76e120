//! Reads a GraphQL request from HTTP: JSON by POST, parameters by GET.
//!
//! Only `application/json` is read by POST. A browser sends that to another site only after asking it, so no page can make a
//! visitor's browser send a mutation.

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use mayfly_error::Error;
use mayfly_json::{Kind, Limits, Members, Tree};
use serde::Deserialize;

use crate::documents::{Named, is_same_name};

/// A request that is no GraphQL request: its status and its error.
pub(super) type Refusal = (StatusCode, Error);

/// The body of a POST, before its parts are checked: the text of each.
#[derive(Default)]
struct Body<'a> {
    query: Option<&'a str>,
    operation_name: Option<&'a str>,
    variables: Option<&'a str>,
    extensions: Option<&'a str>,
    /// The document's name: `documentId`, or what other clients call it.
    document_id: Option<&'a str>,
    doc_id: Option<&'a str>,
    id: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        let mut body = Self::default();
        for member in Members::of(text, Limits::MAX_DEPTH) {
            let (key, value) = member.map_err(|error| error.to_string())?;
            let key = key.value();
            let part = match key.as_ref() {
                "query" => &mut body.query,
                "operationName" => &mut body.operation_name,
                "variables" => &mut body.variables,
                "extensions" => &mut body.extensions,
                "documentId" => &mut body.document_id,
                "doc_id" => &mut body.doc_id,
                "id" => &mut body.id,
                _ => continue,
            };
            if part.replace(value).is_some() {
                return Err(format!("it has `{key}` twice"));
            }
        }
        Ok(body)
    }

    fn ids(&self) -> Result<Ids, Refusal> {
        Ok(Ids {
            document_id: string(self.document_id, "documentId")?,
            doc_id: string(self.doc_id, "doc_id")?,
            id: string(self.id, "id")?,
        })
    }
}

fn unsupported(message: &str) -> Refusal {
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::BadRequest(message.to_owned()),
    )
}

/// Checks that a body comes as it is, or was unpacked; what is refused is told which codings there are.
pub(super) fn check_coding(headers: &HeaderMap, remedy: &str) -> Result<(), Refusal> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(unsupported(remedy))
    }
}

/// Checks what a body is said to be.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let value = types.next().and_then(|value| value.to_str().ok());
    // Of two, others may read the one that is not read here.
    let is_only = types.next().is_none();
    let mut parts = value.unwrap_or_default().split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    if is_only && json && parts.all(leaves_utf8) {
        return Ok(());
    }
    Err(unsupported(
        "send the request as Content-Type: application/json, in UTF-8",
    ))
}

/// Whether a parameter of a content type says nothing of another charset than UTF-8.
fn leaves_utf8(parameter: &str) -> bool {
    let parameter = parameter.to_ascii_lowercase();
    match parameter.split_once('=') {
        Some((key, charset)) if key.trim() == "charset" => {
            matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8")
        }
        _ => true,
    }
}

/// What a client wants executed.
pub(super) struct Operation {
    pub document: Named,
    pub operation_name: Option<String>,
    pub variables: Option<Tree<'static>>,
}

/// What one request carries.
pub(super) enum Operations {
    One(Operation),
    /// Several, to be answered by a list.
    Batch(Vec<Operation>),
}

impl Operation {
    /// What it takes, in bytes, and its variables again once they are coerced.
    pub(super) fn held_bytes(&self) -> u64 {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        let texts =
            text(&self.document.text) + text(&self.document.id) + text(&self.operation_name);
        let variables = self.variables.as_ref().map_or(0, Tree::held_bytes);
        (texts + 2 * variables) as u64
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let body = Body::read(text).map_err(|problem| {
            bad(format!(
                "the body is not a GraphQL request in JSON: {problem}"
            ))
        })?;
        let query = string(body.query, "query")?;
        let document = named(query, body.extensions, || body.ids())?;
        Ok(Self {
            document: document.ok_or_else(|| bad("the body lacks `query`".to_owned()))?,
            operation_name: string(body.operation_name, "operationName")?,
            variables: body
                .variables
                .map_or(Ok(None), |text| object(text.to_owned(), "variables"))?,
        })
    }
}

impl Operations {
    /// What they take, in bytes.
    pub(super) fn held_bytes(&self) -> u64 {
        match self {
            Self::One(operation) => operation.held_bytes(),
            Self::Batch(operations) => operations.iter().map(Operation::held_bytes).sum(),
        }
    }

    /// Reads the body of a POST, with at most this many operations.
    pub(super) fn read(bytes: &[u8], max_batch: usize) -> Result<Self, Refusal> {
        let text = str::from_utf8(bytes).map_err(|_| bad("the body is not UTF-8".to_owned()))?;
        // Some programs put a byte order mark before what they send, and readers may ignore it (RFC 8259, 8.1).
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match text.trim_start().bytes().next() {
            None => Err(bad("the body is empty; send {\"query\": \"…\"}".to_owned())),
            Some(b'[') => batch(text, max_batch).map(Self::Batch),
            Some(byte) if byte != b'{' && is_json(text) => Err(bad(
                "the body is not an object; send {\"query\": \"…\"}".to_owned(),
            )),
            Some(_) => Operation::read(text).map(Self::One),
        }
    }
}

fn is_json(text: &str) -> bool {
    Tree::read(text, Limits::of_bytes(text.len())).is_ok()
}

fn batch(text: &str, max_batch: usize) -> Result<Vec<Operation>, Refusal> {
    if max_batch < 2 {
        return Err(bad(
            "the body is a list; batches are not served, send one operation per request".to_owned(),
        ));
    }
    let list = Tree::read(text, Limits::of_bytes(text.len()))
        .map_err(|error| bad(format!("the body cannot be read: {error}")))?;
    let elements = list.root().elements().unwrap_or_default();
    let operations = elements.clone().count();
    if operations == 0 {
        return Err(bad("the list of operations is empty".to_owned()));
    }
    if operations > max_batch {
        return Err(bad(format!(
            "the list has {operations} operations, and at most {max_batch} are allowed; send fewer"
        )));
    }
    elements
        .map(|element| Operation::read(element.raw()))
        .collect()
}

/// The names that a request gives its document under the keys for it.
#[derive(Default)]
struct Ids {
    document_id: Option<String>,
    doc_id: Option<String>,
    id: Option<String>,
}

impl Ids {
    /// The one name that these and a hash are.
    fn only_name(self, hash: Option<String>) -> Result<Option<String>, Refusal> {
        let names = [
            ("extensions.persistedQuery", hash),
            ("documentId", self.document_id),
            ("doc_id", self.doc_id),
            ("id", self.id),
        ];
        let mut names = names
            .into_iter()
            .filter_map(|(key, name)| Some((key, name?)));
        let Some((key, name)) = names.next() else {
            return Ok(None);
        };
        match names.find(|(_, other)| !is_same_name(&name, other)) {
            Some((other, _)) => Err(bad(format!(
                "`{key}` and `{other}` name different documents; send one of them"
            ))),
            None => Ok(Some(name)),
        }
    }
}

/// What a request says of its document; none when it says nothing.
fn named(
    text: Option<String>,
    extensions: Option<&str>,
    ids: impl FnOnce() -> Result<Ids, Refusal>,
) -> Result<Option<Named>, Refusal> {
    let hash = match extensions.filter(|text| *text != "null") {
        Some(extensions) => persisted_query(extensions)?,
        None => None,
    };
    // Beside the document itself, `id` may be anything: some clients number their requests.
    let ids = if text.is_none() {
        ids()?
    } else {
        Ids::default()
    };
    let mut named = Named {
        text,
        ..Named::default()
    };
    named.name(ids.only_name(hash)?);
    let says_something = named.text.is_some() || named.id.is_some();
    Ok(says_something.then_some(named))
}

/// The hash in `extensions`, as automatic persisted queries send it.
fn persisted_query(extensions: &str) -> Result<Option<String>, Refusal> {
    if !extensions.starts_with('{') {
        return Err(bad("`extensions` must be an object".to_owned()));
    }
    let Some(text) = member(extensions, "persistedQuery")? else {
        return Ok(None);
    };
    if text == "null" {
        return Ok(None);
    }
    if member(text, "version")?.is_some_and(|version| version != "1") {
        return Err(bad(
            "`extensions.persistedQuery.version` must be 1".to_owned()
        ));
    }
    let hash = member(text, "sha256Hash")?.and_then(mayfly_json::string);
    match hash {
        Some(hash) => Ok(Some(hash.into_owned())),
        None => Err(bad(
            "`extensions.persistedQuery` lacks the text `sha256Hash`".to_owned(),
        )),
    }
}

/// The text of a member of an object.
fn member<'t>(object: &'t str, name: &str) -> Result<Option<&'t str>, Refusal> {
    let mut found = None;
    for member in Members::of(object, Limits::MAX_DEPTH) {
        let (key, value) =
            member.map_err(|error| bad(format!("`extensions` cannot be read: {error}")))?;
        if key.is(name) && found.replace(value).is_some() {
            return Err(bad(format!("`extensions` has `{name}` twice")));
        }
    }
    Ok(found)
}

/// The parameters of a GET.
#[derive(Deserialize)]
pub(super) struct Parameters {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
    doc_id: Option<String>,
    id: Option<String>,
}

impl Parameters {
    /// Whether a document is named at all.
    pub(super) fn has_document(&self) -> bool {
        let ids = [&self.document_id, &self.doc_id, &self.id];
        self.query.is_some() || self.extensions.is_some() || ids.into_iter().any(Option::is_some)
    }

    /// Reads the parameters of a GET.
    pub(super) fn into_operation(self) -> Result<Operation, Refusal> {
        let parse = |text: Option<String>, name: &str| match text.filter(|text| !text.is_empty()) {
            Some(text) => object(text, name),
            None => Ok(None),
        };
        let extensions = self.extensions.filter(|text| !text.is_empty());
        let ids = Ids {
            document_id: self.document_id,
            doc_id: self.doc_id,
            id: self.id,
        };
        let document = named(self.query, extensions.as_deref(), || Ok(ids))?;
        let operation_name = self.operation_name.filter(|name| !name.is_empty());
        Ok(Operation {
            document: document.ok_or_else(|| bad("the URL lacks `query`".to_owned()))?,
            operation_name,
            variables: parse(self.variables, "variables")?,
        })
    }
}

fn string(text: Option<&str>, name: &str) -> Result<Option<String>, Refusal> {
    match text.filter(|text| *text != "null") {
        None => Ok(None),
        Some(text) => match mayfly_json::string(text) {
            Some(string) => Ok(Some(string.into_owned())),
            None => Err(bad(format!("`{name}` must be a string"))),
        },
    }
}

fn object(text: String, name: &str) -> Result<Option<Tree<'static>>, Refusal> {
    let limits = Limits::of_bytes(text.len());
    let tree = Tree::read(text, limits)
        .map_err(|error| bad(format!("`{name}` cannot be read: {error}")))?;
    match tree.root().kind() {
        Kind::Null => Ok(None),
        Kind::Object => Ok(Some(tree)),
        _ => Err(bad(format!("`{name}` must be an object"))),
    }
}

fn bad(message: String) -> Refusal {
    (StatusCode::BAD_REQUEST, Error::BadRequest(message))
}

#[cfg(test)]
mod tests;
