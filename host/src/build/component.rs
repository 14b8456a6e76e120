//! From a core module to a component that a host of this version would load.
//!
//! The SDK left two custom sections in the core module: the world it was written against, which the encoder reads and removes, and
//! the fields it handles, which stay where the host reads them. A guest for `wasm32-unknown-unknown` imports no WASI, so no
//! adapter is involved.

use anyhow::{Context, bail};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// The custom section in which an SDK lists the fields.
const FIELDS_SECTION: &str = "mayfly:fields";
/// What every import's name begins with.
const IMPORTS: &str = "mayfly:resolver/";
/// What the name of the one export begins with; its version follows.
const HANDLER: &str = "mayfly:resolver/handler@";
const PAGE_BYTES: u64 = 65_536;

/// A component, checked.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The fields it handles: `Type.field`.
    pub fields: Vec<String>,
    /// The linear memory an instance starts with.
    pub initial_memory_bytes: u64,
}

impl Component {
    /// Makes a component of a core module that an SDK compiled.
    ///
    /// # Errors
    ///
    /// When the module has no list of fields, imports anything but Mayfly's interfaces, or does not export the handler.
    pub fn from_core(core: &[u8]) -> anyhow::Result<Self> {
        let (fields, initial_memory_bytes) = inspect_core(core)?;
        let bytes = ComponentEncoder::default()
            .validate(true)
            .module(core)
            .and_then(|mut encoder| encoder.encode())
            .context("the module does not fit the world `mayfly:resolver/resolver`; build it against this version's SDK")?;
        check_world(&bytes)?;
        Ok(Self { bytes, fields, initial_memory_bytes })
    }
}

fn inspect_core(core: &[u8]) -> anyhow::Result<(Vec<String>, u64)> {
    let mut fields: Vec<String> = Vec::new();
    let mut memory_bytes = 0;
    for payload in Parser::new(0).parse_all(core) {
        match payload.context("it is not WebAssembly")? {
            Payload::CustomSection(section) if section.name() == FIELDS_SECTION => {
                let list = std::str::from_utf8(section.data()).context("its list of fields is not UTF-8")?;
                fields.extend(list.lines().filter(|line| !line.is_empty()).map(str::to_owned));
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    memory_bytes += memory.context("it is not WebAssembly")?.initial * PAGE_BYTES;
                }
            }
            _ => {}
        }
    }
    if fields.is_empty() {
        bail!("it lists no fields; list its resolvers with `mayfly_guest::resolvers!` at the root of the crate");
    }
    Ok((fields, memory_bytes))
}

/// Checks the component's own imports and exports, not those of the core modules inside.
fn check_world(component: &[u8]) -> anyhow::Result<()> {
    let (mut depth, mut handlers) = (0_usize, 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        match payload.context("the encoded component is not WebAssembly")? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import?.name.name;
                    if !name.starts_with(IMPORTS) {
                        bail!("it imports `{name}`, which Mayfly does not offer to Rust guests; use the SDK's modules instead");
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    handlers += usize::from(export?.name.name.starts_with(HANDLER));
                }
            }
            _ => {}
        }
    }
    if handlers != 1 {
        bail!("it does not export `{HANDLER}…`; call `mayfly_guest::resolvers!` at the root of the crate");
    }
    Ok(())
}
