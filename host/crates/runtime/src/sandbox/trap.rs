//! What a trap was, in a line for the log: its kind, and where in the guest's code.

use rustc_demangle::demangle;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};

/// Functions that are named, at most: the one that trapped, and those that called it.
const FUNCTIONS: usize = 4;

/// The last part of the address space of 4 GiB, in bytes. A stack that grows down past the beginning of memory ends up there, and
/// nothing else does: it lies above every memory cap that anybody sets, and right below zero.
const BELOW_ZERO: u64 = 16 << 20;

/// Functions under way, from which a stack may have been too deep; wasmtime tells of 20 at most.
const DEEP: usize = 16;

/// How the sandbox tells where memory was accessed.
const FAULT: &str = "memory fault at wasm address 0x";

/// Prefixes of functions that say nothing of the guest's own code: the language's runtime.
const RUNTIME: [&str; 7] = [
    "core::",
    "std::",
    "alloc::",
    "rust_",
    "__rust",
    "__rg_",
    "dlmalloc::",
];

/// A trap, or another failure of the guest's code, in a line.
pub(super) fn describe(error: &wasmtime::Error) -> String {
    let kind = kind(error);
    let functions = functions(error);
    match functions.split_first() {
        None => match frames(error).first() {
            None => kind,
            Some(frame) => format!(
                "{kind} in function {}{}; the component has no names: build it without `strip` to see them here",
                frame.func_index(),
                frame
                    .module_offset()
                    .map(|offset| format!(" (at offset {offset:#x} of the component)"))
                    .unwrap_or_default(),
            ),
        },
        Some((function, [])) => format!("{kind} in {function}"),
        Some((function, callers)) => {
            format!("{kind} in {function}, called by {}", callers.join(", "))
        }
    }
}

fn kind(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "stack overflow".to_owned(),
        // A pointer that is a little less than null leads there too, from any depth.
        Some(Trap::MemoryOutOfBounds)
            if frames(error).len() >= DEEP && is_below_zero(&format!("{error:#}")) =>
        {
            "stack overflow".to_owned()
        }
        Some(trap) => trap.to_string().replace("wasm trap: ", ""),
        None => error.root_cause().to_string(),
    }
}

/// Whether memory was accessed where a stack that is too deep would be.
fn is_below_zero(message: &str) -> bool {
    let digits = message.split_once(FAULT).map(|(_, rest)| rest);
    let digits = digits.and_then(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next());
    let address = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    address.is_some_and(|address| ((1 << 32) - BELOW_ZERO..1 << 32).contains(&address))
}

/// The calls under way, innermost first.
fn frames(error: &wasmtime::Error) -> &[FrameInfo] {
    error
        .downcast_ref::<WasmBacktrace>()
        .map_or(&[], WasmBacktrace::frames)
}

/// The functions under way, innermost first, each once.
fn functions(error: &wasmtime::Error) -> Vec<String> {
    let names = frames(error).iter().filter_map(|frame| frame.func_name());
    let names: Vec<_> = names.map(|name| format!("{:#}", demangle(name))).collect();
    let own = |name: &&String| {
        let path = name.trim_start_matches('<').trim_start_matches('&');
        !RUNTIME.iter().any(|prefix| path.starts_with(prefix))
    };
    let mut functions: Vec<String> = Vec::new();
    for name in names.iter().filter(own).chain(names.first()) {
        if functions.len() < FUNCTIONS && !functions.contains(name) {
            functions.push(name.clone());
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::is_below_zero;

    #[test]
    fn an_access_right_below_zero_is_a_stack_that_was_too_deep() {
        let message = |address: &str| {
            format!("error while executing: {address} in linear memory of size 0x110000")
        };
        for deep in ["ffffff40", "fff00000"] {
            assert!(is_below_zero(&message(&format!(
                "memory fault at wasm address 0x{deep}"
            ))));
        }
        for other in ["110000", "80000000", "1ffffffff"] {
            assert!(!is_below_zero(&message(&format!(
                "memory fault at wasm address 0x{other}"
            ))));
        }
        assert!(!is_below_zero("wasm trap: integer divide by zero"));
    }
}
