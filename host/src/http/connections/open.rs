//! The connections that are open: how many do what, and which one goes when others need what it holds.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::activity::{Activity, Reason, State};

/// A connection that was idle for less may be about to send its next request.
const IDLE: Duration = Duration::from_secs(1);

/// An answer of which nothing was taken for so long is not being read.
const STALLED: Duration = Duration::from_secs(1);

/// How long answers wait for others that are being read.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open connections of one listener.
#[derive(Default)]
pub struct Connections {
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    next: AtomicU64,
}

/// An open connection, in the list for as long as this lives.
pub struct Entry {
    connections: Arc<Connections>,
    number: u64,
}

impl Connections {
    /// Adds a connection.
    #[must_use]
    pub fn add(self: &Arc<Self>, activity: Arc<Activity>) -> Entry {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open().insert(number, activity);
        Entry {
            connections: self.clone(),
            number,
        }
    }

    /// How many connections are in each state.
    #[must_use]
    pub fn by_state(&self) -> [(State, usize); State::ALL.len()] {
        let mut counts = State::ALL.map(|state| (state, 0));
        for activity in self.open().values() {
            let doing = activity.state();
            for (state, count) in &mut counts {
                *count += usize::from(*state == doing);
            }
        }
        counts
    }

    /// How many have a request under way.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.open()
            .values()
            .filter(|activity| activity.is_busy())
            .count()
    }

    /// Lets each finish what it has under way.
    pub fn stop(&self) {
        self.open().values().for_each(|activity| activity.stop());
    }

    /// Closes the one that has been idle for longest, so that another client gets its place. Gives whether there is one.
    pub fn make_room(&self) -> bool {
        let open = self.open();
        let longest = open
            .values()
            .filter_map(|activity| Some((activity.idle_since()?, activity)))
            .filter(|(since, _)| since.elapsed() >= IDLE)
            .min_by_key(|(since, _): &(Instant, _)| *since);
        if let Some((_, activity)) = longest {
            activity.end(Reason::MadeRoom);
        }
        longest.is_some()
    }

    /// Cuts off answers of these sizes until so many bytes come free: those first whose clients have taken nothing for longest. When
    /// all of them are being read, and others have waited for `waited`, the oldest go that have had as long.
    pub fn free_answers(&self, sizes: RangeInclusive<usize>, bytes: u64, waited: Duration) {
        let mut deliveries: Vec<_> = self
            .open()
            .values()
            .flat_map(|activity| {
                let deliveries = activity.deliveries().into_iter();
                deliveries.map(move |delivery| (delivery, activity))
            })
            .filter(|(delivery, _)| sizes.contains(&delivery.bytes()))
            .map(|(delivery, activity)| {
                let reading = delivery.stalled() < STALLED;
                let since = if reading {
                    delivery.age()
                } else {
                    delivery.stalled()
                };
                (reading, Reverse(since), delivery, activity.clone())
            })
            .collect();
        deliveries.sort_by_key(|(reading, since, ..)| (*reading, *since));
        let mut missing = bytes;
        for (reading, Reverse(since), delivery, activity) in deliveries {
            let goes = !reading || (waited >= PATIENCE && since >= waited);
            if missing == 0 || !goes {
                return;
            }
            delivery.end(Reason::AnswerMemory);
            // Without streams the connection is what is closed, by the task that drives it.
            activity.look();
            missing = missing.saturating_sub(delivery.bytes() as u64);
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.open().remove(&self.number);
    }
}
