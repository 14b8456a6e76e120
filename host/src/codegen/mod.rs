//! Types of arguments, parents and answers, made of an app's schema for those who write its resolvers: what `mayfly codegen` does.
//!
//! `introspection` asks the engine for the schema, as any client would; `typescript` writes it as TypeScript.

mod introspection;
mod typescript;

use anyhow::Context;
use mayfly_graphql::Schema;

/// TypeScript for the modules of a schema; for one of them, if it is named.
///
/// # Errors
///
/// When the schema has mistakes, or asks nothing of the module.
pub fn typescript(sdl: &str, module: Option<&str>) -> anyhow::Result<String> {
    let schema = Schema::parse(sdl)
        .map_err(|_| anyhow::anyhow!("the schema has problems; `mayfly check` lists them"))?;
    let bindings: Vec<_> = schema
        .bindings()
        .filter(|binding| module.is_none_or(|module| *binding.module == *module))
        .collect();
    if let (Some(module), true) = (module, bindings.is_empty()) {
        anyhow::bail!(
            "no field of the schema names module `{module}`; add @resolve(module: \"{module}\") to the fields it answers"
        );
    }
    let types = introspection::types(schema).context("cannot read the schema")?;
    Ok(typescript::write(&types, &bindings))
}

#[cfg(test)]
mod tests;
