//! What is asked of a module, as the paths of the properties below its field.

use super::budget::{BLOCK_BYTES, Budget, Refusal};
use super::node::{ObjectPlan, Output, Shape, Source};
use indexmap::IndexSet;
use std::collections::HashSet;
use std::sync::Arc;

/// The paths below an output, each once, in the order of the selection.
pub(super) fn paths(output: &Output, budget: &mut Budget) -> Result<Arc<[String]>, Refusal> {
    let mut paths = Paths {
        budget,
        prefix: String::new(),
        found: IndexSet::new(),
        walked: HashSet::new(),
    };
    paths.output(output)?;
    Ok(paths.found.into_iter().collect())
}

struct Paths<'b> {
    budget: &'b mut Budget,
    /// Empty, or the path of the property around with a dot at its end.
    prefix: String,
    found: IndexSet<String>,
    /// The shared object plans that were walked through, by address, and at which prefix.
    walked: HashSet<(*const ObjectPlan, String)>,
}

impl Paths<'_> {
    fn output(&mut self, output: &Output) -> Result<(), Refusal> {
        match &output.shape {
            Shape::List(item, _) => self.output(item),
            Shape::Object(object) => self.object(object),
            Shape::Abstract(plan) => {
                self.find("__typename")?;
                plan.objects
                    .iter()
                    .try_for_each(|object| self.object(object))
            }
            Shape::Scalar(_) | Shape::Enum(_) => Ok(()),
        }
    }

    fn object(&mut self, object: &Arc<ObjectPlan>) -> Result<(), Refusal> {
        let is_shared = Arc::strong_count(object) > 1;
        if is_shared
            && !self
                .walked
                .insert((Arc::as_ptr(object), self.prefix.clone()))
        {
            return Ok(());
        }
        for field in &object.fields {
            self.budget.step()?;
            for (name, _) in field.guard.iter().flat_map(|guard| &guard.properties) {
                self.find(name)?;
            }
            match &field.source {
                Source::Property { output, .. } => {
                    self.find(&field.name)?;
                    let around = self.prefix.len();
                    self.prefix.push_str(&field.name);
                    self.prefix.push('.');
                    self.output(output)?;
                    self.prefix.truncate(around);
                }
                Source::Node { needs, .. } => {
                    for need in needs {
                        self.find(&need.field.name)?;
                    }
                }
                Source::TypeName | Source::Meta { .. } => {}
            }
        }
        Ok(())
    }

    fn find(&mut self, name: &str) -> Result<(), Refusal> {
        self.budget.step()?;
        let path = format!("{}{name}", self.prefix);
        let bytes = path.len() + size_of::<String>() + BLOCK_BYTES;
        if self.found.insert(path) {
            self.budget.take(bytes)?;
        }
        Ok(())
    }
}
