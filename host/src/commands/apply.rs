//! `mayfly apply`: has a running host apply what changed in its app's directory, over its admin address.

use mayfly_telemetry::output;

use super::admin::block_on;
use super::admin::client::AdminAddress;
use super::module::show::activated;
use super::{AppDirectory, Exit};
use crate::http::admin::graphql::outcomes::{Applied, ApplyOutcome, Problem};
use crate::http::admin::graphql::requests;

/// Reload the app of a running host: schema, statements, grants and modules, all at once.
///
/// Everything becomes one new snapshot, or all of it is refused with what is wrong and the host keeps what it had. Changes of
/// the schema that break clients are refused, unless they are allowed. Operations under way end on the snapshot they began with; pools
/// whose configuration is the same keep their connections. What only a restart can change is refused too: `server.*`, the embedded
/// backends, and a module's memory above the largest that the host began with. A token of the role `deploy` is read from the
/// environment variable MAYFLY_ADMIN_TOKEN.
#[derive(clap::Args)]
pub struct Apply {
    #[command(flatten)]
    directory: AppDirectory,
    /// Apply changes of the schema even if they break clients
    #[arg(long)]
    allow_breaking: bool,
    #[command(flatten)]
    address: AdminAddress,
}

impl Apply {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        block_on(self.act())
    }

    async fn act(self) -> anyhow::Result<Exit> {
        // The host compares, so that nobody applies another app than the one meant.
        let app = std::fs::canonicalize(&self.directory.app)?;
        let operation = requests::Apply {
            allow_breaking: self.allow_breaking,
            directory: &app.to_string_lossy(),
        };
        let answer = self.address.client()?.ask(&operation).await?;
        let outcome = answer.data.apply;
        if self.address.json {
            output::print(&answer.text);
        }
        let is_done = matches!(
            outcome,
            ApplyOutcome::Applied(_) | ApplyOutcome::Unchanged(_)
        );
        if !self.address.json {
            tell(&outcome);
        }
        Ok(if is_done { Exit::Done } else { Exit::Refused })
    }
}

fn tell(outcome: &ApplyOutcome) {
    let lines: Vec<String> = match outcome {
        ApplyOutcome::Applied(applied) => return output::print(shown(applied)),
        ApplyOutcome::Unchanged(_) => return output::print("no changes"),
        ApplyOutcome::Failure(failure) => return output::fail(&failure.message),
        ApplyOutcome::BreakingChanges(breaking) => {
            output::fail(&breaking.message);
            let changes = breaking.changes.iter();
            changes
                .map(|change| format!("breaking: {}", change.message))
                .chain(more(breaking.more_changes))
                .collect()
        }
        ApplyOutcome::AppProblems(problems) => {
            output::fail(&problems.message);
            let listed = problems.problems.iter().map(problem);
            listed.chain(more(problems.more_problems)).collect()
        }
    };
    for line in lines {
        output::tell(format_args!("  {line}"));
    }
}

/// What applying did.
fn shown(applied: &Applied) -> String {
    let mut lines = vec!["applied".to_owned()];
    let changes = applied.changes.iter();
    lines.extend(changes.map(|change| format!("  {}: {}", change.severity, change.message)));
    lines.extend(more(applied.more_changes).map(|line| format!("  {line}")));
    let activations = applied.activations.iter();
    lines.extend(activations.map(|activation| format!("  {}", activated(activation))));
    lines.join("\n")
}

/// What follows a list that is not whole.
fn more(count: usize) -> Option<String> {
    (count > 0).then(|| format!("… and {count} more"))
}

fn problem(problem: &Problem) -> String {
    let number = |number: usize| match number {
        0 => String::new(),
        known => format!(":{known}"),
    };
    format!(
        "{}{}{}: {}",
        problem.file,
        number(problem.line),
        number(problem.column),
        problem.message
    )
}
