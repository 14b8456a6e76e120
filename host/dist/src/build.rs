//! Compiles the programs, with the paths of this machine taken out of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The profile of everyday builds: it shares what is built already, and keeps its paths.
const DEV: &str = "dev";

/// Builds the programs, and gives their directory.
pub fn build(root: &Path, profile: &str, epoch: u64) -> anyhow::Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .args(["build", "--locked", "--bins", "--profile", profile]);
    if profile == DEV {
        command.arg("--workspace");
    } else {
        command.args(["--package", "mayfly", "--package", "mayfly-embedded"]);
        let cargo = cargo_home()?;
        let places = [(root, "/mayfly"), (&cargo, "/cargo")];
        let rust = places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
        // Libraries in C know where they were compiled by `__FILE__`.
        let c = places.map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
        command
            .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\x1f"))
            .env("CFLAGS", c.join(" "))
            .env("CXXFLAGS", c.join(" "))
            .env("SOURCE_DATE_EPOCH", epoch.to_string());
    }
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the programs do not compile");
    }
    let directory = if profile == DEV { "debug" } else { profile };
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root.join("target"));
    Ok(target.join(directory))
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .context("neither CARGO_HOME nor HOME is set")
}

/// Runs a command to its end and gives what it wrote.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout).context("it did not answer with text")
}
