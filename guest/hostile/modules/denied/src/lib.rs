//! Asks for a table and a statement that exist and that it was not granted.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.deniedTable => denied_table,
    Query.deniedStatement => denied_statement,
    Query.deniedAction => denied_action,
    Query.deniedIgnored => denied_ignored,
}

#[derive(Deserialize)]
struct Secret {
    value: String,
}

async fn denied_table() -> Result<Option<String>> {
    let secret = dynamodb::table("Secrets")
        .get::<Secret>(object! { PK: "1" })
        .await?;
    Ok(secret.map(|secret| secret.value))
}

async fn denied_statement() -> Result<Option<String>> {
    Ok(sql::statement("secrets")
        .query_first::<Secret>()
        .await?
        .map(|secret| secret.value))
}

/// Reading the table is granted, writing is not.
async fn denied_action() -> Result<Option<String>> {
    dynamodb::table("Things")
        .put(object! { PK: "1", value: "mine" })
        .send::<Secret>()
        .await?;
    Ok(None)
}

/// Goes on after the denials, and tells their codes.
async fn denied_ignored() -> Result<String> {
    let (table, (statement, action)) =
        join(denied_table(), join(denied_statement(), denied_action())).await;
    let code = |outcome: Result<Option<String>>| {
        outcome.map_or_else(
            |error| error.code.into_owned(),
            |_| "let through".to_owned(),
        )
    };
    Ok([table, statement, action].map(code).join(", "))
}
