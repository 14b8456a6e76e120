//! The model of an invocation's memory: the guest's allocator above the host's cap.

/// Blocks up to this size come from the memory the instance starts with.
const SMALL_BYTES: usize = 4_096;
const PAGE_BYTES: usize = 65_536;

/// The cap was reached, and the guest could not do without.
pub(super) struct Refused;

/// What an instance holds, as the host ought to count it.
pub(super) struct Memory {
    cap_bytes: usize,
    /// All memories and tables together.
    pub(super) held_bytes: usize,
    /// Whether the last growth was refused.
    pub(super) refused: bool,
    /// Pages above those the instance started with, and whether they are in use.
    used: Vec<bool>,
}

/// A block: its pages, none for a small one.
#[derive(Clone, Copy)]
pub(super) struct Block {
    first: usize,
    count: usize,
}

impl Memory {
    /// An instance that has just started; refused when not even that fits.
    pub(super) fn start(cap_bytes: usize, initial_bytes: usize) -> Result<Self, Refused> {
        if initial_bytes > cap_bytes {
            return Err(Refused);
        }
        Ok(Self {
            cap_bytes,
            held_bytes: initial_bytes,
            refused: false,
            used: Vec::new(),
        })
    }

    /// Grows by pages that stay in use.
    pub(super) fn grow(&mut self, pages: usize) -> Result<(), Refused> {
        self.extend(pages)?;
        let begin = self.used.len() - pages;
        self.used[begin..].fill(true);
        Ok(())
    }

    /// The first run of free pages that is long enough, else those at the end and as many new ones as are missing.
    pub(super) fn allocate(&mut self, bytes: usize) -> Result<Block, Refused> {
        if bytes <= SMALL_BYTES {
            return Ok(Block { first: 0, count: 0 });
        }
        let count = bytes.div_ceil(PAGE_BYTES);
        let found = self
            .used
            .windows(count)
            .position(|run| run.iter().all(|used| !used));
        let first = match found {
            Some(first) => first,
            None => {
                let at_the_end = self.used.iter().rev().take_while(|used| !**used).count();
                self.extend(count - at_the_end)?;
                self.used.len() - count
            }
        };
        self.used[first..first + count].fill(true);
        Ok(Block { first, count })
    }

    pub(super) fn free(&mut self, block: Block) {
        self.used[block.first..block.first + block.count].fill(false);
    }

    /// A block that is given back at once.
    pub(super) fn pass(&mut self, bytes: usize) -> Result<(), Refused> {
        let block = self.allocate(bytes)?;
        self.free(block);
        Ok(())
    }

    fn extend(&mut self, pages: usize) -> Result<(), Refused> {
        let asked = self.held_bytes + pages * PAGE_BYTES;
        self.refused = asked > self.cap_bytes;
        if self.refused {
            return Err(Refused);
        }
        self.held_bytes = asked;
        self.used.resize(self.used.len() + pages, false);
        Ok(())
    }
}
