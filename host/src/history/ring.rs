//! The last N of something.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// The last few; the oldest goes when another one comes.
pub(super) struct Ring<T> {
    kept: Mutex<VecDeque<T>>,
    most: usize,
}

impl<T: Clone> Ring<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            kept: Mutex::default(),
            most,
        }
    }

    pub(super) fn push(&self, item: T) {
        let mut kept = self.kept.lock();
        if kept.len() >= self.most {
            kept.pop_front();
        }
        kept.push_back(item);
    }

    /// The last few, the latest first.
    pub(super) fn latest(&self, count: usize) -> Vec<T> {
        self.kept.lock().iter().rev().take(count).cloned().collect()
    }

    /// Everything, the oldest first.
    pub(super) fn all(&self) -> Vec<T> {
        self.kept.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let ring = Ring::new(3);
        (1..=5).for_each(|number| ring.push(number));
        assert_eq!(ring.all(), [3, 4, 5]);
        assert_eq!(ring.latest(2), [5, 4]);
        assert_eq!(ring.latest(9), [5, 4, 3]);
    }
}
