// graphql-request: a query, a batch, and an error with its code. Prints one JSON object.
import { GraphQLClient, gql } from "graphql-request";

const [url] = process.argv.slice(2);
const client = new GraphQLClient(url);
const document = gql`query Student($id: ID!) { student(id: $id) { id name } }`;
const one = await client.request(document, { id: "S1" });
const batch = await client.batchRequests([
  { document, variables: { id: "S1" } },
  { document, variables: { id: "S2" } },
]);
let code;
try {
  await client.request("{ nothing }");
} catch (error) {
  code = error.response.errors[0].extensions.code;
}
console.log(JSON.stringify({ one: one.student, batch: batch.map(({ data }) => data.student), code }));
