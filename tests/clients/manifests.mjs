// Writes the manifest of one document with each tool that writes them, into the directory given: relay.json, codegen.json, apollo.json.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync, copyFileSync } from "node:fs";
import { join } from "node:path";

const [schema, directory] = process.argv.slice(2);
const packages = join(import.meta.dirname, "node_modules");
const source = join(directory, "src");
mkdirSync(source, { recursive: true });
symlinkSync(packages, join(directory, "node_modules"));
copyFileSync(schema, join(directory, "schema.graphql"));

const document = "query studentQuery($id: ID!) {\n  student(id: $id) {\n    id\n    name\n  }\n}\n";
writeFileSync(join(source, "student.graphql"), document);
writeFileSync(join(source, "student.js"), `import { graphql } from "relay-runtime";\nexport const query = graphql\`\n${document}\`;\n`);
writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true }));
writeFileSync(join(directory, "relay.json"), "{}");
writeFileSync(
  join(directory, "relay.config.json"),
  JSON.stringify({ src: "./src", schema: "./schema.graphql", language: "javascript", persistConfig: { file: "./relay.json", algorithm: "SHA256" } }),
);
writeFileSync(
  join(directory, "codegen.json"),
  JSON.stringify({ schema: "schema.graphql", documents: ["src/student.graphql"], generates: { "gql/": { preset: "client", presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } } } } }),
);
writeFileSync(join(directory, "persisted-query-manifest.config.json"), JSON.stringify({ documents: ["src/student.graphql"], output: "apollo.json" }));

const run = (program, ...options) => execFileSync(join(packages, ".bin", program), options, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
run("relay-compiler", "--noWatchman", "--repersist", "relay.config.json");
run("graphql-codegen", "--config", "codegen.json");
run("generate-persisted-query-manifest", "--config", "persisted-query-manifest.config.json");
writeFileSync(join(directory, "codegen.json"), readFileSync(join(directory, "gql/persisted-documents.json")));
console.log(document);
