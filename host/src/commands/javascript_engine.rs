//! `mayfly javascript-engine`: what an archive brings, so that whoever installs it needs no compiler for modules in JavaScript.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use mayfly_telemetry::output;

use super::Exit;
use crate::build::javascript;

/// Write the engine that JavaScript modules are built with; it is compiled if this machine has none.
#[derive(clap::Args)]
pub struct JavaScriptEngine {
    /// The file to write
    file: PathBuf,
}

impl JavaScriptEngine {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let engine = javascript::engine(&mut |line| output::tell(line))?;
        let place = self.file.display();
        fs::write(&self.file, engine).with_context(|| format!("cannot write {place}"))?;
        output::print(format_args!("wrote {place}"));
        Ok(Exit::Done)
    }
}
