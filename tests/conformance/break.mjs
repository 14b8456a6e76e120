// Ways to break a request, each as a person might: most change one place of the document's tree, one its text.
//
// None makes a fragment spread itself: Mayfly tells that before anything else (differences.txt), and the corpus has such documents.

import { Kind, parse, print, visit } from "graphql";

/** The request with one thing changed; still valid now and then. */
export function broken(request, random) {
  if (random.chance(0.12)) return { ...request, query: brokenText(request.query, random) };
  const document = parse(request.query);
  for (let tries = 0; tries < 10; tries += 1) {
    const way = random.pick(WAYS);
    const places = nodes(document, way.kind).filter(way.where ?? (() => true));
    if (places.length === 0) continue;
    const place = random.pick(places);
    const changed = visit(document, { enter: (node) => (node === place ? way.change(node, random, document) : undefined) });
    return { ...request, query: print(changed) };
  }
  return request;
}

function brokenText(text, random) {
  const characters = [...text];
  const at = random.below(characters.length);
  const inserted = random.pick(["", "", "{", "}", "(", ":", "$", "!", "@", "...", "\"", "#", "\\", "1", "é", "\u0000", " on ", "[", "&", "|", "0x", ".5"]);
  return [...characters.slice(0, at), inserted, ...characters.slice(at + (random.chance(0.5) ? 1 : 0))].join("");
}

function nodes(document, kind) {
  const found = [];
  const note = (node) => void found.push(node);
  visit(document, { enter: (node) => (kind.includes(node.kind) ? note(node) : undefined) });
  return found;
}

const name = (value) => ({ kind: Kind.NAME, value });
const variable = (value) => ({ kind: Kind.VARIABLE, name: name(value) });
const field = (value, more = {}) => ({ kind: Kind.FIELD, name: name(value), ...more });
const selectionSet = (...selections) => ({ kind: Kind.SELECTION_SET, selections });
const namedType = (value) => ({ kind: Kind.NAMED_TYPE, name: name(value) });
const int = (value) => ({ kind: Kind.INT, value });
const string = (value) => ({ kind: Kind.STRING, value });
const argument = (label, value) => ({ kind: Kind.ARGUMENT, name: name(label), value });
const directive = (label, ...args) => ({ kind: Kind.DIRECTIVE, name: name(label), arguments: args });

const LITERALS = [Kind.INT, Kind.FLOAT, Kind.STRING, Kind.BOOLEAN, Kind.ENUM, Kind.LIST, Kind.OBJECT];
const OTHERS = [
  int("7"),
  int("2147483648"),
  { kind: Kind.FLOAT, value: "1.5" },
  string("text"),
  { kind: Kind.BOOLEAN, value: true },
  { kind: Kind.NULL },
  { kind: Kind.ENUM, value: "SMALL" },
  { kind: Kind.ENUM, value: "PLAID" },
  { kind: Kind.LIST, values: [] },
  { kind: Kind.LIST, values: [int("1"), { kind: Kind.NULL }] },
  { kind: Kind.OBJECT, fields: [] },
  { kind: Kind.OBJECT, fields: [{ kind: Kind.OBJECT_FIELD, name: name("from"), value: int("1") }] },
];
const TYPES = ["Dog", "Cat", "Shape", "Animal", "Pet", "Anything", "Query", "Size", "Missing", "Node"];

const withSelections = (node, change) => ({ ...node, selectionSet: selectionSet(...change(node.selectionSet.selections)) });
const hasMany = (node) => node.selections.length > 1;

const WAYS = [
  { kind: [Kind.ARGUMENT], change: () => null },
  { kind: [Kind.ARGUMENT], change: (node) => ({ ...node, name: name("unknown") }) },
  { kind: [Kind.FIELD], where: (node) => node.arguments?.length > 0, change: (node) => ({ ...node, arguments: [...node.arguments, node.arguments[0]] }) },
  { kind: [Kind.FIELD], change: (node) => ({ ...node, arguments: [...(node.arguments ?? []), argument("extra", int("1"))] }) },
  { kind: LITERALS, change: (_, random) => random.pick(OTHERS) },
  { kind: LITERALS, change: (_, random) => random.pick(OTHERS) },
  { kind: LITERALS, change: () => variable("undefined") },
  { kind: LITERALS, change: () => variable("v0") },
  { kind: [Kind.OBJECT], change: (node) => ({ ...node, fields: [...node.fields, { kind: Kind.OBJECT_FIELD, name: name("unknown"), value: int("1") }] }) },
  { kind: [Kind.OBJECT], where: (node) => node.fields.length > 0, change: (node) => ({ ...node, fields: [...node.fields, node.fields[0]] }) },
  { kind: [Kind.OBJECT_FIELD], change: () => null },
  { kind: [Kind.FIELD], change: (node) => ({ ...node, name: name("unknown") }) },
  { kind: [Kind.FIELD], change: (node, random) => ({ ...node, name: name(random.pick(["name", "id", "kind", "int", "shape", "weight", "knows"])) }) },
  { kind: [Kind.FIELD], change: (node) => ({ ...node, alias: name("same") }) },
  { kind: [Kind.SELECTION_SET], where: hasMany, change: ({ selections: [one, ...more] }) => selectionSet(...[one, ...more].map((node) => (node.kind === Kind.FIELD ? { ...node, alias: name("same") } : node))) },
  { kind: [Kind.FIELD], where: (node) => node.selectionSet, change: (node) => ({ ...node, selectionSet: undefined }) },
  { kind: [Kind.FIELD], where: (node) => !node.selectionSet, change: (node) => ({ ...node, selectionSet: selectionSet(field("id")) }) },
  { kind: [Kind.FIELD], where: (node) => node.selectionSet, change: (node) => withSelections(node, (all) => [...all, field("missing")]) },
  { kind: [Kind.FIELD], change: (node) => ({ ...node, directives: [directive("skip")] }) },
  { kind: [Kind.FIELD], change: (node) => ({ ...node, directives: [directive("once"), directive("once")] }) },
  { kind: [Kind.FIELD], change: (node) => ({ ...node, directives: [directive("include", argument("if", variable("v0")))] }) },
  { kind: [Kind.FIELD, Kind.INLINE_FRAGMENT, Kind.FRAGMENT_SPREAD], change: (node) => ({ ...node, directives: [directive("deprecated")] }) },
  { kind: [Kind.FRAGMENT_SPREAD, Kind.INLINE_FRAGMENT], change: (node) => ({ ...node, directives: [directive("once")] }) },
  { kind: [Kind.FRAGMENT_SPREAD], change: (node) => ({ ...node, name: name("Missing") }) },
  { kind: [Kind.FRAGMENT_SPREAD], change: () => field("__typename") },
  { kind: [Kind.FRAGMENT_DEFINITION], change: () => null },
  { kind: [Kind.FRAGMENT_DEFINITION, Kind.INLINE_FRAGMENT], where: (node) => node.typeCondition, change: (node, random) => ({ ...node, typeCondition: namedType(random.pick(TYPES)) }) },
  { kind: [Kind.VARIABLE_DEFINITION], change: () => null },
  { kind: [Kind.VARIABLE_DEFINITION], change: (node, random) => ({ ...node, type: namedType(random.pick(["Int", "String", "Boolean", "Filter", "Shape", "Missing"])) }) },
  { kind: [Kind.VARIABLE_DEFINITION], change: (node, random) => ({ ...node, defaultValue: random.pick(OTHERS) }) },
  { kind: [Kind.OPERATION_DEFINITION], change: (node) => ({ ...node, variableDefinitions: [...(node.variableDefinitions ?? []), { kind: Kind.VARIABLE_DEFINITION, variable: variable("unused"), type: namedType("Int") }] }) },
  { kind: [Kind.OPERATION_DEFINITION], where: (node) => node.variableDefinitions?.length > 0, change: (node) => ({ ...node, variableDefinitions: [...node.variableDefinitions, node.variableDefinitions[0]] }) },
  { kind: [Kind.OPERATION_DEFINITION], change: (node) => ({ ...node, operation: node.operation === "query" ? "mutation" : "query" }) },
  { kind: [Kind.OPERATION_DEFINITION], change: (node) => ({ ...node, name: name("Other") }) },
  { kind: [Kind.DOCUMENT], change: (node) => ({ ...node, definitions: [...node.definitions, node.definitions[0]] }) },
  { kind: [Kind.DOCUMENT], change: (node) => ({ ...node, definitions: [...node.definitions, { kind: Kind.FRAGMENT_DEFINITION, name: name("Unused"), typeCondition: namedType("Dog"), selectionSet: selectionSet(field("id")) }] }) },
];
