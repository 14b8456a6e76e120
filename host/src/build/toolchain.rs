//! Which compiler builds Rust guests.
//!
//! Two are known: a Rust that has the target `wasm32-unknown-unknown` installed, which is used as it is; and Debian's `rustc-web`,
//! which has no prebuilt standard library for that target but brings its source, and builds it once. [`installer`]
//! names the script that installs either.

use anyhow::bail;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target guests are built for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The variable that forces one.
const CHOICE: &str = "GUEST_TOOLCHAIN";

/// How guests are linked, whoever links them; `guest/.cargo/config.toml` says the same to a cargo run by hand.
///
/// A stack of 64 KiB instead of 1 MiB brings data and heap into the pages that an instance slot keeps resident; a memory that
/// starts at 192 KiB, as much as a slot keeps resident, lets the SDK's arena serve most invocations without growing, which costs two
/// system calls each time, and leaves nothing to be unmapped afterwards.
pub(super) const LINK_FLAGS: [&str; 2] = [
    "-Clink-arg=-zstack-size=65536",
    "-Clink-arg=--initial-memory=196608",
];

/// Beginnings of variables that are set by cargo for what it runs (tests, `cargo run`), or by people for the host: none of it is meant
/// for guests.
const FOREIGN_VARIABLES: [&str; 5] = ["CARGO", "__CARGO", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"];

/// Beginnings of those among them that say where things are and how to get them.
const KEPT_VARIABLES: [&str; 5] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
];

/// What make says to the programs it runs.
const MAKE_VARIABLES: [&str; 2] = ["MAKEFLAGS", "MFLAGS"];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld";

/// A compiler for Rust guests, found to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toolchain {
    /// The Rust on the path, with the target installed.
    Rustup,
    /// Debian's `rustc-web cargo-web rust-web-src lld`.
    Debian,
}

impl Toolchain {
    /// Finds one: what `GUEST_TOOLCHAIN` says, else an installed target, else Debian's packages.
    ///
    /// # Errors
    ///
    /// When there is none, with what to install.
    pub fn find() -> anyhow::Result<Self> {
        let choice = std::env::var(CHOICE).unwrap_or_default();
        Self::choose(&choice, has_target, has_debian_packages)
    }

    fn choose(
        choice: &str,
        has_target: fn() -> bool,
        has_debian: fn() -> bool,
    ) -> anyhow::Result<Self> {
        match choice {
            "" if has_target() => Ok(Self::Rustup),
            "" if has_debian() => Ok(Self::Debian),
            "" => {
                bail!(
                    "no toolchain for Rust guests: run `rustup target add {TARGET}`, or {}, which installs one",
                    installer()
                )
            }
            "rustup" if has_target() => Ok(Self::Rustup),
            "rustup" => bail!(
                "{CHOICE}=rustup, but the target is not installed: run `rustup target add {TARGET}`"
            ),
            "debian" if has_debian() => Ok(Self::Debian),
            "debian" => bail!(
                "{CHOICE}=debian, but its packages are not installed: run `apt-get install rustc-web cargo-web rust-web-src lld`"
            ),
            other => {
                bail!("{CHOICE}={other} is unknown: set it to rustup or debian, or leave it out")
            }
        }
    }

    /// The toolchain's cargo, in a directory, with nothing of the host's build in its environment.
    pub(super) fn cargo(self, directory: &Path) -> Command {
        let mut command = match self {
            Self::Rustup => clean("cargo"),
            Self::Debian => clean(DEBIAN_CARGO),
        };
        if self == Self::Debian {
            // Building the standard library is an unstable option of cargo, which this variable permits to a stable one.
            command
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
        }
        command.current_dir(directory);
        command
    }

    /// What this toolchain's `cargo build` needs beyond the target.
    pub(super) fn build_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Rustup => &[],
            Self::Debian => &["-Zbuild-std=std,panic_abort"],
        }
    }
}

/// The script that installs toolchains: in `share/mayfly` beside the program of an archive, or in this repository.
pub(super) fn installer() -> String {
    let program = std::env::current_exe().ok();
    let shared = program.as_deref().and_then(|program| {
        Some(
            program
                .parent()?
                .parent()?
                .join("share/mayfly/toolchain.sh"),
        )
    });
    match shared.filter(|script| script.is_file()) {
        Some(script) => script.display().to_string(),
        None => "guest/toolchain.sh".to_owned(),
    }
}

fn has_target() -> bool {
    sysroot("rustc").is_some_and(|root| root.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn has_debian_packages() -> bool {
    [DEBIAN_CARGO, DEBIAN_LINKER]
        .iter()
        .all(|file| Path::new(file).exists())
        && sysroot(DEBIAN_RUSTC).is_some_and(|root| {
            root.join("lib/rustlib/src/rust/library/std/Cargo.toml")
                .exists()
        })
}

fn sysroot(rustc: &str) -> Option<PathBuf> {
    let output = clean(rustc).args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim()))
}

fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(is_foreign) {
            command.env_remove(variable);
        }
    }
    command
}

/// Whether a variable of the environment is about another build than that of guests.
fn is_foreign(variable: &str) -> bool {
    let begins = |beginnings: &[&str]| {
        beginnings
            .iter()
            .any(|beginning| variable.starts_with(beginning))
    };
    MAKE_VARIABLES.contains(&variable) || begins(&FOREIGN_VARIABLES) && !begins(&KEPT_VARIABLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(choice: &str, target: bool, debian: bool) -> Result<Toolchain, String> {
        let answer = |there: bool| -> fn() -> bool { if there { || true } else { || false } };
        Toolchain::choose(choice, answer(target), answer(debian)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_installed_target_is_used_before_debians_packages() {
        assert_eq!(choose("", true, true), Ok(Toolchain::Rustup));
        assert_eq!(choose("", false, true), Ok(Toolchain::Debian));
        assert_eq!(choose("debian", true, true), Ok(Toolchain::Debian));
        assert_eq!(choose("rustup", true, true), Ok(Toolchain::Rustup));
    }

    #[test]
    fn a_toolchain_that_is_not_there_names_what_to_install() {
        for (choice, remedy) in [
            ("", "guest/toolchain.sh"),
            ("", "rustup target add wasm32-unknown-unknown"),
            ("rustup", "rustup target add wasm32-unknown-unknown"),
            (
                "debian",
                "apt-get install rustc-web cargo-web rust-web-src lld",
            ),
            ("nix", "set it to rustup or debian"),
        ] {
            let message = choose(choice, false, false).err().unwrap_or_default();
            assert!(message.contains(remedy), "{message}");
        }
    }

    #[test]
    fn what_is_set_for_another_build_is_not_for_guests() {
        for foreign in [
            "CARGO",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_RESOLVER_FEATURE_UNIFICATION",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_RELEASE_LTO",
            "MAKEFLAGS",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
        ] {
            assert!(is_foreign(foreign), "{foreign}");
        }
        for kept in [
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_OURS_INDEX",
            "HOME",
            "PATH",
            "RUSTUP_HOME",
        ] {
            assert!(!is_foreign(kept), "{kept}");
        }
    }

    #[test]
    fn a_cargo_run_by_hand_links_guests_the_same_way() {
        let config = include_str!("../../../guest/.cargo/config.toml");
        let flags: Vec<&str> = config
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
            .collect();
        assert_eq!(flags, LINK_FLAGS);
    }
}
