//! One file per subject.

mod attention;
mod documented;
mod dynamodb;
mod errors;
mod faults;
mod harness;
mod login;
mod persistence;
mod procedures;
mod process;
mod seeds;
mod settings;
mod transactions;
mod types;
