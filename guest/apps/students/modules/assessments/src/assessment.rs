//! An assessment: as a row, and as the schema's `EnrichedAssessment`.

use crate::profile::Profile;
use mayfly_guest::prelude::*;

/// What was assessed; the database stores the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum AssessmentType {
    Fluency,
    Comprehension,
    Vocabulary,
    Phonics,
}

/// A row of the table `Assessments`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) student_id: String,
    #[serde(rename = "type")]
    pub(crate) kind: AssessmentType,
    /// A decimal with two digits after the point, as text.
    pub(crate) score: String,
    /// In UTC, without an offset.
    pub(crate) taken_at: String,
}

/// What clients get.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnrichedAssessment {
    id: String,
    student_id: String,
    #[serde(rename = "type")]
    kind: AssessmentType,
    score: f64,
    taken_at: Timestamp,
    student_grade: i32,
    reading_level: String,
    processed_at: Timestamp,
}

/// Merges a row with its student's profile.
pub(crate) fn enrich(row: Row, student: &Profile, now: Timestamp) -> Result<EnrichedAssessment> {
    let odd = |column: &str| {
        Error::new(
            "BAD_RECORD",
            format!("assessment `{}` has no usable {column}", row.id),
        )
    };
    let score = row.score.parse().map_err(|_| odd("score"))?;
    let taken_at = Timestamp::from_sql(&row.taken_at).map_err(|_| odd("time"))?;
    Ok(EnrichedAssessment {
        id: row.id,
        student_id: row.student_id,
        kind: row.kind,
        score,
        taken_at,
        student_grade: student.grade,
        reading_level: student.reading_level.clone(),
        processed_at: now,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn a_row_and_a_profile_become_what_the_schema_says() {
        let row: Row = serde_json::from_str(
            r#"{"id":"a1","student_id":"7","type":"FLUENCY","score":"93.50","taken_at":"2026-01-31T13:14:15.0000000"}"#,
        )
        .unwrap();
        let profile: Profile =
            serde_json::from_str(r#"{"id":"7","grade":3,"readingLevel":"L"}"#).unwrap();
        let enriched = enrich(row, &profile, Timestamp::from_unix_ms(0)).unwrap();
        assert_eq!(
            serde_json::to_string(&enriched).unwrap(),
            r#"{"id":"a1","studentId":"7","type":"FLUENCY","score":93.5,"takenAt":"2026-01-31T13:14:15.000Z","studentGrade":3,"readingLevel":"L","processedAt":"1970-01-01T00:00:00.000Z"}"#
        );
    }
}
