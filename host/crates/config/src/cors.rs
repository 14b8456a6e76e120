//! `[cors]`: which pages of other origins may use this server from a browser.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use crate::key::Key;
use crate::reader::Table;

const ORIGINS: Key<'_> = Key::new(
    "origins",
    "The origins whose pages may read answers, such as `https://app.example.org`; `*` for all.",
);
const SENT_HEADERS: Key<'_> =
    Key::new("headers", "Headers those pages may send.").or("what GraphQL clients send");
const CREDENTIALS: Key<'_> = Key::new(
    "credentials",
    "Whether browsers send cookies and client certificates.",
);
const MAX_AGE: Key<'_> = Key::new(
    "max_age",
    "How long a browser may cache the answer to a preflight.",
);

/// Headers that a page may send without the operator having listed any: what GraphQL clients send.
const HEADERS: [&str; 6] = [
    "accept",
    "apollo-require-preflight",
    "authorization",
    "content-type",
    "traceparent",
    "x-apollo-operation-name",
];

/// How long browsers may remember an answer, at most; they cap it themselves.
const DAY: Duration = Duration::from_secs(86_400);

/// `[cors]`. Without this section no page of another origin can read an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// `origins`.
    pub origins: Origins,
    /// `headers`.
    pub headers: Vec<HeaderName>,
    /// `credentials`.
    pub credentials: bool,
    /// `max_age`.
    pub max_age: Duration,
}

/// Whose pages may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `["*"]`: everybody's.
    Any,
    /// Those of these origins, each as a browser sends it.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    pub(crate) fn read(mut table: Table<'_>) -> Self {
        let listed = table.texts(ORIGINS);
        let headers = headers(&mut table);
        let credentials = table.flag(CREDENTIALS, false);
        let cors = Self {
            origins: origins(&table, listed, credentials),
            headers,
            credentials,
            max_age: table.time(MAX_AGE, Duration::from_secs(600), Duration::ZERO..=DAY),
        };
        table.finish();
        cors
    }
}

fn origins(table: &Table<'_>, texts: Vec<(usize, String)>, credentials: bool) -> Origins {
    let key = table.key("origins");
    if texts.is_empty() {
        let path = &table.path;
        table.problem(format!(
            "`{path}` lists no origin; add origins = [\"https://app.example.org\"]"
        ));
    }
    if let Some((at, _)) = texts.iter().find(|(_, text)| text == "*") {
        if texts.len() > 1 {
            table.problem_at(
                *at,
                format!("`{key}` has \"*\" besides other origins; keep \"*\" or the others"),
            );
        }
        if credentials {
            table.problem_at(
                *at,
                format!(
                    "`{key}` is \"*\" and `{}` is true, so any page could act as the visitor; list the origins",
                    table.key("credentials")
                ),
            );
        }
        return Origins::Any;
    }
    let listed = texts.into_iter().filter_map(|(at, text)| {
        let origin = origin(&text);
        if origin.is_none() {
            let message = if text == "null" {
                format!(
                    "`{key}`: \"null\" is sent by anybody's sandboxed pages and never allowed; remove it"
                )
            } else {
                format!(
                    "`{key}`: \"{text}\" is not an origin; write scheme, name and port as in \"https://app.example.org\" or \"http://localhost:3000\""
                )
            };
            table.problem_at(at, message);
        }
        origin
    });
    Origins::Listed(listed.collect())
}

/// An origin as a browser sends it (RFC 6454, 6.2): scheme and host in lower case, no default port, nothing behind.
fn origin(text: &str) -> Option<HeaderValue> {
    let (scheme, rest) = text.split_once("://")?;
    let authority: http::uri::Authority = rest.parse().ok()?;
    let uri: Uri = text.parse().ok()?;
    let is_bare = !rest.contains(['/', '?', '#', '@']) && uri.scheme_str() == Some(scheme);
    let default_port = match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    let has_default_port = authority.port_u16().is_some() && authority.port_u16() == default_port;
    if !is_bare || has_default_port || text.chars().any(|c| c.is_ascii_uppercase()) {
        return None;
    }
    text.parse().ok()
}

fn headers(table: &mut Table<'_>) -> Vec<HeaderName> {
    let is_said = table.has("headers");
    let texts = table.texts(SENT_HEADERS).into_iter();
    if !is_said {
        return HEADERS.into_iter().map(HeaderName::from_static).collect();
    }
    let key = table.key("headers");
    let names = texts.filter_map(|(at, text)| {
        if text == "*" {
            // Browsers take it for the name of a header when credentials are sent, and never for `authorization`.
            table.problem_at(
                at,
                format!("`{key}`: \"*\" is not supported here; list the headers"),
            );
            return None;
        }
        let name = text.parse();
        if name.is_err() {
            table.problem_at(
                at,
                format!("`{key}`: \"{text}\" is not the name of a header"),
            );
        }
        name.ok()
    });
    names.collect()
}
