//! Grants, statements and pools of an app that is applied.

use super::*;

const QUERY: &str = "{ student(id: \"S1\") { name assessments { id type } } }";

async fn students() -> TestHost {
    // No connection is opened but by those who ask.
    let app = TestApp::students().configured(
        "max_connections = 8",
        "max_connections = 8\nmin_connections = 0",
    );
    let host = TestHost::start(app.with_configuration(SERVER)).await;
    host.ready().await;
    host
}

async fn connections(host: &TestHost) -> u64 {
    host.backends().await["sqlserver"]["logins"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn statements_and_grants_change_while_connections_stay() {
    let host = students().await;
    let before = host.query(QUERY).await;
    assert!(
        before["data"]["student"]["assessments"]
            .as_array()
            .is_some_and(|list| !list.is_empty()),
        "{before}"
    );
    let logins = connections(&host).await;
    assert!(logins > 0);

    edit(
        &host,
        "mayfly.toml",
        "  AND (@type IS NULL OR type = @type)",
        "  AND (@type IS NULL OR type = @type) AND 1 = 0",
    );
    applies(&host, false).await;
    assert_eq!(
        host.query(QUERY).await["data"]["student"]["assessments"],
        json!([]),
        "the statement is another one"
    );

    edit(
        &host,
        "mayfly.toml",
        "sql = [\"assessments_by_student\", ",
        "sql = [",
    );
    applies(&host, false).await;
    let denied = host.query(QUERY).await;
    assert_eq!(
        denied["errors"][0]["extensions"]["code"],
        json!("DENIED"),
        "{denied}"
    );

    edit(
        &host,
        "mayfly.toml",
        "sql = [",
        "sql = [\"assessments_by_student\", ",
    );
    edit(&host, "mayfly.toml", " AND 1 = 0", "");
    applies(&host, false).await;
    assert_eq!(host.query(QUERY).await, before, "everything is as it was");
    assert_eq!(
        connections(&host).await,
        logins,
        "no connection was opened for that"
    );

    edit(
        &host,
        "mayfly.toml",
        "max_connections = 8",
        "max_connections = 5",
    );
    applies(&host, false).await;
    assert_eq!(host.query(QUERY).await, before);
    assert!(
        connections(&host).await > logins,
        "a pool that is configured otherwise is another pool"
    );
    assert_eq!(
        host.metric("mayfly_pool_size{backend=\"school\"}").await,
        1.0
    );
}

#[tokio::test]
async fn a_pool_that_was_taken_out_is_told_as_empty() {
    let app = TestApp::students().configured(
        "[sqlserver.school]",
        "[sqlserver.spare]\naddress = \"embedded\"\ndatabase = \"School\"\n\n[sqlserver.school]",
    );
    let host = TestHost::start(app.with_configuration(SERVER)).await;
    host.until(async || host.metric("mayfly_pool_size{backend=\"spare\"}").await == 1.0)
        .await;
    edit(
        &host,
        "mayfly.toml",
        "[sqlserver.spare]\naddress = \"embedded\"\ndatabase = \"School\"\n",
        "",
    );
    applies(&host, false).await;
    assert_eq!(
        host.metric("mayfly_pool_size{backend=\"spare\"}").await,
        0.0
    );
    assert!(host.metric("mayfly_memory_plan ").await > 0.0);
}
