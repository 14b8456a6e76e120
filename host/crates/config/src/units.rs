//! Sizes and durations as people write them: `16 MiB`, `250 ms`.

use std::time::Duration;

/// Units of size, in bytes.
const SIZES: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Units of time, in milliseconds.
const TIMES: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("m", 60_000),
    ("h", 3_600_000),
];

/// The units of size.
#[must_use]
pub fn size_names() -> Vec<&'static str> {
    SIZES.map(|(name, _)| name).to_vec()
}

/// The units of time.
#[must_use]
pub fn time_names() -> Vec<&'static str> {
    TIMES.map(|(name, _)| name).to_vec()
}

/// Bytes of `16 MiB`; none when it is not a number and a unit.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    number_and_unit(text, &SIZES)
}

/// The time of `250 ms`; none when it is not a number and a unit.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    number_and_unit(text, &TIMES).map(Duration::from_millis)
}

/// Bytes as people read them: `16 MiB`, `1.5 GiB`, `640 B`.
#[must_use]
pub fn show_bytes(bytes: u64) -> String {
    let (unit, size) = match bytes {
        0..1_024 => return format!("{bytes} B"),
        1_024..1_048_576 => ("KiB", 1_u64 << 10),
        1_048_576..1_073_741_824 => ("MiB", 1 << 20),
        _ => ("GiB", 1 << 30),
    };
    if bytes.is_multiple_of(size) {
        format!("{} {unit}", bytes / size)
    } else {
        #[expect(
            clippy::cast_precision_loss,
            reason = "one digit after the point is shown"
        )]
        let value = bytes as f64 / size as f64;
        format!("{value:.1} {unit}")
    }
}

/// A time as it may be written: `250 ms`, `2 s`, `10 min`, `24 h`.
#[must_use]
pub fn show_duration(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    let fits = units
        .into_iter()
        .find(|(_, unit)| millis > 0 && millis.is_multiple_of(*unit));
    match fits {
        Some((name, unit)) => format!("{} {name}", millis / unit),
        None => format!("{millis} ms"),
    }
}

fn number_and_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(split)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_a_unit() {
        assert_eq!(bytes("16 MiB"), Some(16 << 20));
        assert_eq!(bytes("64KiB"), Some(64 << 10));
        assert_eq!(bytes("10 B"), Some(10));
        assert_eq!(duration("250 ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("2 s"), Some(Duration::from_secs(2)));
        assert_eq!(duration("10m"), duration("10 min"));
        for bad in [
            "",
            "16",
            "MiB",
            "-1 MiB",
            "1.5 GiB",
            "16 mib",
            "99999999999999999999 B",
            "18446744073709551615 GiB",
        ] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_shown_in_the_largest_unit_that_they_are_whole_in() {
        for (millis, shown) in [
            (0, "0 ms"),
            (250, "250 ms"),
            (1_500, "1500 ms"),
            (2_000, "2 s"),
            (90_000, "90 s"),
            (600_000, "10 min"),
            (86_400_000, "24 h"),
        ] {
            let time = Duration::from_millis(millis);
            assert_eq!(show_duration(time), shown);
            assert_eq!(duration(shown), Some(time));
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit_that_fits() {
        assert_eq!(show_bytes(640), "640 B");
        assert_eq!(show_bytes(16 << 20), "16 MiB");
        assert_eq!(show_bytes((3 << 30) / 2), "1.5 GiB");
    }
}
