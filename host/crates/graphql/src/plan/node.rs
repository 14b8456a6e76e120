//! What a plan consists of. Immutable; shared by every request that is the same document.

use crate::auth::Guard;
use crate::coercion::template::{Entry, Template};
use crate::response::Position;
use crate::schema::types::{Scalar, TypeId};
use crate::syntax::OperationKind;
use std::fmt::{Display, Formatter};
use std::sync::Arc;

/// A planned operation.
#[derive(Debug)]
pub struct Plan {
    pub(crate) kind: OperationKind,
    pub(crate) root: Arc<ObjectPlan>,
    /// The nodes; a parent comes before its children.
    pub(crate) nodes: Vec<Node>,
    /// An estimate of the memory it takes, in bytes.
    pub(crate) bytes: usize,
    /// The fields its answer may hold, when no variable has a say in it.
    pub(crate) cost: Option<u64>,
    /// What has to hold of a caller for parts of the answer; checked against each caller separately, as callers share the plan.
    pub(crate) guards: Vec<Arc<Guard>>,
}

impl Plan {
    /// The nodes as explanations, a parent before its children.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.nodes.iter().enumerate().map(|(id, node)| Step {
            id,
            parent: node.parent,
            type_name: &node.type_name,
            field_name: &node.field_name,
            module: &node.module,
            needs: &node.needs,
            selection: &node.selection,
        })
    }

    /// The modules it calls, each once.
    #[must_use]
    pub fn modules(&self) -> Vec<Arc<str>> {
        let mut modules: Vec<Arc<str>> = Vec::new();
        for node in &self.nodes {
            if !modules.contains(&node.module) {
                modules.push(node.module.clone());
            }
        }
        modules
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.kind.as_str())?;
        for step in self.steps() {
            writeln!(f, "{step}")?;
        }
        Ok(())
    }
}

/// One node of a plan, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'p> {
    /// Its number in the plan.
    pub id: usize,
    /// The node that has to be complete first; none for a root field.
    pub parent: Option<usize>,
    /// The object type that has the field.
    pub type_name: &'p str,
    pub field_name: &'p str,
    /// The module that answers it.
    pub module: &'p str,
    /// The fields of the parent it is given.
    pub needs: &'p [Arc<str>],
    /// What is asked of it.
    pub selection: &'p [String],
}

impl Display for Step<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {}.{} by `{}`",
            self.id, self.type_name, self.field_name, self.module
        )?;
        if let Some(parent) = self.parent {
            write!(f, ", after {parent}")?;
        }
        if !self.needs.is_empty() {
            write!(f, ", needs {}", self.needs.join(" "))?;
        }
        if !self.selection.is_empty() {
            write!(f, ", selects {}", self.selection.join(" "))?;
        }
        Ok(())
    }
}

/// A field that a module answers.
#[derive(Debug)]
pub(crate) struct Node {
    pub module: Arc<str>,
    pub type_name: Arc<str>,
    pub field_name: Arc<str>,
    pub parent: Option<usize>,
    /// Whether it is a field of a root type: it is asked once and without parents, wherever it stands.
    pub of_root: bool,
    pub arguments: Template,
    /// The names the schema's `needs` says.
    pub needs: Vec<Arc<str>>,
    /// Paths of the properties asked for.
    pub selection: Arc<[String]>,
    pub output: Output,
    /// What has to hold before the module is called, by index; it may depend on each parent alone.
    pub guard: Option<usize>,
}

/// A value in an answer.
#[derive(Debug)]
pub(crate) struct Output {
    pub nullable: bool,
    pub shape: Shape,
}

/// What a value in an answer looks like.
#[derive(Debug)]
pub(crate) enum Shape {
    /// With what is known of its length, if anything is.
    List(Box<Output>, Option<Box<ListSize>>),
    Scalar(Scalar),
    Enum(TypeId),
    /// Shared by every position that asks the same of the same type.
    Object(Arc<ObjectPlan>),
    /// Shared likewise.
    Abstract(Arc<AbstractPlan>),
}

/// What the arguments of a field say about the length of its list.
#[derive(Debug)]
pub(crate) struct ListSize {
    /// The numbers of elements asked for, of which the largest counts.
    pub counts: Box<[Length]>,
    /// The lengths of lists, of which the longest counts where no number says anything.
    pub lists: Box<[Length]>,
}

impl ListSize {
    /// The bytes it takes besides its own.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.counts) + size_of_val(&*self.lists)
    }
}

/// What one argument says about the length of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    Known(u64),
    /// What this variable says, or when it was not given the argument's default.
    Variable {
        index: usize,
        default: Option<u64>,
    },
}

/// The fields of one object type.
#[derive(Debug)]
pub(crate) struct ObjectPlan {
    pub type_name: Arc<str>,
    /// In the order of the response.
    pub fields: Vec<FieldPlan>,
    /// The properties looked for in the guest's object.
    pub properties: Vec<Property>,
    /// Whether any field is answered by a module.
    pub has_nodes: bool,
    /// A condition that is null, by its place: nobody can say which fields the object has, so it has an error in its place.
    pub null_condition: Option<Position>,
    /// What has to hold for the object to be seen, by index.
    pub guard: Option<usize>,
}

/// A value whose type is told by its `__typename`.
#[derive(Debug)]
pub(crate) struct AbstractPlan {
    pub name: Arc<str>,
    /// One for each type it may be of.
    pub objects: Vec<Arc<ObjectPlan>>,
    /// What has to hold for a value of any of these types to be seen, by index: what is on the interface itself.
    pub guard: Option<usize>,
}

/// A property looked for in a guest's object.
#[derive(Debug)]
pub(crate) struct Property {
    pub name: Arc<str>,
    /// The one field it is written to, when it is written exactly once.
    pub only_field: Option<usize>,
}

/// One field of the response.
#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub key: Arc<str>,
    /// The key as JSON with its colon.
    pub key_json: Box<str>,
    /// The field's name in the schema.
    pub name: Arc<str>,
    /// Where it is among its siblings.
    pub order: usize,
    /// Where it is in the document: each time, but for the places that no error would tell.
    pub locations: Box<[Position]>,
    pub source: Source,
    /// What has to hold for it to be seen.
    pub guard: Option<Box<FieldGuard>>,
}

/// What has to hold for a field to be seen.
#[derive(Debug)]
pub(crate) struct FieldGuard {
    /// Its index in the plan.
    pub guard: usize,
    /// The properties of the object that it compares, by name and index.
    pub properties: Box<[(Arc<str>, usize)]>,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The object's type.
    TypeName,
    /// A property of the guest's object, by index.
    Property { property: usize, output: Output },
    /// Another module.
    Node {
        node: usize,
        nullable: bool,
        needs: Vec<Need>,
    },
    /// The schema itself.
    Meta {
        /// The field's only argument, if it has one.
        argument: Option<Box<Entry>>,
        output: Output,
        /// About how many fields the answer holds, this one left out.
        price: u64,
    },
}

/// A property of the parent that a node is given.
#[derive(Debug)]
pub(crate) struct Need {
    /// Its index among the parent's properties.
    pub property: usize,
    /// As a field of an error's path and of the parent's JSON.
    pub field: FieldPlan,
    /// How to check it; none for objects, which are passed as they are.
    pub output: Option<Output>,
    pub nullable: bool,
}
