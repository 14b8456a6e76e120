//! Writes: each leaves something that shows whether it was done, and how often.

use mayfly_guest::prelude::*;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionArguments {
    key: String,
    student_id: String,
    then: String,
}

#[derive(Deserialize)]
pub(crate) struct AddArguments {
    key: String,
}

#[derive(Deserialize)]
pub(crate) struct Counter {
    pub(crate) added: i64,
}

/// Two statements, and whatever end was asked for.
pub(crate) async fn transaction(arguments: TransactionArguments) -> Result<String> {
    if arguments.then == "LEFT_OPEN" {
        row(sql::statement("left_open"), &arguments, "2.00").await?;
        return Ok(arguments.key);
    }
    let transaction = sql::begin("school");
    record(&transaction, &arguments).await?;
    let raise = match arguments.then.as_str() {
        "OWN" => "raise_by_itself",
        _ => "raise",
    };
    let raised = transaction
        .statement(raise)
        .bind("id", &arguments.key)
        .execute();
    if arguments.then == "IN_FLIGHT" {
        panic!("with a statement of a transaction under way");
    }
    raised.await?;
    end(transaction, arguments).await
}

/// One statement, for a guest with little time.
pub(crate) async fn hasty_transaction(arguments: TransactionArguments) -> Result<String> {
    let transaction = sql::begin("school");
    record(&transaction, &arguments).await?;
    end(transaction, arguments).await
}

async fn record(
    transaction: &sql::Transaction,
    arguments: &TransactionArguments,
) -> Result<Option<u64>> {
    let statement = transaction.statement("record_assessment");
    row(statement, arguments, "1.00").await
}

async fn row(
    statement: sql::Statement<'_>,
    arguments: &TransactionArguments,
    score: &str,
) -> Result<Option<u64>> {
    statement
        .bind("id", &arguments.key)
        .bind("student_id", &arguments.student_id)
        .bind("type", "FLUENCY")
        .bind("score", score)
        .bind("taken_at", "2026-07-01T08:00:00")
        .bind("key", &arguments.key)
        .execute()
        .await
}

async fn end(transaction: sql::Transaction, arguments: TransactionArguments) -> Result<String> {
    match arguments.then.as_str() {
        "COMMIT" | "OWN" => transaction.commit().await?,
        // Whatever happens to the statement: only what the commit says counts.
        "ENDED" | "NESTED" | "STRAY_COMMIT" => {
            let statement = arguments.then.to_lowercase();
            let _ = transaction.statement(&statement).execute().await;
            transaction.commit().await?;
        }
        "ROLL_BACK" => transaction.rollback().await?,
        "PANIC" => panic!("with a transaction open"),
        "SPIN" => crate::spin(),
        "FAIL" => return Err(Error::new("FAILED", "with a transaction open")),
        _ => drop(transaction),
    }
    Ok(arguments.key)
}

/// Adds 1 to a counter that nobody else adds to.
pub(crate) async fn add(arguments: AddArguments) -> Result<i64> {
    let added: Option<Counter> = dynamodb::table("Students")
        .update(
            crate::counter(&arguments.key),
            dynamodb::expression("ADD added :one").value(":one", &1),
        )
        .send()
        .await?;
    Ok(added.map_or(0, |item| item.added))
}

/// Posts an enrolment that nobody else posts.
pub(crate) async fn enrol(arguments: AddArguments) -> Result<String> {
    let request = crate::reads::service().post("/enrolments");
    let answer = request
        .json(&BTreeMap::from([("id", &arguments.key)]))
        .send()
        .await?;
    if answer.status == 409 {
        return Err(Error::new("TWICE", "it was posted before"));
    }
    answer.success()?;
    Ok(arguments.key)
}
