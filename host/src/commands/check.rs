//! `mayfly check`: everything that can be wrong with an app, at once.

use mayfly_config::{Config, units};

use super::{AppDirectory, Exit, show_progress};
use crate::app::{App, EmbeddedAddresses};

/// Check an app without serving it: configuration, schema, statements, modules.
///
/// Lists every problem with file, line and a remedy. Opens no socket.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    directory: AppDirectory,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let config = Config::load(&self.directory.app)?;
        let runtime = tokio::runtime::Runtime::new()?;
        let app = runtime.block_on(App::load(&config, &EmbeddedAddresses::unused(), &show_progress))?;
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
        let capacity = app.sandbox.capacity();
        println!(
            "guests: at most {} invocations and {} of memory caps at once",
            capacity.slots,
            units::show_bytes(capacity.memory_bytes)
        );
        println!("{} is fine", self.directory.app.display());
        Ok(Exit::Done)
    }
}
