//! Definitions of directives that refer to themselves, through directives and types of their arguments: they cannot be understood
//! one after the other.

use super::declare::Builder;
use crate::excerpt::Excerpt;
use crate::syntax::Directive;
use crate::syntax::type_system::{InputValueDefinition, TypeBody};

/// A directive or a type, by its number: directives come first.
type Node = usize;

impl Builder<'_> {
    /// Tells of every directive that refers to itself.
    pub fn check_circles(&mut self) {
        let own = self.built_in_directives..self.directives.len();
        let refers: Vec<Vec<Node>> = (0..self.directives.len() + self.declared.len())
            .map(|node| self.refers_to(node))
            .collect();
        let groups = groups(&refers);
        let mut sizes = vec![0_usize; refers.len()];
        for group in &groups {
            if let Some(size) = sizes.get_mut(*group) {
                *size += 1;
            }
        }
        for node in own {
            let is_circle = groups
                .get(node)
                .is_some_and(|group| sizes.get(*group).is_some_and(|size| *size > 1))
                || refers.get(node).is_some_and(|nodes| nodes.contains(&node));
            if let (true, Some((name, directive))) = (is_circle, self.directives.get_index(node)) {
                self.problems.add(directive.name.at, || {
                    format!(
                        "directive \"@{}\" refers to itself, through the directives or types of its arguments; remove one of them",
                        Excerpt(name)
                    )
                });
            }
        }
    }

    /// What the definition of a directive, or of an input type, refers to.
    fn refers_to(&self, node: Node) -> Vec<Node> {
        let mut found = Vec::new();
        if let Some((_, directive)) = self.directives.get_index(node) {
            self.inputs_refer_to(&directive.arguments, &mut found);
            return found;
        }
        let Some(declared) = self.declared.get(node - self.directives.len()) else {
            return found;
        };
        for part in &declared.parts {
            match &part.body {
                TypeBody::Scalar => {}
                TypeBody::Enum(values) => values
                    .iter()
                    .for_each(|value| self.applied_in(&value.directives, &mut found)),
                TypeBody::Input(fields) => self.inputs_refer_to(fields, &mut found),
                // No argument is of an output type.
                TypeBody::Object(_) | TypeBody::Interface(_) | TypeBody::Union(_) => continue,
            }
            self.applied_in(&part.directives, &mut found);
        }
        found
    }

    fn inputs_refer_to(&self, inputs: &[InputValueDefinition<'_>], found: &mut Vec<Node>) {
        for input in inputs {
            let ty = self.names.get(input.ty.named().text);
            found.extend(ty.map(|id| self.directives.len() + id.index()));
            self.applied_in(&input.directives, found);
        }
    }

    fn applied_in(&self, directives: &[Directive<'_>], found: &mut Vec<Node>) {
        let node = |directive: &Directive<'_>| self.directives.get_index_of(directive.name.text);
        found.extend(directives.iter().filter_map(node));
    }
}

/// By node: the number of its strongly connected component (Tarjan's algorithm, without recursion).
fn groups(refers: &[Vec<Node>]) -> Vec<usize> {
    let mut search = Search {
        order: vec![0; refers.len()],
        lowest: vec![0; refers.len()],
        groups: vec![usize::MAX; refers.len()],
        ..Search::default()
    };
    for node in 0..refers.len() {
        search.from(node, refers);
    }
    search.groups
}

#[derive(Default)]
struct Search {
    /// When each node was entered; 0 if it was not.
    order: Vec<usize>,
    /// The node entered first that each can reach, by when it was entered.
    lowest: Vec<usize>,
    groups: Vec<usize>,
    entered: usize,
    complete: usize,
    /// Nodes entered whose component is not complete.
    open: Vec<Node>,
    /// The path of the search, and which of a node's references comes next.
    path: Vec<(Node, usize)>,
}

impl Search {
    fn from(&mut self, start: Node, refers: &[Vec<Node>]) {
        if get(&self.order, start) == 0 {
            self.enter(start);
        }
        while let Some((node, next)) = self.path.pop() {
            match refers.get(node).and_then(|nodes| nodes.get(next)) {
                Some(inner) => {
                    self.path.push((node, next + 1));
                    if get(&self.order, *inner) == 0 {
                        self.enter(*inner);
                    } else if get(&self.groups, *inner) == usize::MAX {
                        self.lower(node, get(&self.order, *inner));
                    }
                }
                None => self.leave(node),
            }
        }
    }

    fn enter(&mut self, node: Node) {
        self.entered += 1;
        set(&mut self.order, node, self.entered);
        set(&mut self.lowest, node, self.entered);
        self.open.push(node);
        self.path.push((node, 0));
    }

    fn leave(&mut self, node: Node) {
        let lowest = get(&self.lowest, node);
        if let Some((outer, _)) = self.path.last() {
            self.lower(*outer, lowest);
        }
        if lowest != get(&self.order, node) {
            return;
        }
        while let Some(member) = self.open.pop() {
            set(&mut self.groups, member, self.complete);
            if member == node {
                break;
            }
        }
        self.complete += 1;
    }

    fn lower(&mut self, node: Node, reached: usize) {
        let lowest = get(&self.lowest, node).min(reached);
        set(&mut self.lowest, node, lowest);
    }
}

fn get(values: &[usize], node: Node) -> usize {
    values.get(node).copied().unwrap_or_default()
}

fn set(values: &mut [usize], node: Node, value: usize) {
    if let Some(known) = values.get_mut(node) {
        *known = value;
    }
}
