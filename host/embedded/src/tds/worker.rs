//! The thread of a session: it owns the SQLite connection and carries out one request after the other.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::answer::{Answer, acknowledge};
use super::call::{self, Outputs};
use super::database::Databases;
use super::execute::{Flow, Run};
use super::flight::{Flight, Stop};
use super::packet::PacketWriter;
use super::query::Variables;
use super::request::{Body, Request};
use super::settings::Session;
use super::transaction::Isolation;
use crate::faults::{DropAt, Faults, SqlPlan, Then};
use crate::sql_types::SqlError;
use crate::tsql;

/// What the session's task hands to its thread.
pub(super) enum Job {
    Request(Request, Arc<Flight>),
    /// An Attention, behind the request it was sent for: it may have been acknowledged with that.
    Attention,
}

/// What the thread needs.
pub(super) struct Worker {
    /// The state of the session.
    pub session: Session,
    /// Where answers go.
    pub writer: PacketWriter,
    /// For procedures.
    pub databases: Arc<Databases>,
    /// The switches.
    pub faults: Arc<Faults>,
}

impl Worker {
    /// Carries out jobs until there are no more, or the connection has to be closed.
    pub(super) fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        let mut acknowledged = 0_usize;
        for job in jobs {
            match job {
                Job::Request(request, flight) => {
                    let answered = self.answer(&request, &flight);
                    flight.finish();
                    match answered {
                        Ok(()) => {}
                        Err(Stop::Attention) => acknowledged += 1,
                        Err(_) => break,
                    }
                }
                Job::Attention if acknowledged > 0 => acknowledged -= 1,
                Job::Attention => {
                    if acknowledge(&mut self.writer).is_err() {
                        break;
                    }
                }
            }
        }
        self.databases.unlock_all(self.session.number);
        if self.session.transaction.count > 0 {
            self.session.status.sqlserver(|counters| {
                counters.open_transactions -= 1;
                counters.rollbacks += 1;
            });
        }
    }

    /// Answers one request. `Stop::Attention` says that it was cancelled and that this is acknowledged.
    fn answer(&mut self, request: &Request, flight: &Flight) -> Result<(), Stop> {
        let text = request.body.text();
        let plan = self.faults.sql_plan(text);
        if plan.drop == Some(DropAt::Before) {
            return Err(Stop::Gone);
        }
        let (faults, status) = (Arc::clone(&self.faults), Arc::clone(&self.session.status));
        let mut answer = Answer::new(
            &mut self.writer,
            flight,
            &faults,
            &status,
            request.body.is_procedure(),
        );
        prepare(&mut answer, &plan);
        let mut run = Run {
            session: &mut self.session,
            databases: Arc::clone(&self.databases),
            depth: 0,
            answer,
            flight,
            variables: Variables::new(),
            procedure: String::new(),
            return_status: 0,
            failed: false,
            tries: 0,
            caught: Vec::new(),
            fatal: false,
            no_error_266: plan.no_error_266,
            utf8_collation: plan.utf8_collation,
            trigger: plan.also.clone(),
        };
        let mut outputs = Vec::new();
        let result = held_up(&plan, &faults, flight).and_then(|()| {
            let result = carry_out(&mut run, &self.databases, request, &plan, &mut outputs)
                .and_then(|()| unseen(&mut run));
            let reported = match result {
                Err(Stop::Failed(error)) => run.report(error).map(|_| ()),
                result => result,
            };
            reported.and_then(|()| run.end_batch())
        });
        let (returned, failed, fatal) = (run.return_status, run.failed, run.fatal);
        match result {
            Ok(()) => run.answer.finish(
                if failed && returned == 0 {
                    -6
                } else {
                    returned
                },
                &outputs,
                failed,
            )?,
            Err(Stop::Attention) => {
                if run.session.abort_on_error && run.session.transaction.count > 0 {
                    run.rollback()?;
                }
                match faults.late_attention_ack(text) {
                    None => run.answer.finish_with_attention()?,
                    Some(late) => run
                        .answer
                        .finish_then_acknowledge(returned, Duration::from_millis(late.ms))?,
                }
                return Err(Stop::Attention);
            }
            Err(stop) => return Err(stop),
        }
        if fatal || plan.drop == Some(DropAt::After) {
            Err(Stop::Gone)
        } else {
            Ok(())
        }
    }
}

/// Arms the faults that act inside the answer.
fn prepare(answer: &mut Answer<'_>, plan: &SqlPlan) {
    if let Some(then) = plan.half_row {
        answer.cut_in_half(then, plan);
    }
    if plan.drop == Some(DropAt::Inside) {
        answer.cut_in_half(Then::Drop, plan);
    }
    if let Some(with) = plan.malformed_text {
        answer.spoil_text(with);
    }
    if let Some(slow) = &plan.slow {
        answer.delay_rows(Duration::from_millis(slow.row_ms));
    }
    if let Some(fault) = &plan.error
        && let Some(rows) = fault.after_rows
    {
        answer.fail_after(rows, fault_error(plan));
    }
}

fn fault_error(plan: &SqlPlan) -> SqlError {
    let fault = plan.error.clone().unwrap_or_default();
    let number = if fault.number == 0 {
        50_000
    } else {
        fault.number
    };
    let class = if fault.class == 0 { 16 } else { fault.class };
    let message = if fault.message.is_empty() {
        "An error made by a fault switch.".into()
    } else {
        fault.message
    };
    SqlError {
        class,
        ..SqlError::new(number, message)
    }
}

/// Waits as long as the switches say.
fn held_up(plan: &SqlPlan, faults: &Faults, flight: &Flight) -> Result<(), Stop> {
    if plan.stall {
        flight.wait(faults.lifted(plan.edits.clone(), |set| set.sqlserver.stall.is_some()))?;
    }
    match &plan.slow {
        Some(slow) if slow.ms > 0 => flight.sleep(Duration::from_millis(slow.ms)),
        _ => Ok(()),
    }
}

fn carry_out(
    run: &mut Run<'_>,
    databases: &Databases,
    request: &Request,
    plan: &SqlPlan,
    outputs: &mut Outputs,
) -> Result<(), Stop> {
    if plan
        .error
        .as_ref()
        .is_some_and(|fault| fault.after_rows.is_none())
    {
        return Err(fault_error(plan).into());
    }
    if request.transaction != 0 && request.transaction != run.session.transaction.descriptor {
        let message = format!(
            "The server failed to resume the transaction. Desc:{:x}.",
            request.transaction
        );
        return Err(SqlError::new(3971, message).into());
    }
    match &request.body {
        Body::Batch(text) => batch(run, text).map(|_| ()),
        Body::Execute(text, declaration, parameters) => {
            run.variables = call::declared_variables(text, declaration, parameters)?;
            run.in_scope(|run| batch(run, text)).map(|_| ())
        }
        Body::Procedure(name, parameters) => run
            .in_scope(|run| call::procedure(run, databases, name, parameters, outputs))
            .map(|_| ()),
        Body::Begin(level) => {
            run.session.transaction.isolation = match level {
                0 => run.session.transaction.isolation,
                3 | 4 => Isolation::Serializable,
                5 => Isolation::Snapshot,
                _ => Isolation::ReadCommitted,
            };
            run.begin()
        }
        Body::Commit => run.commit(),
        Body::Rollback(name) if name.is_empty() => run.rollback(),
        Body::Rollback(name) => run.rollback_to(name),
        Body::Save(name) => run.save(name),
    }
}

/// What a request does behind its text, without error 266: nobody sees where it comes from.
fn unseen(run: &mut Run<'_>) -> Result<(), Stop> {
    if run.failed {
        return Ok(());
    }
    run.run_trigger()
}

fn batch(run: &mut Run<'_>, text: &str) -> Result<Flow, Stop> {
    let statements = tsql::parse(tsql::tokenize(text)?)?;
    run.statements(&statements)
}
