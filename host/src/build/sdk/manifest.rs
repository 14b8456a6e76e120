//! The Cargo.toml of the Rust SDK without the workspace it is developed in, as `cargo package` would write it.

/// The workspace of the guests in this repository.
const WORKSPACE: &str = include_str!("../../../../guest/Cargo.toml");
const MANIFEST: &str = include_str!("../../../../guest/sdk/rust/Cargo.toml");

/// What stands in front. Without a build script, nothing of the SDK runs when a guest is compiled.
const HEAD: &str = "# Written by `mayfly sdk rust`; its files are listed in SHA256SUMS.\n";

/// The manifest, which names no workspace.
pub(super) fn standalone() -> String {
    let mut text = HEAD.to_owned();
    let mut skipped = false;
    for line in MANIFEST.lines() {
        if line.starts_with('[') {
            skipped = line == "[lints]";
        }
        if skipped {
            continue;
        }
        let inherited = line
            .split_once(".workspace = true")
            .map(|(key, _)| (key, "[workspace.package]"))
            .or_else(|| {
                line.split_once(" = { workspace = true }")
                    .map(|(key, _)| (key, "[workspace.dependencies]"))
            });
        match inherited {
            None => text.push_str(line),
            Some((key, table)) => {
                text.push_str(value(table, key).unwrap_or(line));
            }
        }
        text.push('\n');
        if line == "[package]" {
            text.push_str("build = false\n");
        }
    }
    text.trim_end().to_owned() + "\n"
}

/// The line of a key in a table of the workspace.
fn value(table: &str, key: &str) -> Option<&'static str> {
    let (_, rest) = WORKSPACE.split_once(&format!("\n{table}\n"))?;
    rest.lines()
        .take_while(|line| !line.starts_with('['))
        .find(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(" = "))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_stands_alone() {
        let manifest = standalone();
        assert!(!manifest.contains("workspace"), "{manifest}");
        for line in [
            "name = \"mayfly-guest\"",
            "build = false",
            "license = \"MIT OR Apache-2.0\"",
            "serde_json = \"1\"",
            "default = [\"arena\"]",
        ] {
            assert!(
                manifest.lines().any(|there| there == line),
                "{line}: {manifest}"
            );
        }
        let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(
            manifest.contains(&version),
            "the SDK has the program's version"
        );
    }
}
