//! Gets that wait at the same time become one request.
//!
//! There is no timer: while fewer than [`MAX_BATCHES_OUT`] requests of a kind are out, whatever waits is sent as soon as its task
//! runs; else it waits for one of them to end and forms the next batch with all that came meanwhile. So a lone get is never
//! delayed, and under load requests grow instead of multiplying. Nothing is remembered after an answer.
//!
//! A batch runs in a task of its own: it outlives any one caller, and a caller that leaves takes nothing away from the others.
//! Only keys of the same table, read options and key attributes share a request, so a key of the wrong shape stays alone; and
//! when the service refuses a batch as invalid, each key is asked for on its own, so that a bad key fails only its own caller.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use mayfly_error::CallError;
use mayfly_telemetry::names;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::batch::{Batch, MAX_KEYS, Page};
use super::failure::SECTION;
use super::key::Key;
use super::request::ReadOptions;
use super::send::Shared;
use crate::time_limit::{TimeLimit, too_late};

/// Requests of one kind that are out at once. More would send smaller batches; fewer would leave a slow request in everyone's way.
const MAX_BATCHES_OUT: usize = 4;

/// What a request that ended with the time of its callers has to tell them why.
const GRACE: Duration = Duration::from_millis(50);

/// Joins gets. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Coalescer {
    shared: Arc<Shared>,
    kinds: Arc<Mutex<HashMap<Kind, Queue>>>,
}

/// Gets that may share a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    table: String,
    consistent: bool,
    attributes: Vec<String>,
    key_shape: Vec<(String, char)>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiter>,
    /// Requests of this kind that are out, at most [`MAX_BATCHES_OUT`].
    out: usize,
}

#[derive(Debug)]
struct Waiter {
    key: Key,
    limit: TimeLimit,
    reply: oneshot::Sender<Result<String, CallError>>,
}

impl Coalescer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            kinds: Arc::default(),
        }
    }

    /// Reads one item, maybe together with others.
    pub(super) async fn get(
        &self,
        table: &str,
        key: Key,
        options: &ReadOptions,
        deadline: Instant,
    ) -> Result<String, CallError> {
        let what = || format!("get from table `{table}`");
        if Instant::now() >= deadline {
            return Err(too_late(&what()));
        }
        let limit = self.shared.limit(deadline);
        let (reply, answer) = oneshot::channel();
        let kind = Kind {
            table: table.to_owned(),
            consistent: options.consistent,
            attributes: options.attributes.clone(),
            key_shape: key.shape.clone(),
        };
        self.enqueue(kind, Waiter { key, limit, reply });
        // The batch has the same limit, and knows better why there is no answer.
        let patience = deadline.min(limit.at() + GRACE);
        match timeout_at(patience, answer).await {
            Ok(Ok(answer)) => answer,
            // The sender is dropped only when the runtime ends.
            Ok(Err(_)) | Err(_) => Err(limit.too_late(&what(), SECTION)),
        }
    }

    fn enqueue(&self, kind: Kind, waiter: Waiter) {
        let mut kinds = self.lock();
        let queue = kinds.entry(kind.clone()).or_default();
        queue.waiting.push_back(waiter);
        if queue.out < MAX_BATCHES_OUT {
            queue.out += 1;
            drop(kinds);
            // The task takes what waits when it first runs, so gets made in one go by one guest leave together.
            let dispatcher = self.clone();
            tokio::spawn(async move { dispatcher.dispatch(kind).await });
        }
    }

    /// Sends batch after batch of one kind until nothing waits.
    async fn dispatch(self, kind: Kind) {
        let mut out = Out {
            coalescer: &self,
            kind: &kind,
            ended: false,
        };
        while let Some(batch) = out.next_batch() {
            self.answer(&kind, batch).await;
        }
    }

    /// Asks for the keys of a batch and answers its waiters.
    async fn answer(&self, kind: &Kind, batch: Vec<Vec<Waiter>>) {
        let callers: usize = batch.iter().map(Vec::len).sum();
        if callers > 1 {
            self.shared
                .host
                .coalesced_gets
                .fetch_add(callers as u64, Ordering::Relaxed);
            metrics::counter!(names::COALESCED_GETS).increment(callers as u64);
        }
        if batch.len() == 1 {
            join_all(
                batch
                    .into_iter()
                    .map(|waiters| self.answer_alone(kind, waiters)),
            )
            .await;
            return;
        }
        let options = kind.options();
        let Some(limit) = longest(batch.iter().flatten()) else {
            return;
        };
        let keys: Vec<Key> = batch
            .iter()
            .filter_map(|waiters| waiters.first())
            .map(|waiter| waiter.key.clone())
            .collect();
        let keys: Vec<&Key> = keys.iter().collect();
        let Some(mut request) = Batch::new(&self.shared, &kind.table, &keys, &options, limit)
        else {
            return;
        };
        let mut waiting = batch;
        loop {
            match request.next().await {
                Ok(Some(page)) => waiting = deliver(waiting, &page),
                Ok(None) => return,
                Err(failure) if failure.blames_a_key => {
                    join_all(
                        waiting
                            .into_iter()
                            .map(|waiters| self.answer_alone(kind, waiters)),
                    )
                    .await;
                    return;
                }
                Err(failure) => {
                    waiting
                        .into_iter()
                        .flatten()
                        .for_each(|waiter| waiter.tell(Err(failure.error.clone())));
                    return;
                }
            }
        }
    }

    /// Asks for one key by itself.
    async fn answer_alone(&self, kind: &Kind, waiters: Vec<Waiter>) {
        let (Some(first), Some(limit)) = (waiters.first(), longest(&waiters)) else {
            return;
        };
        let answer = self
            .shared
            .get_item(&kind.table, &first.key, &kind.options(), limit)
            .await;
        waiters
            .into_iter()
            .for_each(|waiter| waiter.tell(answer.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Queue>> {
        // The queues stay consistent whatever panics: each change is one push, drain or count.
        self.kinds.lock()
    }
}

/// A request is everyone's who waits for it: it may take as long as the most patient has.
fn longest<'a>(waiters: impl IntoIterator<Item = &'a Waiter>) -> Option<TimeLimit> {
    let limits = waiters.into_iter().map(|waiter| waiter.limit);
    limits.max_by_key(|limit| limit.at())
}

impl Kind {
    fn options(&self) -> ReadOptions {
        ReadOptions {
            consistent: self.consistent,
            attributes: self.attributes.clone(),
        }
    }
}

impl Waiter {
    fn tell(self, answer: Result<String, CallError>) {
        // A caller that has left needs no answer.
        let _ = self.reply.send(answer);
    }
}

/// A request of this kind being out. Dropped, also by a panic, it is out no more.
struct Out<'a> {
    coalescer: &'a Coalescer,
    kind: &'a Kind,
    ended: bool,
}

impl Out<'_> {
    /// What waits, duplicates together, at most [`MAX_KEYS`] keys; none ends this dispatcher.
    fn next_batch(&mut self) -> Option<Vec<Vec<Waiter>>> {
        let mut kinds = self.coalescer.lock();
        let queue = kinds.get_mut(self.kind)?;
        let mut batch: Vec<Vec<Waiter>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some(waiter) = queue.waiting.pop_front() {
            if waiter.reply.is_closed() {
                continue;
            }
            let place = places.get(&waiter.key.identity).copied();
            let room = batch.len() < MAX_KEYS;
            match place.and_then(|place| batch.get_mut(place)) {
                Some(waiters) => waiters.push(waiter),
                None if room => {
                    places.insert(waiter.key.identity.clone(), batch.len());
                    batch.push(vec![waiter]);
                }
                None => {
                    queue.waiting.push_front(waiter);
                    break;
                }
            }
        }
        if batch.is_empty() {
            self.end(kinds);
            return None;
        }
        Some(batch)
    }

    fn end(&mut self, mut kinds: MutexGuard<'_, HashMap<Kind, Queue>>) {
        self.ended = true;
        if let Some(queue) = kinds.get_mut(self.kind) {
            queue.out = queue.out.saturating_sub(1);
            if queue.out == 0 && queue.waiting.is_empty() {
                kinds.remove(self.kind);
            }
        }
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(self.coalescer.lock());
        }
    }
}

/// Answers those whose key was answered; gives back the others.
fn deliver(waiting: Vec<Vec<Waiter>>, page: &Page) -> Vec<Vec<Waiter>> {
    let mut left = Vec::new();
    for waiters in waiting {
        let Some(identity) = waiters.first().map(|waiter| waiter.key.identity.as_str()) else {
            continue;
        };
        if page.left.contains(identity) {
            left.push(waiters);
            continue;
        }
        let told = page
            .items
            .get(identity)
            .map_or("null", String::as_str)
            .to_owned();
        waiters
            .into_iter()
            .for_each(|waiter| waiter.tell(Ok(told.clone())));
    }
    left
}
