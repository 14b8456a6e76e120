//! What the host allocates for one invocation: promised to be at most 4 KiB, beside what wasmtime allocates for itself.
//!
//! Every allocation is recorded with its backtrace, and belongs to the innermost crate that is not the standard library.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mayfly::resolve::Resolver;
use mayfly::serving::app::App;
use mayfly_graphql::Invocation;
use mayfly_runtime::capability::{self, Surroundings};
use mayfly_runtime::imports::Operation;

const MOST_BYTES: usize = 4 << 10;

struct Recorder;

static RECORDING: AtomicBool = AtomicBool::new(false);
static RECORDED: Mutex<Vec<(usize, Backtrace)>> = Mutex::new(Vec::new());

thread_local! {
    /// Set while an allocation is written down, which allocates.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static ALLOCATOR: Recorder = Recorder;

impl Recorder {
    fn record(bytes: usize) {
        if RECORDING.load(Ordering::Relaxed) && !WRITING.replace(true) {
            RECORDED
                .lock()
                .unwrap()
                .push((bytes, Backtrace::force_capture()));
            WRITING.set(false);
        }
    }
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe by its nature; this one passes everything on"
)]
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Recorder {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::record(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        Self::record(bytes.saturating_sub(layout.size()));
        unsafe { System.realloc(at, layout, bytes) }
    }
}

/// The crate that an allocation belongs to, by the innermost source file that is not of the standard library.
fn owner(backtrace: &Backtrace) -> String {
    let text = backtrace.to_string();
    let files = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("at "));
    let mut own =
        files.filter(|file| !file.starts_with("/rustc/") && !file.contains("tests/invocation.rs"));
    let Some(file) = own.next() else { return text };
    let library = file
        .split_once("/registry/src/")
        .and_then(|(_, path)| path.split('/').nth(1));
    library.map_or_else(|| "mayfly".to_owned(), str::to_owned)
}

fn invocation() -> Invocation {
    Invocation {
        module: "marked".into(),
        type_name: "Query".into(),
        field_name: "healthy".into(),
        arguments: "{}".to_owned(),
        parents: Vec::new(),
        selection: Arc::new([]),
        mutation: false,
    }
}

#[test]
fn an_invocation_allocates_at_most_four_kibibytes_beside_wasmtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    mayfly_tests::built();
    let config = capability::load(
        &mayfly_tests::repository().join("guest/apps/swapping"),
        mayfly_capabilities::ALL,
    )
    .expect("guest/apps/swapping is an app");
    let app = runtime
        .block_on(App::load(
            &config,
            &Surroundings::nowhere(mayfly_capabilities::ALL),
            &|_| (),
        ))
        .expect("the app loads");
    let resolver = Resolver::new(Arc::new(app), Operation::default());
    let mut answers = Vec::new();
    for warm in (0..20).map(|round| round < 19) {
        let invocation = invocation();
        RECORDING.store(!warm, Ordering::Relaxed);
        let outcome = runtime.block_on(resolver.invoke(invocation));
        RECORDING.store(false, Ordering::Relaxed);
        answers.push(outcome.unwrap().answers.unwrap());
    }
    assert!(
        answers
            .iter()
            .all(|answers| answers.iter().all(|answer| answer.as_deref() == Ok("true"))),
        "{answers:?}"
    );
    let mut by_owner: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (bytes, backtrace) in RECORDED.lock().unwrap().drain(..) {
        let spent = by_owner.entry(owner(&backtrace)).or_default();
        *spent = (spent.0 + 1, spent.1 + bytes);
    }
    let (wasmtime, host): (Vec<_>, Vec<_>) = by_owner
        .iter()
        .partition(|(name, _)| name.starts_with("wasmtime") || name.starts_with("cranelift"));
    let total =
        |of: &[(&String, &(usize, usize))]| of.iter().map(|(_, (_, bytes))| bytes).sum::<usize>();
    println!("allocations and bytes by crate: {by_owner:#?}");
    assert!(
        total(&wasmtime) > 0 && host.iter().any(|(name, _)| name.as_str() == "mayfly"),
        "owners are told apart: {by_owner:?}"
    );
    assert!(
        total(&host) <= MOST_BYTES,
        "{} bytes: {by_owner:#?}",
        total(&host)
    );
}
