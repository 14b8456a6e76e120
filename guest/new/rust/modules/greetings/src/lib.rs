//! Greetings, from DynamoDB.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.greeting => greeting,
}

#[derive(Deserialize)]
struct GreetingArguments {
    language: String,
}

/// A greeting, as it is stored and as the schema's `Greeting`.
#[derive(Serialize, Deserialize)]
struct Greeting {
    language: String,
    text: String,
}

async fn greeting(arguments: GreetingArguments) -> Result<Option<Greeting>> {
    let key = object! { language: arguments.language };
    dynamodb::table("Greetings").get(key).await
}
