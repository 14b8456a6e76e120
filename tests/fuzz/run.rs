//! A run of a target: this many cases from a seed, and what a failure has to say so that anyone can see it again.

use std::env;
use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// The seed of `make test`: there a change breaks what it breaks each time, and chance is left to `make fuzz`.
const SEED: u64 = 1;
/// How long a failing case is made smaller, at most, in milliseconds: some cases compile a component.
const SHRINKING_MS: u32 = 60_000;

/// This many cases from a seed.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub seed: u64,
    pub cases: u32,
}

/// Nothing, or the smallest case that fails, with why.
pub type Verdict = Result<(), String>;

impl Run {
    /// A target's run in `make test`; `MAYFLY_FUZZ_SEED` and `MAYFLY_FUZZ_CASES` change it.
    #[must_use]
    pub fn short(cases: u32) -> Self {
        let number = |name: &str| {
            env::var(name).ok().map(|text| {
                text.parse::<u64>()
                    .unwrap_or_else(|_| panic!("{name}={text}"))
            })
        };
        let cases = number("MAYFLY_FUZZ_CASES")
            .map_or(cases, |cases| u32::try_from(cases).unwrap_or(u32::MAX));
        Self {
            seed: number("MAYFLY_FUZZ_SEED").unwrap_or(SEED),
            cases,
        }
    }

    /// How to see a run again.
    #[must_use]
    pub fn again(self, target: &str) -> String {
        format!(
            "again: make fuzz FUZZ=\"--target {target} --seed {} --cases {}\"",
            self.seed, self.cases
        )
    }

    /// Tries cases of a strategy; the first that fails is made smaller.
    ///
    /// # Errors
    ///
    /// The smallest case that still fails, and why.
    pub fn check<S: Strategy<Value: Debug>>(
        self,
        strategy: &S,
        test: impl Fn(S::Value) -> Verdict,
    ) -> Verdict {
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            max_shrink_time: SHRINKING_MS,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(
            config,
            TestRng::from_seed(RngAlgorithm::ChaCha, &self.bytes()),
        );
        runner
            .run(strategy, |case| test(case).map_err(TestCaseError::fail))
            .map_err(|error| match error {
                TestError::Fail(reason, case) => format!("{reason}\nsmallest case: {case:#?}"),
                TestError::Abort(reason) => format!("gave up: {reason}"),
            })
    }

    /// The seed as the generator takes it.
    fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes
    }
}
