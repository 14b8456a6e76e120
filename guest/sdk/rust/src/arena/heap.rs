//! Which bytes are handed out: a bump pointer, and free lists by size.
//!
//! Sizes are rounded up to a table with four steps per power of two (16, 32, 48, 64, 80, 96, 112, 128, 160, …), so that a freed
//! block serves later requests of about its size; at most a quarter of a block is lost to rounding. The block at the tip is
//! special: it grows and shrinks in place, and freeing it moves the pointer back. Blocks are never merged: the sum of what
//! growing vectors leave behind is bounded by the table, and the instance is gone before fragmentation could matter.

#![cfg_attr(
    not(all(target_arch = "wasm32", feature = "arena")),
    allow(dead_code, reason = "only tests use it here")
)]

/// Every block begins at a multiple of this, the largest alignment ordinary types ask for.
const UNIT: usize = 16;
/// Above this size requests fail: no module may have more memory.
const LARGEST: usize = 1 << 31;
/// `class_of(LARGEST) + 1`.
const CLASSES: usize = 104;

/// Bytes by address, as a heap needs them.
pub(super) trait Memory {
    /// The first address that is ours.
    fn base(&self) -> usize;
    /// The address after the last byte there is now.
    fn end(&self) -> usize;
    /// Makes at least `bytes` more, or says that there are none.
    fn grow(&mut self, bytes: usize) -> bool;
    /// The word at an address of a free block.
    fn read(&self, address: usize) -> usize;
    /// Sets the word at an address of a free block.
    fn write(&mut self, address: usize, value: usize);
    /// Copies between blocks.
    fn copy(&mut self, from: usize, to: usize, bytes: usize);
}

/// The heap; address 0 stands for "none".
pub(super) struct Heap<M> {
    memory: M,
    /// The first address never handed out, or 0 before the first request.
    tip: usize,
    /// The end of memory as last seen: asking the module costs more than remembering.
    end: usize,
    /// By size class, the first free block; its first word names the next.
    free: [usize; CLASSES],
}

impl<M: Memory> Heap<M> {
    pub(super) const fn new(memory: M) -> Self {
        Self {
            memory,
            tip: 0,
            end: 0,
            free: [0; CLASSES],
        }
    }

    /// An address of `size` bytes, or 0 when memory is used up.
    pub(super) fn allocate(&mut self, size: usize, align: usize) -> usize {
        if size > LARGEST {
            return 0;
        }
        let class = class_of(size);
        if align <= UNIT
            && let Some(head) = self.free.get_mut(class)
            && *head != 0
        {
            let block = *head;
            *head = self.memory.read(block);
            return block;
        }
        self.bump(size_of_class(class), align.max(UNIT))
    }

    /// Takes a block back.
    pub(super) fn free(&mut self, block: usize, size: usize) {
        let class = class_of(size);
        if block + size_of_class(class) == self.tip {
            self.tip = block;
        } else if let Some(head) = self.free.get_mut(class) {
            let next = core::mem::replace(head, block);
            self.memory.write(block, next);
        }
    }

    /// The block with another size, at its old address where that is possible; 0 leaves the old block as it was.
    pub(super) fn resize(
        &mut self,
        block: usize,
        old_size: usize,
        align: usize,
        new_size: usize,
    ) -> usize {
        if new_size > LARGEST {
            return 0;
        }
        let (old, new) = (
            size_of_class(class_of(old_size)),
            size_of_class(class_of(new_size)),
        );
        if old == new {
            return block;
        }
        if block + old == self.tip {
            if !self.reach(block.saturating_add(new)) {
                return 0;
            }
            self.tip = block + new;
            return block;
        }
        let moved = self.allocate(new_size, align);
        if moved != 0 {
            self.memory.copy(block, moved, old_size.min(new_size));
            self.free(block, old_size);
        }
        moved
    }

    /// `bytes` from the tip.
    fn bump(&mut self, bytes: usize, align: usize) -> usize {
        if self.tip == 0 {
            self.tip = self.memory.base().next_multiple_of(UNIT);
            self.end = self.memory.end();
        }
        let block = self.tip.next_multiple_of(align);
        if !self.reach(block.saturating_add(bytes)) {
            return 0;
        }
        self.tip = block + bytes;
        block
    }

    /// Whether memory goes up to `address`, after growing if it must.
    fn reach(&mut self, address: usize) -> bool {
        if address > self.end {
            if !self.memory.grow(address - self.end) {
                return false;
            }
            self.end = self.memory.end();
        }
        true
    }
}

/// The smallest class whose blocks hold `size` bytes. Up to four units the classes are one unit apart; above, the two bits after
/// the highest choose one of four steps.
fn class_of(size: usize) -> usize {
    let units = size.div_ceil(UNIT).max(1);
    if units <= 4 {
        return units - 1;
    }
    let last = units - 1;
    let power = last.ilog2() as usize;
    let step = (last >> (power - 2)) & 3;
    (power - 1) * 4 + step
}

/// How many bytes a block of `class` has.
fn size_of_class(class: usize) -> usize {
    if class < 4 {
        return (class + 1) * UNIT;
    }
    let (power, step) = (class / 4 + 1, class % 4);
    ((5 + step) << (power - 2)) * UNIT
}

#[cfg(test)]
mod tests;
