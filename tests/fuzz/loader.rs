//! Target: real components with bytes changed, cut out, repeated and put in, and bytes that were never a component, through the
//! host's loader, and through one invocation when they are let in.
//!
//! The compiler's process takes longer than all the rest, so most of what the validator refuses here as it would there is not sent
//! to it.

use std::cell::Cell;
use std::fs;

use mayfly_runtime::modules::handled_fields;
use proptest::prelude::*;
use wasmparser::Validator;

use crate::candidate::{Fate, try_out};
use crate::run::{Run, Verdict};
use crate::under_test::under_test;

/// Of what is not valid, one in so many goes the whole way.
const SENT_ANYWAY: usize = 16;

/// How a component begins.
const MAGIC: [u8; 8] = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

/// One change, at a place given as a share of the whole in 65,536ths.
#[derive(Debug, Clone)]
enum Change {
    Flip(u16, u8),
    Set(u16, u8),
    Remove(u16, u16),
    Repeat(u16, u16),
    Insert(u16, Vec<u8>),
    Cut(u16),
}

/// What the loader is given.
#[derive(Debug, Clone)]
enum Input {
    Changed(usize, Vec<Change>),
    Bytes(bool, Vec<u8>),
}

/// Tries inputs.
///
/// # Errors
///
/// The smallest input that makes the host do what it must not.
pub fn fuzz(run: Run) -> Verdict {
    let host = under_test();
    let _turn = host.turn();
    let originals = [
        "guest/fuzz/build/interpreter.wasm",
        "guest/hostile/build/leaks.wasm",
    ]
    .map(|file| fs::read(mayfly_tests::repository().join(file)).expect("the guests are built"));
    let (number, sent, ran) = (Cell::new(0_usize), Cell::new(0_u32), Cell::new(0_u32));
    run.check(&input(), |input| {
        let bytes = input.bytes(&originals);
        // Reads every section header of whatever it is given, and must survive that.
        let _ = handled_fields(&bytes);
        number.set(number.get() + 1);
        if Validator::new().validate_all(&bytes).is_err() && number.get() % SENT_ANYWAY != 0 {
            return Ok(());
        }
        sent.set(sent.get() + 1);
        if let Fate::Ran(_) = try_out(host, &bytes)? {
            ran.set(ran.get() + 1);
        }
        Ok(())
    })?;
    println!(
        "loader: {} of {} went to the compiler, {} of them ran",
        sent.get(),
        run.cases,
        ran.get()
    );
    Ok(())
}

impl Input {
    fn bytes(&self, originals: &[Vec<u8>]) -> Vec<u8> {
        match self {
            Self::Bytes(magic, bytes) => {
                if *magic {
                    [&MAGIC[..], bytes].concat()
                } else {
                    bytes.clone()
                }
            }
            Self::Changed(original, changes) => {
                let mut bytes = originals[original % originals.len()].clone();
                changes.iter().for_each(|change| change.make(&mut bytes));
                bytes
            }
        }
    }
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        let place = |share: u16| bytes.len() * usize::from(share) / 65_536;
        match self {
            Self::Flip(at, bit) => {
                let at = place(*at);
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte ^= 1 << (bit % 8));
            }
            Self::Set(at, value) => {
                let at = place(*at);
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte = *value);
            }
            Self::Remove(at, length) => {
                let (from, to) = (place(*at), place(at.saturating_add(*length)));
                bytes.drain(from..to);
            }
            Self::Repeat(at, length) => {
                let (from, to) = (place(*at), place(at.saturating_add(*length)));
                bytes.extend_from_within(from..to);
            }
            Self::Insert(at, new) => {
                let at = place(*at);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Cut(at) => {
                let at = place(*at);
                bytes.truncate(at);
            }
        }
    }
}

fn input() -> impl Strategy<Value = Input> {
    let small = prop_oneof![
        8 => (any::<u16>(), any::<u8>()).prop_map(|(at, bit)| Change::Flip(at, bit)),
        4 => (any::<u16>(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
    ];
    let any_change = prop_oneof![
        4 => small.clone(),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(at, length)| Change::Remove(at, length % 256)),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => (any::<u16>(), prop::collection::vec(any::<u8>(), 1..16)).prop_map(|(at, new)| Change::Insert(at, new)),
        1 => any::<u16>().prop_map(Change::Cut),
    ];
    prop_oneof![
        6 => (any::<usize>(), prop::collection::vec(small, 1..3)).prop_map(|(of, changes)| Input::Changed(of, changes)),
        2 => (any::<usize>(), prop::collection::vec(any_change, 1..6)).prop_map(|(of, changes)| Input::Changed(of, changes)),
        1 => (any::<bool>(), prop::collection::vec(any::<u8>(), 0..600)).prop_map(|(magic, bytes)| Input::Bytes(magic, bytes)),
    ]
}
