//! What is read and what is refused, checked against `serde_json`, and at what cost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at the first surprise"
)]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the reference that this reader is held against"
)]

use allocation_counter::measure;
use mayfly_json::{Error, ErrorKind, Kind, Limits, Members, Scanner, Tree, Value, quoted};
use proptest::prelude::*;

const LIMITS: Limits = Limits::of_bytes(16 << 20);

fn refusal(text: &str, limits: Limits) -> Error {
    Tree::read(text, limits).map(|_| ()).unwrap_err()
}

/// A value as the reference has it; numbers as doubles, for that is what it knows of them.
fn as_reference(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool => value.as_bool().unwrap().into(),
        Kind::Number => serde_json::from_str(value.raw()).unwrap(),
        Kind::String => value.as_str().unwrap().into(),
        Kind::Array => value.elements().unwrap().map(as_reference).collect(),
        Kind::Object => value
            .members()
            .unwrap()
            .map(|(key, value)| (key.value().into_owned(), as_reference(value)))
            .collect(),
    }
}

/// Arrays inside one another.
fn nested(open: &str, inside: &str, close: &str, levels: usize) -> String {
    format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn numbers_keep_their_digits() {
    let text = " [1.10, -0, 1e400, 12345678901234567890123, 0.1E-7] ";
    let tree = Tree::read(text, LIMITS).unwrap();
    let digits: Vec<_> = tree.root().elements().unwrap().map(Value::raw).collect();
    assert_eq!(
        digits,
        ["1.10", "-0", "1e400", "12345678901234567890123", "0.1E-7"]
    );
}

#[test]
fn no_key_has_a_meaning_of_its_own() {
    for key in [
        "$serde_json::private::Number",
        "$serde_json::private::RawValue",
        r"\u0024serde_json::private::RawValue",
        r"\u0024\u0073erde_json::private::Number",
        "$__toml_private_datetime",
        "__proto__",
    ] {
        let text = format!(r#"{{"{key}": "[1]"}}"#);
        let tree = Tree::read(text.as_str(), LIMITS).unwrap();
        let (name, value) = tree.root().members().unwrap().next().unwrap();
        assert_eq!(name.inner(), key);
        assert_eq!(value.as_str().unwrap(), "[1]", "{key}");
    }
    // Each level inside the string of the one around it, escaped: what such keys were once good for.
    let mut text = "1".to_owned();
    for _ in 0..12 {
        text = format!(r#"{{"$serde_json::private::RawValue":{}}}"#, quoted(&text));
    }
    assert_eq!(Tree::read(text, LIMITS).unwrap().values(), 3);
}

#[test]
fn strings_are_decoded_and_lone_surrogates_refused() {
    let tree = Tree::read(r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀""#, LIMITS).unwrap();
    assert_eq!(
        tree.root().as_str().unwrap(),
        "a\"\\/\u{8}\u{c}\n\r\té😀é😀"
    );
    for lone in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800x""#,
        r#""\ud800\n""#,
        r#""\ud800\ud800""#,
        r#"{"\udfff":1}"#,
    ] {
        assert_eq!(
            refusal(lone, LIMITS).problem,
            ErrorKind::LoneSurrogate,
            "{lone}"
        );
    }
}

#[test]
fn an_object_with_the_same_key_twice_is_refused_however_it_is_written() {
    let many = |last: &str| {
        let keys: String = (0..200).map(|number| format!("\"k{number}\":0,")).collect();
        format!("{{{keys}\"{last}\":1}}")
    };
    for twice in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"\u0061":3}"#,
        r#"[{"x":{"a":1,"b":[],"a":null}}]"#,
        many("k7").as_str(),
        many(r"\u006b7").as_str(),
    ] {
        assert_eq!(
            refusal(twice, LIMITS).problem,
            ErrorKind::DuplicateKey,
            "{twice}"
        );
    }
    assert_eq!(
        refusal("{\"a\":1,\n \"a\":2}", LIMITS).to_string(),
        "duplicate key at line 2, column 2"
    );
    for once in [r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#, many("k200").as_str()] {
        assert!(Tree::read(once, LIMITS).is_ok(), "{once}");
    }
}

#[test]
fn a_text_is_bounded_in_bytes_depth_and_values() {
    assert_eq!(
        refusal("[1,2]", Limits::of_bytes(4)).to_string(),
        "longer than 4 bytes"
    );
    assert_eq!(
        refusal("[1,[2]]", LIMITS.with_depth(1)).to_string(),
        "more than 1 nested arrays and objects at line 1, column 4"
    );
    assert_eq!(
        refusal("[1,\n2,3]", LIMITS.with_values(3)).to_string(),
        "more than 3 values at line 2, column 3"
    );
    assert!(Tree::read("[1,[2]]", LIMITS.with_depth(2).with_values(4)).is_ok());
    // More than the deepest is not available.
    let deep = nested("[", "", "]", 129);
    assert_eq!(
        refusal(&deep, LIMITS.with_depth(1_000)).problem,
        ErrorKind::TooDeep(128)
    );
}

#[test]
fn an_error_names_the_place_and_not_the_content() {
    for (text, said) in [
        (
            r#"{"secret": hunter2}"#,
            "invalid JSON at line 1, column 12",
        ),
        ("", "invalid JSON: it ends too early at line 1, column 1"),
        ("[1,", "invalid JSON: it ends too early at line 1, column 4"),
        ("[1]\n 2", "invalid JSON at line 2, column 2"),
        ("01", "invalid JSON at line 1, column 2"),
    ] {
        assert_eq!(refusal(text, LIMITS).to_string(), said, "{text}");
    }
}

#[test]
fn a_million_levels_are_refused_and_overflow_no_stack() {
    const LEVELS: usize = 1_000_000;
    let texts = [
        nested("[", "", "]", LEVELS),
        "[".repeat(LEVELS),
        nested(r#"{"a":"#, "1", "}", LEVELS),
        nested(r#"{"$serde_json::private::RawValue":"#, "1", "}", LEVELS),
        nested(r#"[{"a":"#, "1", "}]", LEVELS),
    ];
    // The stack of a worker of the host.
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let read = small.spawn(move || {
        let limits = Limits::of_bytes(1 << 30);
        for text in &texts {
            assert!(matches!(
                refusal(text, limits).problem,
                ErrorKind::TooDeep(128)
            ));
            assert!(Scanner::new(text, 128).skip().is_err());
            assert!(Members::of(text, 128).all(|member| member.is_err()));
            assert_eq!(mayfly_json::length(text), None);
        }
    });
    read.unwrap().join().unwrap();
}

#[test]
fn a_tree_takes_little_more_than_four_times_its_text() {
    let most = |text: &str| {
        let mut tree = None;
        let cost = measure(|| tree = Tree::read(text, LIMITS).ok());
        assert!(tree.is_some(), "{}", &text[..40]);
        cost.bytes_max as f64 / text.len() as f64
    };
    let list = |element: &str| format!("[{}]", vec![element; 100_000].join(","));
    let keys: String = (0..100_000)
        .map(|number| format!(",\"{number:x}\":1"))
        .collect();
    for text in [
        list("1"),
        list("[]"),
        list("{}"),
        list(r#"{"":1}"#),
        list(r#"{"a":1,"b":2,"c":3}"#),
        list(r#""""#),
        format!("{{\"x\":1{keys}}}"),
        format!("[{}]", ",".repeat(100_000).replace(',', "\",,,,,\",") + "1"),
    ] {
        let ratio = most(&text);
        println!("{ratio:.2}: {}", &text[..20]);
        assert!(ratio < 4.5, "{ratio} for {}", &text[..40]);
    }
}

#[test]
fn skipping_and_the_outermost_layer_take_no_memory() {
    let text = format!(r#"{{"a":[{}1],"b":{{"c":null}}}}"#, "1,".repeat(10_000));
    let cost = measure(|| {
        assert!(Scanner::new(&text, 128).skip().is_ok());
        let mut members = Members::of(&text, 128);
        let (key, value) = members.next().unwrap().unwrap();
        assert!(key.is("a"));
        assert_eq!(mayfly_json::length(value), Some(10_001));
        assert_eq!(members.next().unwrap().unwrap().1, r#"{"c":null}"#);
        assert!(members.next().is_none());
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn work_is_in_proportion_to_the_text() {
    // The best of several, one beside the other: whatever else the machine does, a quadratic reader is far outside of this.
    let time = |text: &str| {
        (0..5)
            .map(|_| {
                let begin = std::time::Instant::now();
                let _ = Tree::read(text, LIMITS);
                begin.elapsed()
            })
            .min()
            .unwrap()
    };
    let wide = |count: usize| {
        let keys: String = (0..count)
            .map(|number| format!("\"{number}\":[],"))
            .collect();
        format!("{{{keys}\"\":0}}")
    };
    let escaped = |count: usize| format!("\"{}\"", r"\ud83d\ude00".repeat(count));
    let unclosed = |count: usize| "[\"".repeat(count);
    for make in [&wide as &dyn Fn(usize) -> String, &escaped, &unclosed] {
        let (small, large) = (time(&make(10_000)), time(&make(160_000)));
        // Sixteen times the text; a reader that is quadratic takes 256 times as long.
        assert!(
            large < small * 100 + std::time::Duration::from_millis(5),
            "{small:?} and {large:?}"
        );
    }
}

/// Texts near JSON: values written in all the ways there are, some of them damaged.
fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
        "\\PC{0,8}".prop_map(|text| quoted(&text)),
        r#""(\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]|[ -!#-\[\]-~]){0,6}""#,
    ];
    let key = prop_oneof![
        "\"[a-c]\"",
        Just(r#""\u0061""#.to_owned()),
        // Not the reference's own keys, in which it would read something else.
        "\"\\$[ -!#-\\[\\]-~]{0,3}\"",
    ];
    let blank = "[ \\t\\r\\n]{0,2}";
    let value = leaf.prop_recursive(6, 64, 6, move |inner| {
        let element = (blank, inner.clone(), blank)
            .prop_map(|(before, value, after)| format!("{before}{value}{after}"));
        let member = (key.clone(), blank, element.clone())
            .prop_map(|(key, blank, value)| format!("{key}{blank}:{value}"));
        prop_oneof![
            prop::collection::vec(element, 0..6).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    });
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), "[\\PC\\x00-\\x1f]"));
    (value, damage).prop_map(|(text, damage)| match damage {
        None => text,
        Some((at, with)) => {
            let mut characters: Vec<char> = text.chars().collect();
            let at = at.index(characters.len());
            characters.splice(at..=at, with.chars());
            characters.into_iter().collect()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_read_is_what_the_reference_reads(text in text()) {
        let reference = serde_json::from_str::<serde_json::Value>(&text);
        match (Tree::read(text.as_str(), LIMITS), reference) {
            (Ok(tree), Ok(reference)) => prop_assert_eq!(as_reference(tree.root()), reference),
            // The reference takes the last of two keys, and no number that is not a double.
            (Err(error), Ok(_)) => prop_assert_eq!(error.problem, ErrorKind::DuplicateKey),
            (Ok(_), Err(error)) => {
                prop_assert!(error.to_string().starts_with("number out of range"), "{}", error);
            }
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn the_scanner_takes_what_the_tree_takes(text in text()) {
        let mut scanner = Scanner::new(&text, 128);
        let skipped = scanner.skip().and_then(|()| scanner.end());
        match Tree::read(text.as_str(), LIMITS) {
            Ok(tree) => {
                prop_assert!(skipped.is_ok());
                prop_assert_eq!(tree.root().raw(), text.trim_matches([' ', '\t', '\r', '\n']));
            }
            // Behind the key that comes again nothing is looked at.
            Err(error) => prop_assert!(skipped.is_err() || error.problem == ErrorKind::DuplicateKey),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|[\\x00-\\x7f]*|[\\[\\]{},:\"\\\\u0-9eE.+-]*") {
        let read = Tree::read(text.as_str(), LIMITS).is_ok();
        let reference = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        prop_assert!(read == reference || text.contains(['{', 'e', 'E']), "{:?}", text);
    }

    #[test]
    fn any_string_written_reads_back(text in "\\PC*|[\\x00-\\x7f]*") {
        let written = quoted(&text);
        prop_assert_eq!(&serde_json::from_str::<String>(&written).unwrap(), &text);
        let read = mayfly_json::string(&written).unwrap().into_owned();
        prop_assert_eq!(read, text);
    }
}
