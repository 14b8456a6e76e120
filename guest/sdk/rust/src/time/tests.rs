//! Calendar arithmetic and what is refused.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;

#[test]
fn every_day_follows_the_one_before_and_comes_back_from_its_number() {
    let mut date = Date::new(1, 1, 1).unwrap();
    let mut number = date.unix_days();
    while date.next_day() != date {
        let (year, month, day) = civil(number);
        assert_eq!(
            (
                u32::from(date.year),
                u32::from(date.month),
                u32::from(date.day)
            ),
            (year, month, day)
        );
        date = date.next_day();
        number += 1;
        assert_eq!(date.unix_days(), number, "{date}");
    }
    assert_eq!(date.to_string(), "9999-12-31");
    assert_eq!(Date::new(1970, 1, 1).unwrap().unix_days(), 0);
}

#[test]
fn days_that_do_not_exist_are_no_dates() {
    for text in [
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-04-31",
        "0000-01-01",
        "24-01-01",
        "2024-1-1",
        "2024-01-01T",
        "",
        "２024-01-01",
        "+024-01-01",
    ] {
        assert_eq!(
            text.parse::<Date>().unwrap_err().to_string(),
            format!("`{text}` is not a date (expected YYYY-MM-DD)")
        );
    }
    assert!("2000-02-29".parse::<Date>().is_ok());
}

#[test]
fn times_are_read_with_any_offset_and_written_in_utc() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("2026-01-31T23:59:59.9999999Z", "2026-01-31T23:59:59.999Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"),
        ("2026-01-01 00:30:00.05-00:30", "2026-01-01T01:00:00.050Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
    ] {
        assert_eq!(
            text.parse::<Timestamp>().unwrap().to_string(),
            expected,
            "{text}"
        );
    }
    for text in [
        "2026-01-31",
        "2026-01-31T10:00:00",
        "2026-01-31T24:00:00Z",
        "2026-01-31T10:00:60Z",
        "2026-01-31T10:00:00.Z",
        "2026-01-31T10:00:00+25:00",
        "2026-01-31T10:00:00Zz",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
}

#[test]
fn sql_times_have_no_offset() {
    let time = Timestamp::from_sql("2026-01-31 10:00:00").unwrap();
    assert_eq!(time.to_sql(), "2026-01-31T10:00:00.000");
    assert!(Timestamp::from_sql("2026-01-31T10:00:00Z").is_err());
}

#[test]
fn times_stay_within_the_years_that_text_can_say() {
    assert_eq!(
        Timestamp::from_unix_ms(i64::MIN).to_string(),
        "0001-01-01T00:00:00.000Z"
    );
    assert_eq!(
        Timestamp::from_unix_ms(i64::MAX).to_string(),
        "9999-12-31T23:59:59.999Z"
    );
    assert_eq!(
        "0001-01-01T00:00:00+01:00".parse::<Timestamp>().unwrap(),
        Timestamp::from_unix_ms(FIRST_MS)
    );
}
