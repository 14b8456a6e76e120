//! Makes components from random bytes: modules of `wasm-smith` in the exact shape of the world in `wit/`, encoded as `mayfly build` does.
//!
//! Reads records from standard input and answers each on standard output; a record is its length (32 bits, little endian) and that
//! many bytes. The answer to bytes that make no component is empty.

use std::io::{self, Read, Write};

use arbitrary::{Arbitrary, Unstructured};
use wasm_smith::{Config, Module};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

/// The custom section that says which fields a component handles: its kind, its length, its name with length, `Query.run`.
const FIELDS: &[u8] = b"\0\x18\x0dmayfly:fieldsQuery.run\n";

fn main() -> anyhow::Result<()> {
    let world = World::read()?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut entropy = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut entropy)?;
        let component = world.component(&entropy).unwrap_or_default();
        output.write_all(&u32::try_from(component.len())?.to_le_bytes())?;
        output.write_all(&component)?;
        output.flush()?;
    }
    Ok(())
}

/// Our world, and the shape of a core module that implements it.
struct World {
    resolve: Resolve,
    id: WorldId,
    shape: Vec<u8>,
}

impl World {
    fn read() -> anyhow::Result<Self> {
        let mut resolve = Resolve::default();
        let (package, _) =
            resolve.push_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../wit"))?;
        let id = resolve.select_world(&[package], Some("resolver"))?;
        let shape = dummy_module(&resolve, id, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
        Ok(Self { resolve, id, shape })
    }

    /// A component from random bytes, if they make one.
    fn component(&self, entropy: &[u8]) -> Option<Vec<u8>> {
        let mut entropy = Unstructured::new(entropy);
        let config = self.config(&mut entropy).ok()?;
        let mut module = Module::new(config, &mut entropy).ok()?.to_bytes();
        module.extend_from_slice(FIELDS);
        embed_component_metadata(&mut module, &self.resolve, self.id, StringEncoding::UTF8).ok()?;
        ComponentEncoder::default()
            .validate(false)
            .module(&module)
            .ok()?
            .encode()
            .ok()
    }

    fn config(&self, entropy: &mut Unstructured<'_>) -> arbitrary::Result<Config> {
        let mut shape = self.shape.clone();
        // The shape's memory has no pages; most guests start with some.
        if let Some(pages) = pages_of_first_memory(&mut shape) {
            *pages = *entropy.choose(&[0, 1, 8, 80])?;
        }
        Ok(Config {
            module_shape: Some(shape),
            allow_start_export: Arbitrary::arbitrary(entropy)?,
            max_memories: entropy.int_in_range(1..=5)?,
            max_memory32_bytes: 1 << entropy.int_in_range(16_u32..=32)?,
            memory_max_size_required: Arbitrary::arbitrary(entropy)?,
            max_tables: entropy.int_in_range(0..=5)?,
            max_table_elements: 10_u64.pow(entropy.int_in_range(0..=6)?),
            max_instructions: entropy.int_in_range(5..=300)?,
            max_funcs: 20,
            // Beyond what the host lets in: its tables hold functions, and references to other things are refused.
            reference_types_enabled: entropy.ratio(1_u8, 16)?,
            exceptions_enabled: false,
            gc_enabled: false,
            memory64_enabled: false,
            threads_enabled: false,
            ..Config::default()
        })
    }
}

/// The byte that says how many pages the module's first memory starts with, when it is one byte.
fn pages_of_first_memory(module: &mut [u8]) -> Option<&mut u8> {
    let sections = Parser::new(0)
        .parse_all(module)
        .filter_map(|payload| match payload {
            Ok(Payload::MemorySection(memories)) => Some(memories.range()),
            _ => None,
        });
    // The number of memories, then the first one's flags, then its pages.
    let range = sections.last()?;
    module
        .get_mut(range.start + 2)
        .filter(|pages| **pages < 128)
}
