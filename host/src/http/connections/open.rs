//! The connections that are open: how many do what, and which one goes when others need what it holds.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::activity::Activity;
use super::delivery::Delivery;
use super::patience::Patience;
use super::state::{Reason, State};

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

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open().len()
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

    /// Closes the one that has been idle for longest, so that another client gets its place; when none is, the one that is at the head
    /// of a request for longest; then at its body; and then the one that has read nothing of its answers for longest. None goes that has
    /// waited for less than the patience with it.
    pub fn make_room(&self, patience: Patience) {
        let open = self.open();
        let longest = open
            .values()
            .filter_map(|activity| Some((activity.could_go_since()?, activity)))
            .filter(|((waiting, since), _)| since.elapsed() >= patience.with(*waiting))
            .min_by_key(|(since, _)| *since);
        if let Some((_, activity)) = longest {
            activity.end(Reason::MadeRoom);
        }
    }

    /// Cuts off answers of these sizes until this many bytes come free: those first whose clients have taken nothing of them for
    /// `stalled`, of the connections with most such answers, longest first. When all of them are being read, and others have waited for
    /// `waited`, the oldest go that have had as long.
    pub fn free_answers(
        &self,
        sizes: &RangeInclusive<usize>,
        bytes: u64,
        waited: Duration,
        stalled: Duration,
    ) {
        let open: Vec<_> = self.open().values().cloned().collect();
        let mut unread: Vec<_> = open
            .iter()
            .flat_map(|activity| Unread::all(activity, sizes, stalled))
            .collect();
        unread.sort_by_key(|answer| (answer.reading, Reverse((answer.among, answer.since))));
        let mut missing = bytes;
        for answer in unread {
            let goes = !answer.reading || (waited >= PATIENCE && answer.since >= waited);
            if missing == 0 || !goes {
                return;
            }
            answer.delivery.end(Reason::AnswerMemory);
            // Without streams the connection is what is closed, by the task that drives it.
            answer.activity.look();
            missing = missing.saturating_sub(answer.delivery.bytes() as u64);
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock()
    }
}

/// An answer that a client has not read.
struct Unread<'a> {
    activity: &'a Activity,
    delivery: Arc<Delivery>,
    /// Whether the client has taken something of it lately.
    reading: bool,
    /// For how long it has not, or for how long it has been reading.
    since: Duration,
    /// How many answers that are not read its connection has.
    among: usize,
}

impl<'a> Unread<'a> {
    fn all(activity: &'a Activity, sizes: &RangeInclusive<usize>, stalled: Duration) -> Vec<Self> {
        let mut unread: Vec<_> = activity
            .deliveries()
            .into_iter()
            .filter(|delivery| sizes.contains(&delivery.bytes()))
            .map(|delivery| {
                let (untouched, age) = delivery.stalled_and_age();
                let reading = untouched < stalled;
                Self {
                    activity,
                    delivery,
                    reading,
                    since: if reading { age } else { untouched },
                    among: 0,
                }
            })
            .collect();
        let among = unread.iter().filter(|answer| !answer.reading).count();
        for answer in unread.iter_mut().filter(|answer| !answer.reading) {
            answer.among = among;
        }
        unread
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.open().remove(&self.number);
    }
}
