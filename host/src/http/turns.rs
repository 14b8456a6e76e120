//! Who computes now. An operation that could go on while too many others do waits outside of the runtime's queue, so that reading
//! requests, sending answers and refusing what is too much never stand behind a hundred operations that all want to compute.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, ready};

use tokio::sync::Semaphore;
use tokio_util::sync::PollSemaphore;

/// Turns for a thread: while one operation computes, another is on its way to it.
const TURNS_PER_THREAD: usize = 2;

/// Turns to compute.
pub struct Turns {
    free: Arc<Semaphore>,
    size: usize,
    /// Operations under way.
    operations: AtomicUsize,
}

/// An operation under way, for as long as this lives.
struct Operation<'a>(&'a Turns);

impl Turns {
    /// Turns for this many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let size = TURNS_PER_THREAD * threads;
        Self {
            free: Arc::new(Semaphore::new(size)),
            size,
            operations: AtomicUsize::new(0),
        }
    }

    /// Runs an operation, which stays where it is: these futures are large. While there are more than turns, it is in the runtime's
    /// queue only when it has one.
    pub async fn run<F: Future + Unpin>(&self, mut operation: F) -> F::Output {
        let mut turns = PollSemaphore::new(self.free.clone());
        let mut turn = None;
        let _under_way = Operation::begin(self);
        poll_fn(|cx| {
            let is_crowded = self.operations.load(Ordering::Relaxed) > self.size;
            if is_crowded && turn.is_none() {
                turn = ready!(turns.poll_acquire(cx));
                // With its turn it goes to the end of the queue; without one it is not in it.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let polled = Pin::new(&mut operation).poll(cx);
            turn = None;
            polled
        })
        .await
    }
}

impl<'a> Operation<'a> {
    fn begin(turns: &'a Turns) -> Self {
        turns.operations.fetch_add(1, Ordering::Relaxed);
        Self(turns)
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        self.0.operations.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use std::pin::pin;

    use tokio::task::JoinSet;

    use super::*;

    const OPERATIONS: usize = 100;
    const STEPS: usize = 10;

    /// Goes to the end of the runtime's queue.
    async fn behind_others() {
        let mut went = false;
        poll_fn(|cx| {
            if went {
                return Poll::Ready(());
            }
            went = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn others_stand_behind_no_more_operations_than_there_are_turns() {
        let turns = Arc::new(Turns::new(1));
        let computed = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..OPERATIONS {
            let turns = turns.clone();
            let computed = computed.clone();
            tasks.spawn(async move {
                let operation = async {
                    for _ in 0..STEPS {
                        computed.fetch_add(1, Ordering::Relaxed);
                        behind_others().await;
                    }
                };
                turns.run(pin!(operation)).await;
            });
        }
        let seen = computed.clone();
        tasks.spawn(async move {
            loop {
                let before = seen.load(Ordering::Relaxed);
                behind_others().await;
                let meanwhile = seen.load(Ordering::Relaxed) - before;
                assert!(meanwhile <= TURNS_PER_THREAD, "{meanwhile}");
                if before + TURNS_PER_THREAD >= OPERATIONS * STEPS {
                    return;
                }
            }
        });
        tasks.join_all().await;
        assert_eq!(computed.load(Ordering::Relaxed), OPERATIONS * STEPS);
        assert_eq!(turns.free.available_permits(), turns.size);
        assert_eq!(turns.operations.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_waits_or_has_gone_has_no_turn() {
        let turns = Turns::new(1);
        let mut waiting: Vec<_> = (0..10)
            .map(|_| Box::pin(turns.run(std::future::pending::<()>())))
            .collect();
        // Once to get a turn, and once to compute.
        for _ in 0..2 {
            for one in &mut waiting {
                assert!(futures_util::poll!(one).is_pending());
            }
        }
        for one in &mut waiting {
            assert!(futures_util::poll!(one).is_pending());
        }
        drop(waiting);
        assert_eq!(turns.free.available_permits(), turns.size);
        assert_eq!(turns.operations.load(Ordering::Relaxed), 0);
        turns.run(pin!(async {})).await;
    }
}
