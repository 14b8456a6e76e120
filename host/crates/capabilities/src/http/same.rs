//! Identical `GET`s that are under way at once within one operation are sent once.
//!
//! Identical is what has the same path, query and headers, those that the host adds for the caller included. Nothing is remembered after
//! an answer. Whoever leaves takes nothing away from the others; when all have left, the request is given up.

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use mayfly_runtime::imports::{Call, Caller};
use parking_lot::Mutex;

use super::configuration::Method;
use super::request::Request;

/// An operation, as long as calls of it are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin(usize);

/// What makes requests identical.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    origin: Origin,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
}

/// Requests of one service that are under way.
#[derive(Default)]
pub(super) struct Same(Arc<Mutex<UnderWay>>);

#[derive(Default)]
struct UnderWay {
    begun: u64,
    calls: HashMap<Key, (u64, WeakShared<Call>)>,
}

/// Takes a request out of those that are under way, when it ends or is given up.
struct Ends {
    all: Arc<Mutex<UnderWay>>,
    key: Key,
    number: u64,
}

/// A request that is under way.
pub(super) enum Joined {
    /// It was begun for this call.
    First(Shared<Call>),
    /// It was under way.
    Other(Shared<Call>),
}

impl Origin {
    /// The operation of a caller: who sends it is kept once for each, and in one place as long as it has calls.
    pub(super) fn of(caller: &Caller) -> Self {
        Self(ptr::from_ref(caller).addr())
    }

    /// An operation of a test or a bench.
    #[must_use]
    pub fn numbered(number: usize) -> Self {
        Self(number)
    }
}

impl Same {
    /// Joins an identical request, or begins it; none where requests of its kind are sent one by one.
    pub(super) fn join(
        &self,
        origin: Origin,
        request: &Request,
        begin: impl FnOnce() -> Call,
    ) -> Option<Joined> {
        if request.method != Method::Get {
            return None;
        }
        let key = Key::of(origin, request);
        let mut all = self.0.lock();
        let known = all.calls.get(&key);
        if let Some(other) = known.and_then(|(_, weak)| weak.upgrade()) {
            return Some(Joined::Other(other));
        }
        all.begun += 1;
        let number = all.begun;
        let ends = Ends {
            all: Arc::clone(&self.0),
            key: key.clone(),
            number,
        };
        let call = begin();
        let call: Call = Box::pin(async move {
            let _ends = ends;
            call.await
        });
        let shared = call.shared();
        if let Some(weak) = shared.downgrade() {
            all.calls.insert(key, (number, weak));
        }
        Some(Joined::First(shared))
    }
}

impl Key {
    fn of(origin: Origin, request: &Request) -> Self {
        let headers = request.headers.iter();
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        headers.sort_unstable();
        Self {
            origin,
            target: request.target.clone(),
            headers,
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // Another one may have taken its place since everybody left.
        if all
            .calls
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            all.calls.remove(&self.key);
        }
    }
}
