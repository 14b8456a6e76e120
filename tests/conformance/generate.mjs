// Requests made up from the schema: most of them valid, some broken afterwards (break.mjs).

import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { broken } from "./break.mjs";
import { Random } from "./random.mjs";
import { data, isResolved } from "./schema.mjs";

const DEEPEST = 4;
const BROKEN = 0.3;

/** Fixtures whose objects have all that nested resolvers need: what happens without has documents of its own. */
const TAME = ["plain", "named", "tree", "row", "square", "emptyList", "emptyLists", "null", "zoo", "dog", "numbers", "limits", "coerced"];
/** All but the one whose numbers are written as JavaScript never writes them. */
const WILD = Object.keys(data.fixtures).filter((name) => name !== "digits");
const IDS = [...Object.keys(data.things), "nobody", "1"];

/** The request of a seed: `{query, operationName, variables}`. */
export function generate(schema, seed) {
  const random = new Random(seed);
  const request = new Writer(schema, random).request();
  return random.chance(BROKEN) ? broken(request, random) : request;
}

class Writer {
  constructor(schema, random) {
    this.schema = schema;
    this.random = random;
    // Either fixtures with holes, or nested resolvers.
    this.tame = random.chance(0.6);
    this.aliases = 0;
    this.fragments = [];
  }

  request() {
    const { random } = this;
    const count = random.chance(0.1) ? 2 : 1;
    const operations = Array.from({ length: count }, (_, index) => this.operation(count > 1 ? `Op${index}` : random.pick(["", "Only"])));
    // Fragments take variables of the operation they were written for, so that others often lack them: also a case.
    const query = [...operations.map(({ text }) => text), ...this.fragments].join("\n");
    const chosen = random.pick(operations);
    const operationName = count > 1 || (chosen.name && random.chance(0.3)) ? chosen.name : undefined;
    return { query, operationName, variables: chosen.variables };
  }

  operation(name) {
    const isMutation = this.random.chance(0.1);
    const type = isMutation ? this.schema.getMutationType() : this.schema.getQueryType();
    this.definitions = new Map();
    this.variables = {};
    const selection = this.selection(type, 0);
    const definitions = [...this.definitions].map(([name, { type, init }]) => `$${name}: ${type}${init ? ` = ${init}` : ""}`);
    const head = definitions.length > 0 ? `${name}(${definitions.join(", ")})` : name;
    const keyword = isMutation ? "mutation " : head ? "query " : "";
    return { name, variables: this.variables, text: `${keyword}${head} ${selection}` };
  }

  selection(type, depth) {
    const { random } = this;
    const parts = [];
    const wanted = 1 + random.below(depth === 0 ? 3 : 5);
    for (let index = 0; index < wanted; index += 1) {
      const roll = random.next();
      if (roll < 0.08) parts.push(`${this.alias(0.3)}__typename`);
      else if (roll < 0.25 && isCompositeType(type)) parts.push(this.fragment(type, depth));
      else parts.push(this.field(type, depth));
    }
    return `{ ${parts.join(" ")} }`;
  }

  alias(probability) {
    if (!this.random.chance(probability)) return "";
    this.aliases += 1;
    return `${this.random.pick(["a", "b", "zz"])}${this.aliases}: `;
  }

  field(type, depth) {
    const { random } = this;
    if (!type.getFields) return `${this.alias(0.3)}__typename`;
    const candidates = Object.values(type.getFields()).filter((field) => {
      if (depth >= DEEPEST && isCompositeType(getNamedType(field.type))) return false;
      return this.tame || !this.mayBeResolved(type, field.name);
    });
    const field = candidates.length > 0 ? random.pick(candidates) : undefined;
    if (!field) return "__typename";
    const given = field.args.map((argument) => this.argument(field, argument)).filter(Boolean);
    const args = given.length > 0 ? `(${given.join(", ")})` : "";
    const inner = getNamedType(field.type);
    const selection = isCompositeType(inner) ? ` ${this.selection(inner, depth + 1)}` : "";
    const alias = this.alias(field.args.length > 0 || selection ? 0.9 : 0.15);
    return `${alias}${field.name}${args}${this.directives()}${selection}`;
  }

  /** Whether some type's field is answered by a resolver that needs a part of its parent. */
  mayBeResolved(type, field) {
    if (type === this.schema.getQueryType() || type === this.schema.getMutationType()) return false;
    const types = isObjectType(type) ? [type] : this.schema.getPossibleTypes(type);
    return types.some(({ name }) => isResolved(name, field));
  }

  fragment(type, depth) {
    const { random } = this;
    const all = Object.values(this.schema.getTypeMap()).filter((other) => isCompositeType(other) && !other.name.startsWith("__"));
    const related = all.filter((other) => shared(this.schema, type, other));
    const on = random.pick(random.chance(0.99) ? related : all);
    const selection = this.selection(on, depth + 1);
    if (random.chance(0.7)) {
      const condition = on === type && random.chance(0.5) ? "" : ` on ${on.name}`;
      return `...${condition}${this.directives()} ${selection}`;
    }
    const name = `F${this.fragments.length}`;
    this.fragments.push(`fragment ${name} on ${on.name} ${selection}`);
    return `...${name}${this.directives()}`;
  }

  directives() {
    const { random } = this;
    if (!random.chance(0.08)) return "";
    if (random.chance(0.2)) return ` @note(text: "n")`;
    const name = random.pick(["skip", "include"]);
    if (random.chance(0.5)) return ` @${name}(if: ${random.chance(0.5)})`;
    return ` @${name}(if: $${this.variable("Boolean!", () => random.chance(0.5))})`;
  }

  argument(field, argument) {
    const { random } = this;
    const required = isNonNullType(argument.type) && argument.defaultValue === undefined;
    if (!required && random.chance(0.5)) return "";
    if (random.chance(0.3)) {
      const name = this.variable(this.variableType(argument.type), () => this.value(argument, argument.type, 0));
      return `${argument.name}: $${name}`;
    }
    return `${argument.name}: ${literal(this.value(argument, argument.type, 0))}`;
  }

  /** The type of a variable for a position: the same, a stricter one, or now and then one that does not fit. */
  variableType(type) {
    const { random } = this;
    const text = String(type);
    if (random.chance(0.02)) return random.pick(["Int", "String", "[Int]", "Filter", "Dog", "Missing", "ID!"]);
    if (!isNonNullType(type)) return random.chance(0.3) ? `${text}!` : text;
    return random.chance(0.05) ? String(getNullableType(type)) : text;
  }

  variable(type, value) {
    const { random } = this;
    const reusable = [...this.definitions].find(([, definition]) => definition.type === type);
    if (reusable && random.chance(0.3)) return reusable[0];
    const name = `v${this.definitions.size}`;
    const init = random.chance(0.15) && /^(Int|Float|String|Boolean|ID)!?$/.test(type) ? DEFAULTS[type.replace("!", "")] : "";
    this.definitions.set(name, { type, init });
    const roll = random.next();
    if (roll < 0.93) this.variables[name] = plain(value());
    else if (roll < 0.95) this.variables[name] = null;
    else if (roll < 0.97) this.variables[name] = random.pick([1, "x", true, [], {}, 1.5, [1], { a: 1 }, "SMALL"]);
    return name;
  }

  /** A value for a position: JavaScript's own, with enum values as symbols. */
  value(position, type, depth) {
    const { random } = this;
    if (isNonNullType(type)) return this.value(position, type.ofType, depth) ?? this.value(position, type, depth);
    if (random.chance(0.08)) return null;
    if (isListType(type)) {
      if (random.chance(0.1)) return this.value(position, type.ofType, depth);
      return Array.from({ length: random.below(4) }, () => this.value(position, type.ofType, depth + 1));
    }
    if (isEnumType(type)) return Symbol.for(random.pick(type.getValues()).name);
    if (isInputObjectType(type)) return this.object(type, depth);
    // A longer list is guessed to be so long that the guard refuses what is in it.
    if (position.name === "first") return random.pick([0, 1, 2, -1, 10]);
    if (position.name === "fixture") return random.pick(this.tame ? TAME : WILD);
    switch (type.name) {
      case "Int":
        return random.pick([0, 1, 2, -1, 10, 2147483647]);
      case "Float":
        return random.pick([0, 1, -1.5, 0.25, 3e10]);
      case "Boolean":
        return random.chance(0.5);
      case "ID":
        return random.chance(0.1) ? random.below(9) : random.pick(IDS);
      case "JSON":
        return random.pick([1, "x", [1, [null]], { b: { a: 1 }, a: [] }, true]);
      default:
        return random.pick(["", "o", "r1", "t2", "plain", "Tom", 'q"\\\n\u00e9\u{1f600}']);
    }
  }

  object(type, depth) {
    const { random } = this;
    let fields = Object.values(type.getFields());
    if (type.isOneOf && random.chance(0.9)) fields = [random.pick(fields.filter((field) => depth < 2 || field.name !== "by"))];
    const entries = [];
    for (const field of fields) {
      const required = isNonNullType(field.type) && field.defaultValue === undefined;
      const nested = isInputObjectType(getNamedType(field.type));
      if (!required && !type.isOneOf && random.chance(nested ? 0.5 + depth * 0.2 : 0.5)) continue;
      const value = this.value(field, field.type, depth + 1);
      entries.push([field.name, type.isOneOf && value === null ? this.value(field, field.type, depth + 1) : value]);
    }
    return Object.fromEntries(entries);
  }
}

const DEFAULTS = { Int: "3", Float: "1.5", String: '"d"', Boolean: "true", ID: '"dog-1"' };

function shared(schema, one, other) {
  const possible = (type) => (isObjectType(type) ? [type] : schema.getPossibleTypes(type));
  return possible(one).some((type) => possible(other).includes(type));
}

/** A value in GraphQL's syntax. */
function literal(value) {
  if (value === null) return "null";
  if (typeof value === "symbol") return Symbol.keyFor(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, item]) => `${name}: ${literal(item)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** A value as JSON has it. */
function plain(value) {
  if (typeof value === "symbol") return Symbol.keyFor(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  return value;
}

