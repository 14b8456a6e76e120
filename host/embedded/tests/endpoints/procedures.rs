//! Stored procedures by name.

use rust_decimal::Decimal;
use tiberius::Command;

use super::harness::{connect, sample, server_error};

async fn summary(
    client: &mut super::harness::Sql,
    student: &str,
) -> tiberius::Result<tiberius::CommandResult> {
    let mut command = Command::new("dbo.StudentSummary");
    command.bind_param("@student_id", student.to_owned());
    command.bind_out_param("@count", 0_i32);
    command.exec(client).await?.into_command_result().await
}

#[tokio::test]
async fn a_procedure_gives_rows_outputs_and_a_status() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let result = summary(&mut client, "S42").await.unwrap();
    assert_eq!(result.return_code(), 0);
    assert_eq!(result.return_values_len(), 1);
    assert_eq!(result.try_return_value::<i32>("@count").unwrap(), Some(20));
    let rows = result.to_query_result(0).unwrap();
    let types: Vec<&str> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(types, ["COMPREHENSION", "FLUENCY", "PHONICS", "VOCABULARY"]);
    assert_eq!(rows[0].get::<i32, _>("assessments"), Some(5));
    assert_eq!(
        rows[0].get::<Decimal, _>("mean_score"),
        Some(Decimal::new(6553, 2))
    );
    assert!(
        rows[0]
            .get::<tiberius::time::chrono::NaiveDateTime, _>("last_taken_at")
            .is_some()
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_procedure_may_return_early_with_a_status() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let result = summary(&mut client, "nobody").await.unwrap();
    assert_eq!(result.return_code(), 1);
    assert_eq!(result.try_return_value::<i32>("@count").unwrap(), Some(0));
    assert!(result.to_query_result(0).is_none());
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_wrong_call_is_an_error_with_its_number() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let call = |name: &'static str, parameter: Option<&'static str>| {
        let mut command = Command::new(name);
        if let Some(parameter) = parameter {
            command.bind_param(parameter, 1_i32);
        }
        command
    };
    for (command, number) in [
        (call("Nothing", None), 2812),
        (call("StudentSummary", None), 201),
        (call("StudentSummary", Some("@other")), 8145),
    ] {
        let stream = command.exec(&mut client).await.unwrap();
        assert_eq!(
            server_error(stream.into_command_result().await.map(|_| ())).0,
            number
        );
    }
    summary(&mut client, "S1").await.unwrap();
    embedded.shutdown().await;
}
