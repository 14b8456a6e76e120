//! Reads: their rows carry the caller's nonce.

use mayfly_guest::{Call, prelude::*};
use serde::de::IgnoredAny;

/// Rows asked of a stream at once.
const PAGE_ROWS: u32 = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EchoArguments {
    nonce: String,
    student_id: String,
    rows: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamedArguments {
    nonce: String,
    student_id: String,
    pages: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeavesArguments {
    nonce: String,
    student_id: String,
    how: String,
}

#[derive(Deserialize)]
pub(crate) struct RecordedArguments {
    keys: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct AddedArguments {
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase"))]
pub(crate) struct Echo {
    nonce: String,
    id: String,
    student_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase"))]
pub(crate) struct Recorded {
    key: String,
    id: String,
    student_id: String,
    score: String,
}

fn asked<'a>(nonce: &str, student_id: &str, rows: i32) -> sql::Statement<'a> {
    sql::statement("echo")
        .bind("nonce", nonce)
        .bind("rows", &rows)
        .bind("student_id", student_id)
}

pub(crate) async fn echo(arguments: EchoArguments) -> Result<Vec<Echo>> {
    asked(&arguments.nonce, &arguments.student_id, arguments.rows)
        .query()
        .await
}

/// Reads some pages, and leaves whatever else there is.
pub(crate) async fn streamed(arguments: StreamedArguments) -> Result<Vec<Echo>> {
    let stream = asked(&arguments.nonce, &arguments.student_id, 100).stream::<Echo>()?;
    let mut rows = Vec::new();
    for _ in 0..arguments.pages {
        rows.extend(stream.next(PAGE_ROWS).await?);
    }
    Ok(rows)
}

/// Leaves with a query and a get under way.
pub(crate) async fn leaves(arguments: LeavesArguments) -> Result<i32> {
    let rows: Call<Vec<Echo>> = asked(&arguments.nonce, &arguments.student_id, 20).query();
    let key = object! { PK: format_args!("STUDENT#{}", arguments.student_id), SK: "PROFILE" };
    let profile: Call<Option<IgnoredAny>> = dynamodb::table("Students").get(key);
    let fetched = service()
        .get("/_echo/{nonce}")
        .path("nonce", &arguments.nonce)
        .send();
    match arguments.how.as_str() {
        "PANIC" => panic!("with calls under way"),
        "SPIN" => crate::spin(),
        _ => drop((rows, profile, fetched)),
    }
    Ok(1)
}

pub(crate) async fn recorded(arguments: RecordedArguments) -> Result<Vec<Recorded>> {
    sql::statement("recorded")
        .bind("keys", &arguments.keys)
        .query()
        .await
}

pub(crate) async fn count() -> Result<i64> {
    #[derive(Deserialize)]
    struct Count {
        assessments: i64,
    }
    Ok(sql::statement("count")
        .query_first::<Count>()
        .await?
        .map_or(0, |row| row.assessments))
}

pub(crate) async fn added(arguments: AddedArguments) -> Result<i64> {
    let item = dynamodb::table("Students")
        .consistent()
        .get::<crate::writes::Counter>(crate::counter(&arguments.key))
        .await?;
    Ok(item.map_or(0, |item| item.added))
}

pub(crate) fn service() -> http::Service<'static> {
    http::service("enrolment")
}

#[derive(Deserialize)]
pub(crate) struct FetchedArguments {
    nonce: String,
}

/// What the service says that it was asked for.
pub(crate) async fn fetched(arguments: FetchedArguments) -> Result<String> {
    #[derive(Deserialize)]
    struct Echoed {
        target: String,
    }
    let request = service().get("/_echo/{nonce}");
    let answer = request.path("nonce", &arguments.nonce).send().await?;
    Ok(answer.success()?.json::<Echoed>()?.target)
}

/// How often an enrolment was posted.
pub(crate) async fn posted(arguments: AddedArguments) -> Result<i64> {
    #[derive(Deserialize)]
    struct Posts {
        times: i64,
    }
    let request = service().get("/_posts/enrolments/{key}");
    let answer = request.path("key", &arguments.key).send().await?;
    Ok(answer.success()?.json::<Posts>()?.times)
}
