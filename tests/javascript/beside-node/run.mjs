// Runs a handler as Lambda does for AppSync, with Node: the arguments of its events are the lines of standard input, and what it answers
// or fails with is a line of JSON each.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// The second generation of the SDK does not look at AWS_ENDPOINT_URL.
createRequire(import.meta.url)('aws-sdk').config.dynamodb = { endpoint: process.env.AWS_ENDPOINT_URL };

const loaded = await import(pathToFileURL(process.argv[2]).href);
const handler = loaded.handler ?? loaded.default.handler;

const event = (values) => ({
  arguments: values,
  identity: null,
  source: null,
  request: { headers: {}, domainName: null },
  prev: null,
  info: { fieldName: 'field', parentTypeName: 'Query', variables: {}, selectionSetList: [], selectionSetGraphQL: '' },
  stash: {},
});

const call = (values) => new Promise((resolve, reject) => {
  const callback = (error, answer) => (error ? reject(error) : resolve(answer));
  const returned = handler(event(values), { awsRequestId: '1', getRemainingTimeInMillis: () => 1000 }, callback);
  if (typeof returned?.then === 'function') returned.then(resolve, reject);
});

for await (const line of createInterface({ input: process.stdin })) {
  const answered = await call(JSON.parse(line)).then((data) => ({ data: data ?? null }), (error) => ({ error: error.message ?? error }));
  process.stdout.write(`${JSON.stringify(answered)}\n`);
}
