//! Answers with JSON that is not of the type the schema says.

use mayfly_guest::prelude::*;
use serde_json::{Value, json};

mayfly_guest::resolvers! { Query.wrongType => wrong_type }

#[derive(Deserialize)]
struct Arguments {
    how: String,
}

fn wrong_type(arguments: Arguments) -> Result<Value> {
    Ok(match arguments.how.as_str() {
        "STRING_FOR_INT" => json!({ "id": "1", "number": "seven" }),
        "TOO_LARGE_FOR_INT" => json!({ "id": "1", "number": 2_147_483_648_u32 }),
        "FRACTION_FOR_INT" => json!({ "id": "1", "number": 7.5 }),
        "NULL_FOR_NON_NULL" => json!({ "id": null, "number": 7 }),
        "MISSING_NON_NULL" => json!({ "number": 7 }),
        "OBJECT_FOR_ID" => json!({ "id": { "id": "1" } }),
        "UNKNOWN_ENUM_VALUE" => json!({ "id": "1", "colour": "PLAID" }),
        "VALUE_FOR_LIST" => json!({ "id": "1", "tags": "a" }),
        "NULL_IN_LIST" => json!({ "id": "1", "tags": ["a", null] }),
        "LIST_FOR_OBJECT" => json!([{ "id": "1" }]),
        "TEXT_FOR_OBJECT" => json!("thing"),
        _ => json!({ "id": "1", "number": 7, "colour": "RED", "tags": ["a"] }),
    })
}
