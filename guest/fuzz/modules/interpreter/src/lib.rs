//! Runs the program it is given as its arguments, for the fuzzer: one instruction a line, a word and its numbers.
//!
//! Every instruction does one thing that a hostile or unlucky guest may do, in a way whose outcome a model can tell beforehand.
//! What was refused or failed is counted, and the counts are the answer, unless the program says what to answer.
//!
//! | instruction | what it does |
//! |---|---|
//! | `allocate B`, `try-allocate B` | holds a block of this many bytes; without memory it aborts, or counts |
//! | `free I` | gives the block at that place back, counted round |
//! | `grow P`, `try-grow P` | grows memory by this many pages for good |
//! | `recurse D` | calls itself so deep; `recurse-for-ever` has no end |
//! | `get B` | reads an item of this many bytes, and forgets it; `keep B` holds its bytes as a block |
//! | `send C B` | sends this many calls for items of this many bytes, and keeps their handles |
//! | `take` | takes the answers of all that were sent |
//! | `random B`, `log B` | asks for this many random bytes; writes a line of this many bytes |
//! | `begin`, `stream` | opens a transaction, or a stream of rows, and keeps it |
//! | `sleep`, `spin` | waits for a call that never ends; computes without end |
//! | `trap`, `out-of-bounds` | aborts; reads beyond its memory |
//! | `answer C B` | ends with this many answers of this many bytes |

#![cfg(target_arch = "wasm32")]
#![allow(
    unsafe_code,
    clippy::panic,
    reason = "the point is to do what must not hurt"
)]

mod heap;

use core::hint::black_box;
use mayfly_guest::bindings::exports::mayfly::resolver::handler::{Guest, Invocation};
use mayfly_guest::bindings::mayfly::resolver::dynamodb::{self, ReadOptions};
use mayfly_guest::bindings::mayfly::resolver::pending::Pending;
use mayfly_guest::bindings::mayfly::resolver::types::Error;
use mayfly_guest::bindings::mayfly::resolver::{log, random, sql};

/// Handles and blocks are kept in room made beforehand, so that keeping one never allocates.
const MOST_HANDLES: usize = 1_000;
const MOST_BLOCKS: usize = 64;

const FIELDS: &str = "Query.run\n";

#[used]
#[unsafe(link_section = "mayfly:fields")]
static SECTION: [u8; FIELDS.len()] = mayfly_guest::__private::section(FIELDS);

struct Interpreter;

mayfly_guest::bindings::export!(Interpreter with_types_in mayfly_guest::bindings);

impl Guest for Interpreter {
    fn resolve(invocation: Invocation) -> Vec<Result<String, Error>> {
        let mut machine = Machine::new();
        for line in invocation.arguments.lines() {
            let mut words = line.split_ascii_whitespace();
            let word = words.next().unwrap_or_default();
            let mut number = || {
                words
                    .next()
                    .and_then(|number| number.parse().ok())
                    .unwrap_or(0)
            };
            if word == "answer" {
                let (count, bytes) = (number(), number());
                return (0..count).map(|_| Ok(text(bytes))).collect();
            }
            machine.step(word, number(), number());
        }
        vec![Ok(machine.report())]
    }
}

/// What a program holds and has counted.
struct Machine {
    blocks: Vec<Vec<u8>>,
    sent: Vec<Pending>,
    transactions: Vec<sql::Transaction>,
    streams: Vec<sql::RowStream>,
    /// Growths that were refused, and not insisted on.
    refused: u32,
    /// Calls that failed for their budget, and for another reason.
    over_budget: u32,
    failed: u32,
    /// Bytes that calls gave.
    given: usize,
}

impl Machine {
    fn new() -> Self {
        Self {
            blocks: Vec::with_capacity(MOST_BLOCKS),
            sent: Vec::with_capacity(MOST_HANDLES),
            transactions: Vec::with_capacity(MOST_BLOCKS),
            streams: Vec::with_capacity(MOST_BLOCKS),
            refused: 0,
            over_budget: 0,
            failed: 0,
            given: 0,
        }
    }

    fn step(&mut self, word: &str, first: usize, second: usize) {
        match word {
            "allocate" => self.blocks.push(black_box(vec![1; first])),
            "try-allocate" => self.try_allocate(first),
            "free" if !self.blocks.is_empty() => {
                drop(self.blocks.swap_remove(first % self.blocks.len()))
            }
            "grow" => insist(heap::grow(first)),
            "try-grow" => self.refused += u32::from(!heap::grow(first)),
            "recurse" => _ = black_box(recurse(first)),
            "recurse-for-ever" => _ = black_box(recurse(usize::MAX)),
            "get" => drop(self.take(get(&first.to_string()))),
            "keep" => {
                let item = self.take(get(&first.to_string()));
                self.blocks.extend(item.map(String::into_bytes));
            }
            "send" => self
                .sent
                .extend((0..first).map(|_| get(&second.to_string()))),
            "take" => {
                for call in self.sent.split_off(0) {
                    drop(self.take(call));
                }
            }
            "random" => drop(black_box(random::bytes(
                u32::try_from(first).unwrap_or(u32::MAX),
            ))),
            "log" => log::write(log::Level::Trace, &text(first), ""),
            "begin" => self.transactions.push(sql::begin("lab")),
            "stream" => self.streams.push(sql::stream_rows("rows", "")),
            "sleep" => drop(self.take(get("never"))),
            "spin" => loop {
                black_box(());
            },
            "trap" => core::arch::wasm32::unreachable(),
            // SAFETY: none; this address is beyond any memory a program may have.
            "out-of-bounds" => {
                _ = black_box(unsafe { black_box(0xffff_fff0_usize as *const u8).read_volatile() })
            }
            _ => {}
        }
    }

    fn try_allocate(&mut self, bytes: usize) {
        let mut block = Vec::new();
        match block.try_reserve_exact(bytes) {
            Ok(()) => {
                block.resize(bytes, 1);
                self.blocks.push(black_box(block));
            }
            Err(_) => self.refused += 1,
        }
    }

    fn take(&mut self, call: Pending) -> Option<String> {
        match call.take() {
            Ok(item) => {
                self.given += item.len();
                return Some(black_box(item));
            }
            Err(error) if error.code == "budget" => self.over_budget += 1,
            Err(_) => self.failed += 1,
        }
        None
    }

    fn report(&self) -> String {
        let Self {
            refused,
            over_budget,
            failed,
            given,
            ..
        } = self;
        format!("refused {refused}, over budget {over_budget}, failed {failed}, given {given}")
    }
}

fn get(key: &str) -> Pending {
    dynamodb::get(
        "Things",
        key,
        &ReadOptions {
            consistent: false,
            attributes: Vec::new(),
        },
    )
}

/// A text of this many bytes, in a block of exactly that size.
fn text(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes);
    text.extend(core::iter::repeat_n('x', bytes));
    text
}

/// What was refused is not to be done without.
fn insist(allowed: bool) {
    if !allowed {
        core::arch::wasm32::unreachable();
    }
}

/// Each turn needs the stack: its buffer, and the sum after the call.
#[inline(never)]
fn recurse(depth: usize) -> usize {
    let buffer = black_box([depth; 8]);
    if depth == 0 {
        0
    } else {
        recurse(depth - 1) + black_box(&buffer).len()
    }
}
