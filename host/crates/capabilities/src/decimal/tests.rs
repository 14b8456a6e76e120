#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::{Decimal, is_json_number, write_scaled};

#[test]
fn equal_numbers_read_to_equal_fields() {
    let one_hundred = Decimal::parse("100").unwrap();
    for same in ["1e2", "1.00E+2", "0100", "+100.", "100.000", "10e1"] {
        assert_eq!(Decimal::parse(same).unwrap(), one_hundred, "{same}");
    }
    assert_eq!(
        Decimal::parse("-0.0").unwrap(),
        Decimal::parse("0").unwrap()
    );
}

#[test]
fn what_is_not_a_number_is_refused() {
    for text in [
        "", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "NaN", "1 ", "١",
    ] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn plain_text_writes_every_digit() {
    for (text, plain) in [
        ("0", "0"),
        ("1e3", "1000"),
        ("-12.50", "-12.5"),
        ("5e-3", "0.005"),
        ("123456e-3", "123.456"),
        ("-1e-1", "-0.1"),
    ] {
        assert_eq!(Decimal::parse(text).unwrap().to_plain(), plain, "{text}");
    }
}

#[test]
fn scaled_integers_keep_trailing_zeros() {
    for (value, scale, text) in [
        (12_300, 2, "123.00"),
        (-5, 2, "-0.05"),
        (0, 3, "0.000"),
        (7, 0, "7"),
        (
            99_999_999_999_999_999_999_999_999_999_999_999_999,
            38,
            "0.99999999999999999999999999999999999999",
        ),
        (
            -99_999_999_999_999_999_999_999_999_999_999_999_999,
            0,
            "-99999999999999999999999999999999999999",
        ),
    ] {
        let mut out = String::new();
        write_scaled(&mut out, value, scale);
        assert_eq!(out, text);
    }
}

#[test]
fn json_grammar_is_told_from_other_numbers() {
    for text in ["0", "-0", "10", "0.5", "1e5", "1E-130", "-1.25e+3"] {
        assert!(is_json_number(text), "{text}");
    }
    for text in ["", "-", "01", ".5", "5.", "+1", "1e", "1e+", "0x1", "1 "] {
        assert!(!is_json_number(text), "{text}");
    }
}

proptest! {
    #[test]
    fn plain_and_json_texts_read_back_to_the_same_number(text in "-?[0-9]{1,30}(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?") {
        let number = Decimal::parse(&text).unwrap();
        prop_assert_eq!(&Decimal::parse(&number.to_plain()).unwrap(), &number);
        prop_assert!(is_json_number(&number.to_json()));
        prop_assert_eq!(&Decimal::parse(&number.to_json()).unwrap(), &number);
    }
}
