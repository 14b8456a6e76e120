//! The sample application's data.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use rust_decimal::Decimal;
use tiberius::time::chrono::NaiveDateTime;

use super::harness::{connect, dynamodb, sample};

#[tokio::test]
async fn the_sample_has_a_thousand_students() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    let counted = client
        .scan()
        .table_name("Students")
        .select(Select::Count)
        .send()
        .await
        .unwrap();
    assert_eq!(counted.count, 1000);
    let key = |value: &str| AttributeValue::S(value.into());
    let found = client
        .get_item()
        .table_name("Students")
        .key("PK", key("STUDENT#S42"))
        .key("SK", key("PROFILE"))
        .send();
    let mut item: Vec<(String, AttributeValue)> =
        found.await.unwrap().item.unwrap().into_iter().collect();
    item.sort_by(|a, b| a.0.cmp(&b.0));
    let wanted = [
        ("PK", key("STUDENT#S42")),
        ("SK", key("PROFILE")),
        ("grade", AttributeValue::N("7".into())),
        ("id", key("S42")),
        ("name", key("Chloe Tanaka")),
        ("readingLevel", key("Level 7")),
    ];
    assert_eq!(item, wanted.map(|(name, value)| (name.to_owned(), value)));
    embedded.shutdown().await;
}

#[tokio::test]
async fn the_sample_has_twenty_assessments_per_student() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let sql = "SELECT COUNT(*) AS assessments, COUNT(DISTINCT student_id) AS students, MIN(taken_at) AS first, MAX(taken_at) AS last \
        FROM dbo.Assessments WITH (NOLOCK)";
    let row = client
        .query(sql, &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            row.get::<i32, _>("assessments"),
            row.get::<i32, _>("students")
        ),
        (Some(20_000), Some(1000))
    );
    let at = |text: &str| text.parse::<NaiveDateTime>().ok();
    assert_eq!(
        (row.get("first"), row.get("last")),
        (at("2025-07-01T08:01:00"), at("2026-06-30T15:59:00"))
    );
    let sql = "SELECT id, student_id, type, score, taken_at, idempotency_key FROM [Assessments] WHERE student_id = @P1 ORDER BY id";
    let rows = client
        .query(sql, &[&"S42"])
        .await
        .unwrap()
        .into_first_result()
        .await
        .unwrap();
    let seen: Vec<(&str, &str, Decimal)> = rows
        .iter()
        .map(|row| {
            (
                row.get(0).unwrap(),
                row.get(2).unwrap(),
                row.get(3).unwrap(),
            )
        })
        .collect();
    assert_eq!(seen.len(), 20);
    assert_eq!(
        seen[..2],
        [
            ("A-S42-01", "COMPREHENSION", Decimal::new(6465, 2)),
            ("A-S42-02", "VOCABULARY", Decimal::new(7376, 2)),
        ]
    );
    assert_eq!(
        rows[0].get::<NaiveDateTime, _>("taken_at"),
        at("2025-07-03T09:35:00")
    );
    assert_eq!(rows[0].get::<&str, _>("idempotency_key"), None);
    embedded.shutdown().await;
}

#[tokio::test]
async fn every_student_has_fluency_assessments_in_the_first_half_of_2026() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let sql = "SELECT COUNT(*) AS students FROM (SELECT student_id FROM Assessments WHERE type = @P1 AND taken_at >= @P2 \
        AND taken_at < @P3 GROUP BY student_id HAVING COUNT(*) = 3) AS covered";
    let day = |month| tiberius::time::chrono::NaiveDate::from_ymd_opt(2026, month, 1).unwrap();
    let row = client
        .query(sql, &[&"FLUENCY", &day(1), &day(7)])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(1000));
    embedded.shutdown().await;
}

#[tokio::test]
async fn the_sample_is_ready_soon() {
    let started = Instant::now();
    let embedded = sample().await;
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(60),
        "took {took:?}; a second is usual in a build without optimisation"
    );
    embedded.shutdown().await;
}
