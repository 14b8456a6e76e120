//! Reaches for keys of its choice in a table where only the caller's own key was granted, by every operation there is.

use mayfly_guest::prelude::*;
use serde_json::{Map, Value};

mayfly_guest::resolvers! {
    Query.whoAmI => who_am_i,
    Query.reaches => reaches,
}

const SORT_KEY: &str = "NOTE";

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Reach {
    Get,
    BatchGet,
    Query,
    QueryByOwner,
    Put,
    Update,
    Delete,
    TransactPut,
    TransactUpdate,
    TransactDelete,
    TransactCheck,
}

#[derive(Deserialize)]
struct Arguments {
    how: Reach,
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

/// The caller's id and claims, as the host tells them.
fn who_am_i() -> Result<String> {
    let claims: Map<String, Value> = context::claims()?;
    Ok(format!(
        "{}: {}",
        context::caller().unwrap_or_else(|| "nobody".to_owned()),
        Value::Object(claims)
    ))
}

/// The texts of the notes that were reached, joined; errors are passed on.
async fn reaches(arguments: Arguments) -> Result<String> {
    let Arguments { how, keys } = arguments;
    let drawers = dynamodb::table("Drawers");
    let first = keys.first().map(String::as_str).unwrap_or_default();
    let writes = dynamodb::transaction();
    let notes: Vec<Note> = match how {
        Reach::Get => drawers.get(key(first)).await?.into_iter().collect(),
        Reach::BatchGet => drawers
            .batch_get(keys.iter().map(|of| key(of)))
            .await?
            .into_iter()
            .flatten()
            .collect(),
        Reach::Query => {
            drawers
                .query(dynamodb::expression("PK = :k").value(":k", first))
                .page()
                .await?
                .items
        }
        Reach::QueryByOwner => {
            let condition = dynamodb::expression("#o = :k")
                .name("#o", "owner")
                .value(":k", first);
            drawers
                .query(condition)
                .index("ByOwner")
                .page()
                .await?
                .items
        }
        Reach::Put => drawers
            .put(item(first))
            .send::<Note>()
            .await?
            .into_iter()
            .collect(),
        Reach::Update => vec![drawers.update(key(first), change()).send().await?],
        Reach::Delete => drawers
            .delete(key(first))
            .send::<Note>()
            .await?
            .into_iter()
            .collect(),
        Reach::TransactPut => done(
            keys.iter()
                .fold(writes, |writes, of| writes.put(drawers.put(item(of))))
                .send()
                .await?,
        ),
        Reach::TransactUpdate => done(
            keys.iter()
                .fold(writes, |writes, of| {
                    writes.update(drawers.update(key(of), change()))
                })
                .send()
                .await?,
        ),
        Reach::TransactDelete => done(
            keys.iter()
                .fold(writes, |writes, of| writes.delete(drawers.delete(key(of))))
                .send()
                .await?,
        ),
        Reach::TransactCheck => {
            let exists = |of| drawers.check(key(of), "attribute_exists(PK)");
            done(
                keys.iter()
                    .fold(writes, |writes, of| writes.check(exists(of)))
                    .send()
                    .await?,
            )
        }
    };
    Ok(notes
        .iter()
        .map(|note| note.text.as_str())
        .collect::<Vec<_>>()
        .join(" "))
}

fn key(of: &str) -> Object {
    object! { PK: of, SK: SORT_KEY }
}

fn item(of: &str) -> Object {
    object! { PK: of, SK: SORT_KEY, owner: of, text: "taken" }
}

fn change() -> dynamodb::Expression {
    dynamodb::expression("SET #t = :t")
        .name("#t", "text")
        .value(":t", "taken")
}

/// A transaction tells nothing.
fn done((): ()) -> Vec<Note> {
    Vec::new()
}
