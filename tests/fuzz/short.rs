//! A short run of every target: `make fuzz` has the long one.

#![allow(clippy::panic, missing_docs, reason = "a test fails by panicking")]

use mayfly_fuzz::TARGETS;
use mayfly_fuzz::run::Run;

/// Runs a target; the failure says how to see it again.
fn short(name: &str) {
    let target = TARGETS
        .iter()
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("there is no target {name}"));
    let run = Run::short(target.cases);
    if let Err(failure) = (target.fuzz)(run) {
        panic!("{failure}\n{}", run.again(name));
    }
}

#[test]
fn programs_for_an_interpreter_do_what_the_model_says() {
    short("interpreter");
}

#[test]
fn programs_that_failed_once_do_what_the_model_says() {
    mayfly_fuzz::interpreter::again().unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn random_components_of_our_world_keep_the_cap_and_leave_nothing_behind() {
    short("components");
}

#[test]
fn changed_components_are_refused_with_a_reason_or_run_within_their_cap() {
    short("loader");
}

#[test]
fn any_answer_of_a_guest_is_completed_to_what_its_type_says() {
    short("completion");
}

#[test]
fn any_text_is_read_as_the_reference_reads_it_or_refused() {
    short("texts");
}
