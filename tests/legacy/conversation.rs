//! What every worker does, whatever it is written with: the protocol of docs/worker-protocol.md.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::json;

use super::driver::{self, Worker};

/// A worker that gives back what it is given, with the method that does.
struct Kind {
    name: &'static str,
    command: fn() -> Command,
    echo: &'static str,
    /// What it says of frames that end it.
    refusals: [(&'static [u8], &'static str); 7],
}

/// The assembly that tests of the protocol call.
fn as_edge() -> Command {
    static ASSEMBLY: OnceLock<PathBuf> = OnceLock::new();
    driver::dotnet(
        ASSEMBLY.get_or_init(|| driver::assembly("protocol", "AsEdge.dll", "AsEdge.cs", &[])),
    )
}

const NOT_UTF8: &[u8] = b"{\"type\":\"ping\",\"id\":1,\"x\":\"\xff\"}";
const TEXT_ID: &[u8] = br#"{"type":"ping","id":"one"}"#;
const NO_ID: &[u8] = br#"{"type":"ping"}"#;
const MORE: &[u8] = br#"{"type":"drain"} {}"#;
const UNKNOWN: &[u8] = br#"{"type":"surprise"}"#;

const KINDS: [Kind; 3] = [
    Kind {
        name: "C++",
        command: driver::cpp,
        echo: "Echo",
        refusals: [
            (b"{", "not JSON at byte 1: expected a key"),
            (b"[1]", "unknown message ``"),
            (NOT_UTF8, "not JSON at byte 27: text that is not UTF-8"),
            (TEXT_ID, "expected a number, found text"),
            (NO_ID, "expected a number, found null"),
            (MORE, "not JSON at byte 17: expected the end"),
            (UNKNOWN, "unknown message `surprise`"),
        ],
    },
    Kind {
        name: "Node",
        command: driver::node,
        echo: "Echo",
        refusals: [
            (b"{", "not JSON: "),
            (b"[1]", "a message is not an object"),
            (
                NOT_UTF8,
                "not JSON: The encoded data was not valid for encoding utf-8",
            ),
            (TEXT_ID, "`ping` without an id"),
            (NO_ID, "`ping` without an id"),
            (MORE, "not JSON: "),
            (UNKNOWN, "unknown message `surprise`"),
        ],
    },
    Kind {
        name: ".NET",
        command: as_edge,
        echo: "Shapes.Same",
        refusals: [
            (b"{", "not JSON at character 1: expected `\"`"),
            (b"[1]", "not JSON at character 0: expected `{`"),
            (NOT_UTF8, "a frame that is not UTF-8"),
            (TEXT_ID, "not JSON at character 20: expected a value"),
            (NO_ID, "`ping` without an id"),
            (MORE, "not JSON at character 17: expected the end"),
            (UNKNOWN, "unknown message `surprise`"),
        ],
    },
];

#[test]
fn a_worker_says_hello_answers_one_call_after_the_other_and_ends_when_it_is_drained() {
    for kind in KINDS {
        let (mut worker, hello) = Worker::start((kind.command)());
        let methods = hello["methods"].as_array().unwrap();
        assert!(
            methods.contains(&json!(kind.echo)),
            "{}: {hello}",
            kind.name
        );
        for value in [json!(null), json!([1, "två", { "a": true }]), json!({})] {
            assert_eq!(worker.call(kind.echo, &value), value, "{}", kind.name);
        }
        worker.say(&json!({ "type": "ping", "id": 99 }));
        assert_eq!(worker.receive(), json!({ "type": "pong", "id": 99 }));
        let (code, message) = worker.fails("Missing", "1");
        assert_eq!(code, "UNKNOWN_METHOD", "{}", kind.name);
        assert!(message.contains("no method `Missing`"), "{message}");
        assert_eq!(worker.call(kind.echo, &json!("again")), json!("again"));
        assert_eq!(worker.drained().code, Some(0), "{}", kind.name);
    }
}

#[test]
fn a_worker_ends_in_order_when_the_host_closes_the_socket() {
    for kind in KINDS {
        let (worker, _) = Worker::start((kind.command)());
        let end = worker.closed();
        assert_eq!(
            (end.code, end.errors.as_str()),
            (Some(0), ""),
            "{}",
            kind.name
        );
    }
}

#[test]
fn a_worker_that_is_given_no_socket_says_how_it_is_started() {
    for kind in KINDS {
        let output = (kind.command)().stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", kind.name);
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "mayfly worker: standard input is not a socket: the host starts workers; to try one by hand, use `mayfly worker check -- COMMAND`\n",
            "{}",
            kind.name
        );
    }
}

#[test]
fn a_worker_ends_at_a_frame_that_is_none_and_says_why() {
    for kind in KINDS {
        for (frame, message) in kind.refusals {
            let (mut worker, _) = Worker::start((kind.command)());
            worker.send(frame);
            let end = worker.ended();
            assert_eq!(end.code, Some(1), "{}: {end:?}", kind.name);
            let expected = format!("mayfly worker: {message}");
            assert!(end.errors.starts_with(&expected), "{}: {end:?}", kind.name);
        }
    }
}

#[test]
fn a_length_of_zero_or_above_the_limit_ends_a_worker_before_it_takes_memory() {
    for kind in KINDS {
        for (head, bytes) in [([0; 4], 0_u32), ([0xff; 4], u32::MAX)] {
            let (mut worker, _) = Worker::start((kind.command)());
            worker.send_raw(&head);
            let end = worker.ended();
            assert_eq!(
                (end.code, end.errors),
                (
                    Some(1),
                    format!("mayfly worker: a frame of {bytes} bytes; 1 to 67108864 are allowed\n")
                ),
                "{}",
                kind.name
            );
        }
    }
}

#[test]
fn a_socket_that_ends_inside_a_frame_is_not_an_end_in_order() {
    for kind in KINDS {
        let (mut worker, _) = Worker::start((kind.command)());
        worker.send_raw(&[0, 0, 0, 9, b'{']);
        let end = worker.closed();
        assert_eq!(
            (end.code, end.errors.as_str()),
            (Some(1), "mayfly worker: the socket ended inside a frame\n"),
            "{}",
            kind.name
        );
    }
}

#[test]
fn frames_come_in_pieces_and_large() {
    for kind in KINDS {
        let (mut worker, _) = Worker::start((kind.command)());
        let call = format!(
            r#"{{"type":"call","id":1,"method":"{}","deadline_ms":1,"arguments":"x"}}"#,
            kind.echo
        );
        let mut frame = u32::try_from(call.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(call.as_bytes());
        for byte in frame {
            worker.send_raw(&[byte]);
        }
        assert_eq!(worker.receive()["value"], json!("x"), "{}", kind.name);
        let large = json!("ä".repeat(2_000_000));
        assert!(worker.call(kind.echo, &large) == large, "{}", kind.name);
        assert_eq!(worker.drained().code, Some(0), "{}", kind.name);
    }
}

#[test]
fn values_are_as_deep_as_anywhere_in_mayfly_and_no_deeper() {
    for kind in KINDS {
        let (mut worker, _) = Worker::start((kind.command)());
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(
            worker.call_text(kind.echo, &deep(128)),
            deep(128),
            "{}",
            kind.name
        );
        if kind.name == "Node" {
            // JSON.parse does not recurse, and the host lets nothing deeper through.
            continue;
        }
        worker.begin(kind.echo, &deep(129));
        assert!(!worker.answers(), "{}", kind.name);
        assert_eq!(worker.ended().code, Some(1), "{}", kind.name);
    }
}

#[test]
fn unknown_keys_are_left_alone() {
    for kind in KINDS {
        let (mut worker, _) = Worker::start((kind.command)());
        worker.say(&json!({ "more": [{ "a": 1e300 }], "type": "ping", "id": 1, "and": null }));
        assert_eq!(
            worker.receive(),
            json!({ "type": "pong", "id": 1 }),
            "{}",
            kind.name
        );
        worker.say(&json!({ "type": "cancel", "id": 12 }));
        assert_eq!(worker.call(kind.echo, &json!(1)), json!(1), "{}", kind.name);
    }
}
