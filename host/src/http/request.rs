//! Reads a GraphQL request from HTTP: JSON by POST, parameters by GET.
//!
//! Only `application/json` is read by POST. A browser sends that to another site only after asking it, so no page can make a
//! visitor's browser send a mutation.

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use mayfly_error::Error;
use mayfly_graphql::Request;
use mayfly_json::{Kind, Limits, Members, Tree};
use serde::Deserialize;

/// A request that is no GraphQL request: its status and its error.
pub(super) type Refusal = (StatusCode, Error);

/// The body of a POST, before its parts are checked: the text of each.
#[derive(Default)]
struct Body<'a> {
    query: Option<&'a str>,
    operation_name: Option<&'a str>,
    variables: Option<&'a str>,
    extensions: Option<&'a str>,
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
                _ => continue,
            };
            if part.replace(value).is_some() {
                return Err(format!("it has `{key}` twice"));
            }
        }
        Ok(body)
    }
}

/// Checks the headers of a POST before its body is read.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message: &str| {
        (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::BadRequest(message.to_owned()),
        )
    };
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("send the body without Content-Encoding"));
    }
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

/// Reads the body of a POST.
pub(super) fn from_body(bytes: &[u8]) -> Result<Request, Refusal> {
    let text = str::from_utf8(bytes).map_err(|_| bad("the body is not UTF-8".to_owned()))?;
    let body = Body::read(text).map_err(|problem| {
        bad(match text.trim_start().bytes().next() {
            None => "the body is empty; send {\"query\": \"…\"}".to_owned(),
            Some(b'[') => {
                "the body is a list; batches are not served, send one operation per request"
                    .to_owned()
            }
            _ => format!("the body is not a GraphQL request in JSON: {problem}"),
        })
    })?;
    let query =
        string(body.query, "query")?.ok_or_else(|| bad("the body lacks `query`".to_owned()))?;
    let operation_name = string(body.operation_name, "operationName")?;
    if body
        .extensions
        .is_some_and(|text| !text.starts_with('{') && text != "null")
    {
        return Err(bad("`extensions` must be an object".to_owned()));
    }
    Ok(Request {
        query,
        operation_name,
        variables: body
            .variables
            .map_or(Ok(None), |text| object(text.to_owned(), "variables"))?,
    })
}

/// The parameters of a GET.
#[derive(Deserialize)]
pub(super) struct Parameters {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Parameters {
    /// Whether there is a query at all.
    pub(super) fn has_query(&self) -> bool {
        self.query.is_some()
    }

    /// Reads the parameters of a GET.
    pub(super) fn into_request(self) -> Result<Request, Refusal> {
        let parse = |text: Option<String>, name: &str| match text.filter(|text| !text.is_empty()) {
            Some(text) => object(text, name),
            None => Ok(None),
        };
        let query = self
            .query
            .ok_or_else(|| bad("the URL lacks `query`".to_owned()))?;
        parse(self.extensions, "extensions")?;
        let operation_name = self.operation_name.filter(|name| !name.is_empty());
        Ok(Request {
            query,
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
