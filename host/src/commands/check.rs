//! `mayfly check`: everything that can be wrong with an app, at once.

use mayfly_config::{Config, FILE, Problem, Problems, units};
use mayfly_runtime::capability::{self, Capabilities, Surroundings};
use mayfly_telemetry::{output, start_command_log};

use super::{AppDirectory, Exit, show_progress};
use crate::embedded::{EmbeddedProcess, surroundings};
use crate::serving::app::App;
use crate::serving::descriptors::{self, Descriptors};
use crate::serving::file_size;
use crate::serving::memory_plan::resident_bytes;
use crate::serving::memory_plan::{MemoryLimit, MemoryPlan};

/// Check an app without serving it: configuration, schema, statements, modules.
///
/// Lists every problem with file, line and a remedy. Opens no socket unless --connect is given.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    directory: AppDirectory,
    /// Connect to the backends: compare each statement with what SQL Server says of it, and
    /// each granted table with DynamoDB's; fetch the keys of issuers; no statement is run
    #[arg(long)]
    connect: bool,
    /// The memory that `mayfly serve` may have, such as '512 MiB', in place of what this machine and its control group allow;
    /// if the memory plan is larger, values that fit are printed
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
}

fn size(text: &str) -> Result<u64, String> {
    units::bytes(text).ok_or_else(|| "not a size such as \"512 MiB\"".to_owned())
}

/// Whom the app answers.
fn who_may_call(app: &App) -> &'static str {
    match &app.callers {
        None => "callers: everybody, anonymously; there is no [callers]",
        Some(callers) if callers.lets_anybody_in() => {
            "callers: everybody, anonymously without a token or an API key (`callers.anonymous`)"
        }
        Some(_) => "callers: those with a token or an API key",
    }
}

/// The documents of the manifest that the schema does not know how to answer: their clients would be told so at every request.
fn invalid_documents(config: &Config, app: &App) -> Vec<Problem> {
    let (Some(manifest), Some(trusted)) = (&config.documents.manifest, app.documents.trusted())
    else {
        return Vec::new();
    };
    let invalid = trusted.invalid(&app.engine).into_iter();
    let problems = invalid.map(|invalid| {
        Problem::of_file(
            manifest,
            format!(
                "{invalid}; write the manifest again from what the client asks for now, or remove the document"
            ),
        )
    });
    problems.collect()
}

/// What a process that serves takes besides: threads, listeners, metrics, the schema of the admin API. Measured: 5.6 MiB.
const SERVING_BYTES: u64 = 8 << 20;

impl Check {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        start_command_log("off,embedded=warn");
        let config = capability::load(&self.directory.app, capabilities)?;
        let runtime = tokio::runtime::Runtime::new()?;
        let app = runtime.block_on(self.load(&config, capabilities))?;
        let invalid = invalid_documents(&config, &app);
        if !invalid.is_empty() {
            return Err(Problems(invalid).into());
        }
        for version in app.versions.values() {
            let module = &version.module;
            let digest = version.digest.get(..12).unwrap_or_default();
            let fields: Vec<_> = version.fields.iter().map(String::as_str).collect();
            output::print(format_args!(
                "module {}: {} ({}), memory {}, deadline {:?}, handles {}",
                module.name,
                digest,
                units::show_bytes(version.component_bytes as u64),
                units::show_bytes(module.memory_bytes),
                module.deadline,
                fields.join(", ")
            ));
        }
        for warning in app.callers.iter().flat_map(|callers| callers.warnings()) {
            output::print(format_args!("warning: {warning}"));
        }
        output::print(who_may_call(&app));
        self.show_plan(&config, &app);
        for (backend, missing) in runtime.block_on(app.missing()) {
            output::print(format_args!("warning: {backend}: {missing}"));
        }
        descriptors::raise_limit();
        file_size::raise_limit();
        let descriptors = Descriptors::of(&config, capabilities);
        let objections = [descriptors.objection(), file_size::objection(&config)];
        for objection in objections.into_iter().flatten() {
            output::print(format_args!("warning: {objection}"));
        }
        if self.connect {
            output::print(
                "backends: all answer, every statement matches its declaration, and every granted table exists",
            );
        }
        output::print(format_args!("{} is fine", self.directory.app.display()));
        Ok(Exit::Done)
    }

    /// Prints the plan line by line and the sum, and what to write where the machine does not have it.
    fn show_plan(&self, config: &Config, app: &App) {
        let own_bytes = resident_bytes() + SERVING_BYTES;
        let plan = MemoryPlan::of(config, app, own_bytes);
        output::print("memory plan: the most `mayfly serve` may hold");
        let print = |bytes: u64, what: &str, key: Option<&str>| {
            let key = key.map_or_else(String::new, |key| format!("  ({key})"));
            output::print(format_args!(
                "  {:>9}  {what}{key}",
                units::show_bytes(bytes)
            ));
        };
        for line in &plan.lines {
            print(line.bytes, &line.what, line.key);
        }
        print(plan.total_bytes(), "in all", None);
        let given = self.memory.map(|bytes| MemoryLimit {
            bytes,
            source: "given memory",
        });
        let Some(limit) = given.or_else(MemoryLimit::here) else {
            return;
        };
        print(limit.bytes, limit.source, None);
        let Some(objection) = plan.objection(&limit) else {
            return;
        };
        output::print(format_args!("warning: {objection}"));
        let of_another = |config: &Config| MemoryPlan::of_another(config, app, own_bytes);
        match MemoryPlan::fit(
            config,
            app.surroundings.capabilities,
            limit.bytes,
            of_another,
        ) {
            Ok(values) => output::print(format_args!(
                "these values fit; put them into {FILE} in place of the current ones:\n\n{values}"
            )),
            Err(least) => output::print(format_args!(
                "no values fit: this app needs at least {}",
                units::show_bytes(least)
            )),
        }
    }

    async fn load(&self, config: &Config, capabilities: Capabilities) -> anyhow::Result<App> {
        if !self.connect {
            let nowhere = Surroundings::nowhere(capabilities);
            return Ok(App::load(config, &nowhere, &show_progress).await?);
        }
        let embedded = EmbeddedProcess::start_for(config).await?;
        let surroundings = surroundings(capabilities, embedded.as_ref());
        let app = App::load(config, &surroundings, &show_progress).await?;
        let problems = app.describe_backends(config).await;
        if problems.is_empty() {
            Ok(app)
        } else {
            Err(Problems(problems).into())
        }
    }
}
