//! `mayfly worker`: `check`, which operators type, and the hidden commands of the supervisor.

use std::ffi::OsString;
use std::process::ExitCode;

use mayfly_runtime::capability::Command;
use mayfly_telemetry::output;

use super::{check, supervisor};

/// The command, for the list of commands.
pub(super) const COMMAND: Command = Command {
    name: "worker",
    about: "Check a program against the worker protocol: mayfly worker check -- COMMAND",
    run,
};

/// What arguments that are wrong end with, as in every command.
const WRONG_ARGUMENTS: u8 = 2;

const USAGE: &str = "Usage: mayfly worker check [--start-timeout SECONDS] [--call METHOD [--arguments JSON]] -- COMMAND [ARGUMENT]...

Starts COMMAND as a worker and checks it against the protocol (docs/worker-protocol.md). Prints what it did, line by line,
and what to change where it is wrong. Exits with 0 if it follows every rule, and with 1 if it does not.

Options:
      --start-timeout SECONDS  The time it has to say hello [default: 10]
      --call METHOD            A method to call, once for each rule that needs a call [default: the first of its hello]
      --arguments JSON         The arguments of that call [default: null]";

fn run(arguments: &[OsString]) -> ExitCode {
    let Some((first, rest)) = arguments.split_first() else {
        output::fail(USAGE);
        return ExitCode::from(WRONG_ARGUMENTS);
    };
    let name = first.to_string_lossy();
    if let Some(exit) = supervisor::run(&name, rest) {
        return exit;
    }
    match &*name {
        "check" => match check::Arguments::parse(rest) {
            Some(arguments) => check::run(arguments),
            None => {
                output::fail(USAGE);
                ExitCode::from(WRONG_ARGUMENTS)
            }
        },
        "help" | "--help" | "-h" => {
            output::print(USAGE);
            ExitCode::SUCCESS
        }
        _ => {
            output::fail(USAGE);
            ExitCode::from(WRONG_ARGUMENTS)
        }
    }
}
