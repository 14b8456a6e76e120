//! Asks services for whatever it is told to ask them for, granted or not.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.asks => asks,
    Query.asksAtOnce => asks_at_once,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Arguments {
    service: String,
    method: String,
    path: String,
    values: Vec<Named>,
    query: Vec<Named>,
    headers: Vec<Named>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Times {
    id: String,
    times: usize,
}

fn request<'a>(service: &'a str, method: &str, path: &str) -> Result<http::Request<'a>> {
    let service = http::service(service);
    Ok(match method {
        "GET" => service.get(path),
        "HEAD" => service.head(path),
        "POST" => service.post(path),
        "PUT" => service.put(path),
        "PATCH" => service.patch(path),
        "DELETE" => service.delete(path),
        other => return Err(Error::argument("method", other)),
    })
}

/// The answer's status and body; errors are passed on.
async fn asks(arguments: Arguments) -> Result<String> {
    let mut request = request(&arguments.service, &arguments.method, &arguments.path)?;
    for Named { name, value } in &arguments.values {
        request = request.path(name, value);
    }
    for Named { name, value } in &arguments.query {
        request = request.query(name, value);
    }
    for Named { name, value } in &arguments.headers {
        request = request.header(name, value);
    }
    if let Some(body) = arguments.body {
        request = request.body(body);
    }
    let answer = request.send().await?;
    let text = answer
        .text()
        .map_or_else(|| format!("{:?}", answer.bytes()), str::to_owned);
    Ok(format!("{} {text}", answer.status))
}

/// The same request so many times at once; how many were answered alike.
async fn asks_at_once(arguments: Times) -> Result<i32> {
    let Times { id, times } = arguments;
    let ask = || {
        http::service("lab")
            .get("/students/{id}")
            .path("id", &id)
            .send()
    };
    let answers = join_all((0..times).map(|_| ask())).await;
    let mut texts = Vec::new();
    for answer in answers {
        texts.push(answer?.text().map(str::to_owned));
    }
    let alike = texts
        .iter()
        .filter(|text| Some(*text) == texts.first())
        .count();
    Ok(i32::try_from(alike).unwrap_or(i32::MAX))
}
