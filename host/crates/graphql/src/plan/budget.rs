//! What a plan may take while it is built: bytes that stay with it, and steps.
//!
//! A small document may stand for a large plan: a selection on an interface is planned for each type a value may be of, and which
//! of its fields apply differs from type to type. So both are counted before they are spent.

use super::node::{FieldPlan, ObjectPlan};
use crate::response::RequestError;
use crate::syntax::Operation;
use mayfly_config::Limits;
use mayfly_error::Error;

/// Steps per field of the limit on expansion: looking at one selected item for one type is a step. With the default limit all of
/// them take some tens of milliseconds.
const STEPS_PER_FIELD: usize = 100;

/// What the allocator adds to a block of memory, with the counts of one that is shared.
pub(super) const BLOCK_BYTES: usize = 32;

/// What is left of both.
pub(super) struct Budget {
    steps: usize,
    bytes: usize,
    max_bytes: usize,
    expansion: usize,
}

/// Why a validated document cannot be planned.
pub(super) enum Refusal {
    TooManySteps,
    TooLarge,
    Internal(String),
}

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Self {
            steps: limits.expansion.saturating_mul(STEPS_PER_FIELD),
            bytes: 0,
            max_bytes: limits.plan_bytes,
            expansion: limits.expansion,
        }
    }

    /// The bytes taken so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes one step.
    pub fn step(&mut self) -> Result<(), Refusal> {
        self.steps = self.steps.checked_sub(1).ok_or(Refusal::TooManySteps)?;
        Ok(())
    }

    /// Takes bytes that the plan keeps.
    pub fn take(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.max_bytes {
            return Err(Refusal::TooLarge);
        }
        Ok(())
    }

    /// Takes the bytes of an object plan, its fields left out.
    pub fn take_object(&mut self) -> Result<(), Refusal> {
        self.take(size_of::<ObjectPlan>() + 3 * BLOCK_BYTES)
    }

    /// Takes the bytes of a field plan with a key of this many bytes, what is below it left out.
    pub fn take_field(&mut self, key: usize) -> Result<(), Refusal> {
        self.take(size_of::<FieldPlan>() + 2 * key + 2 * BLOCK_BYTES)
    }

    /// What a client is told.
    pub fn refuse(&self, refusal: Refusal, operation: &Operation<'_>) -> RequestError {
        let kind = operation.kind.as_str();
        let error = match refusal {
            Refusal::TooManySteps => Error::LimitExceeded {
                what: format!("{kind} selects fields on too many types,"),
                limit: self.expansion as u64,
                setting: "expansion",
            },
            Refusal::TooLarge => Error::LimitExceeded {
                what: format!("plan of the {kind}, in bytes,"),
                limit: self.max_bytes as u64,
                setting: "plan",
            },
            Refusal::Internal(detail) => Error::Internal(detail),
        };
        RequestError::new(error, operation.at)
    }
}
