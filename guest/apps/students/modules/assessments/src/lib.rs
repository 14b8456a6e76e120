//! Assessments from SQL Server, enriched with the student's profile from DynamoDB.

mod assessment;
mod filter;
mod profile;
mod record;

use assessment::{AssessmentType, EnrichedAssessment, Row, enrich};
use filter::{DateRange, Filter};
use mayfly_guest::prelude::*;
use profile::Profile;
use std::collections::BTreeMap;

mayfly_guest::resolvers! {
    Query.assessments => assessments,
    Student.assessments => batch assessments_of_students,
    Mutation.recordAssessment => record::record_assessment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssessmentsArguments {
    student_id: String,
    assessment_type: Option<AssessmentType>,
    date_range: Option<DateRange>,
}

/// One student's assessments: the profile and the rows are fetched at the same time.
async fn assessments(arguments: AssessmentsArguments) -> Result<Vec<EnrichedAssessment>> {
    let AssessmentsArguments {
        student_id: id,
        assessment_type,
        date_range,
    } = arguments;
    let query = Filter {
        kind: assessment_type,
        date_range,
    }
    .query(&[&id])?;
    let (profile, rows) = try_join(profile::of(&id), query).await?;
    let now = clock::now();
    rows.into_iter()
        .map(|row| enrich(row, &profile, now))
        .collect()
}

/// The assessments of many students: their profiles are what the schema's `needs` gave, the rows come in one query.
async fn assessments_of_students(
    students: Vec<Profile>,
    filter: Filter,
) -> Result<Vec<Result<Vec<EnrichedAssessment>>>> {
    let mut ids: Vec<&str> = students.iter().map(|student| student.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = filter.query(&ids)?.await?;
    let now = clock::now();
    let mut rows_by_student: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        rows_by_student
            .entry(row.student_id.clone())
            .or_default()
            .push(row);
    }
    let enriched = |student: &Profile| {
        let rows = rows_by_student
            .get(&student.id)
            .map_or(&[][..], Vec::as_slice);
        rows.iter()
            .map(|row| enrich(row.clone(), student, now))
            .collect()
    };
    Ok(students.iter().map(enriched).collect())
}
