//! A data directory.

use aws_sdk_dynamodb::types::AttributeValue;
use mayfly_embedded::{Embedded, Options, StartError};

use super::harness::{Sql, connect, dynamodb, sample_seed};

fn options(data: &std::path::Path) -> Options {
    Options {
        seed: Some(sample_seed()),
        data: Some(data.to_owned()),
        ..Options::default()
    }
}

async fn count(client: &mut Sql) -> i32 {
    let row = client
        .query("SELECT COUNT(*) FROM Assessments", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    row.get(0).unwrap()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_is_not_seeded_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let embedded = Embedded::start(options(&data)).await.unwrap();
    let mut client = connect(&embedded).await;
    client
        .execute("DELETE FROM Assessments WHERE student_id = N'S1'", &[])
        .await
        .unwrap();
    let key = |part: &str| AttributeValue::S(part.into());
    let delete = dynamodb(&embedded)
        .delete_item()
        .table_name("Students")
        .key("PK", key("STUDENT#S1"))
        .key("SK", key("PROFILE"));
    delete.send().await.unwrap();
    embedded.shutdown().await;

    let embedded = Embedded::start(options(&data)).await.unwrap();
    let mut client = connect(&embedded).await;
    assert_eq!(count(&mut client).await, 19_980);
    let get = dynamodb(&embedded)
        .get_item()
        .table_name("Students")
        .key("PK", key("STUDENT#S1"))
        .key("SK", key("PROFILE"));
    assert!(get.send().await.unwrap().item.is_none());
    let get = dynamodb(&embedded)
        .get_item()
        .table_name("Students")
        .key("PK", key("STUDENT#S2"))
        .key("SK", key("PROFILE"));
    assert!(get.send().await.unwrap().item.is_some());
    let mut procedure = tiberius::Command::new("StudentSummary");
    procedure.bind_param("@student_id", "S1");
    procedure.bind_out_param("@count", 0_i32);
    let result = procedure
        .exec(&mut client)
        .await
        .unwrap()
        .into_command_result()
        .await
        .unwrap();
    assert_eq!(result.return_code(), 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_unfinished_seeding_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    Embedded::start(options(directory.path()))
        .await
        .unwrap()
        .shutdown()
        .await;
    std::fs::remove_file(directory.path().join("seeded")).unwrap();
    std::fs::write(
        directory.path().join("sqlserver/School.sqlite"),
        "half a file",
    )
    .unwrap();
    let embedded = Embedded::start(options(directory.path())).await.unwrap();
    assert_eq!(count(&mut connect(&embedded).await).await, 20_000);
    embedded.shutdown().await;
}

#[tokio::test]
async fn two_processes_do_not_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let embedded = Embedded::start(options(directory.path())).await.unwrap();
    let error = Embedded::start(options(directory.path()))
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Data { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("another process uses this directory"),
        "{error}"
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_wrong_seed_is_named_with_its_file() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("sqlserver/procedures")).unwrap();
    let start = || {
        Embedded::start(Options {
            seed: Some(directory.path().to_owned()),
            ..Options::default()
        })
    };
    std::fs::write(
        directory.path().join("sqlserver/Bad.sql"),
        "CREATE TABL t (id INT);",
    )
    .unwrap();
    let error = start().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Bad.sql`: near \"TABL\": syntax error"),
        "{error}"
    );
    std::fs::remove_file(directory.path().join("sqlserver/Bad.sql")).unwrap();
    std::fs::write(
        directory.path().join("sqlserver/procedures/P.sql"),
        "-- @x nonsense\nSELECT 1",
    )
    .unwrap();
    let error = start().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("P.sql`: error 243: Type nonsense is not a defined system type."),
        "{error}"
    );
}
