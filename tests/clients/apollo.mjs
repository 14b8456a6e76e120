// Apollo Client: automatic persisted queries by POST and by GET, and batches. Prints one JSON object: what each answered.
import { ApolloClient, InMemoryCache, gql, ApolloLink } from "@apollo/client";
import { HttpLink } from "@apollo/client/link/http";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createHash } from "node:crypto";

const [uri, what] = process.argv.slice(2);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const requests = [];
const counted = async (url, options) => {
  requests.push({ method: options.method, hasQuery: `${url} ${options.body}`.includes("query ") || String(url).includes("query=") });
  return fetch(url, options);
};
const client = (link) => new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
const student = gql`query Student($id: ID!) { student(id: $id) { id name } }`;
const ask = async (apollo, id) => (await apollo.query({ query: student, variables: { id } })).data.student;

if (what === "persisted-post" || what === "persisted-get") {
  const link = ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: what === "persisted-get" }),
    new HttpLink({ uri, fetch: counted }),
  ]);
  const apollo = client(link);
  const answers = [await ask(apollo, "S1"), await ask(apollo, "S2")];
  console.log(JSON.stringify({ answers, requests }));
} else if (what === "batch") {
  const apollo = client(new BatchHttpLink({ uri, fetch: counted, batchMax: 3, batchInterval: 50 }));
  const answers = await Promise.all([ask(apollo, "S1"), ask(apollo, "S2"), ask(apollo, "S3")]);
  console.log(JSON.stringify({ answers, requests: requests.length }));
} else if (what === "plain") {
  const answers = [await ask(client(new HttpLink({ uri, fetch: counted })), "S1")];
  console.log(JSON.stringify({ answers }));
}
