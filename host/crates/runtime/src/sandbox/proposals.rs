//! What guests may use of WebAssembly, proposal by proposal.
//!
//! Everything that is not named here is off, whatever the engine's own defaults become. Components are checked against this list before
//! the engine sees them, so that what they use is refused by name.

use wasmparser::{Validator, WasmFeatures};

/// The proposals that are accepted: what compilers for languages emit by default.
pub(super) const ACCEPTED: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);

/// The others, in the words of whoever chooses a compiler's flags. What builds on another comes after it.
const REFUSED: [(WasmFeatures, &str); 23] = [
    (WasmFeatures::MEMORY64, "64-bit memories (memory64)"),
    (WasmFeatures::THREADS, "threads and shared memory (threads)"),
    (
        WasmFeatures::GC_TYPES,
        "references to objects of the host (externref)",
    ),
    (
        WasmFeatures::EXCEPTIONS.union(WasmFeatures::GC_TYPES),
        "exceptions (exception-handling)",
    ),
    (
        WasmFeatures::LEGACY_EXCEPTIONS,
        "exceptions in their old form (legacy exceptions)",
    ),
    (
        WasmFeatures::FUNCTION_REFERENCES.union(WasmFeatures::GC_TYPES),
        "typed function references (function-references)",
    ),
    (
        WasmFeatures::GC
            .union(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::FUNCTION_REFERENCES),
        "garbage collection (gc)",
    ),
    (
        WasmFeatures::CUSTOM_PAGE_SIZES,
        "custom page sizes (custom-page-sizes)",
    ),
    (
        WasmFeatures::STACK_SWITCHING
            .union(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::FUNCTION_REFERENCES)
            .union(WasmFeatures::EXCEPTIONS),
        "stack switching (stack-switching)",
    ),
    (
        WasmFeatures::WIDE_ARITHMETIC,
        "wide arithmetic (wide-arithmetic)",
    ),
    (
        WasmFeatures::SHARED_EVERYTHING_THREADS
            .union(WasmFeatures::THREADS)
            .union(WasmFeatures::GC_TYPES),
        "shared everything (shared-everything-threads)",
    ),
    (
        WasmFeatures::MEMORY_CONTROL,
        "memory control (memory-control)",
    ),
    (
        WasmFeatures::CUSTOM_DESCRIPTORS
            .union(WasmFeatures::GC)
            .union(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::FUNCTION_REFERENCES),
        "custom descriptors (custom-descriptors)",
    ),
    (
        WasmFeatures::COMPACT_IMPORTS,
        "compact imports (compact-imports)",
    ),
    (
        WasmFeatures::CM_ASYNC
            .union(WasmFeatures::CM_ASYNC_STACKFUL)
            .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS),
        "asynchronous components (component-model-async)",
    ),
    (
        WasmFeatures::CM_THREADING
            .union(WasmFeatures::CM_ASYNC)
            .union(WasmFeatures::CM_ASYNC_STACKFUL)
            .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS),
        "threads of components (component-model-threading)",
    ),
    (
        WasmFeatures::CM_ERROR_CONTEXT.union(WasmFeatures::CM_ASYNC),
        "error contexts (component-model-error-context)",
    ),
    (
        WasmFeatures::CM_GC
            .union(WasmFeatures::GC)
            .union(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::FUNCTION_REFERENCES),
        "garbage-collected component values (component-model-gc)",
    ),
    (
        WasmFeatures::CM_VALUES,
        "component values (component-model-values)",
    ),
    (
        WasmFeatures::CM_FIXED_LENGTH_LISTS,
        "lists of fixed length (component-model-fixed-length-lists)",
    ),
    (WasmFeatures::CM_MAP, "maps (component-model-map)"),
    (
        WasmFeatures::CM64.union(WasmFeatures::MEMORY64),
        "64-bit components (component-model-memory64)",
    ),
    (
        WasmFeatures::CM_NESTED_NAMES,
        "nested names (component-model-nested-names)",
    ),
];

/// What keeps a component from being run: a proposal it uses, or why it is not a component at all.
pub(super) fn objection(component: &[u8]) -> Option<String> {
    let refusal = validate(component, ACCEPTED).err()?;
    // The proposal with which the validator gets further is the one that is used first.
    let used = REFUSED.iter().find(|(proposal, _)| {
        validate(component, ACCEPTED.union(*proposal))
            .map_or_else(|other| other.offset() > refusal.offset(), |()| true)
    });
    Some(match used {
        Some((_, name)) => format!(
            "it uses {name}, which is not supported; build it without, for the WebAssembly 2.0 that compilers emit by default"
        ),
        None => refusal.to_string(),
    })
}

fn validate(component: &[u8], features: WasmFeatures) -> wasmparser::Result<()> {
    Validator::new_with_features(features)
        .validate_all(component)
        .map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    /// What is said of a component around a core module, or of a component.
    fn said(text: &str) -> Option<String> {
        objection(&wat::parse_str(format!("(component {text})")).unwrap())
    }

    #[test]
    fn what_compilers_emit_is_accepted() {
        for text in [
            "",
            "(core module (memory 1) (memory 1) (memory 1))",
            "(core module (func (result i32 i64) i32.const 1 i64.const 2))",
            "(core module (table 1 funcref) (func (param v128) (result v128) local.get 0 local.get 0 i8x16.add))",
            "(core module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.copy))",
            "(core module (global i32 (i32.add (i32.const 1) (i32.const 2))) (func $f (return_call $f)))",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn each_proposal_that_is_refused_is_named() {
        let table = [
            ("(core module (memory i64 1))", "memory64"),
            ("(core module (memory 1 1 shared))", "threads"),
            (
                "(core module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
                "threads",
            ),
            ("(core module (table 1 externref))", "externref"),
            ("(core module (tag) (func (throw 0)))", "exception-handling"),
            (
                "(core module (func try catch_all end))",
                "legacy exceptions",
            ),
            (
                "(core module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))",
                "function-references",
            ),
            (
                "(core module (type (struct (field i32))) (func (drop (struct.new 0 (i32.const 1)))))",
                "gc",
            ),
            ("(core module (memory 1 (pagesize 1)))", "custom-page-sizes"),
            (
                "(core module (type $f (func)) (type $c (cont $f)) (func (param (ref $c)) (resume $c (local.get 0))))",
                "stack-switching",
            ),
            (
                "(core module (func (param i64 i64 i64 i64) (result i64 i64) local.get 0 local.get 1 local.get 2 local.get 3 i64.add128))",
                "wide-arithmetic",
            ),
            ("(type (func async))", "component-model-async"),
            ("(type (stream u8))", "component-model-async"),
            ("(type (list u8 4))", "component-model-fixed-length-lists"),
        ];
        for (text, proposal) in table {
            let said = said(text).unwrap_or_default();
            assert!(
                said.starts_with("it uses ") && said.contains(&format!("({proposal})")),
                "{text}: {said}"
            );
        }
    }

    #[test]
    fn what_is_broken_is_not_blamed_on_a_proposal() {
        let mut bytes = wat::parse_str("(component (core module (func)))").unwrap();
        bytes.truncate(bytes.len() - 1);
        let said = objection(&bytes).unwrap();
        assert!(!said.contains("it uses"), "{said}");
    }

    #[test]
    fn every_proposal_is_either_accepted_or_refused_by_name() {
        // Names of what needs no refusal: canonical names of components mean nothing to a guest.
        const HARMLESS: [WasmFeatures; 2] =
            [WasmFeatures::CM_IMPLEMENTS, WasmFeatures::CM_CANON_NAMES];
        let named = REFUSED
            .iter()
            .map(|(proposal, _)| *proposal)
            .chain(HARMLESS)
            .fold(ACCEPTED, WasmFeatures::union);
        assert_eq!(WasmFeatures::all().difference(named), WasmFeatures::empty());
    }
}
