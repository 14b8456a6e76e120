//! Lists: as SQL says, however many values they have.

use crate::backends::{Backends, session, soon};

async fn numbers(statement: &str, parameters: &str) -> String {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let rows = session.query(statement, parameters, soon()).await.unwrap();
    rows.replace(r#"{"n":"#, "").replace('}', "")
}

fn range(from: u32, to: u32) -> String {
    let numbers: Vec<String> = (from..to).map(|n| n.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

#[tokio::test]
async fn a_list_without_values_has_nothing_in_it() {
    assert_eq!(numbers("within", r#"{"ids": []}"#).await, "[]");
    assert_eq!(numbers("outside_of", r#"{"ids": []}"#).await, "[1,2,3,4,5]");
    assert_eq!(numbers("outside_of", r#"{"ids": [2, 4]}"#).await, "[1,3,5]");
    // Among other values it leaves those.
    assert_eq!(
        numbers("within_two", r#"{"a": [0, 1, 2], "b": []}"#).await,
        "[1,2]"
    );
}

#[tokio::test]
async fn so_it_is_inside_an_aggregate_and_for_null() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let counts = async |types: &str| {
        let parameters = format!(r#"{{"types": {types}}}"#);
        session
            .query("counted_by_list", &parameters, soon())
            .await
            .unwrap()
    };
    assert_eq!(
        counts("[]").await,
        r#"[{"inside":0,"outside":40,"with_nulls":40}]"#
    );
    assert_eq!(
        counts(r#"["math"]"#).await,
        r#"[{"inside":20,"outside":20,"with_nulls":20}]"#
    );
}

#[tokio::test]
async fn as_many_values_work_as_the_server_takes_alone_or_over_several_lists() {
    for count in [2_048, 2_049, 2_098] {
        let parameters = format!(r#"{{"ids": {}}}"#, range(0, count));
        assert_eq!(
            numbers("within", &parameters).await,
            "[1,2,3,4,5]",
            "{count}"
        );
    }
    for (a, b) in [(1_025, 60), (1_000, 1_098), (2_097, 1)] {
        let parameters = format!(r#"{{"a": {}, "b": {}}}"#, range(0, a), range(3, 3 + b));
        let rows = numbers("within_two", &parameters).await;
        assert!(rows.starts_with("[1,2"), "{a} and {b}: {rows}");
    }
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let parameters = format!(r#"{{"a": {}, "b": [1]}}"#, range(0, 2_098));
    let error = session
        .query("within_two", &parameters, soon())
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "statement `within_two`: more than 2098 values; SQL Server takes no more, so pass shorter lists"
    );
}
