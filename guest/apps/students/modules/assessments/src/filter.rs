//! Which assessments are asked for: type and days.

use crate::assessment::{AssessmentType, Row};
use mayfly_guest::{Call, prelude::*};

/// The arguments of a student's assessments; `None` does not restrict.
#[derive(Deserialize)]
pub(crate) struct Filter {
    #[serde(rename = "type")]
    pub(crate) kind: Option<AssessmentType>,
    #[serde(rename = "dateRange")]
    pub(crate) date_range: Option<DateRange>,
}

/// As clients write it; any text until it is checked.
#[derive(Deserialize)]
pub(crate) struct DateRange {
    from: String,
    to: String,
}

impl Filter {
    /// Sends the query for the assessments of these students.
    pub(crate) fn query(&self, student_ids: &[&str]) -> Result<Call<Vec<Row>>> {
        let days = self.date_range.as_ref().map(DateRange::days).transpose()?;
        Ok(sql::statement("assessments_by_student")
            .bind("ids", student_ids)
            .bind("type", &self.kind)
            .bind("from", &days.map(|(from, _)| from))
            .bind("to", &days.map(|(_, after)| after))
            .query())
    }
}

impl DateRange {
    /// The first day, and the day after the last one: times of day then need no thought.
    fn days(&self) -> Result<(Date, Date)> {
        let from: Date = self
            .from
            .parse()
            .map_err(|problem| Error::argument("dateRange.from", problem))?;
        let to: Date = self
            .to
            .parse()
            .map_err(|problem| Error::argument("dateRange.to", problem))?;
        if to < from {
            return Err(Error::argument(
                "dateRange",
                format_args!("`to` ({to}) is before `from` ({from})"),
            ));
        }
        Ok((from, to.next_day()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    fn days(from: &str, to: &str) -> std::result::Result<String, String> {
        let range = DateRange {
            from: from.into(),
            to: to.into(),
        };
        range
            .days()
            .map(|(from, after)| format!("{from}..{after}"))
            .map_err(|error| error.message)
    }

    #[test]
    fn a_range_of_days_includes_its_last() {
        assert_eq!(
            days("2026-01-31", "2026-01-31").unwrap(),
            "2026-01-31..2026-02-01"
        );
        assert_eq!(
            days("2025-12-01", "2025-12-31").unwrap(),
            "2025-12-01..2026-01-01"
        );
    }

    #[test]
    fn a_wrong_range_says_which_part_is_wrong() {
        assert_eq!(
            days("2026-02-30", "2026-03-01").unwrap_err(),
            "argument `dateRange.from`: `2026-02-30` is not a date (expected YYYY-MM-DD)"
        );
        assert_eq!(
            days("2026-02-01", "soon").unwrap_err(),
            "argument `dateRange.to`: `soon` is not a date (expected YYYY-MM-DD)"
        );
        assert_eq!(
            days("2026-02-02", "2026-02-01").unwrap_err(),
            "argument `dateRange`: `to` (2026-02-01) is before `from` (2026-02-02)"
        );
    }
}
