#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;
use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime, Time};

use super::{
    parse_date, parse_datetime, parse_datetime_offset, parse_time, write_date, write_datetime,
    write_datetime_offset, write_datetime2, write_small_datetime, write_time,
};

fn text(write: impl FnOnce(&mut String) -> Option<()>) -> String {
    let mut out = String::new();
    write(&mut out).unwrap();
    out
}

#[test]
fn the_first_and_the_last_day_are_taken_and_nothing_beyond() {
    assert_eq!(parse_date("0001-01-01").unwrap(), Date::new(0));
    assert_eq!(parse_date("9999-12-31").unwrap(), Date::new(3_652_058));
    for none in [
        "0000-12-31",
        "2026-02-29",
        "2026-1-01",
        "2026-01-1",
        "26-01-01",
        "2026/01/01",
        "2026-01-01 ",
        "+026-01-01",
        "",
    ] {
        assert_eq!(parse_date(none), None, "{none}");
    }
}

#[test]
fn times_have_up_to_seven_digits() {
    assert_eq!(parse_time("00:00:01").unwrap().increments(), 10_000_000);
    assert_eq!(
        parse_time("23:59:59.9999999").unwrap().increments(),
        863_999_999_999
    );
    for none in [
        "24:00:00",
        "1:00:00",
        "00:60:00",
        "00:00:00.",
        "00:00:00.12345678",
        "00:00:00.1x",
        "00:00",
        "00:00:+1",
    ] {
        assert!(parse_time(none).is_none(), "{none}");
    }
}

#[test]
fn an_offset_is_kept_and_the_moment_is_utc() {
    let value = parse_datetime_offset("2026-01-01T00:30:00+02:00").unwrap();
    assert_eq!(value.datetime2().date(), parse_date("2025-12-31").unwrap());
    assert_eq!(
        text(|out| write_datetime_offset(out, value)),
        "2026-01-01T00:30:00.0000000+02:00"
    );
    let value = parse_datetime_offset("2026-01-01T23:30:00.5-03:30").unwrap();
    assert_eq!(
        text(|out| write_datetime_offset(out, value)),
        "2026-01-01T23:30:00.5000000-03:30"
    );
    assert_eq!(
        text(|out| write_datetime_offset(
            out,
            parse_datetime_offset("2026-01-01 10:00:00Z").unwrap()
        )),
        "2026-01-01T10:00:00.0000000+00:00"
    );
    for none in [
        "2026-01-01T00:00:00+14:01",
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00+01:00",
        "2026-01-01T00:00:00+2:00",
    ] {
        assert!(parse_datetime_offset(none).is_none(), "{none}");
    }
}

#[test]
fn each_type_is_written_with_its_own_digits() {
    assert_eq!(
        text(|out| write_time(out, Time::new(45_296, 0))),
        "12:34:56"
    );
    assert_eq!(
        text(|out| write_time(out, Time::new(4_529_612, 2))),
        "12:34:56.12"
    );
    let datetime2 = DateTime2::new(Date::new(3_652_058), Time::new(1, 7));
    assert_eq!(
        text(|out| write_datetime2(out, datetime2)),
        "9999-12-31T00:00:00.0000001"
    );
    // A datetime counts three-hundredths of a second; the server shows .003 and .007.
    assert_eq!(
        text(|out| write_datetime(out, DateTime::new(0, 1))),
        "1900-01-01T00:00:00.003"
    );
    assert_eq!(
        text(|out| write_datetime(out, DateTime::new(-53_690, 2))),
        "1753-01-01T00:00:00.007"
    );
    assert_eq!(
        text(|out| write_datetime(out, DateTime::new(0, 25_919_999))),
        "1900-01-01T23:59:59.997"
    );
    assert_eq!(
        text(|out| write_small_datetime(out, SmallDateTime::new(1, 61))),
        "1900-01-02T01:01:00"
    );
    let offset = DateTimeOffset::new(DateTime2::new(Date::new(0), Time::new(0, 0)), 90);
    assert_eq!(
        text(|out| write_datetime_offset(out, offset)),
        "0001-01-01T01:30:00+01:30"
    );
}

proptest! {
    #[test]
    fn any_moment_written_reads_back(days in 0u32..=3_652_058, ticks in 0u64..864_000_000_000, minutes in -840i16..=840) {
        let datetime = DateTime2::new(Date::new(days), Time::new(ticks, 7));
        let out = text(|out| write_datetime2(out, datetime));
        prop_assert_eq!(parse_datetime(&out).unwrap(), datetime);
        prop_assert_eq!(parse_date(&text(|out| write_date(out, datetime.date()))).unwrap(), datetime.date());
        // An offset may push the local date out of the calendar; then it is not written.
        let with_offset = DateTimeOffset::new(datetime, minutes);
        let mut out = String::new();
        if (1..3_652_058).contains(&days) && write_datetime_offset(&mut out, with_offset).is_some() {
            prop_assert_eq!(parse_datetime_offset(&out).unwrap(), with_offset);
        }
    }
}

#[test]
fn a_local_day_before_the_first_or_behind_the_last_has_no_text() {
    // Kept in UTC, the first and the last moment that the server takes.
    let at = |days, increments, offset| {
        let moment = DateTime2::new(Date::new(days), Time::new(increments, 7));
        DateTimeOffset::new(moment, offset)
    };
    let last = 863_999_999_999;
    let text_of = |value| {
        let mut out = String::new();
        write_datetime_offset(&mut out, value).map(|()| out)
    };
    assert_eq!(
        text_of(at(3_652_058, last, 0)).as_deref(),
        Some("9999-12-31T23:59:59.9999999+00:00")
    );
    assert_eq!(text_of(at(3_652_058, last, 1)), None);
    assert_eq!(
        text_of(at(0, 0, 60)).as_deref(),
        Some("0001-01-01T01:00:00.0000000+01:00")
    );
    assert_eq!(text_of(at(0, 0, -1)), None);
    assert_eq!(write_date(&mut String::new(), Date::new(3_652_059)), None);
}
