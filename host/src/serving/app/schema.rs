//! The schema of an app, and what it wants of the modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mayfly_config::file::read_text;
use mayfly_config::{Config, FILE, Problem};
use mayfly_graphql::Schema;

pub(crate) fn read_schema(config: &Config, problems: &mut Vec<Problem>) -> Option<Schema> {
    let file = &config.schema;
    let text = match read_text(file) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem::of_file(
                file,
                format!("cannot be read: {error}; correct `schema`"),
            ));
            return None;
        }
    };
    let schema = match Schema::parse(&text) {
        Ok(schema) => schema,
        Err(found) => {
            problems.extend(
                found
                    .into_iter()
                    .map(|problem| at(file, (problem.line, problem.column), problem.message)),
            );
            return None;
        }
    };
    let declared: BTreeSet<_> = config
        .modules
        .iter()
        .map(|module| module.name.as_str())
        .collect();
    for binding in schema.bindings() {
        if !declared.contains(&*binding.module) {
            let message = format!(
                "`{}.{}` names the module `{}`, which is not declared; add [modules.{}] to {}",
                binding.type_name, binding.field_name, binding.module, binding.module, FILE
            );
            problems.push(at(file, (binding.line, binding.column), message));
        }
    }
    Some(schema)
}

fn at(file: &Path, (line, column): (u32, u32), message: String) -> Problem {
    Problem {
        file: file.to_path_buf(),
        line: line as usize,
        column: column as usize,
        message,
    }
}

pub(super) fn fields_by_module(schema: &Schema) -> BTreeMap<String, BTreeSet<String>> {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for binding in schema.bindings() {
        let field = format!("{}.{}", binding.type_name, binding.field_name);
        fields
            .entry(binding.module.to_string())
            .or_default()
            .insert(field);
    }
    fields
}

/// A probe has to ask a field that the schema gives to the module.
pub(super) fn check_probes(
    config: &Config,
    wanted: &BTreeMap<String, BTreeSet<String>>,
    problems: &mut Vec<Problem>,
) {
    let file = config.root.join(FILE);
    for module in &config.modules {
        for probe in &module.probes {
            let (type_name, field_name) = &probe.field;
            let field = format!("{type_name}.{field_name}");
            if !wanted
                .get(&module.name)
                .is_some_and(|fields| fields.contains(&field))
            {
                let name = &module.name;
                let message = format!(
                    "`modules.{name}.probe` asks `{field}`, which the schema does not give to `{name}`; correct `field`"
                );
                problems.push(Problem::of_file(&file, message));
            }
        }
    }
}
