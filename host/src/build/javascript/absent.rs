//! What packages ask for and resolvers do not have: a part of Node, or a package that is not installed.
//!
//! Many need it in a corner that no resolver comes to. So the build names it, and a file stands in for it that fails when it is used. What
//! the module itself asks for is an error of the build.

use std::collections::BTreeMap;
use std::process::Command;

use super::packages::package;
use super::{missing, sdk};

/// How esbuild begins each of its complaints.
const COMPLAINT: &str = "✘ [ERROR] ";

/// A module that is not there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Absent {
    /// As it is imported.
    name: String,
    /// The first place in a package that does so: file, line and column.
    place: String,
}

/// What is not there, if that is all that esbuild complains about and packages alone ask for it.
pub(super) fn in_packages(said: &str) -> Option<Vec<Absent>> {
    let mut found = Vec::new();
    for complaint in said.split(COMPLAINT).skip(1) {
        let (name, rest) = complaint
            .strip_prefix("Could not resolve \"")?
            .split_once('"')?;
        let place = rest.lines().find(|line| line.starts_with("    "))?.trim();
        if name.starts_with(['.', '/', '#']) || !place.contains("node_modules/") {
            return None;
        }
        found.push(Absent {
            name: name.to_owned(),
            place: place.trim_end_matches(':').to_owned(),
        });
    }
    // esbuild reads many files at once, and complains in any order.
    found.sort_by(|one, other| (&one.place, &one.name).cmp(&(&other.place, &other.name)));
    found.dedup_by(|later, first| {
        later.name == first.name && package(&later.place) == package(&first.place)
    });
    Some(found).filter(|found| !found.is_empty())
}

/// Has esbuild put in what stands for it.
pub(super) fn give(command: &mut Command, absent: &[Absent]) -> anyhow::Result<()> {
    if absent.is_empty() {
        return Ok(());
    }
    let modules: BTreeMap<&str, &Absent> = absent
        .iter()
        .map(|module| (module.name.as_str(), module))
        .collect();
    let files: Vec<(String, String)> = modules
        .values()
        .map(|module| (module.file(), module.code()))
        .collect();
    let directory = sdk::lay_beside(&files)?;
    for (name, (file, _)) in modules.keys().zip(&files) {
        let file = directory.join(file);
        command.arg(format!("--alias:{name}={}", file.display()));
    }
    Ok(())
}

impl Absent {
    /// For whoever builds.
    pub(super) fn warning(&self) -> String {
        format!(
            "{}: {}; it fails when it is used",
            self.place,
            self.reason()
        )
    }

    fn reason(&self) -> String {
        missing::remedy_of_node(&self.name).unwrap_or_else(|| {
            format!(
                "`{}` is not installed, which this package can use",
                self.name
            )
        })
    }

    /// A part of Node is there and does nothing; a package that is not installed is not found, as in Node, which packages reckon with.
    fn code(&self) -> String {
        let kind = match self.name.as_str() {
            "stream" | "node:stream" => "stream",
            "fs" | "node:fs" => "fs",
            name if missing::remedy_of_node(name).is_some() => "part",
            _ => "package",
        };
        format!(
            "module.exports = require('../node/absent.cjs').{kind}({:?}, {:?});\n",
            self.name,
            self.reason()
        )
    }

    /// Where it lies beside the SDK.
    fn file(&self) -> String {
        let plain = |one: char| {
            if one.is_ascii_alphanumeric() || one == '-' {
                one
            } else {
                '_'
            }
        };
        format!(
            "absent/{}.cjs",
            self.name.chars().map(plain).collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "✘ [ERROR] Could not resolve \"fs\"\n\n    node_modules/reads/index.js:1:24:\n      1 │ require('fs')\n\n  The package \"fs\" wasn't found on the file system\n\n✘ [ERROR] Could not resolve \"fs\"\n\n    node_modules/writes/index.js:2:3:\n\n✘ [ERROR] Could not resolve \"mysql2/promise\"\n\n    node_modules/@b/knex/a.js:7:1:\n\n✘ [ERROR] Could not resolve \"fs\"\n\n    node_modules/writes/other.js:9:1:\n";

    #[test]
    fn what_packages_alone_ask_for_is_found_with_its_first_place() {
        let told: Vec<String> = in_packages(NODE)
            .iter()
            .flatten()
            .map(Absent::warning)
            .collect();
        assert_eq!(
            told,
            [
                "node_modules/@b/knex/a.js:7:1: `mysql2/promise` is not installed, which this package can use; it fails when it is used",
                "node_modules/reads/index.js:1:24: resolvers have no `fs`: a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server; it fails when it is used",
                "node_modules/writes/index.js:2:3: resolvers have no `fs`: a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server; it fails when it is used",
            ]
        );
    }

    #[test]
    fn what_the_module_asks_for_and_other_complaints_are_errors() {
        for more in [
            "✘ [ERROR] Could not resolve \"fs\"\n\n    index.js:1:24:\n",
            "✘ [ERROR] Could not resolve \"./gone\"\n\n    node_modules/x/index.js:1:24:\n",
            "✘ [ERROR] Expected \";\"\n\n    node_modules/x/index.js:1:24:\n",
        ] {
            assert_eq!(in_packages(&format!("{NODE}\n{more}")), None, "{more}");
        }
        assert_eq!(in_packages(""), None);
    }
}
