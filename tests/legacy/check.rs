//! The workers' libraries, held to the protocol by `mayfly worker check`.

use std::path::Path;
use std::process::Command;

use mayfly_tests::mayfly;

use super::driver::{self, assembly, dotnet};

/// The words of a command.
fn words(command: &Command) -> Vec<String> {
    [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_worker_of_ours_passes_the_check() {
    let as_edge = assembly("check", "AsEdge.dll", "AsEdge.cs", &[]);
    let commands = [driver::cpp(), driver::node(), dotnet(Path::new(&as_edge))];
    for command in commands {
        let words = words(&command);
        let output = mayfly()
            .args(["worker", "check", "--"])
            .args(&words)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{words:?}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
