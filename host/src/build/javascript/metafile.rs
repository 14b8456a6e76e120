//! What esbuild says of a bundle that it made.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

const LIMITS: mayfly_json::Limits = mayfly_json::Limits::of_bytes(64 << 20);

/// As far as it matters here.
#[derive(Deserialize)]
pub(super) struct Metafile {
    inputs: BTreeMap<String, Input>,
    outputs: BTreeMap<String, Output>,
}

#[derive(Deserialize)]
struct Input {
    format: Option<String>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(rename = "entryPoint")]
    entry_point: Option<String>,
}

impl Metafile {
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        mayfly_json::read(text, LIMITS)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("cannot read what esbuild says of the bundle")
    }

    /// The files in the bundle.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.inputs.keys().map(String::as_str)
    }

    /// Whether the file that the bundle begins with is CommonJS.
    pub(super) fn begins_with_common_js(&self) -> bool {
        self.outputs
            .values()
            .filter_map(|output| self.inputs.get(output.entry_point.as_deref()?))
            .any(|entry| entry.format.as_deref() == Some("cjs"))
    }
}
