//! What a program has to come to: computed from its instructions and limits alone, without a sandbox.

use mayfly_capabilities::dynamodb::key_weight;
use mayfly_capabilities::sql::statement_weight;

use super::memory::{Block, Memory, Refused};
use super::program::{Program, Step};

/// The most random bytes a guest may ask for at once.
const MOST_RANDOM_BYTES: usize = 65_536;
/// What an answer may cost above its text's bytes, by the sandbox's own account.
const ANSWER_BYTES: usize = 256;

/// What the guest hands over: the table of every item, an item that never comes, a backend, a statement.
const TABLE: &str = "Things";
const NEVER: &str = "never";
const BACKEND: &str = "lab";
const STATEMENT: &str = "rows";

/// How a program ends, in the words of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// One answer: this text, or this many bytes.
    Report(String),
    Answer(usize),
    /// An error with this code.
    Code(&'static str),
}

/// What a program has to come to.
#[derive(Debug)]
pub(super) struct Expected {
    /// One of these.
    pub(super) ends: Vec<End>,
    /// The most it held, when it runs to its end.
    pub(super) peak_bytes: usize,
    /// Host calls made, and bytes they gave.
    pub(super) host_calls: u32,
    pub(super) given_bytes: u64,
}

/// Why a program ends before its last instruction.
enum Stop {
    Is(End),
    /// An answer so close to a budget that either is right.
    Either(End, End),
}

const OUT_OF_MEMORY: End = End::Code("OUT_OF_MEMORY");
const TRAPPED: End = End::Code("GUEST_TRAPPED");
const OVER_BUDGET: End = End::Code("BUDGET_EXCEEDED");
const DEADLINE: End = End::Code("DEADLINE_EXCEEDED");

impl From<Refused> for Stop {
    fn from(_: Refused) -> Self {
        Self::Is(OUT_OF_MEMORY)
    }
}

/// The model of one invocation.
struct Model<'a> {
    program: &'a Program,
    memory: Memory,
    blocks: Vec<Block>,
    /// Calls whose answers were not taken: their bytes, or none for one over its budget.
    sent: Vec<Option<usize>>,
    refused: u32,
    over_budget: u32,
    failed: u32,
    given_to_guest: usize,
    host_calls: u32,
    handed_bytes: usize,
    given_bytes: u64,
}

/// Predicts a program for a guest that starts with so much memory.
pub(super) fn predict(program: &Program, initial_bytes: usize) -> Expected {
    let cap_bytes = usize::try_from(program.cap_pages << 16).expect("a cap");
    let Ok(memory) = Memory::start(cap_bytes, initial_bytes) else {
        // How much it held when it was refused depends on the order in which its parts are made.
        return Expected {
            ends: vec![OUT_OF_MEMORY],
            peak_bytes: initial_bytes,
            host_calls: 0,
            given_bytes: 0,
        };
    };
    let mut model = Model {
        program,
        memory,
        blocks: Vec::new(),
        sent: Vec::new(),
        refused: 0,
        over_budget: 0,
        failed: 0,
        given_to_guest: 0,
        host_calls: 0,
        handed_bytes: 0,
        given_bytes: 0,
    };
    let stop = program
        .steps
        .iter()
        .find_map(|step| model.step(*step).err());
    let mut ends = match stop {
        None => vec![End::Report(model.report())],
        Some(Stop::Is(end)) => vec![end],
        Some(Stop::Either(one, other)) => vec![one, other],
    };
    if program.is_cut_short() {
        ends.push(DEADLINE);
    }
    let Model {
        memory,
        host_calls,
        given_bytes,
        ..
    } = model;
    Expected {
        ends,
        peak_bytes: memory.held_bytes,
        host_calls,
        given_bytes,
    }
}

impl Model<'_> {
    fn step(&mut self, step: Step) -> Result<(), Stop> {
        match step {
            Step::Allocate(bytes) => {
                let block = self.memory.allocate(bytes)?;
                self.blocks.push(block);
            }
            Step::TryAllocate(bytes) => match self.memory.allocate(bytes) {
                Ok(block) => self.blocks.push(block),
                Err(Refused) => self.refused += 1,
            },
            Step::Free(index) if !self.blocks.is_empty() => {
                let block = self.blocks.swap_remove(index % self.blocks.len());
                self.memory.free(block);
            }
            Step::Grow(pages) => self.memory.grow(pages)?,
            Step::TryGrow(pages) => self.refused += u32::from(self.memory.grow(pages).is_err()),
            Step::Get(bytes) => self.get(bytes)?,
            Step::Keep(bytes) => self.keep(bytes)?,
            Step::Send(count, bytes) => (0..count).for_each(|_| {
                let call = self.send_get(bytes);
                self.sent.push(call);
            }),
            Step::Take => {
                for call in std::mem::take(&mut self.sent) {
                    if let Some(bytes) = self.give(call) {
                        self.memory.pass(bytes)?;
                    }
                }
            }
            Step::Random(bytes) if bytes > MOST_RANDOM_BYTES => return Err(Stop::Is(TRAPPED)),
            Step::Random(bytes) => self.memory.pass(bytes)?,
            Step::Log(bytes) => self.log(bytes)?,
            Step::Sleep if self.send(TABLE.len() + key_weight(NEVER)) => self.failed += 1,
            Step::Sleep => self.over_budget += 1,
            Step::Spin => return Err(Stop::Is(DEADLINE)),
            // Aborting is what a guest does that cannot go on without memory.
            Step::Trap if self.memory.refused => return Err(Stop::Is(OUT_OF_MEMORY)),
            // So is reaching beyond its memory, which recursion without end also does: it runs out of the guest's own stack.
            Step::OutOfBounds | Step::RecurseForEver if self.memory.refused => {
                return Err(Stop::Either(OUT_OF_MEMORY, TRAPPED));
            }
            Step::Trap | Step::OutOfBounds | Step::RecurseForEver => return Err(Stop::Is(TRAPPED)),
            Step::Answer(count, bytes) => return Err(self.answer(count, bytes)?),
            // What cannot be opened says so when it is used, which these programs do not do.
            Step::Begin => drop(self.send(BACKEND.len())),
            Step::Stream => drop(self.send(statement_weight(STATEMENT, ""))),
            Step::Free(_) | Step::Recurse(_) => {}
        }
        Ok(())
    }

    /// Sends a call that hands over this many bytes: whether it is within its budgets.
    fn send(&mut self, handed: usize) -> bool {
        let pending = u32::try_from(self.sent.len()).expect("few handles");
        if self.host_calls >= self.program.host_calls || pending >= self.program.pending {
            return false;
        }
        self.host_calls += 1;
        let fits = self.handed_bytes + handed <= self.program.guest_to_host_bytes;
        self.handed_bytes += if fits { handed } else { 0 };
        fits
    }

    /// Sends a call for an item of this many bytes: they, unless it is over a budget.
    fn send_get(&mut self, bytes: usize) -> Option<usize> {
        self.send(TABLE.len() + key_weight(&bytes.to_string()))
            .then_some(bytes)
    }

    /// Takes a call's answer: its bytes, unless it was or goes over a budget.
    fn give(&mut self, call: Option<usize>) -> Option<usize> {
        let bytes = call
            .filter(|bytes| self.given_bytes + *bytes as u64 <= self.program.host_to_guest_bytes);
        match bytes {
            Some(bytes) => {
                self.given_bytes += bytes as u64;
                self.given_to_guest += bytes;
            }
            None => self.over_budget += 1,
        }
        bytes
    }

    fn get(&mut self, bytes: usize) -> Result<(), Stop> {
        let call = self.send_get(bytes);
        if let Some(bytes) = self.give(call) {
            self.memory.pass(bytes)?;
        }
        Ok(())
    }

    fn keep(&mut self, bytes: usize) -> Result<(), Stop> {
        let call = self.send_get(bytes);
        if let Some(bytes) = self.give(call) {
            let block = self.memory.allocate(bytes)?;
            self.blocks.push(block);
        }
        Ok(())
    }

    fn log(&mut self, bytes: usize) -> Result<(), Stop> {
        self.memory.pass(bytes)?;
        if bytes > self.program.guest_to_host_bytes {
            Err(Stop::Is(OVER_BUDGET))
        } else {
            Ok(())
        }
    }

    fn answer(&mut self, count: usize, bytes: usize) -> Result<Stop, Stop> {
        for _ in 0..count {
            self.memory.allocate(bytes)?;
        }
        let end = if count == 1 {
            End::Answer(bytes)
        } else {
            End::Code("INVALID_OUTPUT")
        };
        let budget = self.program.guest_to_host_bytes;
        let (least, most) = (count * bytes, count * (bytes + ANSWER_BYTES) + ANSWER_BYTES);
        Ok(if least > budget {
            Stop::Is(OVER_BUDGET)
        } else if most > budget {
            Stop::Either(end, OVER_BUDGET)
        } else {
            Stop::Is(end)
        })
    }

    /// The text that the guest answers with.
    fn report(&self) -> String {
        let Self {
            refused,
            over_budget,
            failed,
            given_to_guest,
            ..
        } = self;
        format!(
            "refused {refused}, over budget {over_budget}, failed {failed}, given {given_to_guest}"
        )
    }
}
