//! Which media type an answer gets, after the GraphQL-over-HTTP specification.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

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

    /// The best of what the client accepts; none when it accepts neither. A client that does not say gets JSON.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        let mut said = false;
        for value in headers.get_all(ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                said |= !range.trim().is_empty();
                let Some((quality, media_type)) = Self::of_range(range) else {
                    continue;
                };
                if quality > 0.0 && best.is_none_or(|(most, _)| quality > most) {
                    best = Some((quality, media_type));
                }
            }
        }
        if said {
            best.map(|(_, media_type)| media_type)
        } else {
            Some(Self::Json)
        }
    }

    fn of_range(range: &str) -> Option<(f32, Self)> {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .and_then(|q| q.parse().ok())
            .unwrap_or(1.0);
        match name.as_str() {
            "application/graphql-response+json" => Some((quality, Self::GraphqlResponse)),
            "application/json" | "application/*" | "*/*" => Some((quality, Self::Json)),
            _ => None,
        }
    }
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
