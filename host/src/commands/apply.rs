//! `mayfly apply`: has a running host apply what changed in its app's directory, over its admin address.

use http::Method;
use mayfly_json::Value;
use mayfly_telemetry::output;

use super::module::client::{Client, segment};
use super::module::show::{error, short, text};
use super::{AppDirectory, Exit};

/// Reload the app of a running host: schema, statements, grants and modules, all at once.
///
/// Everything becomes one new snapshot, or everything is refused with what is wrong, and the host goes on with what it had. Changes
/// of the schema that break clients are refused, unless told to. Operations under way end on the snapshot they began with; pools
/// whose configuration is the same keep their connections. What only a restart can change is refused too: `server.*`, the embedded
/// backends, and a module's memory above the largest that the host began with. The token of `server.admin_token` is read from the
/// environment variable MAYFLY_ADMIN_TOKEN.
#[derive(clap::Args)]
pub struct Apply {
    #[command(flatten)]
    directory: AppDirectory,
    /// Apply changes of the schema that break clients, too
    #[arg(long)]
    allow_breaking: bool,
    /// The host's admin address; its token is read from MAYFLY_ADMIN_TOKEN
    #[arg(
        long,
        value_name = "URL",
        env = "MAYFLY_ADMIN",
        default_value = "http://127.0.0.1:8081"
    )]
    admin: String,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

impl Apply {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(self.act())
    }

    async fn act(self) -> anyhow::Result<Exit> {
        // The host compares, so that nobody applies another app than the one meant.
        let app = std::fs::canonicalize(&self.directory.app)?;
        let path = format!(
            "/apply?allow_breaking={}&app={}",
            self.allow_breaking,
            segment(&app.to_string_lossy())
        );
        let answer = Client::new(&self.admin)?
            .send(Method::POST, &path, Vec::new())
            .await?;
        let done = answer.status.is_success();
        match (self.json, done) {
            (true, _) => output::print(answer.body.text()),
            (false, true) => output::print(applied(answer.body.root())),
            (false, false) => {
                output::fail(error(&answer));
                listed(answer.body.root().get("error").unwrap_or_default())
                    .iter()
                    .for_each(|line| output::tell(format_args!("  {line}")));
            }
        }
        Ok(if done { Exit::Done } else { Exit::Refused })
    }
}

/// What applying did.
fn applied(body: Value<'_>) -> String {
    if body.get("changed").and_then(Value::as_bool) != Some(true) {
        return "no changes".to_owned();
    }
    let mut lines = vec!["applied".to_owned()];
    lines.extend(list(body, "changes").map(|change| {
        format!(
            "  {}: {}",
            text(change, "severity"),
            text(change, "message")
        )
    }));
    lines.extend(list(body, "swapped").map(|swapped| {
        let (module, version) = (text(swapped, "module"), text(swapped, "version"));
        format!(
            "  {module}: {version} is active (before: {})",
            short(&text(swapped, "previous"))
        )
    }));
    lines.join("\n")
}

/// Why nothing was applied, a line each.
fn listed(error: Value<'_>) -> Vec<String> {
    let problems = list(error, "problems").map(|problem| {
        let number = |key: &str| {
            let number = problem.get(key).and_then(Value::as_u64);
            let known = number.filter(|number| *number > 0);
            known.map_or_else(String::new, |number| format!(":{number}"))
        };
        format!(
            "{}{}{}: {}",
            text(problem, "file"),
            number("line"),
            number("column"),
            text(problem, "message")
        )
    });
    let breaking =
        list(error, "breaking").map(|change| format!("breaking: {}", text(change, "message")));
    problems.chain(breaking).collect()
}

fn list<'v>(value: Value<'v>, key: &str) -> impl Iterator<Item = Value<'v>> {
    value.get(key).and_then(Value::elements).unwrap_or_default()
}
