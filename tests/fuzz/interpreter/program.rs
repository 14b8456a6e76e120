//! Programs for the interpreter guest, and the limits they run under.

use std::fmt;

use mayfly_config::Module;
use proptest::option;
use proptest::prelude::*;
use std::time::Duration;

/// Instructions before the last: so few that what they hold fits the room the guest has for blocks and handles.
const MOST_STEPS: usize = 40;

/// The time of a program that is to reach its end, and of one that is not to: of the latter, any part may run.
const LONG: Duration = Duration::from_secs(100);
const SHORT: Duration = Duration::from_millis(40);

/// An instruction; what each does stands in the guest's source.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Allocate(usize),
    TryAllocate(usize),
    Free(usize),
    Grow(usize),
    TryGrow(usize),
    Recurse(usize),
    RecurseForEver,
    Get(usize),
    Keep(usize),
    Send(usize, usize),
    Take,
    Random(usize),
    Log(usize),
    Begin,
    Stream,
    Sleep,
    Spin,
    Trap,
    OutOfBounds,
    Answer(usize, usize),
}

/// A program with its limits.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) cap_pages: u64,
    pub(super) host_calls: u32,
    pub(super) pending: u32,
    pub(super) host_to_guest_bytes: u64,
    pub(super) guest_to_host_bytes: usize,
    /// Its client goes away when it has been polled so often.
    pub(super) dropped_after: Option<u32>,
}

impl Program {
    /// The module's configuration for this program.
    pub(super) fn module(&self, mut module: Module) -> Module {
        module.memory_bytes = self.cap_pages << 16;
        module.deadline = if self.is_cut_short() { SHORT } else { LONG };
        module.budget.host_calls = self.host_calls;
        module.budget.pending = self.pending;
        module.budget.host_to_guest_bytes = self.host_to_guest_bytes;
        module.budget.guest_to_host_bytes = self.guest_to_host_bytes;
        // The model knows what is asked for and not when it arrives, so what waits to be taken is not what ends these programs.
        module.budget.unread_bytes = 1 << 30;
        module.budget.output_bytes = 1 << 30;
        module
    }

    /// Whether it may end at its deadline, anywhere.
    pub(super) fn is_cut_short(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Sleep | Step::Spin))
    }
}

/// The text that the guest reads.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match step {
                Step::Allocate(bytes) => writeln!(f, "allocate {bytes}"),
                Step::TryAllocate(bytes) => writeln!(f, "try-allocate {bytes}"),
                Step::Free(index) => writeln!(f, "free {index}"),
                Step::Grow(pages) => writeln!(f, "grow {pages}"),
                Step::TryGrow(pages) => writeln!(f, "try-grow {pages}"),
                Step::Recurse(depth) => writeln!(f, "recurse {depth}"),
                Step::RecurseForEver => writeln!(f, "recurse-for-ever"),
                Step::Get(bytes) => writeln!(f, "get {bytes}"),
                Step::Keep(bytes) => writeln!(f, "keep {bytes}"),
                Step::Send(count, bytes) => writeln!(f, "send {count} {bytes}"),
                Step::Take => writeln!(f, "take"),
                Step::Random(bytes) => writeln!(f, "random {bytes}"),
                Step::Log(bytes) => writeln!(f, "log {bytes}"),
                Step::Begin => writeln!(f, "begin"),
                Step::Stream => writeln!(f, "stream"),
                Step::Sleep => writeln!(f, "sleep"),
                Step::Spin => writeln!(f, "spin"),
                Step::Trap => writeln!(f, "trap"),
                Step::OutOfBounds => writeln!(f, "out-of-bounds"),
                Step::Answer(count, bytes) => writeln!(f, "answer {count} {bytes}"),
            }?;
        }
        Ok(())
    }
}

/// Programs that run at the same time in one sandbox.
pub(super) fn together() -> impl Strategy<Value = Vec<Program>> {
    prop::collection::vec(program(), 1..=4)
}

fn program() -> impl Strategy<Value = Program> {
    let steps = (
        prop::collection::vec(step(), 0..MOST_STEPS),
        option::weighted(0.6, last_step()),
    )
        .prop_map(|(steps, last)| steps.into_iter().chain(last).collect::<Vec<_>>());
    let cap_pages = prop_oneof![1 => 1_u64..9, 8 => 9_u64..=64];
    let host_calls = prop_oneof![3 => Just(1_000_u32), 1 => 0_u32..20];
    let pending = prop_oneof![3 => Just(64_u32), 1 => 0_u32..8];
    let host_to_guest_bytes = prop_oneof![3 => Just(16_u64 << 20), 1 => 0_u64..300_000];
    let guest_to_host_bytes = prop_oneof![1 => Just(8_usize << 20), 1 => 8_192_usize..200_000];
    let dropped_after = option::weighted(0.1, 0_u32..6);
    (
        steps,
        cap_pages,
        host_calls,
        pending,
        host_to_guest_bytes,
        guest_to_host_bytes,
        dropped_after,
    )
        .prop_map(
            |(
                steps,
                cap_pages,
                host_calls,
                pending,
                host_to_guest_bytes,
                guest_to_host_bytes,
                dropped_after,
            )| Program {
                steps,
                cap_pages,
                host_calls,
                pending,
                host_to_guest_bytes,
                guest_to_host_bytes,
                dropped_after,
            },
        )
}

/// Programs that found something, made as small as they get.
pub(super) fn that_failed_once() -> Vec<Program> {
    let program = |cap_pages, steps: &[Step]| Program {
        steps: steps.to_vec(),
        cap_pages,
        host_calls: 1_000,
        pending: 64,
        host_to_guest_bytes: 16 << 20,
        guest_to_host_bytes: 8 << 20,
        dropped_after: None,
    };
    vec![
        // Asking for more than can be addressed was reported as a crash.
        program(9, &[Step::Grow(65_536)]),
        // A crash for another reason was reported as out of memory, because some growth had been refused before.
        program(9, &[Step::TryAllocate(262_142), Step::Random(65_537)]),
    ]
}

/// Sizes around where something changes: no bytes, small blocks, single pages, many.
fn bytes() -> impl Strategy<Value = usize> {
    prop_oneof![
        3 => 0_usize..=4_096,
        3 => 4_097_usize..200_000,
        1 => (0_usize..4, 1_usize..12).prop_map(|(off, pages)| (pages << 16) + off - 2),
        1 => 200_000_usize..3_000_000,
    ]
}

fn pages() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 1_usize..12, 1 => 12_usize..200, 1 => Just(65_536_usize)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => bytes().prop_map(Step::Allocate),
        6 => bytes().prop_map(Step::TryAllocate),
        6 => (0_usize..64).prop_map(Step::Free),
        2 => pages().prop_map(Step::Grow),
        4 => pages().prop_map(Step::TryGrow),
        2 => (0_usize..150).prop_map(Step::Recurse),
        4 => bytes().prop_map(Step::Get),
        4 => bytes().prop_map(Step::Keep),
        3 => (1_usize..=20, 0_usize..20_000).prop_map(|(count, bytes)| Step::Send(count, bytes)),
        3 => Just(Step::Take),
        2 => (0_usize..70_000).prop_map(Step::Random),
        2 => bytes().prop_map(Step::Log),
        1 => Just(Step::Begin),
        1 => Just(Step::Stream),
    ]
}

/// What often ends a program.
fn last_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Trap),
        1 => Just(Step::OutOfBounds),
        1 => Just(Step::RecurseForEver),
        1 => Just(Step::Spin),
        1 => Just(Step::Sleep),
        5 => (prop_oneof![3 => Just(1_usize), 1 => 0_usize..16], bytes()).prop_map(|(count, bytes)| Step::Answer(count, bytes)),
    ]
}
