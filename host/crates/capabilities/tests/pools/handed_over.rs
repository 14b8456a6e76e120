//! How much the host holds for what a guest hands over: every call, with the texts that grow most.
//!
//! The endpoints run on threads of their own, so that what is counted here is what the host allocates: from the guest's texts to the
//! bytes of the request.

use allocation_counter::measure;
use mayfly_capabilities::dynamodb::{
    CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem,
    UpdateRequest, Weight, key_weight,
};
use mayfly_capabilities::sql::statement_weight;
use mayfly_error::CallError;
use mayfly_runtime::imports::HELD_PER_BYTE;
use tokio::runtime::Runtime;

use super::backends::{Backends, MAX_ANSWER_BYTES, all, session, soon};

/// What a call takes whatever is handed over: the buffer of its connection, which HTTP/1 fills with up to 400 KiB while the other side
/// does not read, and the SDK's own structures.
const FREE_BYTES: usize = 512 << 10;

struct Stage {
    /// Where the endpoints run.
    _far: Runtime,
    near: Runtime,
    backends: Backends,
}

impl Stage {
    fn start() -> Self {
        let far = Runtime::new().unwrap();
        let backends = far.block_on(Backends::start());
        let near = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            _far: far,
            near,
            backends,
        }
    }

    /// Measures a call twice, so that connections are open. `held` is what the guest's own texts take meanwhile.
    fn measure<F: Future<Output = Result<String, CallError>>>(
        &self,
        what: &str,
        (weight, held): (usize, usize),
        call: impl Fn() -> F,
    ) {
        let _ = self.near.block_on(call());
        let mut answer = None;
        let cost = measure(|| answer = Some(self.near.block_on(call())));
        let took = usize::try_from(cost.bytes_max).unwrap() + held;
        let ratio = took as f64 / weight as f64;
        let said = answer.unwrap().unwrap_or_else(|error| error.to_string());
        println!(
            "{what}: {took} bytes for {weight} counted, {held} handed over: {ratio:.2} ({said:.100})"
        );
        assert!(
            took <= HELD_PER_BYTE * weight + FREE_BYTES,
            "{what}: {took} bytes for {weight} counted, which is {ratio:.2}"
        );
    }
}

fn list(element: &str, count: usize) -> String {
    format!("[{}]", vec![element; count].join(","))
}

/// Values of an item, small in text and large in attributes.
fn values() -> Vec<(&'static str, String)> {
    vec![
        ("numbers", list("1", 20_000)),
        ("nulls", list("null", 20_000)),
        ("lists", list("[]", 15_000)),
        ("maps", list("{}", 15_000)),
        ("maps of one", list(r#"{"a":1}"#, 8_000)),
        ("strings", list(r#""x""#, 20_000)),
        ("a string", format!("\"{}\"", "x".repeat(400_000))),
        ("escapes", format!("\"{}\"", r"\u0041".repeat(200_000))),
        (
            "binary",
            format!(r#"{{"$binary":"{}"}}"#, "AAAA".repeat(100_000)),
        ),
        (
            "a set",
            format!(r#"{{"$numberSet":{}}}"#, list("1", 20_000)),
        ),
        ("more than an item", list("1", 4_000_000)),
        ("a list of strings that ends early", "[\"".repeat(500_000)),
    ]
}

fn item(value: &str) -> String {
    format!(r#"{{"id":"x","v":{value}}}"#)
}

fn expression(text: &str, names: &str, values: &str) -> Expression {
    Expression {
        text: text.to_owned(),
        names: names.to_owned(),
        values: values.to_owned(),
    }
}

#[test]
fn what_is_held_of_items_is_at_most_four_times_what_is_counted() {
    let stage = Stage::start();
    let dynamodb = stage
        .near
        .block_on(stage.backends.dynamodb(|config| config.max_attempts = 1));
    for (what, value) in values() {
        let put = PutRequest {
            table: "Students".to_owned(),
            item: item(&value),
            // Which does not hold, so that the answer is none of the figures.
            condition: Some(expression("attribute_exists(nothing)", "", "")),
        };
        let held = put.item.len();
        stage.measure(&format!("put of {what}"), (put.weight(), held), || {
            dynamodb.put(&put, soon())
        });
        let update = UpdateRequest {
            table: "Students".to_owned(),
            key: r#"{"id":"x"}"#.to_owned(),
            update: expression("SET v = :v", "", &format!(r#"{{":v":{value}}}"#)),
            condition: None,
        };
        stage.measure(
            &format!("update with {what}"),
            (update.weight(), held),
            || dynamodb.update(&update, soon()),
        );
        let query = QueryRequest {
            table: "Students".to_owned(),
            key_condition: expression("id = :v", "", &format!(r#"{{":v":{value}}}"#)),
            ..QueryRequest::default()
        };
        stage.measure(
            &format!("query with {what}"),
            (query.weight(), held),
            || dynamodb.query(&query, soon()),
        );
        let delete = DeleteRequest {
            table: "Students".to_owned(),
            key: item(&value),
            condition: None,
        };
        stage.measure(&format!("key of {what}"), (delete.weight(), held), || {
            dynamodb.delete(&delete, soon())
        });
        let parts = vec![
            TransactItem::Put(put.clone()),
            TransactItem::Check(CheckRequest {
                table: "Students".to_owned(),
                key: r#"{"id":"y"}"#.to_owned(),
                condition: expression("v = :v", "", &format!(r#"{{":v":{value}}}"#)),
            }),
        ];
        let weight = parts.iter().map(Weight::weight).sum();
        stage.measure(
            &format!("transaction of {what}"),
            (weight, 2 * held),
            || dynamodb.transact_write(&parts, None, soon()),
        );
    }
}

#[test]
fn what_is_held_of_keys_and_names_is_at_most_four_times_what_is_counted() {
    let stage = Stage::start();
    let dynamodb = stage
        .near
        .block_on(stage.backends.dynamodb(|config| config.max_attempts = 1));
    let keys: Vec<_> = (0..1_000).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    let weight = keys.iter().map(|key| key_weight(key)).sum();
    let options = all();
    stage.measure("batch-get", (weight, 40 * keys.len()), || {
        dynamodb.batch_get("Students", &keys, &options, MAX_ANSWER_BYTES, soon())
    });
    let names: Vec<_> = (0..900).map(|id| format!("\"#{id}\":\"a\"")).collect();
    let named = PutRequest {
        table: "Students".to_owned(),
        item: r#"{"id":"x"}"#.to_owned(),
        condition: Some(expression(
            "#1 = #2",
            &format!("{{{}}}", names.join(",")),
            "",
        )),
    };
    stage.measure("names", (named.weight(), 20_000), || {
        dynamodb.put(&named, soon())
    });
    let attributes = ReadOptions {
        consistent: false,
        attributes: (0..20_000).map(|id| format!("a{id}")).collect(),
    };
    stage.measure("attributes", (attributes.weight(), 600_000), || {
        dynamodb.get("Students", r#"{"id":"x"}"#, &attributes, soon())
    });
}

#[test]
fn what_is_held_of_parameters_is_at_most_four_times_what_is_counted() {
    let stage = Stage::start();
    let server = stage.backends.sqlserver(|_| ());
    for (what, statement, parameters) in [
        (
            "a text",
            "by_text",
            format!(r#"{{"text":"{}"}}"#, "x".repeat(4_000_000)),
        ),
        (
            "escapes",
            "by_text",
            format!(r#"{{"text":"{}"}}"#, r"\u0041".repeat(600_000)),
        ),
        (
            "a list",
            "in_numbers",
            format!(r#"{{"ids":{}}}"#, list("1", 2_000)),
        ),
        (
            "a long list",
            "in_numbers",
            format!(r#"{{"ids":{}}}"#, list("1", 4_000_000)),
        ),
        (
            "lists",
            "in_numbers",
            format!(r#"{{"ids":{}}}"#, list("[]", 1_000_000)),
        ),
    ] {
        let weight = statement_weight(statement, &parameters);
        stage.measure(what, (weight, parameters.len()), || {
            let session = session(&server);
            let call = session.query(statement, &parameters, soon());
            async move {
                let answer = call.await;
                drop(session);
                answer
            }
        });
    }
}
