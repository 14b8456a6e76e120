//! The world of resolvers, from the WIT files that this program was built with: for sources that bring no bindings of their own.

use anyhow::{Context, anyhow};
use wit_component::StringEncoding;
use wit_parser::{Resolve, SourceMap, WorldId};

/// `wit/`, file by file.
const FILES: [(&str, &str); 11] = [
    ("clock.wit", include_str!("../../../wit/clock.wit")),
    ("context.wit", include_str!("../../../wit/context.wit")),
    ("dynamodb.wit", include_str!("../../../wit/dynamodb.wit")),
    ("handler.wit", include_str!("../../../wit/handler.wit")),
    ("http.wit", include_str!("../../../wit/http.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("pending.wit", include_str!("../../../wit/pending.wit")),
    ("random.wit", include_str!("../../../wit/random.wit")),
    ("sql.wit", include_str!("../../../wit/sql.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("worker.wit", include_str!("../../../wit/worker.wit")),
];
/// The file that has the package's name and the world.
const WORLD_FILE: (&str, &str) = ("world.wit", include_str!("../../../wit/world.wit"));

/// The world's name.
pub(super) const WORLD: &str = "resolver";

/// What the section begins with in which a core module says for which world it was written.
const TYPE_SECTION: &str = "component-type";

/// All of them, by name.
pub(super) fn wit_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.into_iter().chain([WORLD_FILE])
}

/// Reads the world.
pub(super) fn world() -> anyhow::Result<(Resolve, WorldId)> {
    let mut sources = SourceMap::new();
    for (name, text) in wit_files() {
        sources.push_str(name, text);
    }
    let package = sources
        .parse()
        .map_err(|(_, error)| anyhow!("the WIT files of this version do not parse: {error}"))?;
    let mut resolve = Resolve::default();
    let package = resolve
        .push_group(package)
        .map_err(|error| anyhow!("the WIT files of this version do not fit: {error}"))?;
    let world = resolve
        .select_world(&[package], Some(WORLD))
        .context("the WIT files of this version lack their world")?;
    Ok((resolve, world))
}

/// Writes into a core module that it is of this world, unless it says already of which it is.
pub(super) fn say_world(core: &mut Vec<u8>) -> anyhow::Result<()> {
    for payload in wasmparser::Parser::new(0).parse_all(core) {
        if let wasmparser::Payload::CustomSection(section) =
            payload.context("it is not WebAssembly")?
            && section.name().starts_with(TYPE_SECTION)
        {
            return Ok(());
        }
    }
    let (resolve, world) = world()?;
    wit_component::embed_component_metadata(core, &resolve, world, StringEncoding::UTF8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn every_wit_file_is_in_the_program() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let there = std::fs::read_dir(directory).unwrap().count();
        assert_eq!(there, FILES.len() + 1);
        assert_eq!(world().unwrap().0.packages.len(), 1);
    }
}
