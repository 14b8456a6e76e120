//! `[operation]`: what all invocations of one operation may use together.

use std::time::Duration;

use crate::reader::{Table, count};

/// `[operation]`. A document may ask for many fields; what each invocation may use is in its module's `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `deadline`: from the arrival of its request on, waiting for a place included; invocations end by then, whatever time their
    /// modules have. Default 10 s, or the longest `deadline` of a module.
    pub deadline: Duration,
    /// `invocations` in all. Default 1,000.
    pub invocations: u32,
    /// `host_calls` of all invocations. Default 10,000.
    pub host_calls: u32,
    /// `rows` that statements give to all invocations. Default 1,000,000.
    pub rows: u32,
    /// `exchanged`: bytes of arguments, parents and answers, in all. Default 8 MiB.
    pub exchanged_bytes: usize,
}

impl Default for Operation {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            invocations: 1_000,
            host_calls: 10_000,
            rows: 1_000_000,
            exchanged_bytes: 8 << 20,
        }
    }
}

impl Operation {
    pub(crate) fn read(table: Option<Table<'_>>, longest: Duration) -> Self {
        let mut operation = Self::default();
        operation.deadline = operation.deadline.max(longest);
        let Some(mut table) = table else {
            return operation;
        };
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(3_600));
        operation.deadline = table.time("deadline", operation.deadline, least..=most);
        let mut number = |key: &str, value: &mut u32, least: u64| {
            *value =
                u32::try_from(table.number(key, u64::from(*value), least..=u64::from(u32::MAX)))
                    .unwrap_or(*value);
        };
        number("invocations", &mut operation.invocations, 1);
        number("host_calls", &mut operation.host_calls, 0);
        number("rows", &mut operation.rows, 0);
        operation.exchanged_bytes = count(table.size(
            "exchanged",
            operation.exchanged_bytes as u64,
            1_024..=1 << 30,
        ));
        table.finish();
        operation
    }
}
