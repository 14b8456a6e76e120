//! The header for workers in C++ and the module for workers in Node.

use std::process::Command;

use mayfly_tests::repository;
use serde_json::json;

use super::driver::{self, Worker};

#[test]
fn cpp_numbers_keep_their_digits_and_text_its_characters() {
    let (mut worker, hello) = Worker::start(driver::cpp());
    assert_eq!(
        hello,
        json!({ "type": "hello", "protocol": 1, "methods": ["Add", "Echo", "Print", "Wait"], "name": "echo", "version": "1.0" })
    );
    let text =
        r#"[12345678901234567890.050,-0,1e400,"😀 \"\\\u0000é",{"a":[],"b":{}},null,true,false]"#;
    assert_eq!(worker.call_text("Echo", text), text);
    let escaped = r#""\ud83d\ude00\/\b\f\n\r\t\u00e9""#;
    assert_eq!(
        worker.call_text("Echo", escaped),
        r#""😀/\u0008\u000c\u000a\u000d\u0009é""#
    );
}

#[test]
fn cpp_errors_have_the_code_they_were_thrown_with() {
    let (mut worker, _) = Worker::start(driver::cpp());
    assert_eq!(worker.call("Add", &json!({ "a": 40, "b": 2 })), json!(42));
    for (arguments, message) in [
        (
            r#"{"a":1.5,"b":1}"#,
            "`1.5` is not a whole number of 64 bits",
        ),
        (
            r#"{"a":9223372036854775808,"b":1}"#,
            "`9223372036854775808` is not a whole number of 64 bits",
        ),
        (r#"{"a":1}"#, "expected a number, found null"),
        (r#""text""#, "expected a number, found null"),
    ] {
        let expected = ("INVALID".to_owned(), message.to_owned());
        assert_eq!(worker.fails("Add", arguments), expected, "{arguments}");
    }
}

#[test]
fn a_call_learns_that_nobody_waits_and_the_worker_goes_on() {
    for (command, message) in [
        (
            driver::cpp as fn() -> Command,
            "nobody waits for Wait any more",
        ),
        (driver::node, "nobody waits for the answer any more"),
    ] {
        let (mut worker, _) = Worker::start(command());
        let id = worker.begin("Wait", "null");
        worker.say(&json!({ "type": "cancel", "id": id }));
        let answer = worker.receive();
        assert_eq!(
            answer,
            json!({ "type": "error", "id": id, "code": "CANCELLED", "message": message })
        );
        assert_eq!(worker.call("Echo", &json!(1)), json!(1));
    }
}

#[test]
fn a_second_call_while_one_runs_ends_the_worker() {
    for command in [driver::cpp as fn() -> Command, driver::node] {
        let (mut worker, _) = Worker::start(command());
        worker.begin("Wait", "null");
        worker.begin("Echo", "1");
        let end = worker.ended();
        assert_eq!(
            (end.code, end.errors.as_str()),
            (Some(1), "mayfly worker: `call` while a call runs\n")
        );
    }
}

#[test]
fn a_worker_whose_host_is_gone_ends_in_the_middle_of_a_call() {
    for command in [driver::cpp as fn() -> Command, driver::node] {
        let (mut worker, _) = Worker::start(command());
        worker.begin("Wait", "null");
        assert_eq!(worker.closed().code, Some(0));
    }
}

#[test]
fn drained_during_a_call_a_worker_answers_it_first() {
    for command in [driver::cpp as fn() -> Command, driver::node] {
        let (mut worker, _) = Worker::start(command());
        let id = worker.begin("Echo", "5");
        worker.say(&json!({ "type": "drain" }));
        assert_eq!(
            worker.receive(),
            json!({ "type": "result", "id": id, "value": 5 })
        );
        assert_eq!(worker.ended().code, Some(0));
    }
}

#[test]
fn what_is_printed_is_no_frame() {
    for command in [driver::cpp as fn() -> Command, driver::node] {
        let (mut worker, _) = Worker::start(command());
        assert_eq!(worker.call("Print", &json!([1, 2])), json!(null));
        let end = worker.drained();
        assert_eq!(
            (end.code, end.output.as_str()),
            (Some(0), "printed: [1,2]\n")
        );
    }
}

#[test]
fn node_numbers_are_those_of_javascript_and_the_text_has_all_digits() {
    let mut command = Command::new("node");
    command
        .arg("-e")
        .arg(
            "const { serve } = require(process.argv[1]); \
             serve({ methods: { Seen: (args) => args, Text: (args, call) => call.text.includes('12345678901234567890'), \
             Many: () => 10n, Circle: () => { const a = []; a.push(a); return a; }, \
             Throw: () => { throw 'text'; }, Null: () => { throw null; }, None: () => undefined } });",
        )
        .arg(repository().join("host/workers/node"));
    let (mut worker, _) = Worker::start(command);
    assert_eq!(
        worker.call_text("Seen", "12345678901234567890"),
        "12345678901234567000"
    );
    assert_eq!(worker.call_text("Text", "12345678901234567890"), "true");
    assert_eq!(worker.call_text("None", "1"), "null");
    for (method, message) in [
        ("Many", "Do not know how to serialize a BigInt"),
        ("Circle", "Converting circular structure to JSON"),
        ("Throw", "text"),
        ("Null", "null"),
        ("toString", "the worker has no method `toString`"),
    ] {
        let (_, said) = worker.fails(method, "1");
        assert!(said.starts_with(message), "{method}: {said}");
    }
}
