//! Target: modules of `wasm-smith` in the exact shape of our world, made components, through the host's loader and sandbox.
//!
//! Their functions are random: they loop, trap, recurse, grow memories and tables, call imports with nonsense, and answer with it;
//! they have several memories, tables, segments, and start functions. Whatever they do, the host is at rest afterwards and the cap
//! was kept. They are made by a program of its own, `smith`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use proptest::collection::vec;
use proptest::num::u8::ANY;

use crate::candidate::{Fate, try_out};
use crate::run::{Run, Verdict};
use crate::under_test::under_test;

/// What a random module is made from: as many choices as these bytes hold.
const LEAST_BYTES: usize = 256;
const MOST_BYTES: usize = 8_192;

/// Runs of this many cases have to get some through the loader, or they test nothing.
const ENOUGH_CASES: u32 = 20;

/// Tries components.
///
/// # Errors
///
/// The smallest bytes whose component makes the host do what it must not.
pub fn fuzz(run: Run) -> Verdict {
    let host = under_test();
    let _turn = host.turn();
    let smith = RefCell::new(Smith::start());
    let fates = RefCell::new(BTreeMap::<String, u32>::new());
    run.check(&vec(ANY, LEAST_BYTES..MOST_BYTES), |entropy| {
        // Some shapes cannot be filled from some bytes, which is no fault of the host.
        let component = smith.borrow_mut().component(&entropy);
        if component.is_empty() {
            return Ok(());
        }
        let fate = match try_out(host, &component)? {
            Fate::Refused => "refused".to_owned(),
            Fate::Ran(outcome) => outcome
                .answers
                .err()
                .map_or("answered".to_owned(), |error| error.code().to_string()),
        };
        *fates.borrow_mut().entry(fate).or_default() += 1;
        Ok(())
    })?;
    let fates = fates.into_inner();
    println!("components: {fates:?}");
    let ran = fates
        .iter()
        .filter(|(fate, _)| *fate != "refused")
        .map(|(_, count)| count)
        .sum::<u32>();
    if run.cases >= ENOUGH_CASES && ran == 0 {
        Err("no component was let in".to_owned())
    } else {
        Ok(())
    }
}

/// The program that makes components.
struct Smith {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Smith {
    fn start() -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/smith/Cargo.toml");
        // A directory of its own: the lock file and the features of its packages are not the host's.
        let target = mayfly_tests::repository().join("target/smith");
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["run", "--quiet", "--locked", "--manifest-path", manifest])
            .env("CARGO_TARGET_DIR", target);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo");
        let (input, output) = (
            child.stdin.take().expect("a pipe"),
            child.stdout.take().expect("a pipe"),
        );
        Self {
            child,
            input,
            output,
        }
    }

    /// A component from random bytes; empty when they make none.
    fn component(&mut self, entropy: &[u8]) -> Vec<u8> {
        let length = u32::try_from(entropy.len()).expect("few bytes");
        self.input
            .write_all(&length.to_le_bytes())
            .and_then(|()| self.input.write_all(entropy))
            .expect("smith reads");
        let mut length = [0; 4];
        self.output.read_exact(&mut length).expect("smith answers");
        let mut component = vec![0; u32::from_le_bytes(length) as usize];
        self.output
            .read_exact(&mut component)
            .expect("smith answers");
        component
    }
}

impl Drop for Smith {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}
