//! A request from its head to the end of its answer, as its connection counts it.

use std::sync::Arc;

use super::activity::Activity;

/// What its connection asked for when a request came, itself included.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Requests under way, and answers that are not sent.
    pub under_way: usize,
    /// Requests that it began of late: many if it sends them faster than it reads the answers.
    pub lately: usize,
}

/// A request that is worked on, until it is answered or given up.
pub(super) struct Exchange {
    activity: Arc<Activity>,
    answered: bool,
}

impl Exchange {
    /// A request has come.
    pub(super) fn begin(activity: &Arc<Activity>) -> (Self, Load) {
        let (under_way, lately) = activity.request_begins();
        let load = Load { under_way, lately };
        let exchange = Self {
            activity: activity.clone(),
            answered: false,
        };
        (exchange, load)
    }

    /// Its connection.
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// It was answered, not given up.
    pub(super) fn ends(mut self) {
        self.answered = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.activity.request_ends(self.answered);
    }
}
