//! `[modules.NAME.canary]`: how a new version of a module is tried on a share of the operations before it answers all of them.
//!
//! Every key may also be given with the command that begins a canary, so each is read from a text in one place.

use std::fmt::{Display, Formatter};
use std::time::Duration;

use crate::key::Key;
use crate::reader::Table;
use crate::units;

/// A percentage, kept in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// Hundredths of a percent: parts of ten thousand.
    #[must_use]
    pub const fn of_ten_thousand(parts: u32) -> Self {
        Self(parts)
    }

    /// Parts of ten thousand.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// As a fraction: 1 is everything.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// Reads `5%` or `0.25 %`; none for anything else, and for more digits than are kept.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 2 {
            return None;
        }
        let hundredths: u32 = format!("{fraction:0<2}").parse().ok()?;
        whole
            .parse::<u32>()
            .ok()?
            .checked_mul(100)?
            .checked_add(hundredths)
            .map(Self)
    }
}

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        match hundredths {
            0 => write!(f, "{whole}%"),
            _ => write!(
                f,
                "{}%",
                format!("{whole}.{hundredths:02}").trim_end_matches('0')
            ),
        }
    }
}

/// What decides on which side an operation is: the same key is always on the same side of one canary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanaryKey {
    /// `operation`: its trace id, so every operation by itself, unless the client sends the trace id.
    Operation,
    /// `caller`: who sent it. Operations of nobody in particular stay with the active version.
    Caller,
    /// `header:NAME`: a header's value. Operations without the header stay with the active version.
    Header(String),
}

impl CanaryKey {
    /// Reads `operation`, `caller` or `header:NAME`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_token = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        };
        match text {
            "operation" => Some(Self::Operation),
            "caller" => Some(Self::Caller),
            _ => {
                let name = text.strip_prefix("header:")?.trim();
                is_token(name).then(|| Self::Header(name.to_ascii_lowercase()))
            }
        }
    }
}

impl Display for CanaryKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operation => f.write_str("operation"),
            Self::Caller => f.write_str("caller"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

/// How a canary runs and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    pub share: Percent,
    pub by: CanaryKey,
    /// `for`.
    pub time: Duration,
    /// `operations`; none where time alone decides.
    pub operations: Option<u64>,
    pub min_operations: u64,
    pub max_failure_increase: Percent,
    pub max_faults: u64,
    /// `max_slowdown`; none where time is not judged.
    pub max_slowdown: Option<Percent>,
}

/// Every key. What each takes is read in [`Canary::set`].
const KEYS: [Key<'_>; 8] = [
    Key::new(
        "share",
        "The share of the operations (see `by`) that run on the new version, from 0.01 % to 50 %.",
    )
    .or("5%"),
    Key::new(
        "by",
        "What the share is of: `operation` (every operation by itself), `caller` or `header:NAME`. The same caller, or value of the header, \
         is always on the same side; operations without one stay with the active version.",
    )
    .or("operation"),
    Key::new("for", "It is decided after this time, from 1 ms to a week.").or("10 min"),
    Key::new(
        "operations",
        "It is decided after this many operations of the new version, if that comes first.",
    )
    .or("none"),
    Key::new(
        "min_operations",
        "With fewer operations of the new version nothing is judged, and the canary is not promoted at its end.",
    )
    .or("20"),
    Key::new(
        "max_failure_increase",
        "How much larger the share of operations that fail may be than the active version's, from 0 % to 100 %.",
    )
    .or("1%"),
    Key::new(
        "max_faults",
        "This many operations that end in a trap, out of memory, past a deadline or in an answer that does not fit end the canary at once, \
         if the active version has none of that kind.",
    )
    .or("3"),
    Key::new(
        "max_slowdown",
        "How much longer the median operation may take than the active version's: a percentage.",
    )
    .or("none: not judged"),
];

impl Default for Canary {
    fn default() -> Self {
        Self {
            share: Percent(500),
            by: CanaryKey::Operation,
            time: Duration::from_secs(600),
            operations: None,
            min_operations: 20,
            max_failure_increase: Percent(100),
            max_faults: 3,
            max_slowdown: None,
        }
    }
}

impl Canary {
    /// Sets one key from its text.
    ///
    /// # Errors
    ///
    /// What the key must be, or which keys there are.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        let must = |what: &str| format!("`{key}` must be {what}");
        let percent = |least: u32, most: u32| {
            let found = Percent::parse(text).filter(|percent| (least..=most).contains(&percent.0));
            found.ok_or_else(|| {
                must(&format!(
                    "a percentage from {} to {}, such as \"5%\"",
                    Percent(least),
                    Percent(most)
                ))
            })
        };
        let number = |most: u64| {
            let found = text
                .parse::<u64>()
                .ok()
                .filter(|number| (1..=most).contains(number));
            found.ok_or_else(|| must(&format!("a whole number from 1 to {most}")))
        };
        match key {
            "share" => self.share = percent(1, 5_000)?,
            "by" => {
                self.by = CanaryKey::parse(text)
                    .ok_or_else(|| must("\"operation\", \"caller\" or \"header:NAME\""))?;
            }
            "for" => {
                let week = Duration::from_secs(7 * 24 * 3_600);
                let found = units::duration(text)
                    .filter(|time| (Duration::from_millis(1)..=week).contains(time));
                self.time = found
                    .ok_or_else(|| must("a duration from 1 ms to a week, such as \"10 min\""))?;
            }
            "operations" => self.operations = Some(number(1_000_000_000)?),
            "min_operations" => self.min_operations = number(1_000_000_000)?,
            "max_failure_increase" => self.max_failure_increase = percent(0, 10_000)?,
            "max_faults" => self.max_faults = number(1_000_000)?,
            "max_slowdown" => self.max_slowdown = Some(percent(1, 1_000_000)?),
            _ => {
                return Err(format!(
                    "unknown canary key `{key}`; expected one of {}",
                    KEYS.map(|key| key.name).join(", ")
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn read(table: Option<Table<'_>>) -> Self {
        let mut canary = Self::default();
        let Some(mut table) = table else {
            return canary;
        };
        for key in KEYS {
            let Some((at, text)) = table.text_or_number_at(key) else {
                continue;
            };
            if let Err(message) = canary.set(key.name, &text) {
                table.problem_at(at, format!("{}: {message}", table.path));
            }
        }
        table.finish();
        canary
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn percentages_are_read_and_shown_to_the_hundredth() {
        for (text, parts, shown) in [
            ("5%", 500, "5%"),
            ("0.25 %", 25, "0.25%"),
            ("100%", 10_000, "100%"),
            ("1.5%", 150, "1.5%"),
        ] {
            let percent = Percent::parse(text).unwrap();
            assert_eq!(
                (percent.parts(), percent.to_string().as_str()),
                (parts, shown)
            );
        }
        for bad in [
            "",
            "%",
            "5",
            "-1%",
            "1.005%",
            ".5%",
            "5 percent",
            "99999999999%",
            "+5%",
        ] {
            assert_eq!(Percent::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_key_can_be_set_and_is_checked() {
        let mut canary = Canary::default();
        for (key, text) in [
            ("share", "2.5%"),
            ("by", "header:X-Tenant"),
            ("for", "10m"),
            ("operations", "1000"),
            ("min_operations", "5"),
            ("max_failure_increase", "0%"),
            ("max_faults", "1"),
            ("max_slowdown", "50%"),
        ] {
            canary.set(key, text).unwrap();
        }
        let expected = Canary {
            share: Percent(250),
            by: CanaryKey::Header("x-tenant".to_owned()),
            time: Duration::from_secs(600),
            operations: Some(1_000),
            min_operations: 5,
            max_failure_increase: Percent(0),
            max_faults: 1,
            max_slowdown: Some(Percent(5_000)),
        };
        assert_eq!(canary, expected);
        let told = |key: &str, text: &str| Canary::default().set(key, text).unwrap_err();
        assert_eq!(
            told("share", "60%"),
            "`share` must be a percentage from 0.01% to 50%, such as \"5%\""
        );
        assert_eq!(
            told("by", "header:"),
            "`by` must be \"operation\", \"caller\" or \"header:NAME\""
        );
        assert_eq!(
            told("for", "soon"),
            "`for` must be a duration from 1 ms to a week, such as \"10 min\""
        );
        assert_eq!(
            told("operations", "0"),
            "`operations` must be a whole number from 1 to 1000000000"
        );
        assert_eq!(
            told("sahre", "5%").split(';').next(),
            Some("unknown canary key `sahre`")
        );
    }

    #[test]
    fn mistakes_in_the_file_are_told_with_their_lines() {
        let text = "schema = \"s\"\n[modules.m]\ncomponent = \"c\"\n[modules.m.canary]\nshare = \"90%\"\nby = 3\noperatons = 5\n";
        let problems =
            crate::Config::parse(std::path::Path::new("app"), text, &[], &|_| None).unwrap_err();
        let told: Vec<_> = problems
            .0
            .iter()
            .map(|problem| format!("{}: {}", problem.line, problem.message))
            .collect();
        assert_eq!(
            told,
            [
                "5: modules.m.canary: `share` must be a percentage from 0.01% to 50%, such as \"5%\"",
                "6: modules.m.canary: `by` must be \"operation\", \"caller\" or \"header:NAME\"",
                "7: unknown key `modules.m.canary.operatons`; did you mean `operations`?",
            ]
        );
    }
}
