//! Which calls are under way, and which wait for their turn.
//!
//! The host refuses calls beyond `limits.pending`. Clients in Node queue: `Promise.all` of 200 reads is one line there, and so it is here.
//! Calls begin in the order in which they were made, and a transaction or a stream is opened by its first call. Nothing that is under way
//! waits for one of them: while a transaction or a stream is open, the host refuses other calls of its database at once.

use std::collections::VecDeque;

use crate::bindings::mayfly::resolver::pending::Pending;
use crate::bindings::mayfly::resolver::types::Error;

/// How many calls are under way at most, until the host refuses one: below its own default of 64, which counts the clock as well.
const MOST: usize = 60;

/// Begins a call; again if the host refused it for the number of calls.
pub(crate) type Begin = Box<dyn Fn() -> Pending>;

/// Calls with what `T` is to be told of each.
pub(crate) struct Queue<T> {
    pub(crate) under_way: Vec<UnderWay<T>>,
    waiting: VecDeque<Call<T>>,
    /// Calls that may be under way.
    most: usize,
}

pub(crate) struct Call<T> {
    begin: Begin,
    pub(crate) listener: T,
}

pub(crate) struct UnderWay<T> {
    pub(crate) call: Call<T>,
    pub(crate) pending: Pending,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            under_way: Vec::new(),
            waiting: VecDeque::new(),
            most: MOST,
        }
    }

    pub(crate) fn add(&mut self, begin: Begin, listener: T) {
        self.waiting.push_back(Call { begin, listener });
        self.begin();
    }

    /// Whether the host refused a call since too many are under way, so that it never began.
    pub(crate) fn is_full(error: &Error) -> bool {
        error.code == "budget" && error.message.ends_with("pending calls reached")
    }

    /// Begins other calls when some were answered. Those that the host refused wait again, in front; where it accepted none, they are given
    /// back: nothing that is under way would make room for them.
    pub(crate) fn go_on(
        &mut self,
        answered: usize,
        refused: Vec<(Call<T>, Error)>,
    ) -> Vec<(Call<T>, Error)> {
        let accepted = self.under_way.len() + answered;
        let mut lost = Vec::new();
        if accepted == 0 {
            lost = refused;
        } else if !refused.is_empty() {
            // The module's limit is lower. One place is left for the clock.
            self.most = (accepted - 1).max(1);
            for (call, _) in refused.into_iter().rev() {
                self.waiting.push_front(call);
            }
        }
        self.begin();
        lost
    }

    fn begin(&mut self) {
        while self.under_way.len() < self.most
            && let Some(call) = self.waiting.pop_front()
        {
            let pending = (call.begin)();
            self.under_way.push(UnderWay { call, pending });
        }
    }
}
