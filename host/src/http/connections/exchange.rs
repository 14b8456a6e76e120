//! A request from its head to the end of its answer, as its connection counts it.

use std::sync::Arc;

use super::activity::Activity;

/// How many requests of a connection were under way when this one came, itself and answers that are not sent included.
#[derive(Debug, Clone, Copy)]
pub struct UnderWay(pub usize);

/// A request that is worked on, until it is answered or given up.
pub(super) struct Exchange {
    activity: Arc<Activity>,
    answered: bool,
}

impl Exchange {
    /// A request has come.
    pub(super) fn begin(activity: &Arc<Activity>) -> (Self, UnderWay) {
        let under_way = UnderWay(activity.request_begins());
        let exchange = Self {
            activity: activity.clone(),
            answered: false,
        };
        (exchange, under_way)
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
