//! Target: programs for an interpreter guest, several at once, against a model that tells how each ends and what it held at most.
//!
//! The guest allocates, frees, grows, recurses, calls the host, leaks handles, traps, sleeps, spins and answers as it is told;
//! the limits it runs under are as random as the program, and some clients go away. Whatever a program does, the host's own account
//! has to be the model's, to the byte, and the host has to be at rest afterwards.

mod memory;
mod model;
mod program;

use mayfly_runtime::sandbox::Outcome;
use wasmparser::{Parser, Payload};

use self::model::{End, Expected, predict};
use self::program::Program;
use crate::run::{Run, Verdict};
use crate::under_test::{UnderTest, under_test};

/// Bytes one table element takes in the host's account.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Tries programs.
///
/// # Errors
///
/// The smallest programs that do not do what the model says.
pub fn fuzz(run: Run) -> Verdict {
    let host = under_test();
    let _turn = host.turn();
    let initial_bytes = initial_bytes(host);
    run.check(&program::together(), |programs| {
        check(host, initial_bytes, &programs)
    })
}

/// Tries the programs that once failed.
///
/// # Errors
///
/// The first that does again, and why.
pub fn again() -> Verdict {
    let host = under_test();
    let _turn = host.turn();
    let initial_bytes = initial_bytes(host);
    program::that_failed_once()
        .iter()
        .try_for_each(|program| check(host, initial_bytes, std::slice::from_ref(program)))
}

/// Runs programs at the same time, and checks each against the model.
fn check(host: &'static UnderTest, initial_bytes: usize, programs: &[Program]) -> Verdict {
    let invocations: Vec<_> = programs
        .iter()
        .map(|program| {
            let (module, text) = (program.module(host.module()), program.to_string());
            let prepared = &host.app.versions["interpreter"].prepared;
            host.runtime
                .spawn(host.invoke(prepared, module, text, program.dropped_after))
        })
        .collect();
    let outcomes = host.finish(futures_util::future::join_all(invocations))?;
    for (program, outcome) in programs.iter().zip(outcomes) {
        let Some(outcome) = outcome.map_err(|error| format!("the host panicked: {error}"))? else {
            continue;
        };
        let expected = predict(program, initial_bytes);
        holds(program, &expected, &outcome)
            .map_err(|why| format!("{why}\nexpected {expected:#?}\ncame to {outcome:#?}"))?;
    }
    host.at_rest()
}

fn holds(program: &Program, expected: &Expected, outcome: &Outcome) -> Verdict {
    let cap_bytes = usize::try_from(program.cap_pages << 16).expect("a cap");
    if outcome.peak_memory_bytes > cap_bytes {
        return Err(format!("it held more than its cap of {cap_bytes} bytes"));
    }
    let end = end(outcome);
    // On a busy machine others may take all its time: it never began, and used nothing.
    let began = !(outcome.timing.instantiate.is_zero() && outcome.timing.run.is_zero());
    if !began
        && end == End::Code("DEADLINE_EXCEEDED")
        && outcome.peak_memory_bytes == 0
        && outcome.usage.host_calls == 0
    {
        return Ok(());
    }
    if !expected.ends.contains(&end) {
        return Err(format!("it ended as {end:?}"));
    }
    // One that was cut short, or could not start, held and did some part of it.
    let (peak, calls, given) = (
        outcome.peak_memory_bytes,
        outcome.usage.host_calls,
        outcome.usage.host_to_guest_bytes,
    );
    let part = program.is_cut_short() || expected.peak_bytes > cap_bytes;
    let (most, whole) = (
        (
            expected.peak_bytes,
            expected.host_calls,
            expected.given_bytes,
        ),
        (peak, calls, given),
    );
    let fits = if part {
        peak <= most.0 && calls <= most.1 && given <= most.2
    } else {
        most == whole
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "bytes held, calls made and bytes given are {whole:?}, not {most:?}"
        ))
    }
}

fn end(outcome: &Outcome) -> End {
    match &outcome.answers {
        Err(error) => End::Code(error.code().as_str()),
        Ok(answers) => match answers.as_slice() {
            [Ok(text)] if text.starts_with("refused ") => End::Report(text.clone()),
            [Ok(text)] => End::Answer(text.len()),
            [Err(error)] => End::Code(error.code().as_str()),
            _ => End::Code("more than one answer"),
        },
    }
}

/// What an instance of the interpreter holds when it starts: all memories and tables that its modules declare.
fn initial_bytes(host: &UnderTest) -> usize {
    let file = &host.app.versions["interpreter"].module.component;
    let component = std::fs::read(file).expect("the interpreter is built");
    let mut bytes = 0;
    for payload in Parser::new(0).parse_all(&component) {
        match payload.expect("a component") {
            Payload::MemorySection(memories) => {
                bytes += memories
                    .into_iter()
                    .map(|memory| memory.expect("a memory").initial << 16)
                    .sum::<u64>();
            }
            Payload::TableSection(tables) => {
                let elements = tables
                    .into_iter()
                    .map(|table| table.expect("a table").ty.initial);
                bytes += elements.sum::<u64>() * TABLE_ELEMENT_BYTES;
            }
            _ => {}
        }
    }
    usize::try_from(bytes).expect("bytes")
}
