//! `mayfly status`: whether all is well with a running host, on one screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use mayfly_config::units::show_bytes;
use mayfly_telemetry::{in_one_line, output};

use super::Exit;
use super::admin::block_on;
use super::admin::client::AdminAddress;
use super::module::show::{running, short, show_age};
use crate::history::now_ms;
use crate::http::admin::graphql::changes::{Action, Change};
use crate::http::admin::graphql::errors::RecentError;
use crate::http::admin::graphql::pools::{ModuleCount, Pool};
use crate::http::admin::graphql::process::ProcessState;
use crate::http::admin::graphql::requests::{ShowStatus, StatusData};

/// What is recent.
const RECENT: Duration = Duration::from_secs(300);

/// Kinds of errors that are shown.
const KINDS: usize = 5;

/// Show whether all is well with a running host: what changed last, what fails, who waits.
///
/// Exits with 6 if something is wrong. A token is read from the environment variable MAYFLY_ADMIN_TOKEN.
#[derive(clap::Args)]
pub struct Status {
    #[command(flatten)]
    address: AdminAddress,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        block_on(self.act())
    }

    async fn act(self) -> anyhow::Result<Exit> {
        let answer = self.address.client()?.ask(&ShowStatus {}).await?;
        let wrong = wrong(&answer.data);
        if self.address.json {
            output::print(&answer.text);
        } else {
            output::print(screen(&answer.data, &wrong).trim_end());
        }
        Ok(if wrong.is_empty() {
            Exit::Done
        } else {
            Exit::Refused
        })
    }
}

/// What an operator should look at.
fn wrong(status: &StatusData) -> Vec<String> {
    let mut wrong = Vec::new();
    match status.process.state {
        ProcessState::Serving => {}
        ProcessState::Loading => wrong.push("the app is being loaded".to_owned()),
        ProcessState::Ending => wrong.push("the process is ending".to_owned()),
    }
    for backend in status.backends.iter().filter(|backend| !backend.reachable) {
        let why = backend.message.as_deref().unwrap_or_default();
        wrong.push(format!("{} cannot be reached: {why}", backend.name));
    }
    let errors = recent(&status.errors).count();
    if errors > 0 {
        let more = if errors == status.errors.len() && errors >= 100 {
            " or more"
        } else {
            ""
        };
        wrong.push(format!(
            "{errors}{more} errors in the last {}",
            show_age(RECENT)
        ));
    }
    let samples = status.metrics.samples.iter();
    let refused: u64 = samples.map(|sample| sample.refused.0).sum();
    if refused > 0 {
        wrong.push(format!(
            "{refused} operations were refused in the last {}, because the host was full",
            show_age(RECENT)
        ));
    }
    if status.process.waiting.0 > 0 {
        wrong.push(format!(
            "{} operations wait for a place",
            status.process.waiting.0
        ));
    }
    for pool in status.pools.iter().filter(|pool| pool.waiting > 0) {
        let (name, waiting) = (&pool.name, pool.waiting);
        wrong.push(format!("{waiting} calls wait for a connection of {name}"));
    }
    wrong.extend(status.memory.objection.clone());
    wrong
}

fn screen(status: &StatusData, wrong: &[String]) -> String {
    let mut screen = String::new();
    match wrong {
        [] => line(&mut screen, "all is well"),
        wrong => {
            line(&mut screen, "not all is well:");
            wrong
                .iter()
                .for_each(|what| line(&mut screen, &format!("  {what}")));
        }
    }
    line(&mut screen, "");
    table(&mut screen, &process(status));
    section(&mut screen, "modules", &modules(status));
    section(&mut screen, "pools", &pools(&status.pools));
    section(&mut screen, "errors", &errors(&status.errors));
    section(
        &mut screen,
        "slowest operations of the last hour",
        &slow(status),
    );
    section(&mut screen, "changes", &changes(&status.changes));
    screen
}

type Row = Vec<String>;

fn process(status: &StatusData) -> Vec<Row> {
    let process = &status.process;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let memory = &status.memory;
    let limit = memory.limit_bytes.map_or_else(String::new, |limit| {
        let source = memory.limit_source.as_deref().unwrap_or("limit");
        format!(", {} is the {source}", show_bytes(limit.0))
    });
    vec![
        row(
            "serving",
            format!(
                "{} with mayfly {}, for {}",
                process.directory.as_deref().unwrap_or("nothing yet"),
                process.version,
                show_age(Duration::from_secs(process.uptime_seconds.0))
            ),
        ),
        row(
            "operations",
            format!(
                "{} of {} running, {} waiting",
                process.running.0, process.max_running.0, process.waiting.0
            ),
        ),
        row(
            "connections",
            format!("{} of {}", process.connections.0, process.max_connections.0),
        ),
        row(
            "memory",
            format!(
                "{} of {} planned{limit}",
                show_bytes(memory.resident_bytes.0),
                show_bytes(memory.planned_bytes.0)
            ),
        ),
    ]
}

fn modules(status: &StatusData) -> Vec<Row> {
    let row = |module: &crate::http::admin::graphql::modules::Module| {
        let age = Duration::from_secs(module.active.age_seconds.0);
        let mut notes = Vec::new();
        if module.at_gate {
            notes.push("a version is being checked".to_owned());
        }
        notes.extend(module.canary.iter().map(running));
        if let Some(refusal) = &module.last_refusal {
            let age = since(refusal.at_ms.0);
            notes.push(format!(
                "refused {} ago at the step {}",
                show_age(age),
                refusal.step
            ));
        }
        vec![
            module.name.clone(),
            short(&module.active.digest).to_owned(),
            format!("{} ago", show_age(age)),
            notes.join("; "),
        ]
    };
    status.modules.iter().map(row).collect()
}

fn pools(pools: &[Pool]) -> Vec<Row> {
    let who = |counts: &[ModuleCount], what: &str| {
        let counts = counts.iter();
        let counts: Vec<_> = counts
            .map(|count| format!("{} {}", count.module, count.count))
            .collect();
        match counts.as_slice() {
            [] => String::new(),
            counts => format!(", {what} {}", counts.join(", ")),
        }
    };
    let row = |pool: &Pool| {
        vec![
            pool.name.clone(),
            format!(
                "{} of {} in use, {} waiting{}{}",
                pool.in_use,
                pool.size,
                pool.waiting,
                who(&pool.holders, "held by"),
                who(&pool.waiters, "waited for by")
            ),
        ]
    };
    pools.iter().map(row).collect()
}

/// Errors of the last minutes, by code and field, with the last of each.
fn errors(errors: &[RecentError]) -> Vec<Row> {
    let mut kinds: BTreeMap<(&str, &str), Vec<&RecentError>> = BTreeMap::new();
    for error in recent(errors) {
        let field = error.field.as_deref().unwrap_or_default();
        kinds.entry((&error.code, field)).or_default().push(error);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, errors)| std::cmp::Reverse(errors.len()));
    let row = |((code, field), errors): ((&str, &str), Vec<&RecentError>)| {
        let last = errors.first();
        let message = last
            .and_then(|last| last.message.as_deref())
            .unwrap_or_default();
        vec![
            format!("{} × {code}", errors.len()),
            field.to_owned(),
            last.map_or("", |last| &last.trace_id).to_owned(),
            first_line(message),
        ]
    };
    kinds.into_iter().take(KINDS).map(row).collect()
}

fn slow(status: &StatusData) -> Vec<Row> {
    let slow = status.slow_operations.iter();
    slow.map(|operation| {
        let fields = operation.plan.iter().map(|step| step.field.as_str());
        vec![
            format!("{:.3} s", operation.seconds),
            operation
                .name
                .clone()
                .unwrap_or_else(|| "unnamed".to_owned()),
            fields.take(4).collect::<Vec<_>>().join(" "),
        ]
    })
    .collect()
}

fn changes(changes: &[Change]) -> Vec<Row> {
    let row = |change: &Change| {
        let action = match change.action {
            Action::Push => "push",
            Action::Stage => "stage",
            Action::Canary => "canary",
            Action::Promote => "promote",
            Action::Abort => "abort",
            Action::RollBack => "roll-back",
            Action::Apply => "apply",
        };
        let versions = match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{} → {}", short(before), short(after)),
            (None, Some(after)) => short(after).to_owned(),
            _ => String::new(),
        };
        let message = first_line(change.message.as_deref().unwrap_or_default());
        let note = if change.done {
            message
        } else {
            format!("not done: {message}")
        };
        vec![
            format!("{} ago", show_age(since(change.at_ms.0))),
            format!("{action} by {}", change.who),
            change.module.clone().unwrap_or_default(),
            versions,
            note,
        ]
    };
    changes.iter().map(row).collect()
}

fn recent(errors: &[RecentError]) -> impl Iterator<Item = &RecentError> {
    errors.iter().filter(|error| since(error.at_ms.0) <= RECENT)
}

fn since(at_ms: u64) -> Duration {
    Duration::from_millis(now_ms().saturating_sub(at_ms))
}

/// As much of a message as fits a line.
fn first_line(message: &str) -> String {
    const CHARACTERS: usize = 100;
    let line = message.lines().next().unwrap_or_default();
    mayfly_error::shortened(line, CHARACTERS).into_owned()
}

fn section(screen: &mut String, title: &str, rows: &[Row]) {
    if !rows.is_empty() {
        line(screen, &format!("\n{title}"));
        table(screen, rows);
    }
}

/// Rows with their columns below each other.
fn table(screen: &mut String, rows: &[Row]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let text: String = cells
            .map(|(cell, width)| format!("  {cell:width$}"))
            .collect();
        line(screen, text.trim_end());
    }
}

/// Messages of guests are in it, whose ends of lines begin no line of this screen.
fn line(screen: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(screen, "{}", in_one_line(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guests_say_begins_no_line_and_acts_on_no_terminal() {
        let mut screen = String::new();
        table(
            &mut screen,
            &[vec![
                "FAILED".to_owned(),
                "no\n\nall is well\u{1b}[2J".to_owned(),
            ]],
        );
        assert_eq!(screen, "  FAILED  no\\n\\nall is well\\u{1b}[2J\n");
    }
}
