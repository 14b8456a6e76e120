//! `make dist`: the archive that users install.
//!
//! In the order of the files: `build` compiles the program so that the same sources give the same bytes, [`metadata`] reads which
//! libraries are in it, [`sbom`] and [`notices`] write them down, [`tree`] puts everything together and [`archive`] packs it.
//!
//! Nothing of the machine gets into the archive: no path, no user, no time but that of the commit.

mod archive;
mod build;
mod metadata;
mod notices;
mod sbom;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;

/// Make the archive that users install.
#[derive(Parser)]
struct Arguments {
    /// The cargo profile to build with
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Where the archive is written
    #[arg(long, default_value = "target/archive")]
    out: PathBuf,
    /// Take the programs of this directory as they are, and build nothing
    #[arg(long)]
    programs: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let root = std::env::current_dir().context("there is no working directory")?;
    let epoch = epoch(&root)?;
    let programs = match arguments.programs {
        Some(programs) => programs,
        None => build::build(&root, &arguments.profile, epoch)?,
    };
    let libraries = metadata::libraries(&root)?;
    let name = format!(
        "mayfly-{}-{}-linux",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH
    );
    let tree = arguments.out.join(&name);
    tree::make(&root, &programs, &libraries, &tree)?;
    let archive = archive::pack(&arguments.out, &name, epoch)?;
    report(&tree, &archive)
}

/// Seconds since 1970 that every file of the archive gets: what the environment says, or when the commit was made.
fn epoch(root: &Path) -> anyhow::Result<u64> {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok();
    let text = match set.filter(|text| !text.is_empty()) {
        Some(text) => text,
        None => build::output(std::process::Command::new("git").current_dir(root).args([
            "log",
            "-1",
            "--format=%ct",
        ]))
        .context("set SOURCE_DATE_EPOCH if there is no git")?,
    };
    text.trim()
        .parse()
        .context("SOURCE_DATE_EPOCH must be seconds since 1970")
}

#[expect(clippy::print_stdout, reason = "a command says what it made")]
fn report(tree: &Path, archive: &Path) -> anyhow::Result<()> {
    let mib = |path: &Path| -> anyhow::Result<f64> {
        let bytes = std::fs::metadata(path)?.len();
        Ok(bytes as f64 / f64::from(1 << 20))
    };
    for program in tree::PROGRAMS {
        println!(
            "{program}: {:.1} MiB",
            mib(&tree.join("bin").join(program))?
        );
    }
    println!("{}: {:.1} MiB", archive.display(), mib(archive)?);
    println!("sha256 {}", archive::digest(archive)?);
    Ok(())
}
