//! One file per subject.

// mod attention;
// mod dynamodb;
// mod errors;
// mod faults;
mod harness;
mod login;
// mod persistence;
// mod process;
// mod procedures;
// mod seeds;
// mod settings;
// mod transactions;
mod types;
