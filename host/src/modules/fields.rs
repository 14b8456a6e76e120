//! The custom section in which a component says what it handles.

use std::collections::BTreeSet;

use wasmparser::{Parser, Payload};

/// The section's name: `Type.field` lines.
const SECTION: &str = "mayfly:fields";

/// Every `Type.field` that a component says it handles, wherever in it the section stands.
///
/// # Errors
///
/// Bytes that are not a component, with where they go wrong.
pub fn handled_fields(component: &[u8]) -> Result<BTreeSet<String>, String> {
    let mut fields = BTreeSet::new();
    for payload in Parser::new(0).parse_all(component) {
        let Payload::CustomSection(section) = payload.map_err(|error| error.to_string())? else {
            continue;
        };
        if section.name() != SECTION {
            continue;
        }
        let text = std::str::from_utf8(section.data())
            .map_err(|_| format!("section `{SECTION}` is not UTF-8"))?;
        fields.extend(
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned),
        );
    }
    Ok(fields)
}
