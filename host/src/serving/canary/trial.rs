//! One canary that runs: both tallies, and the news that it should end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use mayfly_config::{Canary, CanaryKey};
use mayfly_error::Code;
use mayfly_telemetry::names;
use metrics::counter;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::share::is_on_canary;
use super::tally::Tally;
use super::verdict::{Verdict, judge};

/// Which version an operation ran on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The version everybody else has.
    Active,
    /// The one that is tried.
    Canary,
}

impl Side {
    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Canary => "canary",
        }
    }
}

/// A canary that runs.
#[derive(Debug)]
pub struct Trial {
    /// What the shares are drawn with.
    pub id: u64,
    /// The module that is tried.
    pub module: String,
    /// The version that is tried.
    pub digest: String,
    /// How.
    pub settings: Canary,
    /// When it began, for people.
    pub since: SystemTime,
    started: Instant,
    tallies: Mutex<Tallies>,
    verdict: watch::Sender<Verdict>,
}

#[derive(Debug, Default)]
struct Tallies {
    active: Tally,
    canary: Tally,
}

impl Trial {
    /// Begins a canary.
    #[must_use]
    pub fn begin(id: u64, module: &str, digest: &str, settings: Canary) -> Arc<Self> {
        Arc::new(Self {
            id,
            module: module.to_owned(),
            digest: digest.to_owned(),
            settings,
            since: SystemTime::now(),
            started: Instant::now(),
            tallies: Mutex::default(),
            verdict: watch::Sender::new(Verdict::Continue),
        })
    }

    /// The side of an operation whose key this is. Without a key it stays with the active version.
    #[must_use]
    pub fn side(&self, key: Option<&str>) -> Side {
        match key {
            Some(key) if is_on_canary(self.id, key, self.settings.share) => Side::Canary,
            _ => Side::Active,
        }
    }

    /// What the key of an operation is.
    #[must_use]
    pub fn by(&self) -> &CanaryKey {
        &self.settings.by
    }

    /// Begins to watch an operation of one side.
    #[must_use]
    pub fn observe(self: &Arc<Self>, side: Side) -> Observation {
        Observation {
            trial: self.clone(),
            side,
            started: Instant::now(),
            seen: Mutex::default(),
        }
    }

    /// Since when it runs.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Both tallies, the active version's first.
    #[must_use]
    pub fn tallies(&self) -> (Tally, Tally) {
        let tallies = self.lock();
        (tallies.active.clone(), tallies.canary.clone())
    }

    /// Waits for a verdict that ends it: by what operations do, or because its time is over.
    pub async fn verdict(&self) -> Verdict {
        let mut verdicts = self.verdict.subscribe();
        let by_operations = async {
            let ended = verdicts
                .wait_for(|verdict| *verdict != Verdict::Continue)
                .await;
            // The sender is in `self`, so it is not gone.
            ended.map_or(Verdict::Continue, |verdict| verdict.clone())
        };
        let left = self.settings.time.saturating_sub(self.age());
        tokio::select! {
            verdict = by_operations => verdict,
            () = tokio::time::sleep(left) => {
                let tallies = self.lock();
                judge(&self.settings, &tallies.active, &tallies.canary, self.settings.time)
            }
        }
    }

    /// Ends it from outside.
    pub fn end(&self, verdict: Verdict) {
        self.verdict.send_replace(verdict);
    }

    fn count(&self, side: Side, codes: &HashSet<Code>, time: Duration) {
        let codes: Vec<_> = codes.iter().copied().collect();
        let failed = {
            let mut tallies = self.lock();
            let tally = match side {
                Side::Active => &mut tallies.active,
                Side::Canary => &mut tallies.canary,
            };
            let before = tally.failed();
            tally.count(&codes, time);
            let failed = tally.failed() > before;
            if side == Side::Canary {
                let verdict = judge(&self.settings, &tallies.active, &tallies.canary, self.age());
                // The first verdict that ends it stands.
                self.verdict.send_if_modified(|known| {
                    *known == Verdict::Continue && verdict != Verdict::Continue && {
                        *known = verdict;
                        true
                    }
                });
            }
            failed
        };
        let outcome = if failed { "failed" } else { "ok" };
        let labels = [
            ("module", self.module.clone()),
            ("side", side.as_str().to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        counter!(names::CANARY_OPERATIONS, &labels).increment(1);
    }

    fn lock(&self) -> MutexGuard<'_, Tallies> {
        // Nothing panics while it is held.
        self.tallies.lock()
    }
}

/// One operation, watched until it is answered. One that is dropped before [`Observation::finish`] was cancelled and is not counted.
#[derive(Debug)]
pub struct Observation {
    trial: Arc<Trial>,
    side: Side,
    started: Instant,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    called: bool,
    codes: HashSet<Code>,
}

impl Observation {
    /// A module was called.
    pub fn called(&self, module: &str) {
        if module == self.trial.module {
            self.lock().called = true;
        }
    }

    /// Something a module did ended in this code.
    pub fn failed(&self, module: &str, code: Code) {
        if module == self.trial.module {
            self.lock().codes.insert(code);
        }
    }

    /// The operation is answered.
    pub fn finish(self) {
        let seen = self.seen.into_inner();
        if seen.called {
            self.trial
                .count(self.side, &seen.codes, self.started.elapsed());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Nothing panics while it is held.
        self.seen.lock()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests fail by panicking")]
    use super::*;

    fn settings(time: Duration) -> Canary {
        Canary {
            time,
            operations: Some(40),
            ..Canary::default()
        }
    }

    fn operation(trial: &Arc<Trial>, side: Side, code: Option<Code>) {
        let observation = trial.observe(side);
        observation.called("m");
        code.iter().for_each(|code| observation.failed("m", *code));
        observation.finish();
    }

    #[tokio::test]
    async fn operations_of_the_canary_end_it_and_others_do_not() {
        let trial = Trial::begin(7, "m", "digest", settings(Duration::from_secs(3_600)));
        for _ in 0..39 {
            operation(&trial, Side::Canary, None);
            operation(&trial, Side::Active, Some(Code::GuestError));
        }
        let elsewhere = trial.observe(Side::Canary);
        elsewhere.called("another");
        elsewhere.failed("another", Code::GuestTrapped);
        elsewhere.finish();
        drop(trial.observe(Side::Canary));
        assert_eq!(
            trial.tallies().1.operations(),
            39,
            "neither another module's operation nor a cancelled one counts"
        );
        operation(&trial, Side::Canary, None);
        let Verdict::Promote(reason) = trial.verdict().await else {
            panic!("it is promoted")
        };
        assert!(
            reason.starts_with("0 of its 40 operations failed, 39 of 39 of the active version"),
            "{reason}"
        );
        for _ in 0..3 {
            operation(&trial, Side::Canary, Some(Code::GuestTrapped));
        }
        assert!(
            matches!(trial.verdict().await, Verdict::Promote(_)),
            "the first verdict stands"
        );
    }

    #[tokio::test]
    async fn the_third_trap_ends_it_at_once() {
        let trial = Trial::begin(7, "m", "digest", settings(Duration::from_secs(3_600)));
        for _ in 0..3 {
            operation(&trial, Side::Canary, Some(Code::GuestTrapped));
        }
        let expected = "GUEST_TRAPPED in 3 of 3 operations, and in none of 0 of the active version";
        assert_eq!(trial.verdict().await, Verdict::Abort(expected.to_owned()));
    }

    #[tokio::test]
    async fn its_time_ends_it_when_operations_do_not() {
        let trial = Trial::begin(
            7,
            "m",
            "digest",
            Canary {
                min_operations: 1,
                ..settings(Duration::from_millis(1))
            },
        );
        operation(&trial, Side::Canary, None);
        assert!(matches!(trial.verdict().await, Verdict::Promote(_)));
    }

    #[test]
    fn an_operation_without_a_key_stays_with_the_active_version() {
        let share = mayfly_config::Percent::of_ten_thousand(5_000);
        let trial = Trial::begin(
            7,
            "m",
            "digest",
            Canary {
                share,
                ..Canary::default()
            },
        );
        assert_eq!(trial.side(None), Side::Active);
        let keys: Vec<_> = (0..64)
            .map(|key| trial.side(Some(&key.to_string())))
            .collect();
        assert!(keys.contains(&Side::Canary) && keys.contains(&Side::Active));
    }
}
