//! One request on one connection: sent, its answer read, and its outcome reported to the connection and the caller.

use mayfly_error::CallError;
use tokio::time::{Instant, timeout_at};

use super::bounds::Bounds;
use super::connection::Connection;
use super::declared::Access;
use super::engine::{ConnectionOf, Engine, StatementOf};
use super::failure::{EngineError, Fail, cut_off, explain, of_access, overrun};
use super::lease::Lease;
use super::statement::{Statement, Way};
use crate::time_limit::{TimeLimit, too_late};

/// Runs a statement and reads its answer to the end. `access` decides what being cut off means.
pub(super) async fn run<E: Engine>(
    lease: &mut Lease<E>,
    statement: &StatementOf<E>,
    access: Access,
    (way, mut filled): (Way, E::Filled),
    within: Option<E::Begun>,
    bounds: &Bounds,
    deadline: Instant,
) -> Result<String, CallError> {
    let what = statement.what();
    let limit = of_statement(statement, deadline);
    lease.now_runs(&statement.name);
    let connection = lease.connection().ok_or_else(|| too_late(&what))?;
    prepare::<E>(connection, statement, &mut filled, within);
    connection.ceiling().allow(bounds.wire_bytes(way));
    let answer = E::run(&mut connection.client, way, statement, filled, bounds);
    let outcome = timeout_at(limit.at(), answer).await;
    conclude::<E>(connection, statement, access, within, outcome.ok(), limit).await
}

/// How long a statement may take from now on.
pub(super) fn of_statement<T, X>(statement: &Statement<T, X>, deadline: Instant) -> TimeLimit {
    TimeLimit::of_caller(deadline).no_longer_than(statement.timeout, "timeout")
}

/// What is said of a statement that ran out of time.
pub(super) fn late<T, X>(statement: &Statement<T, X>, limit: TimeLimit) -> CallError {
    limit.too_late(
        &statement.what(),
        format_args!("statements.{}", mayfly_config::key(&statement.name)),
    )
}

/// Marks a connection for what the statement may do to it, and lets the server compare what is open afterwards.
pub(super) fn prepare<E: Engine>(
    connection: &mut ConnectionOf<E>,
    statement: &StatementOf<E>,
    filled: &mut E::Filled,
    within: Option<E::Begun>,
) {
    if statement.effects.alters_session {
        connection.altered();
    }
    if statement.effects.may_change {
        connection.suspect();
        E::guard(&connection.client, statement, filled, within);
    }
    connection.asking();
}

/// What an outcome means to the connection and the caller, once it is known what is open.
pub(super) async fn conclude<E: Engine>(
    connection: &mut ConnectionOf<E>,
    statement: &StatementOf<E>,
    access: Access,
    within: Option<E::Begun>,
    outcome: Option<Result<String, Fail<E::Error>>>,
    limit: TimeLimit,
) -> Result<String, CallError> {
    let what = statement.what();
    let effects = statement.effects;
    let mismatch = is_mismatch(outcome.as_ref());
    let answer = settle(connection, &what, access, outcome, || {
        late(statement, limit)
    });
    let not_compared = effects.may_change && !effects.is_compared && answer.is_ok();
    if mismatch || not_compared {
        match ask::<E>(connection, limit.at()).await {
            Some(open) if E::is_as_begun(open, within) => {}
            Some(open) => return Err(E::disturbed(&what, effects, within, open)),
            None if answer.is_ok() => {
                return Err(cut_off(&what, access, true, || late(statement, limit)));
            }
            None => return answer,
        }
    }
    if answer.is_ok() && within.is_none() {
        connection.nothing_open();
    }
    answer
}

/// What is open; none when the server could not be asked.
pub(super) async fn ask<E: Engine>(
    connection: &mut ConnectionOf<E>,
    deadline: Instant,
) -> Option<E::Open> {
    connection.asking();
    match timeout_at(deadline, E::ask(&mut connection.client)).await {
        Ok(Ok(open)) => {
            connection.answered();
            open
        }
        Ok(Err(error)) => {
            connection.failed(error.is_answer());
            None
        }
        Err(_) => None,
    }
}

/// Whether an outcome says that something else is open than should be.
pub(super) fn is_mismatch<T, E: EngineError>(outcome: Option<&Result<T, Fail<E>>>) -> bool {
    matches!(outcome, Some(Err(Fail::Driver(error))) if error.is_mismatch())
}

/// What an outcome means to the connection and the caller; no outcome means that time ran out, of which `of_time` tells.
pub(super) fn settle<C, T, E: EngineError>(
    connection: &mut Connection<C>,
    what: &str,
    access: Access,
    outcome: Option<Result<T, Fail<E>>>,
    of_time: impl FnOnce() -> CallError,
) -> Result<T, CallError> {
    match outcome {
        Some(Ok(value)) => {
            connection.answered();
            Ok(value)
        }
        Some(Err(Fail::Cell(error))) => {
            connection.undecodable();
            Err(of_access(what, access, error))
        }
        Some(Err(Fail::Driver(error))) if connection.overran() => {
            // The rest is not read, so the connection stays dirty.
            let told = overrun(what).with_detail(error.to_string());
            Err(of_access(what, access, told))
        }
        Some(Err(Fail::Driver(error))) => {
            if let Some(told) = error.undecodable(what) {
                connection.undecodable();
                return Err(of_access(what, access, told.with_detail(error.to_string())));
            }
            let told = explain(what, access, connection.sent(), &error);
            connection.failed(error.is_answer());
            Err(told)
        }
        Some(Err(Fail::Stopped(error))) => Err(of_access(what, access, error)),
        None => Err(cut_off(what, access, connection.sent(), of_time)),
    }
}
