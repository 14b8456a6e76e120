#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::{Kind, tokens};

fn of_kind(text: &str, kind: Kind) -> Vec<&str> {
    tokens(text)
        .unwrap()
        .into_iter()
        .filter(|token| token.kind == kind)
        .map(|token| token.text)
        .collect()
}

#[test]
fn parameters_inside_strings_comments_and_names_are_none() {
    let text = "SELECT '@a', N'it''s @b', [x]]@c], \"q\"\"@d\" -- @e\n, /* @f /* @g */ @h */ @i FROM t WHERE @@ROWCOUNT > @j_1";
    assert_eq!(of_kind(text, Kind::Variable), ["@i", "@j_1"]);
    assert_eq!(of_kind(text, Kind::Global), ["@@ROWCOUNT"]);
    assert_eq!(of_kind(text, Kind::Text), ["'@a'", "N'it''s @b'"]);
    assert_eq!(of_kind(text, Kind::Quoted), ["[x]]@c]", "\"q\"\"@d\""]);
}

#[test]
fn what_never_ends_is_refused() {
    for text in [
        "SELECT 'a",
        "SELECT [a",
        "SELECT \"a",
        "/* /* */",
        "N'",
        "/*/",
    ] {
        assert!(tokens(text).is_err(), "{text}");
    }
}

#[test]
fn a_line_comment_may_be_the_end() {
    assert_eq!(
        of_kind("SELECT 1 -- @a", Kind::Variable),
        Vec::<&str>::new()
    );
}

#[test]
fn temporary_tables_are_words() {
    assert_eq!(
        of_kind("INSERT #t SELECT 1", Kind::Word),
        ["INSERT", "#t", "SELECT"]
    );
}

proptest! {
    #[test]
    fn the_tokens_are_the_text(text in "([a-zA-Z@#'\\[\\]\"/*\\-\n é0-9=,;]|N'|--|/\\*|\\*/){0,40}") {
        if let Ok(tokens) = tokens(&text) {
            let joined: String = tokens.iter().map(|token| token.text).collect();
            prop_assert_eq!(&joined, &text);
            prop_assert!(tokens.iter().all(|token| !token.text.is_empty()));
        }
    }
}
