//! The walk over a plan.
//!
//! A node's future calls its module for all parents, completes the answers, and then runs its children side by side inside
//! itself: nothing waits for a node that is not its ancestor. Everything happens within the one future the caller holds, so
//! dropping it ends the operation. The root fields of a mutation run one after another, each with all that is below it.

use super::chunk::call;
use super::join::{self, Tree};
use super::resolve::{Answers, Invocation, Resolve};
use crate::coercion::values::Values;
use crate::completion::{Answer, Completer, Completion, Hole, Step, Tally, null_condition};
use crate::introspection;
use crate::plan::node::{Node, Plan, Source};
use crate::response::{RequestError, RequestErrors};
use crate::schema::Schema;
use crate::syntax::OperationKind;
use futures_util::future::join_all;
use mayfly_error::Error;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::Semaphore;

/// Calls of modules one operation may have under way: enough to overlap waiting, too few to crowd out other operations.
const CONCURRENT_CALLS: usize = 32;

/// Bytes reserved for what the engine writes around the answers of root fields.
const ROOT_BYTES: usize = 128;

/// Steps reserved for the paths of root fields: a list, and a few fields inside one another.
const PATH_STEPS: usize = 8;

/// Bytes reserved besides those of the answers: for aliases longer than the fields' names, and the end of the response.
const SLACK: usize = 128;

/// One operation under way.
pub(crate) struct Execution<'p, R> {
    pub schema: &'p Schema,
    pub plan: &'p Plan,
    pub values: &'p Values,
    pub resolver: &'p R,
    /// The largest response, in bytes.
    pub response_bytes: usize,
}

/// Runs a plan: the whole response.
pub(crate) async fn execute<R: Resolve>(execution: Execution<'_, R>) -> Vec<u8> {
    if let Some(at) = execution.plan.root.null_condition {
        return RequestErrors::from(RequestError::new(null_condition(), at)).render_with_null();
    }
    let tally = Tally::new(execution.response_bytes);
    let walk = Walk {
        execution: &execution,
        permits: Semaphore::new(CONCURRENT_CALLS),
        tally,
    };
    let tree = walk.root().await;
    join::respond(tree, execution.resolver)
}

struct Walk<'p, R> {
    execution: &'p Execution<'p, R>,
    permits: Semaphore,
    tally: Tally,
}

/// The places a node's answers go to, and the parents there as JSON; none for a field of a root type.
#[derive(Default)]
struct Parents<'p> {
    jsons: Vec<String>,
    paths: Vec<Vec<Step<'p>>>,
}

/// A step that ends. Boxed, for plans are as deep as operations.
type Running<'w, 'p> = Pin<Box<dyn Future<Output = Tree<'p>> + Send + 'w>>;

impl<'p, R: Resolve> Walk<'p, R> {
    async fn root(&self) -> Tree<'p> {
        let mut completion = self.root_completion();
        if let [hole] = completion.holes.as_mut_slice() {
            // Most operations have one field, whose answer is written where it stands in the response.
            let parents = Parents {
                jsons: Vec::new(),
                paths: vec![std::mem::take(&mut hole.path)],
            };
            let head = completion.bytes.get(..hole.at).unwrap_or_default();
            let tree = self.node(hole.node, parents, 1, head).await;
            return Tree {
                completion,
                children: vec![Some(tree)],
                places: vec![(0, 0)],
                nulled: Vec::new(),
            };
        }
        if self.execution.plan.kind == OperationKind::Mutation {
            self.in_order(completion).await
        } else {
            self.below(completion, 0).await
        }
    }

    /// The response when nothing fails, with a hole for each field a module answers.
    fn root_completion(&self) -> Completion<'p> {
        let Execution {
            schema,
            plan,
            values,
            ..
        } = *self.execution;
        let mut root = Completion {
            bytes: Vec::with_capacity(ROOT_BYTES),
            ..Completion::default()
        };
        root.bytes.extend_from_slice(b"{\"data\":");
        let start = root.bytes.len();
        root.bytes.push(b'{');
        for field in &plan.root.fields {
            if root.bytes.last() != Some(&b'{') {
                root.bytes.push(b',');
            }
            root.bytes.extend_from_slice(field.key_json.as_bytes());
            match &field.source {
                Source::TypeName => {
                    root.bytes.push(b'"');
                    root.bytes.extend_from_slice(plan.root.type_name.as_bytes());
                    root.bytes.push(b'"');
                }
                Source::Meta { arguments, output } => {
                    introspection::write(schema, field, arguments, output, values, &mut root.bytes);
                }
                Source::Node { node, nullable, .. } => {
                    let at = root.bytes.len();
                    let mut path = Vec::with_capacity(PATH_STEPS);
                    path.push(Step::Key(field));
                    root.holes.push(Hole {
                        at,
                        node: *node,
                        nullable: *nullable,
                        anchor: None,
                        parent: String::new(),
                        path,
                    });
                }
                // A checked schema has no root field without a module.
                Source::Property { .. } => root.bytes.extend_from_slice(b"null"),
            }
        }
        root.bytes.push(b'}');
        let (end, end_hole) = (root.bytes.len(), root.holes.len());
        root.bytes.push(b'}');
        root.answers.push(Answer {
            start,
            end,
            first_hole: 0,
            end_hole,
            nulled_by: None,
        });
        root
    }

    /// Runs the nodes below a completed one side by side.
    fn below<'w>(&'w self, mut completion: Completion<'p>, level: usize) -> Running<'w, 'p> {
        Box::pin(async move {
            let mut children: Vec<(usize, Parents<'p>)> = Vec::new();
            let mut places = Vec::with_capacity(completion.holes.len());
            for hole in &mut completion.holes {
                let child = children
                    .iter()
                    .position(|(node, _)| *node == hole.node)
                    .unwrap_or_else(|| {
                        children.push((hole.node, Parents::default()));
                        children.len() - 1
                    });
                let Some((_, parents)) = children.get_mut(child) else {
                    continue;
                };
                places.push((child, parents.paths.len()));
                parents.jsons.push(std::mem::take(&mut hole.parent));
                parents.paths.push(std::mem::take(&mut hole.path));
            }
            let running = children
                .into_iter()
                .map(|(node, parents)| self.node(node, parents, level + 1, &[]));
            let children = join_all(running).await.into_iter().map(Some).collect();
            Tree {
                completion,
                children,
                places,
                nulled: Vec::new(),
            }
        })
    }

    /// Runs the nodes below the root one after another, until one makes the whole answer null.
    async fn in_order(&self, mut completion: Completion<'p>) -> Tree<'p> {
        let mut children = Vec::with_capacity(completion.holes.len());
        let mut places = Vec::with_capacity(completion.holes.len());
        let mut stopped = false;
        for (index, hole) in completion.holes.iter_mut().enumerate() {
            places.push((index, 0));
            if stopped {
                children.push(None);
                continue;
            }
            let parents = Parents {
                jsons: Vec::new(),
                paths: vec![std::mem::take(&mut hole.path)],
            };
            let mut tree = self.node(hole.node, parents, 1, &[]).await;
            stopped = !hole.nullable && tree.is_null();
            children.push(Some(tree));
        }
        Tree {
            completion,
            children,
            places,
            nulled: Vec::new(),
        }
    }

    /// Runs one node and everything below it; its answers are written behind a copy of `head`.
    async fn node(&self, id: usize, parents: Parents<'p>, level: usize, head: &[u8]) -> Tree<'p> {
        let Some(node) = self.execution.plan.nodes.get(id) else {
            return Tree::default();
        };
        let Execution {
            schema,
            values,
            resolver,
            ..
        } = *self.execution;
        let max_depth = resolver.max_depth(&node.module);
        let Parents { jsons, paths } = parents;
        let completion = match node.arguments.render_arguments(values) {
            Ok(arguments) => {
                let answers = self.answers(node, arguments, jsons).await;
                // The one answer of a root type's field serves every place it stands at.
                let every = if node.of_root { paths.len() } else { 1 };
                let answered: usize = answers.iter().flatten().map(String::len).sum();
                let mut bytes = Vec::with_capacity(head.len() + answered + SLACK);
                bytes.extend_from_slice(head);
                let mut completer =
                    Completer::new(schema, values, node, level, max_depth, &self.tally, bytes);
                let answers = answers
                    .iter()
                    .flat_map(|answer| std::iter::repeat_n(answer, every));
                for (path, answer) in paths.into_iter().zip(answers) {
                    completer.add(&node.output, path, answer.as_deref().map_err(Clone::clone));
                }
                completer.finish()
            }
            Err(bad) => {
                let mut completer = Completer::new(
                    schema,
                    values,
                    node,
                    level,
                    max_depth,
                    &self.tally,
                    Vec::new(),
                );
                for path in paths {
                    completer.fail(
                        &node.output,
                        path,
                        Error::InvalidVariables(bad.message.clone()),
                        bad.at,
                    );
                }
                completer.finish()
            }
        };
        if completion.holes.is_empty() {
            return Tree {
                completion,
                ..Tree::default()
            };
        }
        self.below(completion, level).await
    }

    /// Calls the node's module for all parents, in chunks side by side.
    async fn answers(&self, node: &Node, arguments: String, parents: Vec<String>) -> Answers {
        let Execution { plan, resolver, .. } = self.execution;
        let whole = Invocation {
            module: node.module.clone(),
            type_name: node.type_name.clone(),
            field_name: node.field_name.clone(),
            arguments,
            parents: if node.of_root { Vec::new() } else { parents },
            selection: node.selection.clone(),
            mutation: plan.kind == OperationKind::Mutation,
        };
        let size = resolver.max_batch(&node.module).max(1);
        if whole.parents.len() <= size {
            return call(*resolver, &self.permits, whole).await;
        }
        let mut whole = whole;
        let mut parents = std::mem::take(&mut whole.parents).into_iter().peekable();
        let mut chunks = Vec::new();
        while parents.peek().is_some() {
            let parents = parents.by_ref().take(size).collect();
            chunks.push(call(
                *resolver,
                &self.permits,
                Invocation {
                    parents,
                    ..whole.clone()
                },
            ));
        }
        join_all(chunks).await.into_iter().flatten().collect()
    }
}
