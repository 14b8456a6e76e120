//! Which media type an answer gets, after the GraphQL-over-HTTP specification.

use std::cmp::Reverse;

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};

/// The media types of GraphQL answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status says whether the request was executed.
    GraphqlResponse,
    /// `application/json`: for older clients; a well-formed request is answered with 200, whatever became of it.
    Json,
}

impl MediaType {
    /// The value of `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// The best of what the client accepts; none when it accepts neither. A client that does not say gets JSON, and so does one
    /// that accepts both alike without naming either.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(ACCEPT);
        if let Some(only) = Self::only(values.iter()) {
            return Some(only);
        }
        let said: Vec<_> = values
            .iter()
            .flat_map(|value| elements(value.to_str().unwrap_or_default(), ','))
            .filter(|range| !range.is_empty())
            .collect();
        if said.is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<_> = said.into_iter().filter_map(Range::parse).collect();
        let weights = [Self::GraphqlResponse, Self::Json]
            .map(|media_type| (media_type.weight(&ranges), media_type));
        weights
            .into_iter()
            .filter_map(|(weight, media_type)| Some((weight?, media_type)))
            .filter(|((quality, ..), _)| *quality > 0)
            // Of the same weight the one that is named first, and JSON, the last of the two, when neither is.
            .max_by_key(|((quality, order), _)| (*quality, *order))
            .map(|(_, media_type)| media_type)
    }

    /// The type of a client that names one, as most do, or says nothing.
    fn only<'h>(mut values: impl Iterator<Item = &'h HeaderValue>) -> Option<Self> {
        let Some(first) = values.next() else {
            return Some(Self::Json);
        };
        let named = [Self::GraphqlResponse, Self::Json]
            .into_iter()
            .find(|media_type| media_type.essence() == first)?;
        values.next().is_none().then_some(named)
    }

    /// The quality of this type, by the most specific range that covers it, and how early a range names it.
    fn weight(self, ranges: &[Range]) -> Option<(u16, Reverse<usize>)> {
        let name = self.essence();
        let covering = ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| range.covers(name))
            .max_by_key(|(order, range)| (range.specificity(), Reverse(*order)))?;
        let (order, range) = covering;
        let order = if range.name == name {
            order
        } else {
            usize::MAX
        };
        Some((range.quality, Reverse(order)))
    }

    fn essence(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }
}

/// One element of `Accept`.
struct Range {
    /// In lower case.
    name: String,
    /// In thousandths.
    quality: u16,
}

impl Range {
    /// Reads a range (RFC 9110, 12.5.1); none when it is malformed, or asks for parameters that no answer has.
    fn parse(range: &str) -> Option<Self> {
        let mut parts = elements(range, ';');
        let name = parts.next()?.to_ascii_lowercase();
        let mut quality = 1_000;
        for parameter in parts.filter(|part| !part.is_empty()) {
            let (key, value) = parameter.split_once('=')?;
            match key.trim_end().to_ascii_lowercase().as_str() {
                "q" => {
                    quality = thousandths(value.trim_start())?;
                    // What follows the weight is no parameter of the media type.
                    break;
                }
                "charset" if is_utf8(value) => {}
                _ => return None,
            }
        }
        Some(Self { name, quality })
    }

    fn covers(&self, name: &str) -> bool {
        self.name == name || matches!(self.name.as_str(), "*/*" | "application/*")
    }

    fn specificity(&self) -> u8 {
        match self.name.as_str() {
            "*/*" => 0,
            "application/*" => 1,
            _ => 2,
        }
    }
}

/// A weight from `0` to `1.000`, in thousandths.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| digits)?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"').to_ascii_lowercase();
    matches!(charset.as_str(), "utf-8" | "utf8")
}

/// The elements of a list, without the white space around them; a separator in quotes does not count.
fn elements(list: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    list.split(move |character| {
        quoted ^= character == '"' && !escaped;
        escaped = quoted && !escaped && character == '\\';
        !quoted && character == separator
    })
    .map(str::trim)
}

/// Whether the client asks for a page rather than for data.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_s_preference_decides() {
        let table = [
            (None, Some(MediaType::Json)),
            (Some("*/*"), Some(MediaType::Json)),
            (Some("application/json"), Some(MediaType::Json)),
            (
                Some("application/graphql-response+json"),
                Some(MediaType::GraphqlResponse),
            ),
            (
                Some("application/graphql-response+json, application/json;q=0.9"),
                Some(MediaType::GraphqlResponse),
            ),
            (
                Some("application/graphql-response+json;q=0.5, application/json"),
                Some(MediaType::Json),
            ),
            (
                Some(
                    "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                ),
                Some(MediaType::GraphqlResponse),
            ),
            (Some("text/html"), None),
            (Some("application/json;q=0"), None),
            (Some(""), Some(MediaType::Json)),
            (
                Some("application/json;q=0.9, application/graphql-response+json;Q=0.8"),
                Some(MediaType::Json),
            ),
            (
                Some("application/json; Q = 0.8 , application/graphql-response+json;q=0.9"),
                Some(MediaType::GraphqlResponse),
            ),
            (
                Some("*/*, application/json;q=0"),
                Some(MediaType::GraphqlResponse),
            ),
            (
                Some("application/*, application/graphql-response+json;q=0"),
                Some(MediaType::Json),
            ),
            (Some("application/*;q=0, */*"), None),
            (
                Some("*/*;q=0.1, application/graphql-response+json;q=0.5"),
                Some(MediaType::GraphqlResponse),
            ),
            (Some("text/html, */*;q=0.8"), Some(MediaType::Json)),
            (
                Some("application/graphql-response+json, */*"),
                Some(MediaType::GraphqlResponse),
            ),
            (
                Some("APPLICATION/GraphQL-Response+JSON"),
                Some(MediaType::GraphqlResponse),
            ),
            (Some("application/json;q=1.5"), None),
            (Some("application/json;q=0.1234"), None),
            (Some("application/json;q=x"), None),
            (Some("application/json;q="), None),
            (Some("application/json;q=0.000"), None),
            (Some("application/json;q=1.000"), Some(MediaType::Json)),
            (
                Some("application/json;q=0.5;extension=1"),
                Some(MediaType::Json),
            ),
            (Some("application/json;version=2"), None),
            (Some("application/json;charset=latin1"), None),
            (
                Some("application/json;charset=\"UTF-8\""),
                Some(MediaType::Json),
            ),
            (Some("text/plain;note=\"a, application/json\""), None),
            (Some(", ,application/json"), Some(MediaType::Json)),
        ];
        for (accept, expected) in table {
            let mut headers = HeaderMap::new();
            if let Some(Ok(value)) = accept.map(str::parse) {
                headers.insert(ACCEPT, value);
            }
            assert_eq!(MediaType::negotiate(&headers), expected, "{accept:?}");
        }
    }
}
