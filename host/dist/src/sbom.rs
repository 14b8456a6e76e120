//! The list of what is in the archive, for programs: CycloneDX 1.5. It has no time and no serial number, so that it is the same each time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metadata::Library;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    component: Component,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    licenses: Vec<License>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference>,
}

#[derive(Serialize)]
struct License {
    expression: String,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Vec<String>,
}

/// The list as JSON text.
pub fn sbom(libraries: &[Library]) -> anyhow::Result<String> {
    let archive = Component {
        kind: "application",
        reference: "mayfly-archive".to_owned(),
        name: "mayfly".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        purl: None,
        licenses: vec![License {
            expression: "MIT OR Apache-2.0".to_owned(),
        }],
        hashes: Vec::new(),
        external_references: Vec::new(),
    };
    let bom = Bom {
        bom_format: "CycloneDX",
        spec_version: "1.5",
        version: 1,
        metadata: Metadata { component: archive },
        components: libraries.iter().map(component).collect(),
        dependencies: dependencies(libraries),
    };
    Ok(serde_json::to_string_pretty(&bom)? + "\n")
}

fn dependencies(libraries: &[Library]) -> Vec<Dependency> {
    let references: BTreeMap<&str, String> = libraries
        .iter()
        .map(|library| (library.id.as_str(), purl(library)))
        .collect();
    let of = |library: &Library| {
        let uses = library.uses.iter();
        let mut depends_on: Vec<String> = uses
            .filter_map(|id| references.get(id.as_str()).cloned())
            .collect();
        depends_on.sort();
        Dependency {
            reference: purl(library),
            depends_on,
        }
    };
    libraries.iter().map(of).collect()
}

/// A package URL; what is of this repository is on no registry.
fn purl(library: &Library) -> String {
    let place = if library.source.is_some() {
        "cargo"
    } else {
        "generic"
    };
    format!("pkg:{place}/{}@{}", library.name, library.version)
}

fn component(library: &Library) -> Component {
    // Old manifests separate alternatives by a slash.
    let license = library.license.as_ref().map(|license| License {
        expression: license.replace('/', " OR "),
    });
    let hash = library.checksum.clone().map(|content| Hash {
        alg: "SHA-256",
        content,
    });
    let reference = library
        .repository
        .clone()
        .map(|url| Reference { kind: "vcs", url });
    Component {
        kind: "library",
        reference: purl(library),
        name: library.name.clone(),
        version: library.version.clone(),
        purl: Some(purl(library)),
        licenses: license.into_iter().collect(),
        hashes: hash.into_iter().collect(),
        external_references: reference.into_iter().collect(),
    }
}
