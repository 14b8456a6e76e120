// Runs every audit of graphql-http against the URL given, and prints one JSON object a line: {id, name, status, reason}.
import { auditServer } from "graphql-http";

const [url] = process.argv.slice(2);
for (const { id, name, status, reason } of await auditServer({ url })) {
  console.log(JSON.stringify({ id, name, status, reason }));
}
