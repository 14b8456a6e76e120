use super::*;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);

/// A tally of this many operations, of which this many ended with a code.
fn tally(operations: u64, failed: u64, code: Code) -> Tally {
    timed(operations, failed, code, MS)
}

fn timed(operations: u64, failed: u64, code: Code, time: Duration) -> Tally {
    let mut tally = Tally::default();
    for index in 0..operations {
        tally.count(
            if index < failed {
                std::slice::from_ref(&code)
            } else {
                &[]
            },
            time,
        );
    }
    tally
}

fn fine(operations: u64) -> Tally {
    tally(operations, 0, Code::GuestError)
}

fn settings() -> Canary {
    Canary {
        time: Duration::from_secs(60),
        operations: Some(1_000),
        ..Canary::default()
    }
}

fn abort(verdict: Verdict) -> String {
    match verdict {
        Verdict::Abort(reason) => reason,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_canary_that_is_no_worse_is_promoted_after_its_time_or_its_operations_and_not_before() {
    let active = tally(20_000, 200, Code::GuestError);
    let canary = tally(999, 10, Code::GuestError);
    assert_eq!(
        judge(&settings(), &active, &canary, Duration::from_secs(59)),
        Verdict::Continue
    );
    let told = "10 of its 999 operations failed, 200 of 20000 of the active version in 60s";
    assert_eq!(
        judge(&settings(), &active, &canary, Duration::from_secs(60)),
        Verdict::Promote(told.to_owned())
    );
    let enough = tally(1_000, 10, Code::GuestError);
    assert!(matches!(
        judge(&settings(), &active, &enough, MS),
        Verdict::Promote(_)
    ));
}

#[test]
fn three_faults_of_a_kind_the_active_version_lacks_end_it_at_once() {
    for code in FAULTS {
        let reason = abort(judge(&settings(), &fine(40), &tally(3, 3, code), MS));
        assert_eq!(
            reason,
            format!("{code} in 3 of 3 operations, and in none of 40 of the active version")
        );
        assert_eq!(
            judge(&settings(), &fine(40), &tally(3, 2, code), MS),
            Verdict::Continue,
            "two may be chance"
        );
        let also = tally(40, 1, code);
        assert_eq!(
            judge(&settings(), &also, &tally(3, 3, code), MS),
            Verdict::Continue,
            "the active version has it too"
        );
    }
    let errors = tally(19, 19, Code::GuestError);
    assert_eq!(
        judge(&settings(), &fine(400), &errors, MS),
        Verdict::Continue,
        "errors are judged by their share, once there are enough"
    );
}

#[test]
fn a_share_of_failures_beyond_chance_ends_it_before_its_time() {
    let active = tally(10_000, 100, Code::GuestError);
    let reason = abort(judge(
        &settings(),
        &active,
        &tally(100, 20, Code::GuestError),
        MS,
    ));
    assert_eq!(
        reason,
        "20 of its 100 operations failed, 100 of 10000 of the active version; the difference is statistically significant; at most 1% more may fail"
    );
    assert_eq!(
        judge(&settings(), &active, &tally(100, 4, Code::GuestError), MS),
        Verdict::Continue,
        "four of 100 may be chance"
    );
    let tolerant = Canary {
        max_failure_increase: Percent::of_ten_thousand(3_000),
        ..settings()
    };
    assert_eq!(
        judge(&tolerant, &active, &tally(100, 20, Code::GuestError), MS),
        Verdict::Continue
    );
}

#[test]
fn at_its_end_a_canary_that_failed_more_than_allowed_is_given_up_even_if_it_may_be_chance() {
    let reason = abort(judge(
        &settings(),
        &fine(400),
        &tally(20, 1, Code::GuestError),
        Duration::from_secs(60),
    ));
    assert_eq!(
        reason,
        "1 of its 20 operations failed, 0 of 400 of the active version; at most 1% more may fail"
    );
}

#[test]
fn a_canary_that_hardly_ran_is_not_promoted() {
    let reason = abort(judge(
        &settings(),
        &fine(400),
        &fine(19),
        Duration::from_secs(60),
    ));
    assert_eq!(
        reason,
        "only 19 operations ran on it; at least 20 are needed to judge it"
    );
    let few = Canary {
        operations: Some(5),
        min_operations: 5,
        ..settings()
    };
    assert!(matches!(
        judge(&few, &fine(95), &fine(5), MS),
        Verdict::Promote(_)
    ));
}

#[test]
fn a_slower_canary_is_given_up_only_where_that_was_asked() {
    let (active, canary) = (fine(100), timed(100, 0, Code::GuestError, MS * 2));
    assert_eq!(judge(&settings(), &active, &canary, MS), Verdict::Continue);
    let strict = |parts| Canary {
        max_slowdown: Some(Percent::of_ten_thousand(parts)),
        ..settings()
    };
    let reason = abort(judge(&strict(5_000), &active, &canary, MS));
    assert!(
        reason.starts_with("its median operation takes ")
            && reason.ends_with("; it may take at most 50% longer"),
        "{reason}"
    );
    assert_eq!(
        judge(&strict(15_000), &active, &canary, MS),
        Verdict::Continue
    );
}

#[test]
fn without_anything_to_compare_with_failures_count_by_themselves() {
    assert!(
        abort(judge(
            &settings(),
            &fine(0),
            &tally(20, 10, Code::GuestError),
            MS
        ))
        .contains("statistically significant")
    );
    assert_eq!(
        judge(&settings(), &fine(0), &fine(20), MS),
        Verdict::Continue
    );
}

#[test]
fn intervals_are_wilsons_and_newcombes() {
    // At 1.96 deviations these are the examples Newcombe gives (Statistics in Medicine 17, 1998): 0.2553 to 0.3662 for 81 of 263, and
    // at least 0.0524 for 56 of 70 above 48 of 80. The same formulas at three deviations, computed elsewhere:
    let (low, high) = wilson(81, 263);
    assert!(
        (low - 0.230_121).abs() < 1e-6 && (high - 0.398_555).abs() < 1e-6,
        "{low} {high}"
    );
    let least = least_increase((56, 70), (48, 80));
    assert!((least + 0.026_717).abs() < 1e-6, "{least}");
}

proptest! {
    #[test]
    fn more_failures_never_help_a_canary(operations in 1..400_u64, failed in 0..400_u64, others in 0..2_000_u64, other in 0..200_u64) {
        let failed = failed.min(operations);
        let active = tally(others, other.min(others), Code::GuestError);
        let rank = |verdict: Verdict| match verdict {
            Verdict::Promote(_) => 2,
            Verdict::Continue => 1,
            Verdict::Abort(_) => 0,
        };
        let of = |failed| rank(judge(&settings(), &active, &tally(operations, failed, Code::GuestError), Duration::from_secs(60)));
        prop_assert!(of(failed.saturating_sub(1)) >= of(failed));
    }

    #[test]
    fn a_version_that_fails_as_often_is_never_given_up_early(half in 1..2_000_u64, failed in 0..2_000_u64) {
        let same = || tally(half, failed.min(half), Code::GuestError);
        let verdict = judge(&Canary { operations: None, ..settings() }, &same(), &same(), MS);
        prop_assert_eq!(verdict, Verdict::Continue);
    }
}
