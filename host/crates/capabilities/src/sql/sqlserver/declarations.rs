//! Declarations of parameters, as `sp_executesql` takes them.

use super::filled::Parameter;
use super::sql_type::SqlType;
use super::values::type_text;

/// The declarations of all parameters but one, as `sp_executesql` takes them.
pub(super) fn declarations(parameters: &[Parameter], without: Option<&str>) -> String {
    let declared = parameters
        .iter()
        .filter(|parameter| Some(parameter.name.as_str()) != without);
    let declared = declared.map(|parameter| {
        let output = if parameter.output { " output" } else { "" };
        format!(
            "@{} {}{output}",
            parameter.name,
            describable(parameter.sql_type)
        )
    });
    declared.collect::<Vec<_>>().join(", ")
}

fn describable(sql_type: SqlType) -> String {
    type_text(sql_type).replace(", ", ",")
}
