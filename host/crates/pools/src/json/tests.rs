#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

use proptest::prelude::*;

use super::{Shape, parse, write_string};

#[test]
fn numbers_keep_their_text() {
    let Shape::Array(elements) = parse(" [1.10, -0, 1e400, 12345678901234567890123] ").unwrap()
    else {
        panic!("an array")
    };
    let texts: Vec<&str> = elements.iter().map(|raw| raw.get()).collect();
    assert_eq!(texts, ["1.10", "-0", "1e400", "12345678901234567890123"]);
}

#[test]
fn an_object_with_serdes_number_marker_is_an_object() {
    assert!(
        matches!(parse(r#"{"$serde_json::private::Number": "1"}"#).unwrap(), Shape::Object(entries) if entries.len() == 1)
    );
}

#[test]
fn an_error_names_the_place_and_not_the_content() {
    assert_eq!(
        parse(r#"{"secret": hunter2}"#).unwrap_err(),
        "not valid JSON at line 1, column 12"
    );
}

proptest! {
    #[test]
    fn any_text_written_reads_back(text in "\\PC*|[\\x00-\\x7f]*") {
        let mut out = String::new();
        write_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
