//! `mayfly check`: everything that can be wrong with an app, at once.

use mayfly_config::{Config, Problems, units};

use super::{AppDirectory, Exit, show_progress};
use crate::app::{App, EmbeddedAddresses};
use crate::embedded::EmbeddedProcess;
use crate::host::resident_bytes;
use crate::memory_plan::{MemoryLimit, MemoryPlan};

/// Check an app without serving it: configuration, schema, statements, modules.
///
/// Lists every problem with file, line and a remedy. Opens no socket, unless it is asked to.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    directory: AppDirectory,
    /// Connect to the backends: let SQL Server describe each statement, whose columns and parameters are compared with those
    /// declared, and DynamoDB each table that is granted; nothing is run
    #[arg(long)]
    connect: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let mut config = Config::load(&self.directory.app)?;
        let app = tokio::runtime::Runtime::new()?.block_on(self.load(&mut config))?;
        for version in app.versions.values() {
            let module = &version.module;
            let digest = version.digest.get(..12).unwrap_or_default();
            let fields: Vec<_> = version.fields.iter().map(String::as_str).collect();
            println!(
                "module {}: {} ({}), memory {}, deadline {:?}, handles {}",
                module.name,
                digest,
                units::show_bytes(version.component_bytes as u64),
                units::show_bytes(module.memory_bytes),
                module.deadline,
                fields.join(", ")
            );
        }
        show_plan(&MemoryPlan::of(&config, &app, resident_bytes()));
        if self.connect {
            println!(
                "backends: all answer, every statement is as declared, and every granted table is there"
            );
        }
        println!("{} is fine", self.directory.app.display());
        Ok(Exit::Done)
    }

    async fn load(&self, config: &mut Config) -> anyhow::Result<App> {
        if !self.connect {
            return Ok(App::load(config, &EmbeddedAddresses::unused(), &show_progress).await?);
        }
        let embedded = EmbeddedProcess::start_for(config).await?;
        let addresses = embedded
            .as_ref()
            .map_or_else(EmbeddedAddresses::default, |process| {
                process.addresses.clone()
            });
        let app = App::load(config, &addresses, &show_progress).await?;
        let problems = app.describe_backends(config).await;
        if problems.is_empty() {
            Ok(app)
        } else {
            Err(Problems(problems).into())
        }
    }
}

/// Prints the plan line by line, the sum, and whether the machine has it.
fn show_plan(plan: &MemoryPlan) {
    println!("memory plan: the most `mayfly serve` may hold");
    let print = |bytes: u64, what: &str, key: Option<&str>| {
        let key = key.map_or_else(String::new, |key| format!("  ({key})"));
        println!("  {:>9}  {what}{key}", units::show_bytes(bytes));
    };
    for line in &plan.lines {
        print(line.bytes, &line.what, line.key);
    }
    print(plan.total_bytes(), "in all", None);
    let Some(limit) = MemoryLimit::here() else {
        return;
    };
    print(limit.bytes, limit.source, None);
    if let Some(objection) = plan.objection(&limit) {
        println!("warning: {objection}");
    }
}
