//! Who may see what: rules of `@auth`, read once with the schema and decided for each caller.
//!
//! [`words`] and [`rule`] read a rule's text, [`viewer`] is what is known of a caller, [`decide`] checks one against the other. What
//! the names of a rule mean in a schema is checked by `sdl`, which gives out nothing unchecked.
//!
//! Invariants: what is missing or cannot be compared decides nothing, and what is not decided is not allowed; a decision holds for one
//! operation and is never kept with a plan, which callers share.

pub(crate) mod decide;
pub(crate) mod rule;
mod viewer;
mod words;

pub use viewer::{Viewer, ViewerKind};

use std::sync::Arc;

use rule::{Expression, Operand};

/// A rule with its text.
#[derive(Debug)]
pub(crate) struct Rule {
    pub expression: Expression,
    /// As it is in the schema, for the log and for people.
    pub text: Arc<str>,
    /// Where it comes from: `Type` or `Type.field`.
    pub of: Arc<str>,
}

/// What has to hold for something to be seen: all of its rules.
#[derive(Debug)]
pub(crate) struct Guard {
    pub rules: Vec<Arc<Rule>>,
    /// The fields of the parent that they compare, each once.
    pub parent_fields: Vec<Arc<str>>,
    pub depends_on: DependsOn,
    /// All of it, for the log.
    pub text: Arc<str>,
}

/// What a decision depends on, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DependsOn {
    Caller,
    Arguments,
    /// Each parent alone.
    Parent,
}

impl Guard {
    /// What all these rules come to; none without any.
    pub(crate) fn of(rules: Vec<Arc<Rule>>) -> Option<Arc<Self>> {
        if rules.is_empty() {
            return None;
        }
        let text = match rules.as_slice() {
            [only] => only.text.clone(),
            _ => rules
                .iter()
                .map(|rule| format!("({})", rule.text))
                .collect::<Vec<_>>()
                .join(" && ")
                .into(),
        };
        let mut parent_fields: Vec<Arc<str>> = Vec::new();
        let mut depends_on = DependsOn::Caller;
        for operand in rules.iter().flat_map(|rule| rule.expression.operands()) {
            match operand {
                Operand::Parent { field, .. } => {
                    depends_on = DependsOn::Parent;
                    if !parent_fields.contains(field) {
                        parent_fields.push(field.clone());
                    }
                }
                Operand::Argument { .. } => depends_on = depends_on.max(DependsOn::Arguments),
                _ => {}
            }
        }
        Some(Arc::new(Self {
            rules,
            parent_fields,
            depends_on,
            text,
        }))
    }
}
