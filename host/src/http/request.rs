//! Reads a GraphQL request from HTTP: JSON by POST, parameters by GET.
//!
//! Only `application/json` is read by POST. A browser sends that to another site only after asking it, so no page can make a
//! visitor's browser send a mutation.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use mayfly_error::Error;
use mayfly_graphql::Request;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A request that is no GraphQL request: its status and its error.
pub(super) type Refusal = (StatusCode, Error);

/// The body of a POST, before its parts are checked.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow, rename = "operationName")]
    operation_name: Option<&'a RawValue>,
    variables: Option<Value>,
    extensions: Option<Value>,
}

/// Checks the headers of a POST before its body is read.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(
        |part| match part.to_ascii_lowercase().strip_prefix("charset=") {
            Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
            None => true,
        },
    );
    if json && utf8 {
        return Ok(());
    }
    let message = "send the request as Content-Type: application/json, in UTF-8".to_owned();
    Err((
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::BadRequest(message),
    ))
}

/// Reads the body of a POST.
pub(super) fn from_body(bytes: &[u8]) -> Result<Request, Refusal> {
    let body: Body<'_> = serde_json::from_slice(bytes).map_err(|error| {
        bad(
            match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => "the body is empty; send {\"query\": \"…\"}".to_owned(),
                Some(b'[') => {
                    "the body is a list; batches are not served, send one operation per request"
                        .to_owned()
                }
                _ => format!("the body is not a GraphQL request in JSON: {error}"),
            },
        )
    })?;
    let query =
        text(body.query, "query")?.ok_or_else(|| bad("the body lacks `query`".to_owned()))?;
    let operation_name = text(body.operation_name, "operationName")?;
    object(body.extensions, "extensions")?;
    Ok(Request {
        query,
        operation_name,
        variables: object(body.variables, "variables")?,
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
        let parse = |text: Option<String>, name: &str| {
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            let value = serde_json::from_str(&text)
                .map_err(|error| bad(format!("`{name}` is not JSON: {error}")))?;
            object(Some(value), name)
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

fn text(value: Option<&RawValue>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(value) = value.filter(|value| value.get() != "null") else {
        return Ok(None);
    };
    serde_json::from_str(value.get())
        .map(Some)
        .map_err(|_| bad(format!("`{name}` must be a string")))
}

fn object(value: Option<Value>, name: &str) -> Result<Option<Map<String, Value>>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(bad(format!("`{name}` must be an object"))),
    }
}

fn bad(message: String) -> Refusal {
    (StatusCode::BAD_REQUEST, Error::BadRequest(message))
}
