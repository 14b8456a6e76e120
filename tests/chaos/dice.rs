//! Decisions that look random and are the same for the same seed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// One source of decisions.
pub struct Dice(StdRng);

impl Dice {
    /// The decisions about one thing: its `number` under a seed.
    pub fn new(seed: u64, number: u64) -> Self {
        Self(StdRng::seed_from_u64(
            seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// A number from one to another, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most)
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.between(1, times) == 1
    }

    /// One of several.
    pub fn one_of<T: Copy>(&mut self, several: &[T]) -> T {
        several[self.0.random_range(0..several.len())]
    }
}
