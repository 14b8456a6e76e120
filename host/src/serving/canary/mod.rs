//! Trying a new version on a share of the operations: who gets it, what is counted of both sides, and when it is enough.
//!
//! `share` says on which side an operation is, `tally` counts what became of it, `verdict` compares the sides, and `trial` is
//! one canary that runs. Nothing here knows of HTTP, guests or snapshots: the `deployment` begins and ends canaries, and does what a
//! verdict says.

mod share;
mod tally;
mod trial;
mod verdict;

pub use share::is_on_canary;
pub use tally::{Tally, TallyStatus};
pub use trial::{Observation, Side, Trial};
pub use verdict::{Verdict, judge};
