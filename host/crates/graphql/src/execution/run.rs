//! The walk over a plan.
//!
//! A node's future calls its module for all parents, completes the answers, and then runs its children side by side inside
//! itself: nothing waits for a node that is not its ancestor. Everything happens within the one future the caller holds, so
//! dropping it ends the operation. The root fields of a mutation run one after another, each with all that is below it.

use super::chunk::{Answered, Called, Calls};
use super::introspection::{Introspecting, TURN_BYTES};
use super::join::{self, Tree};
use super::resolve::{Answers, Resolve};
use crate::coercion::values::Values;
use crate::completion::{
    CompletedAnswer, Completer, Completion, Hole, Most, Tally, null_condition,
};
use crate::plan::decisions::{Decisions, refusal};
use crate::plan::node::{Node, Plan, Source};
use crate::plan::path::Step;
use crate::response::{RequestError, RequestErrors};
use crate::schema::Schema;
use crate::syntax::OperationKind;
use futures_util::future::join_all;
use mayfly_error::{Code, Error};
use std::future::Future;
use std::ops::Range;
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
    /// The largest response.
    pub most: Most,
}

/// Runs a plan: the whole response.
pub(crate) async fn execute<R: Resolve>(execution: Execution<'_, R>) -> Vec<u8> {
    if let Some(at) = execution.plan.root.null_condition {
        return RequestErrors::from(RequestError::new(null_condition(), at))
            .render_with_null(execution.resolver.disclosure());
    }
    let walk = Walk {
        execution: &execution,
        permits: Semaphore::new(CONCURRENT_CALLS),
        tally: Tally::new(
            execution.most,
            Decisions::of(execution.plan, execution.values, || {
                execution.resolver.viewer()
            }),
        ),
    };
    match walk.root().await {
        Some(tree) => join::respond(tree, execution.resolver, &walk.tally),
        None => RequestErrors::from(RequestError::nowhere(walk.tally.too_large()))
            .render_with_null(execution.resolver.disclosure()),
    }
}

struct Walk<'p, R> {
    execution: &'p Execution<'p, R>,
    permits: Semaphore,
    tally: Tally<'p>,
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
    /// The whole response; none when its root object alone is too large.
    async fn root(&self) -> Option<Tree<'p>> {
        let mut completion = self.root_completion().await;
        let root = completion.answers.first();
        let is_null = root.is_none_or(|answer| answer.nulled_by.is_some());
        if !is_null && !self.tally.fits(completion.bytes.len()) {
            return None;
        }
        let fields = self.execution.plan.root.fields.len();
        self.tally.add(completion.bytes.len(), fields);
        if is_null {
            return Some(Tree {
                completion,
                ..Tree::default()
            });
        }
        if let [hole] = completion.holes.as_mut_slice() {
            // Most operations have one field, whose answer is written where it belongs in the response.
            let parents = Parents {
                jsons: Vec::new(),
                paths: vec![std::mem::take(&mut hole.path)],
            };
            let head = completion.bytes.get(..hole.at).unwrap_or_default();
            let tree = self.node(hole.node, parents, 1, head).await;
            return Some(Tree {
                completion,
                children: vec![Some(tree)],
                places: vec![(0, 0)],
                nulled: Vec::new(),
            });
        }
        Some(if self.execution.plan.kind == OperationKind::Mutation {
            self.in_order(completion).await
        } else {
            self.below(completion, 0).await
        })
    }

    /// The response when nothing fails, with a hole for each field a module answers.
    async fn root_completion(&self) -> Completion<'p> {
        let plan = self.execution.plan;
        let mut root = Completion {
            bytes: Vec::with_capacity(ROOT_BYTES),
            ..Completion::default()
        };
        root.bytes.extend_from_slice(b"{\"data\":");
        let start = root.bytes.len();
        root.bytes.push(b'{');
        let mut nulled_by = None;
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
                Source::Meta {
                    argument, output, ..
                } => {
                    let introspecting = self.introspecting();
                    let written =
                        introspecting.introspect(field, argument.as_deref(), output, &mut root);
                    // Most operations ask nothing of it, and their futures need no room for it.
                    nulled_by = Box::pin(written).await;
                    if nulled_by.is_some() {
                        break;
                    }
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
        root.answers.push(CompletedAnswer {
            start,
            end,
            first_hole: 0,
            end_hole,
            nulled_by,
        });
        root
    }

    fn introspecting(&self) -> Introspecting<'_, 'p, R> {
        let Execution {
            schema,
            plan,
            values,
            resolver,
            ..
        } = *self.execution;
        Introspecting {
            schema,
            plan,
            values,
            resolver,
            tally: &self.tally,
        }
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
        let Parents { jsons, mut paths } = parents;
        let completer =
            |bytes| Completer::new(schema, values, node, level, max_depth, &self.tally, bytes);
        if let Some(completion) = self.refused(id, node, &mut paths, || completer(Vec::new())) {
            return Tree {
                completion,
                ..Tree::default()
            };
        }
        let completion = match node.arguments.measure_arguments(values) {
            Ok(argument_bytes) => {
                let Called {
                    answers,
                    answered: by,
                } = self.answers(node, argument_bytes, jsons).await;
                // The one answer of a root type's field serves every place it stands at.
                let every = if node.of_root { paths.len() } else { 1 };
                let answered: usize = answers.iter().flatten().map(String::len).sum();
                let mut bytes = Vec::with_capacity(head.len() + answered + SLACK);
                bytes.extend_from_slice(head);
                let completer = completer(bytes);
                let completion = self.complete(completer, node, paths, &answers).await;
                self.tell(node, &by, &completion, answers.len() * every);
                completion
            }
            Err(bad) => {
                let mut completer = completer(Vec::new());
                for path in paths {
                    let error = Error::InvalidVariables(bad.message.clone());
                    completer.fail(&node.output, path, error, bad.at);
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

    /// What is answered where the caller may see nothing of a node; none where its module is called. Not a part of the future around it,
    /// which needs no room for this.
    fn refused<'c>(
        &self,
        id: usize,
        node: &'p Node,
        paths: &mut Vec<Vec<Step<'p>>>,
        completer: impl FnOnce() -> Completer<'p, 'static, 'c>,
    ) -> Option<Completion<'p>>
    where
        'p: 'c,
    {
        let error = self.tally.decisions()?.refuses(id, node)?;
        let mut completer = completer();
        for path in paths.drain(..) {
            completer.add(&node.output, path, Err(error.clone()));
        }
        Some(completer.finish())
    }

    /// Completes a node's answers, a little at a time.
    async fn complete<'j>(
        &self,
        mut completer: Completer<'p, 'j, '_>,
        node: &'p Node,
        paths: Vec<Vec<Step<'p>>>,
        answers: &'j Answers,
    ) -> Completion<'p> {
        // The one answer of a root type's field serves every place it stands at.
        let every = if node.of_root { paths.len() } else { 1 };
        let answers = answers
            .iter()
            .flat_map(|answer| std::iter::repeat_n(answer, every));
        let mut over = None;
        for (path, answer) in paths.into_iter().zip(answers) {
            if completer.uncounted() > TURN_BYTES {
                completer.count();
                tokio::task::yield_now().await;
                completer.resume();
                over = self.execution.resolver.time_is_over();
            }
            let answer = match &over {
                Some(error) => Err(error.clone()),
                None => answer.as_deref().map_err(Clone::clone),
            };
            completer.add(&node.output, path, answer);
        }
        completer.finish()
    }

    /// Tells the resolver what each call of a node that was answered came to; `all` is the number of completed answers.
    fn tell(&self, node: &Node, by: &Answered, completion: &Completion<'p>, all: usize) {
        let tell = |range: Range<usize>| {
            let failures = &completion.failures;
            let first = failures.partition_point(|failure| failure.answer < range.start);
            let mut failed = failures
                .iter()
                .skip(first)
                .take_while(|failure| failure.answer < range.end)
                .map(|failure| failure.code)
                // What a caller may not see is no fault of the module's.
                .filter(|code| *code != Code::Forbidden)
                .peekable();
            // What the guest says of one parent matters less than what is wrong with its answer for another.
            let any = failed.peek().copied();
            let outcome = failed.find(|code| *code != Code::GuestError).or(any);
            let resolver = self.execution.resolver;
            resolver.completed(&node.module, &node.type_name, &node.field_name, outcome);
        };
        match by {
            Answered::One => tell(0..all),
            Answered::Several(ranges) => ranges.iter().cloned().for_each(tell),
        }
    }

    /// Calls the node's module for all parents, in chunks side by side.
    async fn answers(&self, node: &Node, argument_bytes: usize, parents: Vec<String>) -> Called {
        let Execution {
            plan,
            resolver,
            values,
            ..
        } = *self.execution;
        let calls = Calls {
            resolver,
            permits: &self.permits,
            node,
            values,
            argument_bytes,
            mutation: plan.kind == OperationKind::Mutation,
        };
        let parents = if node.of_root { Vec::new() } else { parents };
        if parents.iter().any(String::is_empty) {
            // Rare, so that other calls need no room for it.
            return self.answers_of_some(node, argument_bytes, parents).await;
        }
        let size = resolver.max_batch(&node.module).max(1);
        if parents.len() <= size {
            return calls.call(parents).await;
        }
        let mut parents = parents.into_iter().peekable();
        let mut chunks = Vec::new();
        while parents.peek().is_some() {
            chunks.push(calls.call(parents.by_ref().take(size).collect()));
        }
        Called::joined(join_all(chunks).await)
    }

    /// Calls the module for those parents at which the caller may see the field.
    fn answers_of_some<'w>(
        &'w self,
        node: &'w Node,
        argument_bytes: usize,
        parents: Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Called> + Send + 'w>> {
        Box::pin(async move {
            let is_refused: Vec<bool> = parents.iter().map(String::is_empty).collect();
            let refusal = refusal(self.execution.plan, node.guard);
            let allowed: Vec<String> = parents
                .into_iter()
                .filter(|parent| !parent.is_empty())
                .collect();
            if allowed.is_empty() {
                return Called::none(&refusal, is_refused.len());
            }
            let called = self.answers(node, argument_bytes, allowed).await;
            called.among(&is_refused, &refusal)
        })
    }
}
