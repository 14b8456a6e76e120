//! `mayfly` with one capability more.

use std::process::ExitCode;

fn main() -> ExitCode {
    mayfly::commands::run(mayfly_echo::ALL)
}
