//! `[operation]`: what all invocations of one operation may use together.

use std::time::Duration;

use crate::key::Key;
use crate::reader::{Table, count};

const DEADLINE: Key<'_> = Key::new(
    "deadline",
    "The time an operation has from the arrival of its request, waiting for a place included; invocations end by then, whatever time \
     their modules have.",
)
.or("10 s, or the longest `deadline` of a module");

/// `[operation]`. A document may ask for many fields; what each invocation may use is in its module's `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `deadline`, from the arrival of the request on.
    pub deadline: Duration,
    pub invocations: u32,
    pub host_calls: u32,
    pub rows: u32,
    /// `exchanged`.
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
        operation.deadline = table.time(DEADLINE, operation.deadline, least..=most);
        let mut number = |key: Key<'_>, value: &mut u32, least: u64| {
            *value =
                u32::try_from(table.number(key, u64::from(*value), least..=u64::from(u32::MAX)))
                    .unwrap_or(*value);
        };
        number(
            Key::new("invocations", "Invocations in all."),
            &mut operation.invocations,
            1,
        );
        number(
            Key::new("host_calls", "Calls of all invocations to backends."),
            &mut operation.host_calls,
            0,
        );
        number(
            Key::new("rows", "Rows that statements give to all invocations."),
            &mut operation.rows,
            0,
        );
        operation.exchanged_bytes = count(table.size(
            Key::new(
                "exchanged",
                "Bytes of arguments, parents and answers, in all.",
            ),
            operation.exchanged_bytes as u64,
            1_024..=1 << 30,
        ));
        table.finish();
        operation
    }
}
