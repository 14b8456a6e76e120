//! From a core module to a component that a host of this version would load.
//!
//! An SDK left two custom sections in the core module: the world it was written against, which the encoder reads and removes, and
//! the fields it handles, which stay where the host reads them. A module that names no world is taken to be of this version's. A
//! Rust guest imports no WASI; for one whose libc does, the adapter is added that speaks WASI 0.2 to the host.

use anyhow::{Context, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER_NAME,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use super::world::say_world;

/// The custom section in which an SDK lists the fields.
const FIELDS_SECTION: &str = "mayfly:fields";
/// What every import's name begins with: the world's own, and WASI's, of which the host says what it has when it loads the file.
const IMPORTS: [&str; 2] = ["mayfly:resolver/", "wasi:"];
/// What the name of the one export begins with; its version follows.
const HANDLER: &str = "mayfly:resolver/handler@";
const PAGE_BYTES: u64 = 65_536;

/// A component, checked.
#[derive(Debug, Clone)]
pub struct Component {
    pub bytes: Vec<u8>,
    /// The fields it handles: `Type.field`.
    pub fields: Vec<String>,
    /// The linear memory an instance starts with.
    pub initial_memory_bytes: u64,
}

impl Component {
    /// Makes a component of a core module that a compiler gave; a component stays what it is.
    ///
    /// # Errors
    ///
    /// When it has no list of fields, imports what Mayfly does not offer, or does not export the handler.
    pub fn new(mut bytes: Vec<u8>) -> anyhow::Result<Self> {
        let (fields, initial_memory_bytes) = inspect(&bytes)?;
        if Parser::is_core_wasm(&bytes) {
            say_world(&mut bytes)?;
            bytes = ComponentEncoder::default()
                .validate(true)
                .module(&bytes)
                .and_then(|encoder| encoder.adapter(ADAPTER_NAME, ADAPTER))
                .and_then(|mut encoder| encoder.encode())
                .context("the module does not fit the world `mayfly:resolver/resolver`; build it against this version's SDK")?;
        }
        check_world(&bytes)?;
        Ok(Self {
            bytes,
            fields,
            initial_memory_bytes,
        })
    }
}

fn inspect(bytes: &[u8]) -> anyhow::Result<(Vec<String>, u64)> {
    let mut fields: Vec<String> = Vec::new();
    let mut memory_bytes = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.context("it is not WebAssembly")? {
            Payload::CustomSection(section) if section.name() == FIELDS_SECTION => {
                let list = std::str::from_utf8(section.data())
                    .context("its list of fields is not UTF-8")?;
                fields.extend(
                    list.lines()
                        .filter(|line| !line.is_empty())
                        .map(str::to_owned),
                );
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
        bail!(
            "it lists no fields; list its resolvers with the SDK, or write the section `{FIELDS_SECTION}` (`Query.field`, one per line)"
        );
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
                    if !IMPORTS.iter().any(|known| name.starts_with(known)) {
                        bail!(
                            "it imports `{name}`, which Mayfly does not offer; use the SDK's modules instead"
                        );
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
        bail!("it does not export `{HANDLER}…`; list its resolvers with the SDK");
    }
    Ok(())
}
