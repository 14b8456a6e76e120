//! An answer as it is written: tokens in their order, `DONE` with the right bits, and the faults that cut it short.

use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};

use super::flight::{Flight, Stop};
use super::packet::PacketWriter;
use super::tokens::{self, Column, Done};
use crate::faults::{Faults, Malformed, SqlPlan, Then};
use crate::sql_types::{SqlError, SqlType};
use crate::status::Status;

/// Acknowledges an Attention; in a message of its own, if nothing waits to be sent.
pub(super) fn acknowledge(writer: &mut PacketWriter) -> Result<(), Stop> {
    let done = Done {
        status: tokens::DONE_ATTENTION,
        ..Done::default()
    };
    tokens::done(writer.waiting(), tokens::DONE, done);
    writer.end()?;
    Ok(())
}

/// Writes the answer to one request.
pub(super) struct Answer<'a> {
    writer: &'a mut PacketWriter,
    flight: &'a Flight,
    faults: &'a Arc<Faults>,
    /// Whether the tokens are those of a procedure's answer.
    procedure: bool,
    /// The end of a statement, held back until it is known whether more follows.
    pending: Option<Done>,
    /// Where the answer is cut, from the fault switches.
    cut: Option<(Then, SqlPlan)>,
    row_delay: std::time::Duration,
    /// An error that comes after this many rows, from the fault switches.
    error_after: Option<(u64, SqlError)>,
    /// What is wrong with the first text of each row, from the fault switches.
    malformed: Option<Malformed>,
    /// Counts the request as running until its answer ends.
    running: Option<Running<'a>>,
}

/// Counts a request as running while it lives.
struct Running<'a>(&'a Status);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.sqlserver(|counters| counters.running -= 1);
    }
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        writer: &'a mut PacketWriter,
        flight: &'a Flight,
        faults: &'a Arc<Faults>,
        status: &'a Status,
        procedure: bool,
    ) -> Self {
        status.sqlserver(|counters| counters.running += 1);
        Self {
            writer,
            flight,
            faults,
            procedure,
            pending: None,
            cut: None,
            row_delay: std::time::Duration::ZERO,
            error_after: None,
            malformed: None,
            running: Some(Running(status)),
        }
    }

    /// Cuts the first row, or without rows the end, in half.
    pub(super) fn cut_in_half(&mut self, then: Then, plan: &SqlPlan) {
        self.cut = Some((then, plan.clone()));
    }

    /// Waits before each row.
    pub(super) fn delay_rows(&mut self, delay: std::time::Duration) {
        self.row_delay = delay;
    }

    /// Fails after this many rows, or at the end of the first result set if it has fewer.
    pub(super) fn fail_after(&mut self, rows: u64, error: SqlError) {
        self.error_after = Some((rows, error));
    }

    /// Makes the first text of each row one that cannot be decoded.
    pub(super) fn spoil_text(&mut self, with: Malformed) {
        self.malformed = Some(with);
    }

    /// All rows of a result set are written.
    pub(super) fn rows_end(&mut self) -> Result<(), Stop> {
        self.error_after
            .take()
            .map_or(Ok(()), |(_, error)| Err(error.into()))
    }

    /// The columns of a result set.
    pub(super) fn columns(&mut self, columns: &[Column]) -> Result<(), Stop> {
        let mut metadata = Vec::new();
        tokens::columns(&mut metadata, columns);
        if self.malformed == Some(Malformed::CodePage) {
            super::malformed::announce(&mut metadata);
        }
        self.token(|out| out.extend(metadata))
    }

    /// A row.
    pub(super) fn row<'v>(
        &mut self,
        columns: &[Column],
        values: impl Iterator<Item = ValueRef<'v>> + Clone,
        text_size: usize,
    ) -> Result<(), Stop> {
        self.flight.check()?;
        match &mut self.error_after {
            Some((0, _)) => return self.rows_end(),
            Some((left, _)) => *left -= 1,
            None => {}
        }
        if !self.row_delay.is_zero() {
            self.writer.send_all()?;
            self.flight.sleep(self.row_delay)?;
        }
        let mut row = Vec::new();
        match self.malformed {
            Some(with) => super::malformed::row(&mut row, columns, values, text_size, with)?,
            None => tokens::row(&mut row, columns, values, text_size)?,
        }
        self.put(&row)
    }

    /// An error of a statement; its `DONE` follows with [`Answer::statement`].
    pub(super) fn error(&mut self, error: &SqlError, procedure: &str) -> Result<(), Stop> {
        self.token(|out| tokens::error(out, error, procedure))
    }

    /// A message that is not an error.
    pub(super) fn info(&mut self, text: &str) -> Result<(), Stop> {
        self.token(|out| tokens::info(out, 0, 1, text))
    }

    /// A transaction began (8), was committed (9) or rolled back (10).
    pub(super) fn transaction(&mut self, kind: u8, descriptor: u64) -> Result<(), Stop> {
        let descriptor = descriptor.to_le_bytes();
        let (new, old): (&[u8], &[u8]) = if kind == 8 {
            (&descriptor, &[])
        } else {
            (&[], &descriptor)
        };
        self.token(|out| tokens::env_change_bytes(out, kind, new, old))
    }

    /// The end of a statement.
    pub(super) fn statement(&mut self, done: Done) -> Result<(), Stop> {
        if self.procedure {
            let done = Done {
                status: done.status | tokens::DONE_MORE,
                ..done
            };
            return self.token(|out| tokens::done(out, tokens::DONE_IN_PROC, done));
        }
        self.token(|_| ())?;
        self.pending = Some(done);
        Ok(())
    }

    /// The end of the answer; a procedure's has its status and output parameters.
    pub(super) fn finish(
        &mut self,
        status: i32,
        outputs: &[(u16, String, SqlType, Value)],
        failed: bool,
    ) -> Result<(), Stop> {
        let mut end = Vec::new();
        if self.procedure {
            let mut values = Vec::new();
            for (position, name, ty, value) in outputs {
                tokens::return_value(&mut values, *position, name, *ty, value)?;
            }
            tokens::return_status(&mut end, status);
            end.extend(values);
            let status = if failed { tokens::DONE_ERROR } else { 0 };
            tokens::done(
                &mut end,
                tokens::DONE_PROC,
                Done {
                    status,
                    ..Done::default()
                },
            );
        } else {
            tokens::done(
                &mut end,
                tokens::DONE,
                self.pending.take().unwrap_or_default(),
            );
        }
        self.put(&end)?;
        // Before the last packet: who has the answer may ask for the counters next.
        self.running = None;
        self.writer.end()?;
        Ok(())
    }

    /// The end of an answer that an Attention cut short: it is acknowledged in the same message.
    pub(super) fn finish_with_attention(&mut self) -> Result<(), Stop> {
        self.running = None;
        acknowledge(self.writer)
    }

    /// The same as a server does it whose answer was complete when the Attention came: first its end, then the acknowledgement.
    pub(super) fn finish_then_acknowledge(
        &mut self,
        status: i32,
        pause: std::time::Duration,
    ) -> Result<(), Stop> {
        self.finish(status, &[], false)?;
        self.flight
            .wait_through_attention(async move { tokio::time::sleep(pause).await })?;
        acknowledge(self.writer)
    }

    /// Writes a token, behind the `DONE` that was held back.
    fn token(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stop> {
        if let Some(done) = self.pending.take() {
            let done = Done {
                status: done.status | tokens::DONE_MORE,
                ..done
            };
            tokens::done(self.writer.waiting(), tokens::DONE, done);
        }
        write(self.writer.waiting());
        self.writer.send_full()?;
        Ok(())
    }

    /// Writes bytes, or if the answer is to be cut here, half of them.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let Some((then, plan)) = self.cut.take() else {
            return self.token(|out| out.extend(bytes));
        };
        let (first, second) = bytes.split_at(bytes.len() / 2);
        self.token(|out| out.extend(first))?;
        self.writer.send_all()?;
        if then == Then::Drop {
            return Err(Stop::Gone);
        }
        // Half a token cannot be taken back, so an Attention has to wait as well.
        self.flight.wait_through_attention(
            self.faults
                .lifted(plan.edits, |set| set.sqlserver.half_row.is_some()),
        )?;
        self.token(|out| out.extend(second))
    }
}
