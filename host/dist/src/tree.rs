//! What is in the archive, and where.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::build::output;
use crate::metadata::Library;
use crate::{notices, sbom};

/// The programs; the second is found beside the first.
pub const PROGRAMS: [&str; 2] = ["mayfly", "mayfly-embedded"];

/// Files and directories that are copied as they are: from the repository, to the archive.
const COPIED: [(&str, &str); 13] = [
    ("README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("docs", "docs"),
    ("wit", "share/mayfly/wit"),
    ("host/src/http/ide.html", "share/mayfly/page.html"),
    ("host/workers", "share/mayfly/workers"),
    ("guest/toolchain.sh", "share/mayfly/toolchain.sh"),
    (
        "host/dist/files/mayfly.service",
        "share/mayfly/mayfly.service",
    ),
    ("host/dist/files/Containerfile", "Containerfile"),
    ("guest/apps/students", "share/mayfly/sample"),
    ("guest/Cargo.lock", "share/mayfly/sample/Cargo.lock"),
];

/// Where the program looks for the engine of JavaScript.
const ENGINE: &str = "share/mayfly/javascript-engine.wasm";

/// Empty: what the store of a container gets its owner from.
const STATE: &str = "share/mayfly/state";

/// What builds and servers leave in an app.
const LEFT: [&str; 2] = [".mayfly", "target"];

/// Shells, and how the file of each is called.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "mayfly.bash"),
    ("zsh", "_mayfly"),
    ("fish", "mayfly.fish"),
];

/// Makes the tree in place of an earlier one.
pub fn make(
    root: &Path,
    programs: &Path,
    libraries: &[Library],
    tree: &Path,
) -> anyhow::Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    for program in PROGRAMS {
        let to = tree.join("bin").join(program);
        copy(&programs.join(program), &to)?;
        output(Command::new("strip").arg("--strip-all").arg(&to))?;
    }
    build_sample(root, programs)?;
    make_engine(programs, &tree.join(ENGINE))?;
    let state = tree.join(STATE);
    fs::create_dir_all(&state).with_context(|| format!("cannot make {}", state.display()))?;
    for (from, to) in COPIED {
        copy(&root.join(from), &tree.join(to))?;
    }
    let share = tree.join("share/mayfly");
    write(&share.join("sample/Cargo.toml"), &sample_workspace(root)?)?;
    let program = tree.join("bin/mayfly");
    for language in ["rust", "cpp", "js"] {
        let sdk = share.join("sdk").join(language);
        output(Command::new(&program).args(["sdk", language]).arg(sdk))?;
    }
    for (shell, file) in SHELLS {
        let text = output(Command::new(&program).args(["completions", shell]))?;
        write(&share.join("completions").join(file), &text)?;
    }
    let schema = output(Command::new(&program).args(["config", "schema"]))?;
    write(&share.join("mayfly.schema.json"), &schema)?;
    write(&share.join("sbom.cdx.json"), &sbom::sbom(libraries)?)?;
    write(
        &tree.join("THIRD-PARTY-NOTICES.txt"),
        &notices::notices(libraries)?,
    )
}

/// Writes the engine of JavaScript, so that whoever writes in it needs no compiler.
fn make_engine(programs: &Path, file: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    let program = programs.join("mayfly");
    output(Command::new(program).arg("javascript-engine").arg(file)).map(drop)
}

/// The sample's components, which are not in the repository.
fn build_sample(root: &Path, programs: &Path) -> anyhow::Result<()> {
    let program = programs.join("mayfly");
    output(
        Command::new(program)
            .current_dir(root)
            .args(["build", "guest/apps/students"]),
    )
    .map(drop)
}

/// The workspace of this repository's guests as that of the sample alone, with the SDK where the archive has it.
fn sample_workspace(root: &Path) -> anyhow::Result<String> {
    let path = root.join("guest/Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut workspace = String::new();
    for line in text.lines() {
        let line = if line.starts_with("members = ") {
            "members = [\"modules/*\"]".to_owned()
        } else {
            line.replace("path = \"sdk/rust\"", "path = \"../sdk/rust\"")
        };
        workspace.push_str(&line);
        workspace.push('\n');
    }
    if !workspace.contains("../sdk/rust") || !workspace.contains("modules/*\"]") {
        bail!("{} is not as this expects it", path.display());
    }
    Ok(workspace)
}

/// Copies a file, or a directory with everything in it; links become what they lead to.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if from.is_dir() {
        let entries =
            fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
        for entry in entries {
            let name = entry?.file_name();
            if !LEFT.iter().any(|left| name == *left) {
                copy(&from.join(&name), &to.join(&name))?;
            }
        }
        return Ok(());
    }
    let directory = to.parent().unwrap_or(to);
    fs::create_dir_all(directory)
        .and_then(|()| fs::copy(from, to))
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn write(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}
