//! A component of a given size, for what compiling a larger one costs those who ask meanwhile. It is never asked anything.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// The module that it is of, and its part of the configuration.
pub(super) const MODULE: &str = "large";
pub(super) const CONFIGURATION: &str = "[modules.large]\ncomponent = \"large/large.wasm\"\n";
/// Its part of the schema.
pub(super) const SCHEMA: &str =
    "extend type Query { \"Nobody asks it.\" large: Int @resolve(module: \"large\") }\n";

/// What one of its functions takes, in bytes.
const FUNCTION_BYTES: usize = 330;

const OWN_APP: &str = "schema = \"schema.graphql\"\n[modules.large]\ncomponent = \"large.wasm\"\nsource = \"large.wat\"\n";
const OWN_SCHEMA: &str = "directive @resolve(module: String!, needs: String) on FIELD_DEFINITION\ntype Query { large: Int @resolve(module: \"large\") }\n";

/// Builds a component of about this many bytes in a directory.
pub(super) fn build(programs: &Path, directory: &Path, bytes: usize) -> anyhow::Result<Vec<u8>> {
    fs::create_dir_all(directory)?;
    let text = text(bytes / FUNCTION_BYTES);
    for (name, text) in [
        ("large.wat", text.as_str()),
        ("mayfly.toml", OWN_APP),
        ("schema.graphql", OWN_SCHEMA),
    ] {
        fs::write(directory.join(name), text)?;
    }
    let output = Command::new(programs.join("mayfly"))
        .arg("build")
        .arg(directory)
        .output()?;
    ensure!(
        output.status.success(),
        "`mayfly build` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read(directory.join("large.wasm")).context("`mayfly build` made no component")
}

/// Functions that differ, each with what code is made of: arithmetic, memory, branches, a loop, calls.
fn text(functions: usize) -> String {
    let mut text = "(module (memory (export \"memory\") 1)\n\
        (func (export \"mayfly:resolver/handler@0.1.0#resolve\") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)\n\
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))\n\
        (@custom \"mayfly:fields\" \"Query.large\\n\")\n"
        .to_owned();
    for number in 0..functions {
        text.push_str(&function(number));
    }
    text.push(')');
    text
}

fn function(number: usize) -> String {
    let steps: String = (0..12)
        .map(|step| {
            let seed = number * 31 + step * 7;
            format!(
                "(if (i32.lt_u (local.get $a) (i32.const {limit})) \
                   (then (local.set $b (i32.add (local.get $b) (i32.mul (local.get $a) (i32.const {seed}))))) \
                   (else (i32.store offset={offset} (local.get $p) (i32.xor (local.get $b) (local.get $a)))))\n",
                limit = seed % 4_093,
                offset = seed % 509,
            )
        })
        .collect();
    let callee = if number == 0 {
        "(local.get $a)".to_owned()
    } else {
        format!("(call $f{} (local.get $b) (local.get $p))", number / 2)
    };
    format!(
        "(func $f{number} (export \"f{number}\") (param $a i32) (param $p i32) (result i32) (local $b i32)\n\
           {steps} (loop $again (local.set $a (i32.shr_u (local.get $a) (i32.const 1))) \
           (br_if $again (local.get $a))) (i32.add (local.get $b) {callee}))\n"
    )
}
