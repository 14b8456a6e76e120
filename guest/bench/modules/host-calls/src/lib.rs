//! Workload A through host calls: a profile from DynamoDB and 20 rows from SQL Server, fetched at the same time and merged.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.reportByHostCalls => report,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportArguments {
    student_id: String,
}

/// What every assessment says about its student.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    name: String,
    grade: i32,
    reading_level: String,
}

/// A row of the table `Assessments`.
#[derive(Deserialize)]
struct Row {
    id: String,
    /// A decimal with two digits after the point, as text.
    score: String,
    /// In UTC, without an offset.
    taken_at: String,
    active: bool,
}

/// The schema's `Assessment`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    id: String,
    name: String,
    grade: i32,
    reading_level: String,
    score: f64,
    taken_at: Timestamp,
    active: bool,
}

async fn report(arguments: ReportArguments) -> Result<Vec<Assessment>> {
    let id = arguments.student_id;
    let key = object! { PK: format_args!("STUDENT#{id}"), SK: "PROFILE" };
    let profile = dynamodb::table("Students").get::<Profile>(key);
    let rows = sql::statement("assessments_of_student").bind("id", &id).query::<Row>();
    let (profile, rows) = try_join(profile, rows).await?;
    let Some(profile) = profile else { return Ok(Vec::new()) };
    rows.into_iter().map(|row| merge(row, &profile)).collect()
}

fn merge(row: Row, profile: &Profile) -> Result<Assessment> {
    let odd = |column: &str| Error::new("BAD_RECORD", format!("assessment `{}` has no usable {column}", row.id));
    Ok(Assessment {
        score: row.score.parse().map_err(|_| odd("score"))?,
        taken_at: Timestamp::from_sql(&row.taken_at).map_err(|_| odd("time"))?,
        active: row.active,
        name: profile.name.clone(),
        grade: profile.grade,
        reading_level: profile.reading_level.clone(),
        id: row.id,
    })
}
