//! Workers: legacy code in processes of its own, from `mayfly.toml` to the answer of a guest.

mod applied;
mod calls;
mod checked;
mod contained;
mod endings;
mod faults;
pub mod lab;
mod recycled;
mod starts;
