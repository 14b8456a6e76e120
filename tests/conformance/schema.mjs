// The app's schema as the reference implementation reads it: the same SDL, without Mayfly's own directive.

import { readFileSync } from "node:fs";
import { buildASTSchema, isAbstractType, isObjectType, parse, visit } from "graphql";
import { resolvers } from "./resolvers.mjs";

const app = new URL("../../guest/apps/everything/", import.meta.url);

/** The data both sides answer with. */
export const data = JSON.parse(readFileSync(new URL("data.json", app), "utf8"));

const sdl = parse(readFileSync(new URL("schema.graphql", app), "utf8"));

/** Which fields a module answers: `Type.field` to the parent's fields its resolver is given. */
export const needs = new Map();

const isResolve = (node) => node.name.value === "resolve";

const withoutResolve = visit(sdl, {
  DirectiveDefinition: (node) => (isResolve(node) ? null : undefined),
  Directive: (node) => (isResolve(node) ? null : undefined),
});

for (const definition of sdl.definitions) {
  for (const field of definition.fields ?? []) {
    const directive = field.directives.find(isResolve);
    if (directive) {
      const given = directive.arguments.find((argument) => argument.name.value === "needs");
      needs.set(`${definition.name.value}.${field.name.value}`, given ? given.value.value.split(" ") : []);
    }
  }
}

/**
 * The schema, with resolvers where the app has them; every other field is a property of its parent. `later` wraps what a resolver
 * gives: a promise of it, or the thing itself.
 */
export function schemaWith(later) {
  const schema = buildASTSchema(withoutResolve);
  for (const [name, fields] of needs) {
    const [type, field] = name.split(".");
    const resolver = resolvers(data)[name];
    if (!resolver) throw new Error(`resolvers.mjs has nothing for ${name}`);
    schema.getType(type).getFields()[field].resolve = (parent, args) =>
      later(() => resolver(Object.fromEntries(fields.map((name) => [name, parent[name] ?? null])), args));
  }
  // What resolvers answer is JSON: only a JSON object can be an object, and it says itself of which type it is.
  for (const type of Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("__"))) {
    if (isObjectType(type)) type.isTypeOf = (value) => typeof value === "object" && !Array.isArray(value);
    if (isAbstractType(type)) type.resolveType = (value) => value.__typename;
  }
  const known = Object.keys(resolvers(data)).filter((name) => !needs.has(name));
  if (known.length > 0) throw new Error(`resolvers.mjs has ${known}, which the schema does not bind`);
  return schema;
}

/** Whether a field is answered by a module. */
export const isResolved = (type, field) => needs.has(`${type}.${field}`);

