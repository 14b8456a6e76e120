//! `mayfly build`: components from source.

use mayfly_config::{Config, units};
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::output;

use super::{AppDirectory, Exit};
use crate::build::build_modules;

/// Make an app's components from their sources.
///
/// Builds every module that has a `source` and writes its `component`. A source is a Rust crate, C++ (a file or a directory), or a
/// file of WebAssembly (text or binary). Rust is built with the wasm32-unknown-unknown target of the installed Rust, or Debian's
/// rustc-web; GUEST_TOOLCHAIN=rustup or =debian forces one. C++ is built with clang, wasi-libc and libc++.
#[derive(clap::Args)]
pub struct Build {
    #[command(flatten)]
    directory: AppDirectory,
}

impl Build {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let config =
            Config::load_for_build(&self.directory.app, &capability::readers(capabilities))?;
        let sources: Vec<_> = config
            .modules
            .iter()
            .filter_map(|module| Some((module.source.as_deref()?, module.component.as_path())))
            .collect();
        if sources.is_empty() {
            output::tell(format_args!(
                "nothing to build: no module of {} has a `source`",
                self.directory.app.display()
            ));
            return Ok(Exit::Done);
        }
        for report in build_modules(&sources, &mut |line| output::tell(line))? {
            output::print(format_args!(
                "{} ({}) handles {}",
                report.component.display(),
                units::show_bytes(report.component_bytes as u64),
                report.fields.join(", ")
            ));
        }
        Ok(Exit::Done)
    }
}
