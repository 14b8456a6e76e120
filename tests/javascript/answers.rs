//! Resolvers in JavaScript answer as those in Rust do, with calls that overlap, errors that say why, and places in the source.

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

use super::{built, school, script};

/// The sample app with its students in TypeScript.
fn in_typescript(code: &str) -> TestApp {
    let student = r#"student("The student's id." id: ID!): Student @resolve(module: "students")"#;
    let students =
        r#"students("The students' ids." ids: [ID!]!): [Student]! @resolve(module: "students")"#;
    let module = "[modules.in-typescript]\ncomponent = \"script/students.wasm\"\nsource = \"students.ts\"\n[modules.in-typescript.grants]\ndynamodb.Students = [\"get\", \"batch-get\"]\nsql = [\"assessments_by_student\"]";
    let moved = |text: &str| text.replace("\"students\"", "\"in-typescript\"");
    built(
        TestApp::students()
            .edited("schema.graphql", student, &moved(student))
            .edited("schema.graphql", students, &moved(students))
            .with_configuration(module)
            .with_file("students.ts", code.as_bytes()),
    )
}

const STUDENTS: &str = r"
import { dynamodb, type Resolvers } from 'mayfly';

interface Student { id: string; name: string; grade: number; readingLevel: string }

const table = dynamodb.table('Students');
const key = (id: string) => ({ PK: `STUDENT#${id}`, SK: 'PROFILE' });

export const resolvers: Resolvers = {
  Query: {
    student: async ({ id }: { id: string }) => table.get<Student>(key(id)),
    students: async ({ ids }: { ids: string[] }) => table.batchGet<Student>(ids.map(key)),
  },
};
";

#[tokio::test]
async fn students_in_typescript_answer_like_those_in_rust() {
    let query = r#"{ present: student(id: "S7") { id name grade readingLevel assessments(type: FLUENCY) { id score } } absent: student(id: "x") { id } many: students(ids: ["S1", "none", "S2", "S1"]) { id name } }"#;
    let right = TestHost::start(TestApp::students())
        .await
        .query(query)
        .await;
    let answer = TestHost::start(in_typescript(STUDENTS))
        .await
        .query(query)
        .await;
    assert_eq!(answer["data"]["present"]["id"], json!("S7"), "{answer}");
    assert_eq!(answer, right);
}

#[tokio::test]
async fn calls_overlap_and_their_errors_have_codes() {
    let code = r"
import { dynamodb, sql, HostError, ResolverError } from 'mayfly';
export const resolvers = {
  Query: {
    student: async ({ id }) => {
      if (id === 'denied') return dynamodb.table('Teachers').get({ id });
      if (id === 'caught') {
        const failed = await sql.query('no_such_statement').catch((error) => error);
        return { id, name: `${failed instanceof HostError} ${failed.code}`, grade: 1, readingLevel: '' };
      }
      if (id === 'mine') throw new ResolverError('TOO_YOUNG', 'come back later', { retryable: true });
      const [profile, rows] = await Promise.all([
        dynamodb.table('Students').get({ PK: `STUDENT#${id}`, SK: 'PROFILE' }),
        sql.query('assessments_by_student', { ids: [id], type: null, from: null, to: null }),
      ]);
      return { ...profile, name: `${profile.name}: ${rows.length > 0}` };
    },
    students: async ({ ids }) => ids.map(() => null),
  },
};
";
    let host = TestHost::start(in_typescript(code)).await;
    let answer = host.query(r#"{ student(id: "S7") { name } }"#).await;
    assert!(
        answer["data"]["student"]["name"]
            .as_str()
            .is_some_and(|name| name.ends_with(": true")),
        "{answer}"
    );
    let answer = host.query(r#"{ student(id: "caught") { name } }"#).await;
    assert_eq!(answer["data"]["student"]["name"], json!("true denied"));
    let answer = host.query(r#"{ student(id: "denied") { name } }"#).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("DENIED"),
        "{answer}"
    );
    let answer = host.query(r#"{ student(id: "mine") { name } }"#).await;
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["message"], &error["extensions"]["reason"]),
        (&json!("come back later"), &json!("TOO_YOUNG")),
        "{answer}"
    );
}

#[tokio::test]
async fn globals_and_shapes_of_resolvers_are_what_they_are_in_node() {
    let code = r"
import { batch, ResolverError } from 'mayfly';
const madeAtTopLevel = { date: new Date().getTime(), random: Math.random() };
let calls = 0;
export const resolvers = {
  Query: {
    text: () => new TextDecoder().decode(new TextEncoder().encode('é😀€')),
    copy: () => { const one = { deep: new Map([[1, { two: 2 }]]) }; one.self = one;
      const other = structuredClone(one); return `${other !== one} ${other.self === other} ${other.deep.get(1).two}`; },
    uuid: () => crypto.randomUUID(),
    random: () => Math.random(),
    topLevel: () => JSON.stringify(madeAtTopLevel),
    sorted: () => ['b', 'B', 'á', 'a', 'A', '1', ' '].sort((one, two) => one.localeCompare(two)).join(''),
    env: () => `${process.env.STAGE} ${Object.keys(process.env).length}`,
    timer: () => new Promise((resolve) => setTimeout(resolve, 0, 'later')),
    abort: async () => { const controller = new AbortController(); controller.abort(); try { controller.signal.throwIfAborted(); } catch (error) { return error.name; } },
    calls: () => ++calls,
    items: () => [{ id: 1 }, { id: 2 }, { id: 3 }],
    locale: () => { try { return (1234.5).toLocaleString('de'); } catch (error) { return error.message; } },
  },
  Item: {
    single: ({ id }, { by }) => id * by,
    many: batch((items, { by }) => items.map(({ id }) => (id === 2 ? new ResolverError('TWO', 'not two') : id * by))),
    few: batch(() => [1]),
  },
};
";
    let schema = "type Query { text: String @script copy: String @script uuid: String @script random: Float @script topLevel: String @script sorted: String @script env: String @script timer: String @script abort: String @script calls: Int @script items: [Item] @script locale: String @script }\ntype Item { id: Int single(by: Int!): Int @resolve(module: \"script\", needs: \"id\") many(by: Int!): Int @resolve(module: \"script\", needs: \"id\") few: Int @resolve(module: \"script\", needs: \"id\") }";
    let app = script(
        "module.js",
        code,
        schema,
        "environment = { STAGE = \"test\" }",
    );
    let host = TestHost::start(built(app)).await;
    let answer = host
        .query("{ text copy sorted env timer abort topLevel items { single(by: 2) many(by: 3) } }")
        .await;
    let data = &answer["data"];
    assert_eq!(data["text"], json!("é😀€"), "{answer}");
    assert_eq!(data["copy"], json!("true true 2"));
    assert_eq!(data["sorted"], json!(" 1aAábB"));
    assert_eq!(data["env"], json!("test 1"));
    assert_eq!(data["timer"], json!("later"));
    assert_eq!(data["abort"], json!("AbortError"));
    assert!(
        data["topLevel"]
            .as_str()
            .is_some_and(|text| text.starts_with("{\"date\":0,")),
        "the clock stands still while a module is built: {answer}"
    );
    assert_eq!(
        data["items"],
        json!([{ "single": 2, "many": 3 }, { "single": 4, "many": null }, { "single": 6, "many": 9 }])
    );
    assert_eq!(answer["errors"][0]["extensions"]["reason"], json!("TWO"));

    let few = host.query("{ items { few } }").await;
    assert!(
        few.to_string()
            .contains("a batch of 3 parents needs an array of as many answers"),
        "{few}"
    );
    let locale = host.query("{ locale }").await;
    assert!(locale.to_string().contains("needs Intl"), "{locale}");

    // A fresh instance each: nothing is kept, and nothing is drawn twice.
    let again = || host.query("{ uuid random calls topLevel }");
    let (one, other) = (again().await["data"].clone(), again().await["data"].clone());
    assert_ne!(one["uuid"], other["uuid"]);
    assert_ne!(one["random"], other["random"]);
    assert_eq!((&one["calls"], &other["calls"]), (&json!(1), &json!(1)));
    assert_eq!(one["topLevel"], other["topLevel"]);
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_the_place_in_the_source() {
    let code = "interface Row { value: number }\n\ninterface Other { id: string }\n\nconst read = (row: Row | null): number => {\n  return row!.value;\n};\n\nexport const resolvers = {\n  Query: {\n    fails: () => read(null),\n    lost: () => { Promise.reject(new Error('nobody listens')); return 1; },\n    logs: () => { console.warn('careful: %s', { a: [1] }); return 2; },\n  },\n};\n";
    let app = script(
        "src/module.ts",
        code,
        "type Query { fails: Int @script lost: Int @script logs: Int @script }",
        "",
    );
    let host = TestHost::start(built(app)).await;
    let answer = host.query("{ fails }").await;
    assert_eq!(
        answer["errors"][0]["message"],
        json!("cannot read property 'value' of null"),
        "{answer}"
    );
    host.logged(&[
        "TypeError",
        "at read (module.ts:6:10)",
        "at fails (module.ts:11:23)",
    ])
    .await;
    let answer = host.query("{ lost logs }").await;
    assert_eq!(answer["data"], json!({ "lost": 1, "logs": 2 }));
    host.logged(&["unhandled rejection: Error: nobody listens"])
        .await;
    host.logged(&["careful: { a: [Array] }"]).await;
}

#[tokio::test]
async fn stacks_are_as_in_node_and_what_is_written_to_its_streams_is_logged() {
    let code = r"
class Refused extends Error {
  constructor(message) {
    super(message);
    this.name = 'Refused';
    Error.captureStackTrace(this, Refused);
  }
}
const stacks = {
  plain() { return new TypeError('wrong').stack; },
  empty() { return new Error().stack; },
  thrown() { try { return null.x; } catch (error) { return error.stack; } },
  captured() { return new Refused('no').stack; },
  ofAnything() { const target = {}; Error.captureStackTrace(target); return target.stack; },
  replaced() { const error = new Error('a'); error.stack = 'mine'; return error.stack; },
};
const logged = () => { console.error(new Refused('once').stack); process.stderr.write('by hand\n'); return 1; };
const marked = async () => (await new Response('\uFEFF[2]').json())[0];
exports.resolvers = { Query: { stacks: () => Object.values(stacks).map((stack) => stack().split('\n').slice(0, 2)), logged, marked } };
";
    let app = script(
        "module.js",
        code,
        "type Query { stacks: [[String!]!]! @script logged: Int @script marked: Int @script }",
        "",
    );
    let host = TestHost::start(built(app)).await;
    let answer = host.query("{ stacks logged marked }").await;
    assert_eq!(answer["data"]["marked"], json!(2), "{answer}");
    let place = |name: &str, line: u32| format!("    at {name} (module.js:{line}:");
    let stacks = answer["data"]["stacks"].as_array().unwrap();
    for (stack, (head, frame)) in stacks.iter().zip([
        ("TypeError: wrong", place("plain", 10)),
        ("Error", place("empty", 11)),
        (
            "TypeError: cannot read property 'x' of null",
            place("thrown", 12),
        ),
        ("Refused: no", place("captured", 13)),
        ("Error", place("ofAnything", 14)),
    ]) {
        assert_eq!(stack[0], json!(head), "{answer}");
        assert!(stack[1].as_str().unwrap().starts_with(&frame), "{answer}");
    }
    assert_eq!(stacks.last(), Some(&json!(["mine"])));
    host.logged(&["Refused: once", "at logged (module.js:17:"])
        .await;
    host.logged(&["by hand"]).await;
}

#[tokio::test]
async fn every_global_that_the_types_declare_is_there() {
    let declared = include_str!("../../guest/sdk/js/sdk/globals.d.ts");
    let mut expressions = Vec::new();
    let mut class = None;
    for line in declared.lines() {
        if line == "}" {
            class = None;
        }
        let words: Vec<&str> = line
            .split(|character: char| !character.is_alphanumeric())
            .collect();
        if let ["declare", kind, name, ..] = *words.as_slice() {
            expressions.push(name.to_owned());
            class = (kind == "class").then_some(name);
        } else if let Some(class) = class.filter(|_| line.starts_with("  "))
            && let Some((member, _)) = line.trim().split_once('(')
        {
            match member.strip_prefix("static ") {
                Some(member) => expressions.push(format!("{class}.{member}")),
                None if member == "constructor" || member.starts_with('[') => {}
                None => expressions.push(format!("{class}.prototype.{member}")),
            }
        }
    }
    assert!(expressions.len() > 80, "{expressions:?}");
    let list = expressions
        .iter()
        .map(|expression| format!("['{expression}', () => {expression}],"))
        .collect::<String>();
    let code = format!(
        "const all = [{list}];
const isMissing = ([, value]) => {{ try {{ return value() === undefined; }} catch {{ return true; }} }};
export const resolvers = {{ Query: {{ missing: () => all.filter(isMissing).map(([name]) => name) }} }};"
    );
    let app = script(
        "module.js",
        &code,
        "type Query { missing: [String!]! @script }",
        "",
    );
    let answer = TestHost::start(built(app)).await.query("{ missing }").await;
    assert_eq!(answer, json!({ "data": { "missing": [] } }));
}

const HALVES: &str = r"
import { dynamodb, log, sql, ResolverError } from 'mayfly';
const cut = 'hello 😀'.slice(0, 7);
const failed = (promise) => promise.catch((error) => `${error.code}: ${error.message}`);
export const resolvers = {
  Query: {
    text: () => cut,
    mixed: () => [`\\ud83d ${cut}`, '😀'.slice(1), '😀', { [cut]: 1 }],
    logs: () => { console.log('got', cut); console.log({ cut }); log.info(`by log: ${cut}`, { cut }); return 1; },
    fails: () => { throw new Error(`bad name ${cut}`); },
    refuses: () => { throw new ResolverError(`BAD_${cut}`, `refused ${cut}`); },
    longCode: () => { throw new ResolverError(`${'A'.repeat(63)}😀`, 'long'); },
    parameters: async () => (await sql.query('echo', { n: 1, b: true, t: cut }))[0].t,
    items: async () => {
      const table = dynamodb.table('Students');
      await table.put({ PK: cut, SK: 'PROFILE', name: cut });
      return (await table.get({ PK: 'hello \uFFFD', SK: 'PROFILE' })).name;
    },
    names: () => failed(dynamodb.table(cut).get({ id: cut })),
    address: () => new URL(`https://a/${cut}`).pathname,
  },
};
";

/// An app whose module may call a table and a database, both inside the host.
fn with_backends(code: &str, fields: &[&str], limits: &str) -> TestApp {
    let fields = fields.join(": Any @script ");
    let schema = format!("scalar Any\ntype Query {{ {fields}: Any @script }}");
    let more = format!(
        "deadline = \"60 s\"\n{limits}\n[modules.script.grants]\ndynamodb.Students = [\"get\", \"put\"]\nsql = [\"echo\"]\n[dynamodb]\nendpoint = \"embedded\"\nregion = \"us-east-1\"\n{}",
        school()
    );
    built(script("module.js", code, &schema, &more))
}

/// `slice` cuts an emoji in the middle; U+FFFD stands for what is left of it, as in Node.
#[tokio::test]
async fn half_of_a_surrogate_pair_is_the_replacement_character_wherever_it_leaves_javascript() {
    let fields = [
        "text",
        "mixed",
        "logs",
        "fails",
        "refuses",
        "longCode",
        "parameters",
        "items",
        "names",
        "address",
    ];
    let host = TestHost::start(with_backends(HALVES, &fields, "")).await;
    let answer = host
        .query("{ text mixed logs parameters items address }")
        .await;
    assert_eq!(
        answer,
        json!({ "data": {
            "text": "hello \u{FFFD}",
            "mixed": ["\\ud83d hello \u{FFFD}", "\u{FFFD}", "😀", { "hello \u{FFFD}": 1 }],
            "logs": 1,
            "parameters": "hello \u{FFFD}",
            "items": "hello \u{FFFD}",
            "address": "/hello%20%EF%BF%BD",
        } })
    );
    host.logged(&["got hello \u{FFFD}"]).await;
    // Inside of an object it is escaped, as in Node.
    host.logged(&["{ cut: 'hello ", "ud83d' }"]).await;
    host.logged(&["by log: hello \u{FFFD}"]).await;
    for (field, message, reason) in [
        ("fails", "bad name hello \u{FFFD}", "FAILED"),
        ("refuses", "refused hello \u{FFFD}", "BAD_hello \u{FFFD}"),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["message"], &error["extensions"]["reason"]),
            (&json!(message), &json!(reason)),
            "{answer}"
        );
    }
    let long = host.query("{ longCode }").await;
    assert_eq!(
        long["errors"][0]["extensions"]["reason"],
        json!("A".repeat(63)),
        "{long}"
    );
    let names = host.query("{ names }").await;
    assert!(names.to_string().contains("denied: "), "{names}");
}

#[tokio::test]
async fn clients_read_messages_and_never_whole_objects() {
    let code = r"
const secret = { status: 500, config: { headers: { authorization: 'Bearer s3cret' } } };
export const resolvers = {
  Query: {
    object: () => Promise.reject(secret),
    coded: () => Promise.reject({ ...secret, code: 'UPSTREAM' }),
    messaged: () => { throw { ...secret, message: 'said' }; },
    odd: () => { throw Object.assign(new Error('x'), { message: secret }); },
    none: () => { throw Object.assign(new Error('x'), { message: undefined }); },
    empty: () => { throw new Error(); },
    text: () => { throw 'only text'; },
    number: () => { throw 42; },
  },
};
";
    let fields = [
        "object", "coded", "messaged", "odd", "none", "empty", "text", "number",
    ];
    let schema = format!(
        "type Query {{ {}: Int @script }}",
        fields.join(": Int @script ")
    );
    let host = TestHost::start(built(script("module.js", code, &schema, ""))).await;
    let without = "a resolver threw an object without a message";
    for (field, message, reason) in [
        ("object", without, "FAILED"),
        ("coded", without, "UPSTREAM"),
        ("messaged", "said", "FAILED"),
        ("odd", without, "FAILED"),
        ("none", without, "FAILED"),
        ("empty", "", "FAILED"),
        ("text", "only text", "FAILED"),
        ("number", "42", "FAILED"),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["message"], &error["extensions"]["reason"]),
            (&json!(message), &json!(reason)),
            "{field}: {answer}"
        );
    }
    // Whoever operates it reads all of it.
    host.logged(&["code: 'UPSTREAM'", "Bearer s3cret"]).await;
}

const MANY: &str = r"
import { dynamodb, sql } from 'mayfly';
const table = dynamodb.table('Students');
const many = (count, work) => Promise.all(Array.from({ length: count }, (_, at) => work(at)));
const echo = (at) => ({ n: at, b: true, t: '' });
export const resolvers = {
  Query: {
    reads: async () => (await many(200, (at) => table.get({ PK: `STUDENT#S${at % 5 + 1}`, SK: 'PROFILE' }))).filter(({ name }) => name).length,
    queries: async () => (await many(100, (at) => sql.query('echo', echo(at)))).every(([{ n }], at) => n === at),
    transaction: async () => {
      const reads = many(150, (at) => table.get({ PK: `STUDENT#S${at % 5 + 1}`, SK: 'PROFILE' }));
      const found = await sql.transaction('school', async (transaction) => {
        const [first] = await transaction.query('echo', echo(1));
        const more = many(150, (at) => table.get({ PK: `STUDENT#S${at % 5 + 1}`, SK: 'PROFILE' }));
        const [second] = await transaction.query('echo', echo(2));
        return first.n + second.n + (await more).length;
      });
      return found + (await reads).length;
    },
    behind: async () => {
      const queries = many(70, (at) => sql.query('echo', echo(at)));
      const found = sql.transaction('school', async (transaction) => (await transaction.query('echo', echo(5)))[0].n);
      return (await queries).length + await found;
    },
    streamBehind: async () => {
      const queries = many(70, (at) => sql.query('echo', echo(at)));
      const found = [];
      for await (const { n } of sql.stream('echo', echo(7))) found.push(n);
      return (await queries).length + found[0];
    },
    stream: async () => {
      const reads = many(100, (at) => table.get({ PK: `STUDENT#S${at % 5 + 1}`, SK: 'PROFILE' }));
      const found = [];
      for await (const { n } of sql.stream('echo', echo(7))) found.push(n);
      return (await reads).length + found[0];
    },
    inOrder: async () => {
      const begun = [];
      await many(150, async (at) => { await table.put({ PK: `MANY#${at}`, SK: 'PROFILE', at }); begun.push(at); });
      return begun.length === 150;
    },
    withTimers: async () => {
      const reads = many(150, (at) => table.get({ PK: `STUDENT#S${at % 5 + 1}`, SK: 'PROFILE' }));
      const ticks = many(20, (at) => new Promise((resolve) => setTimeout(resolve, at, 1)));
      return (await reads).length + (await ticks).length;
    },
    tooMany: () => many(1001, (at) => table.get({ PK: `STUDENT#S${at % 5 + 1}`, SK: 'PROFILE' })).then(() => 'all', (error) => `${error.code}: ${error.message}`),
  },
};
";

fn many(limits: &str) -> TestApp {
    let fields = [
        "reads",
        "queries",
        "transaction",
        "behind",
        "streamBehind",
        "stream",
        "inOrder",
        "withTimers",
        "tooMany",
    ];
    with_backends(MANY, &fields, limits)
}

async fn assert_all(host: &TestHost) {
    for (field, expected) in [
        ("reads", json!(200)),
        ("queries", json!(true)),
        ("inOrder", json!(true)),
        ("withTimers", json!(170)),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        assert_eq!(answer["data"][field], expected, "{field}: {answer}");
    }
}

#[tokio::test]
async fn more_calls_at_once_than_may_be_under_way_wait_for_each_other() {
    let host = TestHost::start(many("")).await;
    assert_all(&host).await;
    let answer = host
        .query("{ transaction behind streamBehind stream tooMany }")
        .await;
    assert_eq!(
        answer["data"],
        json!({
            "transaction": 303,
            "behind": 75,
            "streamBehind": 77,
            "stream": 107,
            "tooMany": "budget: limit of 1000 host calls reached",
        }),
        "{answer}"
    );
}

#[tokio::test]
async fn a_lower_limit_of_pending_calls_is_found_out_by_the_engine() {
    let host = TestHost::start(many("limits.pending = 9")).await;
    assert_all(&host).await;
    // Nothing can ever begin, which is told.
    let none = TestHost::start(many("limits.pending = 0")).await;
    let answer = none.query("{ reads }").await;
    assert!(answer.to_string().contains("BUDGET_EXCEEDED"), "{answer}");
}

#[tokio::test]
async fn classes_and_functions_keep_their_names_in_a_bundle() {
    let code = r"import { NotFound as Other } from './other.js';

class NotFound extends Error {
  static of(id) { return new NotFound(id); }
  constructor(message) {
    super(message);
    this.name = this.constructor.name;
  }
}
const arrow = () => null.x;
function named() { return arrow(); }

export const resolvers = {
  Query: {
    names: () => [NotFound.of('1').name, new Other('2').name, named.name, arrow.name, NotFound.of.name],
    stack: () => { try { named(); } catch (error) { return error.stack.split('\n'); } },
  },
};
";
    let other = "const named = () => 1;\nexport class NotFound extends Error {\n  get name() { return this.constructor.name + named(); }\n}\n";
    let app = script(
        "module.js",
        code,
        "scalar Any\ntype Query { names: Any @script stack: Any @script }",
        "",
    )
    .with_file("other.js", other.as_bytes());
    let host = TestHost::start(built(app)).await;
    let answer = host.query("{ names stack }").await;
    assert_eq!(
        answer["data"]["names"],
        json!(["NotFound", "NotFound1", "named", "arrow", "of"]),
        "{answer}"
    );
    let stack = answer["data"]["stack"].as_array().unwrap();
    for (frame, place) in stack.iter().skip(1).zip([
        "at arrow (module.js:10:",
        "at named (module.js:11:",
        "at stack (module.js:16:",
    ]) {
        let frame = frame.as_str().unwrap();
        assert!(frame.contains(place), "{place}: {answer}");
    }
}
