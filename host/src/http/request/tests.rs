#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

use axum::extract::Query;

use super::*;

const HASH: &str = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";

/// The name that a body gives its document, or why it is refused.
fn name_of(body: &str) -> Result<Option<String>, String> {
    let body = body.replace("HASH", HASH);
    match Operations::read(body.as_bytes(), 1) {
        Ok(Operations::One(operation)) => Ok(operation.document.id),
        Ok(Operations::Batch(_)) => panic!("{body} is not a list"),
        Err((status, error)) => {
            assert_eq!(status, StatusCode::BAD_REQUEST);
            Err(error.to_string())
        }
    }
}

#[test]
fn a_document_has_one_name_in_whatever_order_the_keys_are() {
    let apq = r#""extensions":{"persistedQuery":{"version":1,"sha256Hash":"HASH"}}"#;
    let table = [
        (r#""documentId":null"#, r#""id":"a""#, Ok("a")),
        (r#""id":"a""#, r#""doc_id":"a""#, Ok("a")),
        (apq, r#""documentId":null"#, Ok(HASH)),
        (apq, r#""documentId":"sha256:HASH""#, Ok(HASH)),
        (
            r#""id":"a""#,
            r#""documentId":"b""#,
            Err("`documentId` and `id` name different documents"),
        ),
        (
            r#""doc_id":"a""#,
            r#""id":"b""#,
            Err("`doc_id` and `id` name different documents"),
        ),
        (
            apq,
            r#""documentId":"b""#,
            Err("`extensions.persistedQuery` and `documentId` name different documents"),
        ),
        // Beside the document itself they say nothing.
        (r#""query":"{ a }""#, r#""id":7"#, Ok("")),
    ];
    for (one, other, expected) in table {
        for body in [format!("{{{one},{other}}}"), format!("{{{other},{one}}}")] {
            match (name_of(&body), expected) {
                (Ok(name), Ok(expected)) => {
                    let digits = name.as_deref().unwrap_or_default();
                    let digits = digits.strip_prefix("sha256:").unwrap_or(digits);
                    assert_eq!(digits, expected, "{body}");
                }
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{body}: {why}"),
                (found, _) => panic!("{body}: {found:?}"),
            }
        }
    }
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    for key in ["query", "documentId", "doc_id", "id"] {
        let why = name_of(&format!(r#"{{"{key}":"a","{key}":"a"}}"#)).unwrap_err();
        assert!(why.ends_with(&format!("it has `{key}` twice")), "{why}");
    }
    let why = name_of(r#"{"doc_id":7}"#).unwrap_err();
    assert!(why.contains("`doc_id` must be a string"), "{why}");
}

#[test]
fn a_get_with_two_names_is_refused_in_the_same_words() {
    let read = |query: &str| {
        let uri = format!("/graphql?{query}").parse().unwrap();
        let parameters = Query::<Parameters>::try_from_uri(&uri).map_err(|why| why.to_string());
        let operation = parameters.map(|Query(parameters)| parameters.into_operation());
        operation.map(|operation| operation.map_err(|(_, error)| error.to_string()))
    };
    let why = read("doc_id=a&documentId=b").unwrap().err().unwrap();
    assert!(
        why.contains("`documentId` and `doc_id` name different documents"),
        "{why}"
    );
    assert!(read("documentId=a&documentId=a").is_err());
    let operation = read("id=a").unwrap().ok().unwrap();
    assert_eq!(operation.document.id.as_deref(), Some("a"));
}

#[test]
fn json_that_is_no_request_is_told_from_what_is_no_json() {
    for body in ["null", " 5", "\"x\"", "true\n"] {
        let why = name_of(body).unwrap_err();
        assert!(why.contains("the body is not an object"), "{body}: {why}");
    }
    for body in ["nul", "5 5", "{", "x"] {
        let why = name_of(body).unwrap_err();
        assert!(why.contains("invalid JSON"), "{body}: {why}");
    }
}

#[test]
fn a_byte_order_mark_before_a_body_is_not_part_of_it() {
    assert_eq!(name_of("\u{feff}{\"id\":\"a\"}"), Ok(Some("a".to_owned())));
    assert!(Operations::read("\u{feff}[{\"id\":\"a\"}]".as_bytes(), 2).is_ok());
    let twice = name_of("\u{feff}\u{feff}{\"id\":\"a\"}").unwrap_err();
    assert!(
        twice.contains("is not a GraphQL request in JSON"),
        "{twice}"
    );
}
