// The reference implementation as a server: one JSON line in, one JSON line out, in any order.
//
//   {id, query, operationName, variables}  →  {id, rejected, message, places} or {id, data, paths}
//   {id, generate, from}                   →  {id, requests}: as many as `generate` says, each from its own seed, `from` and up
//   {id, shrink}                           →  {id, requests}: a request's next smaller ones, the smallest first
//   {id, schemas, from}                    →  {id, pairs}: so many pairs of schemas, each from its own seed, and their changes
//   {id, judge}                            →  {id, verdicts}: of schemas, what is wrong with each
//   {id, changed, from}                    →  {id, changed}: this many schemas with tokens changed, each from its own seed, and verdicts
//   {id, restyle, styles, from}            →  {id, restyled}: schemas, each in so many styles

import { createInterface } from "node:readline";
import { GraphQLError, execute, parse, validate } from "graphql";
import { generate } from "./generate.mjs";
import { broken, judge, restyled } from "./judge.mjs";
import { schemaWith } from "./schema.mjs";
import { schemaPair } from "./schema_pairs.mjs";
import { shrink } from "./shrink.mjs";

const RESOLVE = "directive @resolve(module: String!, needs: String) on FIELD_DEFINITION";

// Where a value is null for several reasons, which of them is told depends on the order of execution. Both orders are the
// reference's: resolvers that answer at once, and resolvers that answer later.
const atOnce = schemaWith((resolve) => resolve());
const later = schemaWith(async (resolve) => resolve());

async function answer({ query, operationName, variables }) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return rejected([error]);
  }
  const errors = validate(atOnce, document);
  if (errors.length > 0) return rejected(errors);
  const run = (schema) => execute({ schema, document, operationName, variableValues: variables });
  const results = [await run(atOnce), await run(later)];
  const [{ data, errors: failed = [] }] = results;
  // An error without a path is no field's: nothing was executed.
  if (data === undefined || failed.some(({ path }) => !path)) return rejected(failed);
  if (JSON.stringify(data) !== JSON.stringify(results[1].data)) throw new Error("the order of execution changes the data");
  const paths = new Set(results.flatMap(({ errors = [] }) => errors.map(({ path }) => JSON.stringify(path))));
  return { data, paths: [...paths].map((path) => JSON.parse(path)), message: failed[0]?.message };
}

/** The first reason, and every place that any reason names. */
function rejected(errors) {
  const places = errors.flatMap(({ locations }) => locations ?? [null]);
  return { rejected: true, message: errors[0].message, places };
}

async function serve(request) {
  if (request.generate) {
    const seeds = Array.from({ length: request.generate }, (_, index) => request.from + index);
    return { requests: seeds.map((seed) => ({ seed, ...generate(atOnce, seed) })) };
  }
  if (request.schemas) {
    const seeds = Array.from({ length: request.schemas }, (_, index) => request.from + index);
    return { pairs: seeds.map((seed) => ({ seed, ...schemaPair(seed) })) };
  }
  if (request.judge) return { verdicts: request.judge.map(judge) };
  if (request.changed) {
    const seeds = Array.from({ length: request.changed }, (_, index) => request.from + index);
    const changed = seeds.map((seed) => ({ seed, sdl: `${broken(schemaPair(seed).old, seed)}\n${RESOLVE}` }));
    return { changed: changed.map(({ seed, sdl }) => ({ seed, sdl, verdict: judge(sdl) })) };
  }
  if (request.restyle) {
    const styles = Array.from({ length: request.styles }, (_, index) => request.from + index);
    return { restyled: request.restyle.map((sdl, index) => styles.map((style) => restyled(sdl, style + index * styles.length))) };
  }
  if (request.shrink) return { requests: shrink(request.shrink) };
  return answer(request);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answered = await serve(request).catch((error) => ({ broken: error.stack }));
  process.stdout.write(`${JSON.stringify({ id: request.id, ...answered })}\n`);
}
