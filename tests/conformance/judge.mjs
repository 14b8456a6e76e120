// What the reference implementation says of a schema, and the same schema in other styles.

import { GraphQLError, Lexer, Source, TokenKind, buildASTSchema, parse, validateSchema } from "graphql";
import { validateSDL } from "graphql/validation/validate.mjs";
import { Random } from "./random.mjs";

/** Every mistake in a schema, and, if it is one of syntax, where. */
export function judge(sdl) {
  let document;
  try {
    document = parse(sdl);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { messages: [error.message], syntax: error.locations[0] };
  }
  const errors = validateSDL(document);
  if (errors.length > 0) return { messages: errors.map(({ message }) => message) };
  try {
    return { messages: validateSchema(buildASTSchema(document, { assumeValidSDL: true })).map(({ message }) => message) };
  } catch (error) {
    return { messages: [error.message] };
  }
}

/** The same tokens with other white space, commas, comments and byte order marks between them. */
export function restyled(sdl, seed) {
  const random = new Random(seed);
  const texts = tokens(sdl);
  return texts.map((text, index) => between(random, texts[index - 1] ?? "", text) + text).join("") + between(random, "", "");
}

/** A schema with a few of its tokens changed: mostly names put for other names, so that its syntax often survives. */
export function broken(sdl, seed) {
  const random = new Random(seed);
  const texts = tokens(sdl);
  for (let changes = 1 + random.below(2); changes > 0; changes -= 1) {
    if (random.chance(0.7)) rename(random, texts);
    else disturb(random, texts);
  }
  return texts.join(" ");
}

function rename(random, texts) {
  const isName = (text) => /^\w/.test(text);
  const places = [...texts.keys()].filter((index) => isName(texts[index]));
  texts[random.pick(places)] = random.chance(0.8) ? texts[random.pick(places)] : random.pick(ODD.filter(isName));
}

function disturb(random, texts) {
  const at = random.below(texts.length);
  const other = random.pick(random.chance(0.6) ? texts : ODD);
  const way = random.below(4);
  if (way === 0) texts.splice(at, 1);
  else if (way === 1) texts.splice(at, 0, other);
  else if (way === 2) texts.splice(at, 1, other);
  else [texts[at], texts[at + 1]] = [texts[at + 1] ?? "}", texts[at]];
}

const ODD = ["{", "}", "(", ")", "[", "]", "!", ":", "=", "|", "&", "@", "$", "...", "type", "input", "enum", "interface", "union", "scalar", "directive", "schema",
  "extend", "implements", "on", "repeatable", "null", "true", "1", "1.5", '"text"', '"""block"""', "__x", "Int", "Query", "f0", "A", "OBJECT", "@deprecated", "@oneOf", "@d0"];

/** The texts of all tokens. */
function tokens(sdl) {
  const lexer = new Lexer(new Source(sdl));
  const texts = [];
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    texts.push(sdl.slice(token.start, token.end));
  }
  return texts;
}

/** What may stand between two tokens; something must where they would become one. */
function between(random, before, after) {
  const pieces = [" ", "\t", "\n", "\r", "\r\n", ",", "\ufeff", "# comment { \" [ \n", "#\r", "  ", "\n\n"];
  let text = "";
  while (random.chance(0.6)) text += random.pick(pieces);
  const joins = (/[\w"]$/.test(before) && /^[\w".-]/.test(after)) || (before.endsWith(".") && after.startsWith("."));
  return joins && text === "" ? random.pick([" ", ",", "\n", "\ufeff"]) : text;
}
