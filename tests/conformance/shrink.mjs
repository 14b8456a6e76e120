// Smaller requests, for a failing one to be cut down to what matters.

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
  visit(document, { enter: (node) => (REMOVABLE.includes(node.kind) || node.alias || node.selectionSet ? note(node) : undefined) });
  const without = (place) => visit(document, { enter: (node) => (node === place ? null : undefined) });
  const unnamed = (place) => visit(document, { enter: (node) => (node === place ? { ...node, alias: undefined } : undefined) });
  const documents = places.map(without).concat(places.filter(({ alias }) => alias).map(unnamed));
  return documents.filter(hasAllSelections).map((smaller) => ({ ...request, query: print(smaller) }));
}

/** Text that does not parse: a line, or a character, less. */
function smallerTexts(request) {
  const lines = request.query.split("\n");
  const withoutLines = lines.map((_, index) => lines.filter((_, other) => other !== index).join("\n"));
  const step = Math.max(1, Math.floor(request.query.length / 100));
  const withoutCharacters = [];
  for (let at = 0; at < request.query.length; at += step) {
    withoutCharacters.push(request.query.slice(0, at) + request.query.slice(at + step));
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
