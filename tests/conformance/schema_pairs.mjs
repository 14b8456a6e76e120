// Pairs of schemas made up from a seed, the second changed from the first, with what the reference says of the change.

import { ValuesOfCorrectTypeRule, buildSchema, findBreakingChanges, findDangerousChanges, parse, printSchema, validate } from "graphql";
import { Random } from "./random.mjs";

const BUILT_IN = ["Int", "Float", "String", "Boolean", "ID"];
const PLACES = ["QUERY", "FIELD", "INLINE_FRAGMENT", "VARIABLE_DEFINITION", "OBJECT", "FIELD_DEFINITION", "ENUM_VALUE"];
const MOST_CHANGES = 6;
/** So many times a change is drawn again when it makes no valid schema. */
const MOST_TRIES = 12;

/** The pair of a seed: `{old, new, changes}`, with `@resolve` where Mayfly wants it. */
export function schemaPair(seed) {
  const random = new Random(seed);
  let old = new Schema(random).fill();
  while (!isValid(old)) old = new Schema(random).fill();
  const changed = changedFrom(old, random);
  const [was, is] = [build(old), build(changed)];
  const told = (changes, severity) => changes.map(({ type, description }) => ({ kind: type, severity, coordinate: place(type, description) }));
  const changes = [...told(findBreakingChanges(was, is), "breaking"), ...told(findDangerousChanges(was, is), "dangerous")];
  return { old: old.print(true), new: changed.print(true), changes };
}

function build(schema) {
  return buildSchema(schema.print(false));
}

/** Whether the reference can build it, compare it, and finds its defaults right, which it does not ask by itself. */
function isValid(schema) {
  try {
    const built = build(schema);
    printSchema(built);
    const defaults = schema.inputs().filter((input) => input.default !== undefined);
    const variables = defaults.map((input, index) => `$v${index}: ${input.type} = ${input.default}`);
    const document = `query (${["$v: ID", ...variables].join(", ")}) { __typename }`;
    return validate(built, parse(document), [ValuesOfCorrectTypeRule]).length === 0;
  } catch {
    // It says why; a default that contains itself overflows its stack.
    return false;
  }
}

function changedFrom(old, random) {
  let current = old;
  for (let count = 1 + random.below(MOST_CHANGES); count > 0; count--) {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const next = current.copy();
      next.change();
      if (isValid(next)) {
        current = next;
        break;
      }
    }
  }
  return current;
}

/** The coordinate of a change, which the reference tells in a sentence only. */
function place(type, description) {
  const [, pattern, shape] = PATTERNS.find(([types]) => types.includes(type));
  const found = description.match(pattern);
  if (!found) throw new Error(`${type}: ${description}`);
  return shape(found);
}

const whole = ([, name]) => name;
const member = ([, name, owner]) => `${owner}.${name}`;
const dotted = ([, owner, name]) => `${owner}.${name}`;
const directive = ([, name]) => `@${name}`;

const PATTERNS = [
  [["TYPE_REMOVED"], /^(?:Standard scalar )?(\w+) was removed/, whole],
  [["TYPE_CHANGED_KIND"], /^(\w+) changed from/, whole],
  [["TYPE_REMOVED_FROM_UNION", "TYPE_ADDED_TO_UNION"], /union type (\w+)\.$/, whole],
  [["VALUE_REMOVED_FROM_ENUM", "VALUE_ADDED_TO_ENUM"], /^(\w+) was .* enum type (\w+)\.$/, member],
  [["IMPLEMENTED_INTERFACE_REMOVED"], /^(\w+) no longer/, whole],
  [["IMPLEMENTED_INTERFACE_ADDED"], /implemented by (\w+)\.$/, whole],
  [["FIELD_REMOVED", "FIELD_CHANGED_KIND"], /^(\w+)\.(\w+) /, dotted],
  [["REQUIRED_INPUT_FIELD_ADDED", "OPTIONAL_INPUT_FIELD_ADDED"], /field (\w+) on input type (\w+) was/, member],
  [["ARG_REMOVED", "ARG_CHANGED_KIND", "ARG_DEFAULT_VALUE_CHANGE"], /^(\w+\.\w+) arg (\w+) /, ([, field, name]) => `${field}(${name}:)`],
  [["REQUIRED_ARG_ADDED", "OPTIONAL_ARG_ADDED"], /arg (\w+) on (\w+\.\w+) was/, ([, name, field]) => `${field}(${name}:)`],
  [["DIRECTIVE_REMOVED"], /^(\w+) was/, directive],
  [["DIRECTIVE_ARG_REMOVED"], /^(\w+) was removed from (\w+)/, ([, name, owner]) => `@${owner}(${name}:)`],
  [["REQUIRED_DIRECTIVE_ARG_ADDED"], /arg (\w+) on directive (\w+)/, ([, name, owner]) => `@${owner}(${name}:)`],
  [["DIRECTIVE_REPEATABLE_REMOVED"], /from (\w+)\.$/, directive],
  [["DIRECTIVE_LOCATION_REMOVED"], /from (\w+)\.$/, directive],
];

/** Types and directives by name; types of fields are texts such as `[Int!]`. */
class Schema {
  constructor(random, types = {}, directives = {}) {
    Object.assign(this, { random, types, directives });
  }

  copy() {
    return new Schema(this.random, structuredClone(this.types), structuredClone(this.directives));
  }

  fill() {
    const some = (most) => 1 + this.random.below(most);
    // Names first, so that every type may mention every other.
    for (const [kind, prefix, count] of [
      ["scalar", "S", some(2)],
      ["enum", "E", some(2)],
      ["input", "I", some(3)],
      ["interface", "N", some(2)],
      ["object", "O", 1 + some(3)],
      ["union", "U", some(2)],
    ]) {
      for (let index = 0; index < count; index++) this.types[`${prefix}${index}`] = { kind };
    }
    this.types.Query = { kind: "object" };
    if (this.random.chance(0.5)) this.types.Mutation = { kind: "object" };
    for (const type of Object.values(this.types)) Object.assign(type, this.body(type.kind));
    for (const name of this.named("object")) if (this.random.chance(0.4)) this.implement(name);
    for (let index = 0; index < some(3); index++) this.directives[`d${index}`] = this.directive();
    return this;
  }

  body(kind) {
    switch (kind) {
      case "scalar":
        return {};
      case "enum":
        return { values: this.names("V") };
      case "union":
        return { members: this.several(this.named("object").filter((name) => name.startsWith("O"))) };
      case "input":
        return { oneOf: false, fields: this.members(() => this.input()) };
      default:
        return { interfaces: [], fields: this.members(() => this.field()) };
    }
  }

  members(make) {
    return Object.fromEntries(this.names("f").map((name) => [name, make()]));
  }

  names(prefix) {
    return this.several([0, 1, 2, 3].map((index) => `${prefix}${index}`));
  }

  several(items) {
    const chosen = items.filter(() => this.random.chance(0.6));
    return chosen.length > 0 ? chosen : [this.random.pick(items)];
  }

  /** Every argument and input field. */
  inputs() {
    const all = Object.values(this.types).flatMap(({ kind, fields = {} }) => {
      return kind === "input" ? Object.values(fields) : Object.values(fields).flatMap(({ args }) => Object.values(args));
    });
    return [...all, ...Object.values(this.directives).flatMap(({ args }) => Object.values(args))];
  }

  named(...kinds) {
    return Object.keys(this.types).filter((name) => kinds.includes(this.types[name].kind));
  }

  field() {
    const named = this.random.chance(0.5) ? BUILT_IN : this.named("scalar", "enum", "object", "interface", "union");
    const args = this.random.chance(0.4) ? Object.fromEntries(this.names("a").map((name) => [name, this.input()])) : {};
    return { type: this.wrapped(this.random.pick(named)), args };
  }

  input() {
    const type = this.wrapped(this.random.pick(this.random.chance(0.6) ? BUILT_IN : this.named("scalar", "enum", "input")));
    return { type, default: this.random.chance(0.4) ? this.value(type, 0) : undefined };
  }

  directive() {
    const args = this.random.chance(0.5) ? Object.fromEntries(this.names("a").map((name) => [name, this.input()])) : {};
    return { args, repeatable: this.random.chance(0.5), places: this.several(PLACES) };
  }

  wrapped(name) {
    const { random } = this;
    const inner = random.chance(0.4) ? `${name}!` : name;
    const type = random.chance(0.3) ? `[${inner}]${random.chance(0.4) ? "!" : ""}` : inner;
    return random.chance(0.05) ? `[${type}]` : type;
  }

  /** A value of an input type, as text. */
  value(type, depth) {
    const { random } = this;
    if (type.endsWith("!")) return this.value(type.slice(0, -1), depth + 10) ?? "1";
    if (depth < 10 && random.chance(0.2)) return "null";
    if (type.startsWith("[")) return `[${this.value(type.slice(1, -1), depth)}]`;
    const found = this.types[type];
    switch (found?.kind ?? type) {
      case "Int":
        return `${random.below(3)}`;
      case "Float":
        return random.pick(["1", "1.0", "1.5", "10", "1e1", "2.50"]);
      case "Boolean":
        return random.pick(["true", "false"]);
      case "ID":
        return random.pick(["1", '"1"', '"a"']);
      case "enum":
        return random.pick(found.values ?? ["V0"]);
      case "input": {
        if (depth % 10 > 1) return "{}";
        const given = Object.entries(found.fields ?? {}).filter(([, { type }]) => type.endsWith("!") || random.chance(0.5));
        return `{${given.map(([name, field]) => `${name}: ${this.value(field.type, depth + 1)}`).join(", ")}}`;
      }
      default:
        return random.pick(['"x"', '"y"']);
    }
  }

  /** Makes an object implement an interface, whose fields it takes over. */
  implement(name) {
    const interfaces = this.named("interface").filter((other) => other !== name);
    if (interfaces.length === 0) return;
    const chosen = this.random.pick(interfaces);
    const type = this.types[name];
    if (!type.interfaces.includes(chosen)) type.interfaces.push(chosen);
    Object.assign(type.fields, structuredClone(this.types[chosen].fields));
  }

  /** One random change; often one that makes no valid schema. */
  change() {
    const { random } = this;
    const names = Object.keys(this.types);
    const name = random.pick(names);
    const type = this.types[name];
    const kind = random.below(10);
    if (kind === 0) return this.removeType(name);
    if (kind === 1) {
      const other = random.pick(["scalar", "enum", "input", "interface", "object", "union"]);
      this.types[name] = { kind: other, ...this.body(other) };
      return;
    }
    if (kind <= 3) return this.changeDirective();
    switch (type.kind) {
      case "scalar":
        this.types[`New${random.below(9)}`] = { kind: "scalar" };
        return;
      case "enum":
        return this.toggle(type.values, `V${random.below(5)}`);
      case "union":
        return this.toggle(type.members, random.pick(this.named("object")));
      case "input":
        if (random.chance(0.1)) type.oneOf = !type.oneOf;
        return this.changeInputs(type.fields, `f${random.below(5)}`);
      default:
        return this.changeFields(name, type);
    }
  }

  removeType(name) {
    delete this.types[name];
    for (const type of Object.values(this.types)) {
      const mentions = (text) => text.replace(/[[\]!]/g, "") === name;
      for (const [field, { type: text, args = {} }] of Object.entries(type.fields ?? {})) {
        if (mentions(text)) delete type.fields[field];
        for (const argument of Object.keys(args)) if (mentions(args[argument].type)) delete args[argument];
      }
      type.members = type.members?.filter((member) => member !== name);
      type.interfaces = type.interfaces?.filter((other) => other !== name);
    }
  }

  changeFields(name, type) {
    const { random } = this;
    const field = `f${random.below(5)}`;
    const found = type.fields[field];
    if (random.chance(0.15)) {
      if (random.chance(0.5)) type.interfaces.pop();
      else this.implement(name);
    } else if (!found || random.chance(0.2)) {
      if (found) delete type.fields[field];
      else type.fields[field] = this.field();
    } else if (random.chance(0.5)) {
      this.changeInputs(found.args, `a${random.below(5)}`);
    } else {
      found.type = random.chance(0.7) ? this.rewrapped(found.type) : this.field().type;
    }
  }

  changeInputs(inputs, name) {
    const { random } = this;
    const found = inputs[name];
    if (!found) inputs[name] = this.input();
    else if (random.chance(0.25)) delete inputs[name];
    else if (random.chance(0.2)) found.default = undefined;
    else if (random.chance(0.5)) found.default = this.value(found.type, 0);
    else found.type = this.rewrapped(found.type);
  }

  changeDirective() {
    const { random } = this;
    const name = `d${random.below(4)}`;
    const found = this.directives[name];
    if (!found) this.directives[name] = this.directive();
    else if (random.chance(0.25)) delete this.directives[name];
    else if (random.chance(0.3)) found.repeatable = !found.repeatable;
    else if (random.chance(0.5)) this.toggle(found.places, random.pick(PLACES));
    else this.changeInputs(found.args, `a${random.below(5)}`);
  }

  rewrapped(type) {
    const bare = type.endsWith("!") ? type.slice(0, -1) : type;
    const inner = bare.startsWith("[") ? `[${this.rewrapped(bare.slice(1, -1))}]` : bare;
    return this.random.pick([bare, `${bare}!`, inner, `${inner}!`, `[${bare}]`]);
  }

  toggle(items, item) {
    const index = items.indexOf(item);
    if (index < 0) items.push(item);
    else items.splice(index, 1);
  }

  /** The schema as text; Mayfly wants to know who answers the roots' fields. */
  print(resolve) {
    const input = ([name, { type, default: value }]) => `${name}: ${type}${value === undefined ? "" : ` = ${value}`}`;
    const list = (args) => (Object.keys(args).length > 0 ? `(${Object.entries(args).map(input).join(", ")})` : "");
    const lines = Object.entries(this.types).map(([name, type]) => {
      const by = resolve && ["Query", "Mutation"].includes(name) ? ' @resolve(module: "m")' : "";
      const field = ([name, { type, args }]) => `  ${name}${list(args)}: ${type}${by}\n`;
      switch (type.kind) {
        case "scalar":
          return `scalar ${name}`;
        case "enum":
          return `enum ${name} { ${type.values.join(" ")} }`;
        case "union":
          return `union ${name} = ${type.members.join(" | ")}`;
        case "input":
          return `input ${name}${type.oneOf ? " @oneOf" : ""} {\n  ${Object.entries(type.fields).map(input).join("\n  ")}\n}`;
        default: {
          const implementing = type.interfaces.length > 0 ? ` implements ${type.interfaces.join(" & ")}` : "";
          return `${type.kind === "object" ? "type" : "interface"} ${name}${implementing} {\n${Object.entries(type.fields).map(field).join("")}}`;
        }
      }
    });
    const directives = Object.entries(this.directives).map(
      ([name, { args, repeatable, places }]) => `directive @${name}${list(args)}${repeatable ? " repeatable" : ""} on ${places.join(" | ")}`,
    );
    return [...lines, ...directives].join("\n");
  }
}
