// Smaller requests, for a failing one to be cut down to what matters.
//
// A part goes with what it alone uses: its variables and fragments. Otherwise most smaller documents would not be valid, and fail
// for another reason than the one that is looked for.

import { Kind, parse, print, visit } from "graphql";

const REMOVABLE = [
  Kind.OPERATION_DEFINITION,
  Kind.FRAGMENT_DEFINITION,
  Kind.VARIABLE_DEFINITION,
  Kind.FIELD,
  Kind.INLINE_FRAGMENT,
  Kind.FRAGMENT_SPREAD,
  Kind.ARGUMENT,
  Kind.DIRECTIVE,
  Kind.OBJECT_FIELD,
];

/** Every request that lacks one part of this one, the smallest first. */
export function shrink(request) {
  const candidates = [...smallerVariables(request), ...smallerQueries(request)];
  const size = ({ query, variables }) => query.length + JSON.stringify(variables ?? {}).length;
  return candidates.filter((candidate) => size(candidate) < size(request)).sort((one, other) => size(one) - size(other));
}

function smallerVariables(request) {
  return Object.keys(request.variables ?? {}).map((left) => {
    const { [left]: _, ...variables } = request.variables;
    return { ...request, variables };
  });
}

function smallerQueries(request) {
  let document;
  try {
    document = parse(request.query, { noLocation: true });
  } catch {
    return smallerTexts(request);
  }
  const places = [];
  const note = (node) => void places.push(node);
  visit(document, { enter: note });
  const changed = (place, change) => visit(document, { enter: (node) => (node === place ? change(node) : undefined) });
  const documents = [
    ...places.filter(({ kind }) => REMOVABLE.includes(kind)).map((place) => changed(place, () => null)),
    ...places.filter(({ alias }) => alias).map((place) => changed(place, (node) => ({ ...node, alias: undefined }))),
    ...places.filter(({ kind }) => kind === Kind.SELECTION_SET).flatMap((place) => unwrapped(document, place, changed)),
  ];
  return documents.filter(hasAllSelections).map((smaller) => tidied(request, document, smaller));
}

/** The selection set with the selections of a fragment, or of a field, in place of it. */
function unwrapped(document, set, changed) {
  const inner = (node) => {
    if (node.kind !== Kind.FRAGMENT_SPREAD) return node.selectionSet?.selections;
    return document.definitions.find(({ kind, name }) => kind === Kind.FRAGMENT_DEFINITION && name.value === node.name.value)?.selectionSet.selections;
  };
  const wraps = (node) => node.kind !== Kind.FIELD && inner(node);
  return set.selections.filter(wraps).map((node) =>
    changed(set, () => ({ ...set, selections: set.selections.flatMap((other) => (other === node ? inner(node) : [other])) })),
  );
}

/** The request without the variables and fragments that are no longer used, so that it stays valid. */
function tidied(request, before, document) {
  const wasUsed = uses(before);
  for (;;) {
    const isUsed = uses(document);
    const unused = (name) => wasUsed.has(name) && !isUsed.has(name);
    const tidy = visit(document, {
      VariableDefinition: (node) => (unused(`$${node.variable.name.value}`) ? null : false),
      FragmentDefinition: (node) => (unused(node.name.value) ? null : undefined),
    });
    if (tidy === document) break;
    document = tidy;
  }
  const defined = new Set();
  visit(document, { VariableDefinition: (node) => void defined.add(node.variable.name.value) });
  const variables = Object.fromEntries(Object.entries(request.variables ?? {}).filter(([name]) => defined.has(name)));
  return { ...request, query: print(document), variables };
}

/** The names of the fragments and variables that are used. */
function uses(document) {
  const names = new Set();
  visit(document, {
    VariableDefinition: () => false,
    Variable: (node) => void names.add(`$${node.name.value}`),
    FragmentSpread: (node) => void names.add(node.name.value),
  });
  return names;
}

/** Text that does not parse: a line, or a character, less. */
function smallerTexts(request) {
  const lines = request.query.split("\n");
  const withoutLines = lines.map((_, index) => lines.filter((_, other) => other !== index).join("\n"));
  const characters = [...request.query];
  const step = Math.max(1, Math.floor(characters.length / 100));
  const withoutCharacters = [];
  for (let at = 0; at < characters.length; at += step) {
    withoutCharacters.push([...characters.slice(0, at), ...characters.slice(at + step)].join(""));
  }
  return [...withoutLines, ...withoutCharacters].map((query) => ({ ...request, query }));
}

/** Whether no selection set and no document was left empty, which could not be written down. */
function hasAllSelections(document) {
  let complete = document.definitions.length > 0;
  visit(document, {
    SelectionSet: (node) => {
      complete &&= node.selections.length > 0;
    },
  });
  return complete;
}
