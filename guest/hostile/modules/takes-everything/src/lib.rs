//! Uses every budget up at once, and holds what it took: answers it was given and answers it left, values nobody answers yet, rows,
//! calls, handles, log lines, memory. Then it waits, and answers with as much as it may.

#![allow(
    unsafe_code,
    reason = "exports by hand, as an SDK would copy the answer; and memory that nobody gave it"
)]

use mayfly_guest::__private::{Guest, Invocation, WireError};
use mayfly_guest::bindings::mayfly::resolver as host;
use serde::Deserialize;

use host::pending::{Pending, wait_any};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    limits: Limits,
    /// Whether the last rows are those of a statement that does not end, which keeps its connection.
    keeps_connection: bool,
}

/// The limits it is under; the rest it finds out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    /// `limits.pending`.
    pending: usize,
    /// How many handles it keeps, of `limits.handles`.
    handles: usize,
    /// `limits.rows`.
    rows: usize,
    /// `limits.unread`.
    unread: usize,
    /// `limits.log_lines` and `limits.log_bytes`.
    log_lines: usize,
    log_bytes: usize,
    /// Bytes to answer with, and how deep.
    output: usize,
    depth: usize,
}

/// The largest value of a column, in bytes, and about that of an item.
const VALUE: usize = 1 << 20;
const ITEM: usize = 408_000;

/// Gets of items that large.
const GETS: usize = 16;

/// Rows of the statement that does not end.
const LAST_ROWS: usize = 3;

/// The module, in place of what `resolvers!` would make.
pub struct TakesEverything;

impl Guest for TakesEverything {
    fn resolve(invocation: Invocation) -> Vec<Result<String, WireError>> {
        vec![match serde_json::from_str(&invocation.arguments) {
            Ok(arguments) => Ok(Taker::default().take(&arguments)),
            Err(error) => Err(WireError {
                code: "INVALID".into(),
                message: error.to_string(),
                retryable: false,
            }),
        }]
    }
}

/// What it holds.
#[derive(Default)]
struct Taker {
    calls: Vec<Pending>,
    /// A call that never ends.
    endless: Option<Pending>,
    /// What it was refused, once for each limit.
    refusals: Vec<String>,
    /// Numbers of the items it writes and reads.
    items: usize,
    /// Rows it had read.
    rows: usize,
}

impl Taker {
    fn take(mut self, arguments: &Arguments) -> String {
        let limits = &arguments.limits;
        let answer = Vec::with_capacity(limits.output);
        log(limits, 1..limits.log_lines);
        for _ in 0..GETS {
            let get = self.get();
            self.calls.push(get);
        }
        self.is_given_all();
        self.leaves_unread(limits);
        self.reads_all_rows(limits, arguments.keeps_connection);
        self.hands_over_all();
        self.has_all_pending(limits);
        let transactions = self.has_all_handles(limits);
        let pages = fill();
        log(limits, 0..1);
        log(limits, 0..1);
        for call in &self.calls {
            wait_any(&[call]);
        }
        drop((self.calls, self.endless, transactions));
        write(answer, limits, pages, &self.refusals)
    }

    /// How many calls it holds.
    fn held(&self) -> usize {
        self.calls.len() + usize::from(self.endless.is_some())
    }

    /// Asks for a large item.
    fn get(&mut self) -> Pending {
        self.items += 1;
        let options = host::dynamodb::ReadOptions {
            consistent: false,
            attributes: Vec::new(),
        };
        host::dynamodb::get(
            "Things",
            &format!("{{\"PK\":\"{:02}\"}}", self.items % 32),
            &options,
        )
    }

    /// Asks for a row of this many bytes, and waits until it is there.
    fn row(&mut self, bytes: usize) -> Pending {
        let call = host::sql::query("value", &format!("{{\"bytes\":{bytes}}}"));
        wait_any(&[&call]);
        self.rows += 1;
        call
    }

    /// Keeps why something was refused, when it was.
    fn refused(&mut self, given: Result<String, host::types::Error>) -> bool {
        let Err(error) = given else { return false };
        if !self.refusals.contains(&error.message) {
            self.refusals.push(error.message);
        }
        true
    }

    /// Takes rows, smaller and smaller ones, until not even the smallest is given.
    fn is_given_all(&mut self) {
        let mut bytes = VALUE / 4;
        while bytes > 0 {
            let row = self.row(bytes).take();
            if self.refused(row) {
                bytes /= 4;
            }
        }
    }

    /// Leaves rows where they are, until not even the smallest may be left there.
    fn leaves_unread(&mut self, limits: &Limits) {
        let (mut bytes, mut left) = (VALUE, limits.unread);
        while bytes > 0 {
            let answer = r#"[{"note":""}]"#.len() + bytes;
            if answer > left {
                bytes /= 4;
                continue;
            }
            left -= answer;
            let row = self.row(bytes);
            self.calls.push(row);
        }
        let row = self.row(1).take();
        self.refused(row);
    }

    /// Has all rows read that may be.
    fn reads_all_rows(&mut self, limits: &Limits, keeps_connection: bool) {
        let rows = limits.rows - self.rows - LAST_ROWS;
        let call = host::sql::query("some_rows", &format!("{{\"rows\":{rows}}}"));
        wait_any(&[&call]);
        if keeps_connection {
            self.endless = Some(host::sql::query("never_ends", "{}"));
            return;
        }
        for _ in 0..=LAST_ROWS {
            let row = self.row(1).take();
            self.refused(row);
        }
    }

    /// Writes items, smaller and smaller ones, until not even the smallest may be handed over.
    fn hands_over_all(&mut self) {
        let value = "x".repeat(ITEM);
        let mut bytes = ITEM;
        while bytes > 0 {
            self.items += 1;
            let item = format!(
                "{{\"PK\":\"{:02}\",\"value\":\"{}\"}}",
                self.items % 32,
                value.get(..bytes).unwrap_or_default()
            );
            let put = host::dynamodb::put(&host::dynamodb::PutRequest {
                table: "Things".into(),
                item,
                condition: None,
            });
            if !put.ready() {
                self.calls.push(put);
                continue;
            }
            let refused = put.take();
            self.refused(refused);
            bytes /= 4;
        }
    }

    /// Begins calls until no more may be pending.
    fn has_all_pending(&mut self, limits: &Limits) {
        while self.held() < limits.pending {
            let get = self.get();
            self.calls.push(get);
        }
        let refused = self.get().take();
        self.refused(refused);
        // Below, the last one is a call that is refused for another reason: what may not be pending does not count as a call.
        self.calls.pop();
    }

    /// Begins transactions until all host calls are used up, and then until all handles are.
    fn has_all_handles(&mut self, limits: &Limits) -> Vec<host::sql::Transaction> {
        let transactions = (self.held() + 1..limits.handles)
            .map(|_| host::sql::begin("lab"))
            .collect();
        let call = self.get();
        let refused = call.take();
        self.refused(refused);
        self.calls.push(call);
        transactions
    }
}

/// Writes log lines, which with one more have all bytes there are.
fn log(limits: &Limits, lines: std::ops::Range<usize>) {
    let each = limits.log_bytes / limits.log_lines;
    let first = limits.log_bytes - each * (limits.log_lines - 1);
    for line in lines {
        let text = if line == 0 { "full " } else { "line " };
        let bytes = if line == 0 { first } else { each };
        let padded = format!("{text:x<bytes$}");
        host::log::write(host::log::Level::Info, &padded, "");
    }
}

/// The answer: an object with a text as deep and as long as it takes.
fn write(mut answer: Vec<u8>, limits: &Limits, pages: usize, refusals: &[String]) -> String {
    let arrays = limits.depth - 1;
    answer.extend_from_slice(b"{\"pages\":");
    answer.extend_from_slice(pages.to_string().as_bytes());
    answer.extend_from_slice(b",\"refusals\":[");
    for (index, refusal) in refusals.iter().enumerate() {
        answer.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
        answer.extend_from_slice(refusal.as_bytes());
        answer.push(b'"');
    }
    answer.extend_from_slice(b"],\"text\":");
    answer.resize(answer.len() + arrays, b'[');
    answer.push(b'"');
    answer.resize(limits.output - arrays - 2, b'x');
    answer.push(b'"');
    answer.resize(answer.len() + arrays, b']');
    answer.push(b'}');
    String::from_utf8(answer).unwrap_or_default()
}

/// Takes every page it may have, and writes to each; answers with the pages it has.
#[cfg(target_arch = "wasm32")]
fn fill() -> usize {
    use core::arch::wasm32;
    const PAGE: usize = 65_536;
    loop {
        let page = wasm32::memory_grow::<0>(1);
        if page == usize::MAX {
            return wasm32::memory_size::<0>();
        }
        for at in (0..PAGE).step_by(4_096) {
            // SAFETY: the page was just added to the memory, and nobody else knows of it.
            unsafe { core::ptr::write_volatile((page * PAGE + at) as *mut u8, 1) };
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn fill() -> usize {
    0
}

#[used]
#[cfg_attr(target_arch = "wasm32", unsafe(link_section = "mayfly:fields"))]
static FIELDS: [u8; 22] = *b"Query.takesEverything\n";

#[cfg(target_arch = "wasm32")]
mod exports {
    use super::TakesEverything;
    mayfly_guest::bindings::export!(TakesEverything with_types_in mayfly_guest::bindings);
}
