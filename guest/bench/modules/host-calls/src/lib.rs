//! Workload A through host calls: a profile from DynamoDB and 20 rows from SQL Server, fetched at the same time and merged.

use std::rc::Rc;

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.reportByHostCalls => report,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportArguments {
    student_id: String,
}

/// What every assessment says about its student, and shares with the others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    name: Rc<str>,
    grade: i32,
    reading_level: Rc<str>,
}

/// A row of the table `Assessments`; what is only converted stays where it came.
#[derive(Deserialize)]
struct Row<'a> {
    id: String,
    /// A decimal with two digits after the point, as text.
    score: &'a str,
    /// In UTC, without an offset.
    taken_at: &'a str,
    active: bool,
}

/// The schema's `Assessment`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    id: String,
    name: Rc<str>,
    grade: i32,
    reading_level: Rc<str>,
    score: f64,
    taken_at: Timestamp,
    active: bool,
}

async fn report(arguments: ReportArguments) -> Result<Vec<Assessment>> {
    let id = arguments.student_id;
    let key = object! { PK: format_args!("STUDENT#{id}"), SK: "PROFILE" };
    let profile = dynamodb::table("Students").get::<Profile>(key);
    let rows = sql::statement("assessments_of_student")
        .bind("id", &id)
        .query_json();
    let (profile, rows) = try_join(profile, rows).await?;
    let Some(profile) = profile else {
        return Ok(Vec::new());
    };
    let rows: Vec<Row<'_>> = rows.read()?;
    rows.into_iter().map(|row| merge(row, &profile)).collect()
}

fn merge(row: Row<'_>, profile: &Profile) -> Result<Assessment> {
    let odd = |column: &str| {
        Error::new(
            "BAD_RECORD",
            format!("assessment `{}` has no usable {column}", row.id),
        )
    };
    Ok(Assessment {
        score: row.score.parse().map_err(|_| odd("score"))?,
        taken_at: Timestamp::from_sql(row.taken_at).map_err(|_| odd("time"))?,
        active: row.active,
        name: profile.name.clone(),
        grade: profile.grade,
        reading_level: profile.reading_level.clone(),
        id: row.id,
    })
}
