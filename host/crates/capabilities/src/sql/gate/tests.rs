#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use tokio::time::Instant;

use super::Gate;

const MS: Duration = Duration::from_millis(1);

#[test]
fn after_a_failure_attempts_fail_at_once_for_a_growing_pause_of_at_most_two_seconds() {
    let gate = Gate::default();
    let mut now = Instant::now();
    for expected in [100, 200, 400, 800, 1600, 2000, 2000] {
        gate.enter(now).unwrap().failed("down".to_owned(), now);
        assert_eq!(gate.enter(now).unwrap_err(), "down");
        now += MS * (expected - 1);
        assert_eq!(
            gate.enter(now).unwrap_err(),
            "down",
            "still within {expected} ms"
        );
        now += MS;
    }
}

#[test]
fn only_one_attempt_is_made_when_the_pause_is_over_and_its_success_opens_the_gate() {
    let gate = Gate::default();
    let now = Instant::now();
    gate.enter(now).unwrap().failed("down".to_owned(), now);
    let later = now + MS * 100;
    let probe = gate.enter(later).unwrap();
    assert!(gate.enter(later).is_err());
    probe.succeeded(later);
    let _both = (gate.enter(later).unwrap(), gate.enter(later).unwrap());
}

#[test]
fn an_attempt_that_is_given_up_lets_the_next_one_try() {
    let gate = Gate::default();
    let began = Instant::now();
    gate.enter(began).unwrap().failed("down".to_owned(), began);
    let later = began + MS * 100;
    drop(gate.enter(later).unwrap());
    drop(gate.enter(later).unwrap());
}

#[test]
fn who_waits_for_the_next_attempt_is_told_how_long() {
    let gate = Gate::default();
    let now = Instant::now();
    assert_eq!(gate.refusal(now), None);
    gate.enter(now).unwrap().failed("down".to_owned(), now);
    assert_eq!(gate.refusal(now).as_deref(), Some("down"));
    assert_eq!(gate.pause(now), MS * 100);
    assert_eq!(gate.pause(now + MS * 70), MS * 30);
    assert_eq!(gate.refusal(now + MS * 100), None);
}

#[test]
fn an_attempt_that_fails_after_a_younger_one_succeeded_says_nothing() {
    let gate = Gate::default();
    let began = Instant::now();
    let old = gate.enter(began).unwrap();
    let young = gate.enter(began + MS).unwrap();
    young.succeeded(began + MS * 2);
    old.failed("timed out".to_owned(), began + MS * 5000);
    assert_eq!(gate.refusal(began + MS * 5000), None);
    let later = gate.enter(began + MS * 5001).unwrap();
    later.failed("down".to_owned(), began + MS * 5002);
    assert_eq!(
        gate.refusal(began + MS * 5002).as_deref(),
        Some("down"),
        "one that began later does"
    );
}
