//! probe
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "temporary")]
use mayfly_error::Error;
use mayfly_graphql::{Answers, Engine, Invocation, Limits, Request, Resolve, Schema};
use serde_json::Value;
use std::io::BufRead;
use std::sync::Arc;
struct World(serde_json::Map<String, Value>);
impl Resolve for World {
    fn max_batch(&self, _: &str) -> usize {
        100
    }
    async fn resolve(&self, i: Invocation) -> Result<Answers, Error> {
        let key = format!("{}.{}", i.type_name, i.field_name);
        let n = i.parents.len().max(1);
        let v = self.0.get(&key).cloned().unwrap_or(Value::Null);
        Ok((0..n)
            .map(|_| {
                if v == "$error" {
                    Err(Error::GuestError { reason: "x".into(), message: "boom".into(), retryable: false })
                } else if v == "$args" {
                    Ok(serde_json::to_string(&i.arguments).unwrap())
                } else {
                    Ok(v.to_string())
                }
            })
            .collect())
    }
}
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let sdl = std::fs::read_to_string(&args[1]).unwrap();
    let world = World(serde_json::from_str(&std::fs::read_to_string(&args[2]).unwrap()).unwrap());
    let limits = Limits { aliases: 100000, directives: 100000, root_fields: 1000, complexity: u64::MAX, ..Limits::default() };
    let engine = Engine::new(
        Arc::new(Schema::parse(&sdl).unwrap_or_else(|p| {
            for p in p {
                eprintln!("{p}");
            }
            std::process::exit(1)
        })),
        limits,
        1 << 20,
    );
    for line in std::io::stdin().lock().lines() {
        let mut v: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let request = Request {
            query: v["query"].as_str().unwrap().to_owned(),
            operation_name: v["operationName"].as_str().map(str::to_owned),
            variables: match v["variables"].take() {
                Value::Object(m) => Some(m),
                _ => None,
            },
        };
        let out = match engine.prepare(&request) {
            Ok(p) => engine.execute(p, &world).await,
            Err(e) => e.render(),
        };
        println!("{}", String::from_utf8(out).unwrap());
    }
}
