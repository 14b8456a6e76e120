// urql with its exchange for persisted queries. Prints one JSON object.
import { Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const [url] = process.argv.slice(2);
const requests = [];
const counted = async (url, options) => {
  requests.push(options.method);
  return fetch(url, options);
};
const client = new Client({
  url,
  fetch: counted,
  preferGetMethod: false,
  exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
});
const student = gql`query Student($id: ID!) { student(id: $id) { id name } }`;
const answers = [];
for (const id of ["S1", "S2"]) {
  const { data, error } = await client.query(student, { id }).toPromise();
  if (error) throw error;
  answers.push(data.student);
}
console.log(JSON.stringify({ answers, requests }));
