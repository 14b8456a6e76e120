//! The walk over a plan.
//!
//! A node's future calls its module for all parents, completes the answers, and then runs its children side by side inside
//! itself: nothing waits for a node that is not its ancestor. Everything happens within the one future the caller holds, so
//! dropping it ends the operation. The root fields of a mutation run one after another, each with all that is below it.

use super::chunk::call;
use super::join::{self, Tree};
use super::resolve::{Answers, Invocation, Resolve};
use crate::coercion::template::Values;
use crate::completion::{Answer, Completer, Completion, Hole, Step};
use crate::document::OperationKind;
use crate::introspection;
use crate::plan::node::{Node, Plan, Source};
use crate::schema::Schema;
use futures_util::future::join_all;
use mayfly_error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use tokio::sync::Semaphore;

/// Calls of modules one operation may have under way: enough to overlap waiting, too few to crowd out other operations.
const CONCURRENT_CALLS: usize = 32;

/// One operation under way.
pub(crate) struct Execution<'p, R> {
    pub schema: &'p Schema,
    pub plan: &'p Plan,
    pub values: &'p Values,
    pub resolver: &'p R,
}

/// Runs a plan: the whole response.
pub(crate) async fn execute<R: Resolve>(execution: Execution<'_, R>) -> Vec<u8> {
    let walk = Walk { execution: &execution, permits: Semaphore::new(CONCURRENT_CALLS), error_ids: AtomicUsize::new(0) };
    let tree = walk.root().await;
    join::respond(tree, execution.resolver)
}

struct Walk<'p, R> {
    execution: &'p Execution<'p, R>,
    permits: Semaphore,
    error_ids: AtomicUsize,
}

/// A parent of a node: its JSON, and where the node's answer goes.
struct Parent<'p> {
    json: String,
    path: Vec<Step<'p>>,
}

impl<'p, R: Resolve> Walk<'p, R> {
    async fn root(&self) -> Tree<'p> {
        let completion = self.root_completion();
        if self.execution.plan.kind == OperationKind::Mutation {
            self.in_order(completion).await
        } else {
            self.below(completion).await
        }
    }

    /// The root object, with a hole for each field a module answers.
    fn root_completion(&self) -> Completion<'p> {
        let Execution { schema, plan, values, .. } = *self.execution;
        let mut root = Completion::default();
        root.bytes.push(b'{');
        for field in &plan.root.fields {
            if root.bytes.last() != Some(&b'{') {
                root.bytes.push(b',');
            }
            root.bytes.extend_from_slice(field.key_json.as_bytes());
            match &field.source {
                Source::TypeName => root.bytes.extend_from_slice(format!("\"{}\"", plan.root.type_name).as_bytes()),
                Source::Meta { arguments, output } => {
                    introspection::write(schema, field, arguments, output, values, &mut root.bytes);
                }
                Source::Node { node, nullable, .. } => {
                    let (at, path) = (root.bytes.len(), vec![Step::Key(field)]);
                    root.holes.push(Hole { at, node: *node, nullable: *nullable, anchor: None, parent: String::new(), path });
                }
                // A checked schema has no root field without a module.
                Source::Property { .. } => root.bytes.extend_from_slice(b"null"),
            }
        }
        root.bytes.push(b'}');
        let (end, end_hole) = (root.bytes.len(), root.holes.len());
        root.answers.push(Answer { start: 0, end, first_hole: 0, end_hole, nulled_by: None });
        root
    }

    /// Runs the nodes below a completed one side by side.
    async fn below(&self, mut completion: Completion<'p>) -> Tree<'p> {
        let mut children: Vec<(usize, Vec<Parent<'p>>)> = Vec::new();
        let mut places = Vec::with_capacity(completion.holes.len());
        for hole in &mut completion.holes {
            let child = children.iter().position(|(node, _)| *node == hole.node).unwrap_or_else(|| {
                children.push((hole.node, Vec::new()));
                children.len() - 1
            });
            let Some((_, parents)) = children.get_mut(child) else { continue };
            places.push((child, parents.len()));
            parents.push(Parent { json: std::mem::take(&mut hole.parent), path: std::mem::take(&mut hole.path) });
        }
        let running = children.into_iter().map(|(node, parents)| self.node(node, parents));
        let children = join_all(running).await.into_iter().map(Some).collect();
        Tree { completion, children, places, nulled: Vec::new() }
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
            let parent = Parent { json: String::new(), path: std::mem::take(&mut hole.path) };
            let mut tree = self.node(hole.node, vec![parent]).await;
            stopped = !hole.nullable && tree.is_null();
            children.push(Some(tree));
        }
        Tree { completion, children, places, nulled: Vec::new() }
    }

    /// Runs one node and everything below it. Boxed, for plans are as deep as operations.
    fn node<'w>(&'w self, id: usize, parents: Vec<Parent<'p>>) -> Pin<Box<dyn Future<Output = Tree<'p>> + Send + 'w>> {
        Box::pin(async move {
            let Some(node) = self.execution.plan.nodes.get(id) else { return Tree::default() };
            let (jsons, paths): (Vec<_>, Vec<_>) = parents.into_iter().map(|parent| (parent.json, parent.path)).unzip();
            let Execution { schema, values, .. } = *self.execution;
            let completion = match node.arguments.render_arguments(values) {
                Ok(arguments) => {
                    let answers = self.answers(node, arguments, jsons).await;
                    let mut completer = Completer::new(schema, values, node, &self.error_ids);
                    for (path, answer) in paths.into_iter().zip(&answers) {
                        completer.add(&node.output, path, answer.as_deref().map_err(Clone::clone));
                    }
                    completer.finish()
                }
                Err(bad) => {
                    let mut completer = Completer::new(schema, values, node, &self.error_ids);
                    for path in paths {
                        completer.fail(&node.output, path, Error::InvalidVariables(bad.message.clone()), bad.at);
                    }
                    completer.finish()
                }
            };
            self.below(completion).await
        })
    }

    /// Calls the node's module for all parents, in chunks side by side.
    async fn answers(&self, node: &Node, arguments: String, parents: Vec<String>) -> Answers {
        let Execution { plan, resolver, .. } = self.execution;
        let invocation = |parents: Vec<String>| Invocation {
            module: node.module.clone(),
            type_name: node.type_name.clone(),
            field_name: node.field_name.clone(),
            arguments: arguments.clone(),
            parents,
            selection: node.selection.clone(),
            mutation: plan.kind == OperationKind::Mutation,
        };
        if node.parent.is_none() {
            return call(*resolver, &self.permits, invocation(Vec::new())).await;
        }
        let size = resolver.max_batch(&node.module).max(1);
        if parents.len() <= size {
            return call(*resolver, &self.permits, invocation(parents)).await;
        }
        let mut parents = parents.into_iter().peekable();
        let mut chunks = Vec::new();
        while parents.peek().is_some() {
            let chunk: Vec<String> = parents.by_ref().take(size).collect();
            chunks.push(call(*resolver, &self.permits, invocation(chunk)));
        }
        join_all(chunks).await.into_iter().flatten().collect()
    }
}
