//! Whether a canary goes on, is promoted, or is given up.
//!
//! While it runs, a canary is given up only for what chance does not explain: faults of a kind the active version has none of, or a
//! share of failures whose confidence interval lies above the active version's by more than is allowed. The interval is Newcombe's
//! for the difference of two shares, of Wilson intervals at three standard deviations: a version that is no worse is given up by
//! mistake in about one of a thousand looks, and looks taken one after the other are nearly the same look.
//!
//! At its end it is promoted only if the shares as counted differ by no more than is allowed, and if enough was counted at all.

use std::time::Duration;

use mayfly_config::{Canary, Percent};
use mayfly_error::Code;

use super::tally::{FAULTS, Tally};

/// Standard deviations that chance is given.
const DEVIATIONS: f64 = 3.0;

/// How a canary ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Continue,
    /// It takes the active version's place, because of this.
    Promote(String),
    /// The active version stays, because of this.
    Abort(String),
}

/// Compares both sides after some time.
#[must_use]
pub fn judge(settings: &Canary, active: &Tally, canary: &Tally, elapsed: Duration) -> Verdict {
    if let Some(reason) = faults(settings, active, canary) {
        return Verdict::Abort(reason);
    }
    let enough = canary.operations() >= settings.min_operations;
    if enough
        && let Some(reason) = significantly_worse(settings, active, canary)
            .or_else(|| slower(settings, active, canary))
    {
        return Verdict::Abort(reason);
    }
    let counted = settings
        .operations
        .is_some_and(|operations| canary.operations() >= operations);
    if !counted && elapsed < settings.time {
        return Verdict::Continue;
    }
    if !enough {
        let (operations, least) = (canary.operations(), settings.min_operations);
        return Verdict::Abort(format!(
            "only {operations} operations ran on it; at least {least} are needed to judge it"
        ));
    }
    let (failing, others) = (rate(canary), rate(active));
    if failing - others > settings.max_failure_increase.fraction() {
        return Verdict::Abort(format!(
            "{}; at most {} more may fail",
            compared(active, canary),
            settings.max_failure_increase
        ));
    }
    Verdict::Promote(format!("{} in {elapsed:.0?}", compared(active, canary)))
}

/// A kind of fault that the active version does not have.
fn faults(settings: &Canary, active: &Tally, canary: &Tally) -> Option<String> {
    let new = |code: &&Code| canary.with(**code) >= settings.max_faults && active.with(**code) == 0;
    let code = FAULTS.iter().find(new)?;
    let (faults, operations, others) =
        (canary.with(*code), canary.operations(), active.operations());
    Some(format!(
        "{code} in {faults} of {operations} operations, and in none of {others} of the active version"
    ))
}

fn significantly_worse(settings: &Canary, active: &Tally, canary: &Tally) -> Option<String> {
    let least = least_increase(
        (canary.failed(), canary.operations()),
        (active.failed(), active.operations()),
    );
    let allowed = settings.max_failure_increase;
    (least > allowed.fraction()).then(|| {
        format!(
            "{}; the difference is statistically significant; at most {allowed} more may fail",
            compared(active, canary)
        )
    })
}

fn slower(settings: &Canary, active: &Tally, canary: &Tally) -> Option<String> {
    let allowed: Percent = settings.max_slowdown?;
    if active.operations() < settings.min_operations {
        return None;
    }
    let (median, other) = (canary.median(), active.median());
    (median.as_secs_f64() > other.as_secs_f64() * (1.0 + allowed.fraction())).then(|| {
        format!("its median operation takes {median:.1?}, the active version's {other:.1?}; it may take at most {allowed} longer")
    })
}

fn compared(active: &Tally, canary: &Tally) -> String {
    format!(
        "{} of its {} operations failed, {} of {} of the active version",
        canary.failed(),
        canary.operations(),
        active.failed(),
        active.operations()
    )
}

fn rate(tally: &Tally) -> f64 {
    share(tally.failed(), tally.operations())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shares of counts, whose last digits do not matter"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// The least by which the first share is above the second, as far as chance goes. Shares are `(part, whole)`. With nothing to
/// compare with, the second is taken to be none: a version nobody else is compared with should not fail at all.
fn least_increase(first: (u64, u64), second: (u64, u64)) -> f64 {
    let (p, q) = (share(first.0, first.1), share(second.0, second.1));
    let (low, _) = wilson(first.0, first.1);
    let high = if second.1 == 0 {
        0.0
    } else {
        wilson(second.0, second.1).1
    };
    (p - q) - ((p - low).powi(2) + (high - q).powi(2)).sqrt()
}

/// Wilson's interval for a share.
fn wilson(part: u64, whole: u64) -> (f64, f64) {
    if whole == 0 {
        return (0.0, 1.0);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count, whose last digits do not matter"
    )]
    let n = whole as f64;
    let (p, z2) = (share(part, whole), DEVIATIONS * DEVIATIONS);
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = DEVIATIONS / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests;
