//! `mayfly worker check`: programs checked against the protocol.

use mayfly_tests::mayfly;

use super::lab::program;

fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let program = program();
    let mut command = mayfly();
    command.args(["worker", "check"]);
    let given = arguments
        .iter()
        .map(|argument| argument.replace("PROGRAM", &program));
    let output = command.args(given).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn a_worker_that_keeps_to_everything_passes() {
    let (status, said) = check(&["--", "PROGRAM"]);
    assert_eq!(
        said,
        "ok     hello: protocol 1, methods Echo, Count, Fail, Misbehave, Leak, Record, Reach, Tree, Print, Sleep, Work
ok     ping: pong with its id
ok     call of Echo: one result with its id
ok     call of a method it does not have: one error with its id
ok     call of Echo: one result with its id
ok     after an error it takes the next call
ok     keys in another order, and one it does not know: one answer
ok     cancel: the call is still answered
ok     ping: pong with its id
ok     drain: it exits with status 0
ok     hello: protocol 1, methods Echo, Count, Fail, Misbehave, Leak, Record, Reach, Tree, Print, Sleep, Work
ok     the end of the socket: it exits
it follows the protocol
"
    );
    assert_eq!(status, Some(0));
}

#[test]
fn what_is_wrong_is_told_with_the_remedy() {
    for (arguments, problem) in [
        (
            &["--", "no-such-program"][..],
            "no-such-program cannot be started: No such file or directory (os error 2); install it, or correct its path",
        ),
        (
            &["--", "PROGRAM", "exit:3"],
            "it exited (exit status: 3) where hello was expected; a worker reads and writes frames on descriptor 0 until that is closed",
        ),
        (
            &["--start-timeout", "1", "--", "PROGRAM", "silent"],
            "no hello within 1s; flush after each frame, and answer every call, cancelled ones included",
        ),
        (
            &["--", "PROGRAM", "garbage"],
            "it sent a frame of 1213486160 bytes, more than 16777216, where hello was expected; a frame is a length of four bytes, big-endian, and that many bytes of JSON",
        ),
        (
            &["--", "PROGRAM", "protocol:2"],
            "hello says protocol 2; this host speaks 1",
        ),
        (
            &["--", "PROGRAM", "stays"],
            "it still runs 2s after drain, when the host sends SIGTERM; exit by itself",
        ),
        (
            &[
                "--call",
                "Misbehave",
                "--arguments",
                "{\"how\":\"twice\"}",
                "--",
                "PROGRAM",
            ],
            "it sent more after the answer: {\"type\":\"result\",\"id\":2,\"value\":\"twice\"}; answer each call once",
        ),
        (
            &[
                "--call",
                "Misbehave",
                "--arguments",
                "{\"how\":\"other id\"}",
                "--",
                "PROGRAM",
            ],
            "the answer has the id 3; answer with that of the call, 2",
        ),
        (
            &[
                "--call",
                "Misbehave",
                "--arguments",
                "{\"how\":\"not json\"}",
                "--",
                "PROGRAM",
            ],
            "it sent an invalid message: invalid JSON: it ends too early at line 1, column 23: {\"type\":\"result\",\"id\":",
        ),
    ] {
        let (status, said) = check(arguments);
        let told = said.lines().find_map(|line| line.strip_prefix("wrong  "));
        assert_eq!(told, Some(problem), "{said}");
        assert_eq!(status, Some(1));
    }
}

#[test]
fn what_a_worker_prints_is_shown_and_no_frame() {
    let (status, said) = check(&[
        "--call",
        "Print",
        "--arguments",
        "{\"stdout\":\"hello\"}",
        "--",
        "PROGRAM",
    ]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("stdout hello\n"), "{said}");
}

#[test]
fn wrong_arguments_are_told_what_is_right() {
    for arguments in [&[][..], &["PROGRAM"], &["--"], &["--call"]] {
        assert_eq!(check(arguments).0, Some(2), "{arguments:?}");
    }
}
