//! Recording an assessment, once however often it is sent.

use crate::assessment::{AssessmentType, EnrichedAssessment, Row, enrich};
use crate::profile;
use mayfly_guest::{Call, prelude::*};

#[derive(Deserialize)]
pub(crate) struct RecordArguments {
    input: RecordInput,
}

/// As clients write it; checked by [`RecordInput::row`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordInput {
    student_id: String,
    #[serde(rename = "type")]
    kind: AssessmentType,
    score: f64,
    taken_at: String,
    idempotency_key: String,
}

/// Records an assessment, or finds the one recorded under the same key.
pub(crate) async fn record_assessment(arguments: RecordArguments) -> Result<EnrichedAssessment> {
    let input = arguments.input;
    let row = input.checked()?;
    let (student, recorded) = try_join(
        profile::of(&input.student_id),
        recorded_under(&input.idempotency_key),
    )
    .await?;
    let row = match recorded {
        Some(recorded) => recorded,
        None => insert(row, &input.idempotency_key).await?,
    };
    if row.student_id != input.student_id {
        return Err(Error::argument(
            "input.idempotencyKey",
            "it was used for another student's assessment",
        ));
    }
    enrich(row, &student, clock::now())
}

fn recorded_under(key: &str) -> Call<Option<Row>> {
    sql::statement("assessment_by_key")
        .bind("key", key)
        .query_first()
}

/// Writes the row, unless someone else has written one under the same key since we looked: then theirs is the record.
async fn insert(row: Row, key: &str) -> Result<Row> {
    let row = Row {
        id: random::id(),
        ..row
    };
    let written = sql::statement("record_assessment")
        .bind("id", &row.id)
        .bind("student_id", &row.student_id)
        .bind("type", &row.kind)
        .bind("score", &row.score)
        .bind("taken_at", &row.taken_at)
        .bind("key", key)
        .execute()
        .await;
    match written {
        Ok(_) => Ok(row),
        Err(error) if error.is(codes::CONFLICT) => recorded_under(key).await?.ok_or(error),
        Err(error) => Err(error),
    }
}

impl RecordInput {
    /// The row to write, but for its id.
    fn checked(&self) -> Result<Row> {
        if !(0.0..=100.0).contains(&self.score) {
            return Err(Error::argument(
                "input.score",
                format_args!("{} is not between 0 and 100", self.score),
            ));
        }
        let key_length = self.idempotency_key.encode_utf16().count();
        if !(1..=64).contains(&key_length) {
            return Err(Error::argument(
                "input.idempotencyKey",
                format_args!("it has {key_length} characters, not 1 to 64"),
            ));
        }
        let taken_at: Timestamp = self
            .taken_at
            .parse()
            .map_err(|problem| Error::argument("input.takenAt", problem))?;
        Ok(Row {
            id: String::new(),
            student_id: self.student_id.clone(),
            kind: self.kind,
            score: format!("{:.2}", self.score),
            taken_at: taken_at.to_sql(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    fn input(score: f64, taken_at: &str, key: &str) -> RecordInput {
        RecordInput {
            student_id: "7".into(),
            kind: AssessmentType::Phonics,
            score,
            taken_at: taken_at.into(),
            idempotency_key: key.into(),
        }
    }

    #[test]
    fn an_assessment_is_stored_with_two_decimals_and_in_utc() {
        let row = input(93.456, "2026-01-31T13:14:15+01:00", "k")
            .checked()
            .unwrap();
        assert_eq!(
            (row.score.as_str(), row.taken_at.as_str()),
            ("93.46", "2026-01-31T12:14:15.000")
        );
    }

    #[test]
    fn a_wrong_assessment_says_which_argument_is_wrong() {
        let message = |input: RecordInput| input.checked().unwrap_err().message;
        let time = "2026-01-31T13:14:15Z";
        assert_eq!(
            message(input(100.5, time, "k")),
            "argument `input.score`: 100.5 is not between 0 and 100"
        );
        assert_eq!(
            message(input(-0.1, time, "k")),
            "argument `input.score`: -0.1 is not between 0 and 100"
        );
        assert_eq!(
            message(input(1.0, time, "")),
            "argument `input.idempotencyKey`: it has 0 characters, not 1 to 64"
        );
        assert_eq!(
            message(input(1.0, "2026-01-31", "k")),
            "argument `input.takenAt`: `2026-01-31` is not a date and time (expected YYYY-MM-DDThh:mm:ssZ or an offset)"
        );
    }
}
