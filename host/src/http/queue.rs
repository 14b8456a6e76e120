//! The places for operations and the queue before them. A place that comes free goes to the connection with the least under way, so
//! that a client with one request does not wait behind one with a hundred; among equals the first in the queue is the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

/// Places for operations, and the operations that wait for one.
pub(super) struct Queue {
    state: Mutex<State>,
    size: usize,
    /// How many may wait.
    most: usize,
}

struct State {
    free: usize,
    waiting: BTreeMap<Turn, oneshot::Sender<OperationPlace>>,
    next: u64,
}

/// When an operation's turn comes: what its connection had under way when it came, and then when it came.
type Turn = (usize, u64);

/// A place; given to the next when it is dropped.
pub struct OperationPlace(Option<Arc<Queue>>);

/// No place could be had, nor will be soon.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// An operation in the queue, left whatever happens.
struct Waiting {
    queue: Arc<Queue>,
    turn: Turn,
    place: oneshot::Receiver<OperationPlace>,
}

impl Queue {
    /// This many places, and this many that may wait for one.
    pub fn new(places: usize, most: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: places,
                waiting: BTreeMap::new(),
                next: 0,
            }),
            size: places,
            most,
        })
    }

    /// Waits for a place; `under_way` is what the connection has under way. When the queue is full, the last in it has to leave it.
    pub async fn enter(self: &Arc<Self>, under_way: usize) -> Result<OperationPlace, Full> {
        let mut waiting = match self.begin(under_way)? {
            Entered::Place(place) => return Ok(place),
            Entered::Waiting(waiting) => waiting,
        };
        (&mut waiting.place).await.map_err(|_| Full)
    }

    /// Operations that have a place, and that wait for one.
    pub fn status(&self) -> (usize, usize) {
        let state = self.state();
        (self.size - state.free, state.waiting.len())
    }

    fn begin(self: &Arc<Self>, under_way: usize) -> Result<Entered, Full> {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            return Ok(Entered::Place(OperationPlace(Some(self.clone()))));
        }
        let turn = (under_way, state.next);
        state.next += 1;
        if state.waiting.len() >= self.most {
            let last = state.waiting.last_entry().ok_or(Full)?;
            if *last.key() < turn {
                return Err(Full);
            }
            last.remove();
        }
        let (sender, place) = oneshot::channel();
        state.waiting.insert(turn, sender);
        Ok(Entered::Waiting(Waiting {
            queue: self.clone(),
            turn,
            place,
        }))
    }

    /// Gives a place to the next, or keeps it.
    fn give(self: Arc<Self>) {
        let mut place = OperationPlace(Some(self.clone()));
        loop {
            let mut state = self.state();
            let Some((_, next)) = state.waiting.pop_first() else {
                state.free += 1;
                drop(place.0.take());
                return;
            };
            drop(state);
            match next.send(place) {
                Ok(()) => return,
                // It has just left.
                Err(back) => place = back,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

enum Entered {
    Place(OperationPlace),
    Waiting(Waiting),
}

impl Drop for OperationPlace {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.give();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A place that was given meanwhile is dropped with the channel, and so given to the next.
        self.queue.state().waiting.remove(&self.turn);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests end by panicking"
    )]
    use futures_util::{FutureExt, poll};

    use super::*;

    #[tokio::test]
    async fn who_has_least_under_way_is_next_and_among_equals_the_first() {
        let queue = Queue::new(1, 16);
        let place = queue.enter(1).await.unwrap();
        let loads = [3, 1, 2, 1];
        let mut waiting: Vec<_> = loads
            .iter()
            .map(|load| Box::pin(queue.enter(*load)))
            .collect();
        for one in &mut waiting {
            assert!(poll!(one).is_pending());
        }
        assert_eq!(queue.status(), (1, 4));
        let mut held = place;
        for next in [1, 3, 2, 0] {
            drop(held);
            held = waiting[next].as_mut().now_or_never().unwrap().unwrap();
        }
        drop(held);
        assert_eq!(queue.status(), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_is_left_by_who_has_most_under_way() {
        let queue = Queue::new(1, 2);
        let place = queue.enter(1).await.unwrap();
        let mut greedy: Vec<_> = [5, 7].map(|load| Box::pin(queue.enter(load))).into();
        for one in &mut greedy {
            assert!(poll!(one).is_pending());
        }
        assert_eq!(
            queue.enter(7).await.err(),
            Some(Full),
            "no better than the last"
        );
        let mut honest = Box::pin(queue.enter(1));
        assert!(poll!(&mut honest).is_pending());
        assert_eq!(greedy.pop().unwrap().await.err(), Some(Full));
        drop(place);
        let place = honest.await.unwrap();
        drop(place);
        assert!(greedy.pop().unwrap().await.is_ok());
        assert_eq!(queue.status(), (0, 0));
    }

    #[tokio::test]
    async fn places_of_those_who_leave_go_to_the_next() {
        let queue = Queue::new(1, 4);
        let place = queue.enter(1).await.unwrap();
        let mut first = Box::pin(queue.enter(1));
        let mut second = Box::pin(queue.enter(1));
        let mut third = Box::pin(queue.enter(1));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        assert!(poll!(&mut third).is_pending());
        drop(first);
        assert_eq!(queue.status(), (1, 2));
        drop(place);
        // It was given its place and does not know yet.
        drop(second);
        assert!(third.now_or_never().unwrap().is_ok());
        assert_eq!(queue.status(), (0, 0));
    }

    #[tokio::test]
    async fn without_a_queue_who_finds_no_place_is_refused() {
        let queue = Queue::new(1, 0);
        let place = queue.enter(1).await.unwrap();
        assert_eq!(queue.enter(0).await.err(), Some(Full));
        drop(place);
        assert!(queue.enter(9).await.is_ok());
    }
}
