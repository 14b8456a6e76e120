//! Guests that misbehave: a file per module of guest/hostile, named after it. Each attack ends as an error of the field that asked,
//! with the documented code and a log line that says whose fault it was; the next answers are right, and nothing stays in use.

mod every_module;
mod lab;
mod refused;

mod aliases;
mod asks_services;
mod data_segments;
mod denied;
mod floods;
mod grows;
mod leaks;
mod malformed_json;
mod many_memories;
mod many_tables;
mod memory_errors;
mod opens_sockets;
mod other_keys;
mod panics;
mod query_in_flight;
mod reaches_outside;
mod scans;
mod sleeps;
mod spins;
mod start_allocates;
mod start_loops;
mod start_traps;
mod starts_large;
mod stream_never_read;
mod table_grows;
mod takes_everything;
mod too_few_answers;
mod too_large_to_load;
mod transaction_left_open;
mod traps;
mod wrong_type;

use lab::{Lab, lab};
