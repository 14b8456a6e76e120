// Uses the admin API as tools do: introspects it, builds its schema, and sends typed operations.
// node request.mjs URL TOKEN
import { buildClientSchema, getIntrospectionQuery, parse, printSchema, validate } from "graphql";
import { ClientError, GraphQLClient } from "graphql-request";

const [, , url, token] = process.argv;
const client = new GraphQLClient(url, { headers: { authorization: `Bearer ${token}` } });

// What GraphiQL asks first, and what it asks of servers that know more.
const asked = [{}, { descriptions: false }, { inputValueDeprecation: true, schemaDescription: true, specifiedByUrl: true, directiveIsRepeatable: true }];
let schema;
for (const options of asked) {
  schema = buildClientSchema(await client.request(getIntrospectionQuery(options)));
}

const query = `query Look($name: String!) {
  module(name: $name) { name active { digest sizeBytes origin ageSeconds } }
  memory { plannedBytes lines { what usedBytes } }
}`;
const mistakes = validate(schema, parse(query));
if (mistakes.length > 0) throw mistakes[0];
const looked = await client.request(query, { name: "marked" });

const change = `mutation Back($module: String!) {
  rollBack(module: $module) { __typename ... on Activation { digest } ... on Failure { code message } }
}`;
const changed = await client.request(change, { module: "nobody" });

const stranger = new GraphQLClient(url, { headers: { authorization: "Bearer nobody" } });
const refused = await stranger.request("{ __typename }").catch((error) => error);
if (!(refused instanceof ClientError)) throw new Error("a stranger was let in");

console.log(JSON.stringify({
  types: printSchema(schema).split("\n").filter((line) => line.startsWith("type ")).length,
  looked,
  changed,
  refused: [refused.response.status, refused.response.errors[0].extensions.code],
}));
