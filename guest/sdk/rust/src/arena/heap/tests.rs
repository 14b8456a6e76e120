//! The allocator's promises, over plain bytes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

use super::*;
use std::collections::BTreeMap;

/// `cap` bytes at most, beginning at an odd address, as `__heap_base` may.
struct Bytes {
    bytes: Vec<u8>,
    cap: usize,
}

const BASE: usize = 1_001;

impl Memory for Bytes {
    fn base(&self) -> usize {
        BASE
    }
    fn end(&self) -> usize {
        self.bytes.len()
    }
    fn grow(&mut self, bytes: usize) -> bool {
        let wanted = self.bytes.len() + bytes.next_multiple_of(4_096);
        if wanted <= self.cap {
            self.bytes.resize(wanted, 0);
        }
        wanted <= self.cap
    }
    fn read(&self, address: usize) -> usize {
        usize::from_le_bytes(self.bytes[address..address + 8].try_into().unwrap())
    }
    fn write(&mut self, address: usize, value: usize) {
        self.bytes[address..address + 8].copy_from_slice(&value.to_le_bytes());
    }
    fn copy(&mut self, from: usize, to: usize, bytes: usize) {
        self.bytes.copy_within(from..from + bytes, to);
    }
}

fn heap(cap: usize) -> Heap<Bytes> {
    Heap::new(Bytes {
        bytes: vec![0; 4_096.min(cap)],
        cap,
    })
}

#[test]
fn every_size_fits_its_class_and_wastes_at_most_a_quarter() {
    for size in (1..100_000).chain([1 << 20, (1 << 20) + 1, LARGEST - 1, LARGEST]) {
        let block = size_of_class(class_of(size));
        assert!(block >= size, "{size} bytes in a block of {block}");
        assert!(
            block <= size.next_multiple_of(UNIT) * 5 / 4 + UNIT,
            "{size} bytes in a block of {block}"
        );
        assert_eq!(
            class_of(block),
            class_of(size),
            "a block's own size is of its class"
        );
    }
    assert_eq!(
        class_of(LARGEST) + 1,
        CLASSES,
        "the table ends with the largest class"
    );
}

#[test]
fn random_use_never_overlaps_blocks_nor_loses_contents() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0x9e37_79b9_7f4a_7c15_u64);
    println!("SEED={seed}");
    let mut state = seed;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut heap = heap(1 << 22);
    let mut live: BTreeMap<usize, (usize, u8)> = BTreeMap::new();
    for round in 0..20_000_usize {
        let fill = round as u8;
        let chosen = live.keys().nth(random(live.len().max(1))).copied();
        match (random(3), chosen) {
            (0, Some(block)) => {
                let (size, _) = live.remove(&block).unwrap();
                heap.free(block, size);
            }
            (1, Some(block)) if live.len() > 3 => {
                let (size, old_fill) = live.remove(&block).unwrap();
                let new_size = 1 + random(2_000);
                let moved = heap.resize(block, size, 8, new_size);
                assert_ne!(moved, 0);
                assert!(
                    heap.memory.bytes[moved..moved + size.min(new_size)]
                        .iter()
                        .all(|byte| *byte == old_fill)
                );
                heap.memory.bytes[moved..moved + new_size].fill(fill);
                live.insert(moved, (new_size, fill));
            }
            _ if live.len() < 500 => {
                let (size, align) = (1 + random(1_500), 1 << random(8));
                let block = heap.allocate(size, align);
                assert_ne!(block, 0);
                assert_eq!(block % align, 0);
                heap.memory.bytes[block..block + size].fill(fill);
                live.insert(block, (size, fill));
            }
            _ => {}
        }
        if round % 500 == 0 {
            for (block, (size, fill)) in &live {
                assert!(
                    heap.memory.bytes[*block..block + size]
                        .iter()
                        .all(|byte| byte == fill),
                    "block {block} was overwritten"
                );
            }
        }
    }
}

#[test]
fn a_guest_that_frees_what_it_uses_does_not_grow() {
    let mut heap = heap(1 << 20);
    let keep = heap.allocate(100, 8);
    let mut high = 0;
    for round in 0..10_000 {
        let blocks = [300, 40, 7_000].map(|size| (heap.allocate(size, 8), size));
        for (block, size) in blocks {
            heap.free(block, size);
        }
        if round == 1 {
            high = heap.end;
        }
    }
    assert_eq!(heap.end, high);
    assert!(keep != 0);
}

#[test]
fn the_newest_block_grows_and_shrinks_where_it_stands() {
    let mut heap = heap(1 << 20);
    let block = heap.allocate(16, 1);
    assert_eq!(heap.resize(block, 16, 1, 50_000), block);
    assert_eq!(heap.resize(block, 50_000, 1, 16), block);
    assert_eq!(
        heap.allocate(16, 1),
        block + 16,
        "what it gave back is used again"
    );
}

#[test]
fn memory_that_is_used_up_is_said_so_and_what_was_there_stays() {
    let mut heap = heap(8_192);
    let block = heap.allocate(5_000, 8);
    assert_ne!(block, 0);
    assert_eq!(heap.allocate(5_000, 8), 0);
    assert_eq!(heap.resize(block, 5_000, 8, 50_000), 0);
    assert_eq!(heap.allocate(usize::MAX - 3, 8), 0);
    heap.free(block, 5_000);
    assert_eq!(heap.allocate(5_000, 8), block);
}
