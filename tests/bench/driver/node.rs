//! The Node peers' packages: installed at the exact versions of `node/package-lock.json`, and what is wrong with those that are not
//! there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json_plain::Value;

use crate::contender::NODE_DIRECTORY;

/// The only package with native code.
const NATIVE: &str = "isolated-vm";

/// What became of the installation.
pub(crate) struct Installed {
    /// Why no package can be used.
    all: Option<String>,
    /// Why the native one cannot be used.
    native: Option<String>,
}

impl Installed {
    /// Why a package cannot be used.
    pub(crate) fn problem(&self, package: &str) -> Option<String> {
        let native = if package == NATIVE {
            self.native.as_ref()
        } else {
            None
        };
        self.all.as_ref().or(native).cloned()
    }
}

/// Installs what these packages need.
pub(crate) fn install(packages: &[&str]) -> Installed {
    let reason = |result: anyhow::Result<()>| result.err().map(|error| format!("{error:#}"));
    let all = if packages.is_empty() {
        None
    } else {
        reason(install_packages())
    };
    let native = if all.is_none() && packages.contains(&NATIVE) {
        reason(build_native())
    } else {
        None
    };
    Installed { all, native }
}

/// The installed version of a package.
pub(crate) fn version(package: &str) -> Option<String> {
    let text = fs::read_to_string(
        directory()
            .join("node_modules")
            .join(package)
            .join("package.json"),
    )
    .ok()?;
    let package: Value = serde_json_plain::from_str(&text).ok()?;
    Some(package.get("version")?.as_str()?.to_owned())
}

/// The names and exact versions that `package.json` asks for.
pub(crate) fn wanted() -> anyhow::Result<Vec<(String, String)>> {
    let package: Value =
        serde_json_plain::from_str(&fs::read_to_string(directory().join("package.json"))?)?;
    let dependencies = package
        .get("dependencies")
        .and_then(Value::as_object)
        .context("package.json has no dependencies")?;
    Ok(dependencies
        .iter()
        .filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())))
        .collect())
}

fn directory() -> &'static Path {
    Path::new(NODE_DIRECTORY)
}

fn install_packages() -> anyhow::Result<()> {
    if wanted()?
        .iter()
        .all(|(name, wanted)| version(name).as_ref() == Some(wanted))
    {
        return Ok(());
    }
    eprintln!("installing the Node peers (npm ci)");
    // Scripts are for native code, which is built apart: without it the others still run.
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
}

fn build_native() -> anyhow::Result<()> {
    if load_native().is_ok() {
        return Ok(());
    }
    eprintln!("building {NATIVE} (minutes)");
    let mut command = Command::new("npm");
    command.args(["rebuild", NATIVE, "--foreground-scripts"]);
    if let Some(prefix) = headers() {
        // Node's own headers need no download.
        command.env("npm_config_nodedir", prefix);
    }
    run(&mut command)?;
    load_native()
}

fn load_native() -> anyhow::Result<()> {
    run(Command::new("node").args(["--no-node-snapshot", "--eval", "require('isolated-vm')"]))
}

/// The directory whose `include/node` has the headers of the Node on the path.
fn headers() -> Option<PathBuf> {
    let output = Command::new("node")
        .args(["--print", "process.execPath"])
        .output()
        .ok()?;
    let program = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let prefix = program.parent()?.parent()?.to_path_buf();
    prefix
        .join("include/node/node.h")
        .exists()
        .then_some(prefix)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let what = words.join(" ");
    let output = command
        .current_dir(directory())
        .output()
        .with_context(|| format!("cannot run `{what}`"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "`{what}` failed: {}",
        telling_line(&String::from_utf8_lossy(&output.stderr))
    )
}

/// The line of a failed command's complaints that says most: the first error of a compiler, make or Node, else of npm.
fn telling_line(said: &str) -> &str {
    let first = |signs: &[&str]| {
        said.lines()
            .find(|line| signs.iter().any(|sign| line.contains(sign)))
    };
    first(&["error:", "Error:", "*** ["])
        .or_else(|| first(&["npm error"]))
        .or_else(|| said.lines().last())
        .unwrap_or("no reason")
        .trim()
}

#[cfg(test)]
mod tests {
    use super::telling_line;

    #[test]
    fn the_first_error_is_what_is_reported() {
        let built = "gyp info it worked\nx.cc:1:2: error: no such thing\nmake: *** [x.o] Error 1\nnpm error code 1\n";
        assert_eq!(telling_line(built), "x.cc:1:2: error: no such thing");
        let fetched = "npm warn old\nnpm error code ENOTFOUND\nnpm error A complete log of this run can be found in: x\n";
        assert_eq!(telling_line(fetched), "npm error code ENOTFOUND");
        assert_eq!(telling_line(""), "no reason");
    }
}
