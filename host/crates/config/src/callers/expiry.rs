//! A time in a configuration: `2027-01-31` or `2027-01-31T12:00:00Z`, always of UTC.

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Seconds since 1970, or none when the text is no such time.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time.strip_suffix('Z')?)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = match time {
        Some(time) => numbers(time, ':', [2, 2, 2])?,
        None => [0; 3],
    };
    let is_time = hour < 24 && minute < 60 && second < 60;
    let is_date = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day);
    (is_time && is_date)
        .then(|| days_until(year, month, day) * DAY + hour * 3_600 + minute * 60 + second)
}

/// Three numbers of this many digits each.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the first of 1970.
fn days_until(year: u64, month: u64, day: u64) -> u64 {
    let of_years: u64 = (1970..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    let of_months: u64 = (1..month).map(|month| days_of(year, month)).sum();
    of_years + of_months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_calendar_has_them() {
        let table = [
            ("1970-01-01", Some(0)),
            ("2000-02-29T23:59:59Z", Some(951_868_799)),
            ("2027-01-31", Some(1_801_353_600)),
            ("2100-02-29", None),
            ("2027-13-01", None),
            ("2027-00-10", None),
            ("2027-1-1", None),
            ("2027-01-31T24:00:00Z", None),
            ("2027-01-31T12:00:00", None),
            ("2027-01-31T12:00:00+01:00", None),
            ("1969-12-31", None),
            ("+027-01-01", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
