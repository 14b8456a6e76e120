//! What operators meet: the log, what clients are told, values from outside, small machines, and what the program says.

mod errors;
mod files;
mod log;
mod machine;
mod messages;
mod rotation;
