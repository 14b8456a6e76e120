//! Requests of operators from their heads until they may be executed: their bodies as they arrive, and then the queue for a place.
//!
//! Three rules keep those who send or read slowly from holding up the others. A body arrives without a place: when more arrive than
//! there is memory for, the one that has taken longest of the busiest connection goes. A place goes to the connection that asks for
//! least. And a request has one time limit for both, counted from its head, so that a queue does not add up the times of those before
//! it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::http::queue::{OperationPlace, Queue};
use crate::serving::memory_plan::{ADMIN_BODIES, ADMIN_QUEUE, ADMIN_REQUESTS};

/// What requests wait for.
#[derive(Clone)]
pub(super) struct Arrivals {
    bodies: Arc<Bodies>,
    places: Arc<Queue>,
    /// How long a request may take from its head until it is executed.
    time: Duration,
}

/// Bodies that are arriving.
#[derive(Default)]
struct Bodies {
    arriving: Mutex<BTreeMap<Rank, CancellationToken>>,
    next: AtomicU64,
}

/// Which body goes first: of the connection that asks for most, the one that has been arriving for longest.
type Rank = (Reverse<usize>, u64);

/// A request whose head has arrived.
pub(super) struct Arrival {
    arrivals: Arrivals,
    load: usize,
    deadline: Instant,
}

/// A body that is arriving, for as long as this lives.
struct Entry {
    bodies: Arc<Bodies>,
    rank: Rank,
    cut_off: CancellationToken,
}

/// Why a body is not waited for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotRead {
    /// It took longer than this.
    Late(Duration),
    /// Others needed its memory.
    MadeRoom,
}

impl Arrivals {
    pub(super) fn new(time: Duration) -> Self {
        Self {
            bodies: Arc::default(),
            places: Queue::new(ADMIN_REQUESTS, ADMIN_QUEUE),
            time,
        }
    }

    /// A request has arrived, on a connection with so many under way.
    pub(super) fn begin(&self, load: usize) -> Arrival {
        Arrival {
            arrivals: self.clone(),
            load,
            deadline: Instant::now() + self.time,
        }
    }
}

impl Arrival {
    /// Waits for the body.
    pub(super) async fn body<T>(&self, read: impl Future<Output = T>) -> Result<T, NotRead> {
        let entry = Bodies::add(&self.arrivals.bodies, self.load);
        tokio::select! {
            // A body that is there is read, whoever else comes.
            biased;
            read = timeout_at(self.deadline, read) => {
                read.map_err(|_| NotRead::Late(self.arrivals.time))
            },
            () = entry.cut_off.cancelled() => Err(NotRead::MadeRoom),
        }
    }

    /// Waits for a place; none when too many others do, or the time is over.
    pub(super) async fn place(self) -> Option<OperationPlace> {
        let entering = self.arrivals.places.enter(self.load);
        timeout_at(self.deadline, entering).await.ok()?.ok()
    }
}

impl Bodies {
    fn add(this: &Arc<Self>, load: usize) -> Entry {
        let rank = (Reverse(load), this.next.fetch_add(1, Ordering::Relaxed));
        let mut arriving = this.arriving();
        let cut_off = CancellationToken::new();
        arriving.insert(rank, cut_off.clone());
        if arriving.len() > ADMIN_BODIES
            && let Some((_, first)) = arriving.pop_first()
        {
            first.cancel();
        }
        Entry {
            bodies: this.clone(),
            rank,
            cut_off,
        }
    }

    fn arriving(&self) -> MutexGuard<'_, BTreeMap<Rank, CancellationToken>> {
        self.arriving.lock()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.bodies.arriving().remove(&self.rank);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use std::future::{pending, ready};

    use futures_util::poll;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn of_too_many_bodies_the_one_goes_that_has_taken_longest() {
        let arrivals = Arrivals::new(LONG);
        let slow: Vec<_> = (0..=ADMIN_BODIES).map(|_| arrivals.begin(1)).collect();
        let mut slow: Vec<_> = slow
            .iter()
            .map(|one| Box::pin(one.body(pending::<()>())))
            .collect();
        for one in &mut slow {
            assert!(poll!(one).is_pending());
        }
        let mut begun = slow.iter_mut();
        let first = begun.next().unwrap();
        assert!(poll!(first) == std::task::Poll::Ready(Err(NotRead::MadeRoom)));
        assert!(poll!(begun.next().unwrap()).is_pending());
        drop(slow);
        assert!(arrivals.bodies.arriving().is_empty());
    }

    #[tokio::test]
    async fn many_bodies_of_one_connection_cut_off_no_other() {
        let arrivals = Arrivals::new(LONG);
        let honest = arrivals.begin(1);
        let mut honest = Box::pin(honest.body(pending::<()>()));
        assert!(poll!(&mut honest).is_pending());
        let many: Vec<_> = (2..100).map(|number| arrivals.begin(number)).collect();
        let mut many: Vec<_> = many
            .iter()
            .map(|one| Box::pin(one.body(pending::<()>())))
            .collect();
        for one in &mut many {
            let _ = poll!(one);
        }
        assert!(poll!(&mut honest).is_pending());
    }

    #[tokio::test]
    async fn a_body_that_is_there_is_read_however_many_are_not() {
        let arrivals = Arrivals::new(LONG);
        let honest = arrivals.begin(100);
        let slow: Vec<_> = (0..ADMIN_BODIES).map(|_| arrivals.begin(1)).collect();
        let mut slow: Vec<_> = slow
            .iter()
            .map(|one| Box::pin(one.body(pending::<()>())))
            .collect();
        for one in &mut slow {
            assert!(poll!(one).is_pending());
        }
        assert_eq!(honest.body(ready(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn a_request_has_one_time_for_its_body_and_its_place() {
        let arrivals = Arrivals::new(Duration::from_millis(50));
        let mut held = Vec::new();
        for _ in 0..ADMIN_REQUESTS {
            held.push(arrivals.begin(1).place().await.unwrap());
        }
        let late = arrivals.begin(1);
        let read = late.body(pending::<()>()).await;
        assert_eq!(read, Err(NotRead::Late(Duration::from_millis(50))));
        let mut place = Box::pin(late.place());
        assert!(matches!(poll!(&mut place), std::task::Poll::Ready(None)));
        assert!(arrivals.begin(1).place().await.is_none());
    }

    #[tokio::test]
    async fn no_more_wait_for_a_place_than_leave_connections_to_others() {
        let arrivals = Arrivals::new(LONG);
        let mut waiting: Vec<_> = (0..ADMIN_REQUESTS + ADMIN_QUEUE)
            .map(|_| Box::pin(arrivals.begin(1).place()))
            .collect();
        let mut held = Vec::new();
        for one in &mut waiting {
            if let std::task::Poll::Ready(place) = poll!(one) {
                held.push(place.unwrap());
            }
        }
        assert_eq!(held.len(), ADMIN_REQUESTS);
        assert!(arrivals.begin(1).place().await.is_none());
    }
}
