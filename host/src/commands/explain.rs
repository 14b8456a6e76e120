//! `mayfly explain`: who answers a field, and who may see it.

use anyhow::bail;
use mayfly_config::Problems;
use mayfly_graphql::{Explanation, Schema};
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::output;

use super::{AppDirectory, Exit};
use crate::serving::app::read_schema;

/// Show who answers a field and who may see it: its rules, where they are written, and when they are checked.
#[derive(clap::Args)]
pub struct Explain {
    /// The field, such as Query.student
    #[arg(value_name = "TYPE.FIELD")]
    field: String,
    #[command(flatten)]
    directory: AppDirectory,
}

impl Explain {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let config = capability::load(&self.directory.app, capabilities)?;
        let mut problems = Vec::new();
        let schema = read_schema(&config, &mut problems);
        let Some(schema) = schema.filter(|_| problems.is_empty()) else {
            return Err(Problems(problems).into());
        };
        let Some((type_name, field_name)) = self.field.split_once('.') else {
            bail!(
                "{:?} is not a field; write TYPE.FIELD, such as Query.student",
                self.field
            );
        };
        match schema.explain(type_name, field_name) {
            Some(explanation) => show(&explanation),
            None => bail!(missing(&schema, type_name, field_name)),
        }
        Ok(Exit::Done)
    }
}

fn missing(schema: &Schema, type_name: &str, field_name: &str) -> String {
    match schema.fields_of(type_name) {
        Some(fields) => format!(
            "type \"{type_name}\" has no field \"{field_name}\"; it has {}",
            fields.join(", ")
        ),
        None => format!("there is no type \"{type_name}\" with fields"),
    }
}

fn show(explanation: &Explanation) {
    let Explanation {
        field,
        ty,
        module,
        needs,
        rules,
        decided,
        objects,
    } = explanation;
    output::print(format_args!("{field}: {ty}"));
    match module {
        Some(module) => output::print(format_args!("answered by the module {module}")),
        None => output::print("a property of its parent"),
    }
    if !needs.is_empty() {
        output::print(format_args!("needs {}", needs.join(" ")));
    }
    output::print(format_args!("decided: {decided}"));
    for (rule, of) in rules {
        output::print(format_args!("requires {rule}  (on {of})"));
    }
    for (object, rules) in objects {
        for (rule, of) in rules {
            output::print(format_args!(
                "objects of {object} require {rule}  (on {of})"
            ));
        }
    }
}
