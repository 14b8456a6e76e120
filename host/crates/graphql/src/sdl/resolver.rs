//! `@resolve`: which module answers a field, and what it needs of the parent.

use super::problems::Problems;
use crate::schema::types::Resolver;
use crate::syntax::Directive;
use indexmap::IndexSet;
use std::sync::Arc;

/// Reads `@resolve` among the directives of a field. That its arguments fit is checked with those of all directives.
pub(super) fn read(directives: &[Directive<'_>], problems: &mut Problems) -> Option<Resolver> {
    let directive = directives
        .iter()
        .find(|directive| directive.name.text == "resolve")?;
    let module = directive.string_argument("module").unwrap_or_default();
    if let Some(value) = directive.argument("module")
        && directive
            .string_argument("module")
            .is_some_and(str::is_empty)
    {
        problems.add(value.at, || {
            "the name of the module is empty; write @resolve(module: \"name\")".to_owned()
        });
    }
    let needs: IndexSet<&str> = directive
        .string_argument("needs")
        .unwrap_or_default()
        .split([' ', ',', '\n', '\t'])
        .filter(|name| !name.is_empty())
        .collect();
    let needs_at = directive.argument("needs").map(|value| value.at);
    Some(Resolver {
        module: Arc::from(module),
        needs: needs.into_iter().map(Arc::from).collect(),
        needs_at: needs_at.unwrap_or(directive.at),
    })
}
