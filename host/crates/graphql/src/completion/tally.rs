//! What the nodes of one operation have completed together, against what its response may be.
//!
//! Answers are limited where they leave the guest, but a document may write one property under a hundred aliases, and a guest writes
//! in ten bytes an object for which the host holds hundreds. So everything that is held for the response counts: its bytes, what
//! another module is given of an object, and the errors.

use crate::plan::decisions::Decisions;
use crate::plan::path::Step;
use mayfly_error::Error;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Errors of one response that are reported, at most. Nobody reads more.
const MAX_ERRORS: u32 = 1_000;

/// The part of the response that errors may take: one of so many.
const ERROR_SHARE: usize = 4;

/// What an error takes in the host and in the response besides its message and path, in bytes.
const ERROR_BYTES: usize = 256;

/// The most that is kept free for what surrounds the data, and for the last errors.
const RESERVED_BYTES: usize = 1 << 10;

/// What an operation may complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// Bytes of the response.
    pub bytes: usize,
    /// Fields in it.
    pub fields: u64,
}

/// What the nodes of one operation have completed.
pub(crate) struct Tally<'p> {
    most: Most,
    /// What the caller may see of it; none where everybody may see everything.
    decisions: Option<Box<Decisions<'p>>>,
    /// The number of the next error.
    errors: AtomicUsize,
    /// Errors that are kept to be reported.
    told: AtomicU32,
    /// Bytes of them.
    error_bytes: AtomicUsize,
    /// Bytes completed, errors left out.
    bytes: AtomicUsize,
    /// Fields completed.
    fields: AtomicUsize,
    /// Whether introspection found no room: what it writes is taken back then, and must not be written again for every place.
    is_too_small: AtomicBool,
}

impl<'p> Tally<'p> {
    /// Nothing completed yet.
    pub fn new(most: Most, decisions: Option<Box<Decisions<'p>>>) -> Self {
        Self {
            most,
            decisions,
            errors: AtomicUsize::new(0),
            told: AtomicU32::new(0),
            error_bytes: AtomicUsize::new(0),
            bytes: AtomicUsize::new(RESERVED_BYTES.min(most.bytes / 16)),
            fields: AtomicUsize::new(0),
            is_too_small: AtomicBool::new(false),
        }
    }

    /// What the caller may see; none where everybody may see everything.
    pub fn decisions(&self) -> Option<&Decisions<'p>> {
        self.decisions.as_deref()
    }

    /// Counts what was completed.
    pub fn add(&self, bytes: usize, fields: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.fields.fetch_add(fields, Ordering::Relaxed);
    }

    /// Bytes that may still be completed.
    pub fn room(&self) -> usize {
        let taken = self.bytes.load(Ordering::Relaxed) + self.error_bytes.load(Ordering::Relaxed);
        self.most.bytes.saturating_sub(taken)
    }

    /// Whether a response may have this many bytes, what surrounds the data included, besides its errors.
    pub fn fits(&self, bytes: usize) -> bool {
        bytes + self.error_bytes.load(Ordering::Relaxed) <= self.most.bytes
    }

    /// Fields that may still be completed.
    pub fn fields_left(&self) -> usize {
        let most = usize::try_from(self.most.fields).unwrap_or(usize::MAX);
        most.saturating_sub(self.fields.load(Ordering::Relaxed))
    }

    /// Whether no error was found.
    pub fn is_faultless(&self) -> bool {
        self.errors.load(Ordering::Relaxed) == 0
    }

    /// Errors that were found and are not told.
    pub fn untold(&self) -> usize {
        let told = self.told.load(Ordering::Relaxed);
        self.errors
            .load(Ordering::Relaxed)
            .saturating_sub(told as usize)
    }

    /// The number of the next error.
    pub fn number(&self) -> usize {
        self.errors.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether no more errors are reported.
    pub(super) fn is_full(&self) -> bool {
        let told = self.told.load(Ordering::Relaxed);
        let bytes = self.error_bytes.load(Ordering::Relaxed);
        told >= MAX_ERRORS || (told > 0 && bytes + ERROR_BYTES > self.most.bytes / ERROR_SHARE)
    }

    /// Whether there is room for an error, which then counts. There always is for the first.
    pub fn tell(&self, error: &Error, path: &[Step<'_>]) -> bool {
        let told = self.told.load(Ordering::Relaxed);
        if told >= MAX_ERRORS {
            return false;
        }
        let bytes = error_bytes(error, path);
        let all = self
            .error_bytes
            .load(Ordering::Relaxed)
            .saturating_add(bytes);
        if told > 0 && (all > self.most.bytes / ERROR_SHARE || bytes > self.room()) {
            return false;
        }
        self.told.store(told + 1, Ordering::Relaxed);
        self.error_bytes.store(all, Ordering::Relaxed);
        true
    }

    /// Takes back an error that was to be reported.
    pub(super) fn forget(&self, error: &Error, path: &[Step<'_>]) {
        self.told.fetch_sub(1, Ordering::Relaxed);
        self.errors.fetch_sub(1, Ordering::Relaxed);
        self.error_bytes
            .fetch_sub(error_bytes(error, path), Ordering::Relaxed);
    }

    /// Whether introspection found no room before.
    pub fn is_too_small(&self) -> bool {
        self.is_too_small.load(Ordering::Relaxed)
    }

    /// What is said of bytes that no longer fit.
    pub fn too_large(&self) -> Error {
        Error::LimitExceeded {
            what: "response, in bytes,".to_owned(),
            limit: self.most.bytes as u64,
            setting: "response",
        }
    }

    /// The same of introspection, which is then not tried again.
    pub fn introspection_too_large(&self) -> Error {
        self.is_too_small.store(true, Ordering::Relaxed);
        self.too_large()
    }

    /// What is said of fields that are too many.
    pub fn too_many_fields(&self) -> Error {
        Error::LimitExceeded {
            what: "response, in fields,".to_owned(),
            limit: self.most.fields,
            setting: "complexity",
        }
    }
}

/// What an error takes in the host and in the response.
fn error_bytes(error: &Error, path: &[Step<'_>]) -> usize {
    let step = |step: &Step<'_>| match step {
        Step::Key(field) => field.key.len() + size_of::<Step<'_>>(),
        Step::Index(_) => 2 * size_of::<Step<'_>>(),
    };
    let path: usize = path.iter().map(step).sum();
    let mut texts = JsonLength(0);
    // Counting cannot fail.
    let _ = write!(texts, "{error}{}", error.reason().unwrap_or_default());
    ERROR_BYTES + path + texts.0
}

/// The bytes of a text as JSON.
struct JsonLength(usize);

impl Write for JsonLength {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let bytes = text.bytes().map(|byte| match byte {
            0..0x20 => 6,
            b'"' | b'\\' => 2,
            _ => 1,
        });
        self.0 += bytes.sum::<usize>();
        Ok(())
    }
}
