//! Handlers as they were written for AppSync: the sample app's answers, callbacks, batches, errors, both generations of AWS's SDK.

use mayfly_tests::{TestApp, TestHost, repository};
use serde_json::{Value, json};

use super::{built, refused, script};

/// The sample app with its assessments answered by the handler of guest/apps/assessments-appsync.
fn sample(batch: &str) -> TestApp {
    let handler = repository().join("guest/apps/assessments-appsync/handler");
    let (before, after) = (
        "component = \"build/assessments.wasm\"\nsource = \"modules/assessments\"\nmemory = \"16 MiB\"\ndeadline = \"2 s\"\nmax_batch = 100\n",
        format!(
            "component = \"script/assessments.wasm\"\nsource = \"{}\"\nhandler = \"appsync\"\nenvironment = {{ STUDENTS_TABLE = \"Students\" }}\nmemory = \"16 MiB\"\ndeadline = \"20 s\"\n{batch}\n",
            handler.display()
        ),
    );
    let app = TestApp::students().configured(before, &after);
    // Built elsewhere: what is in `build` belongs to every test.
    built(app.configured("\"modules/students\"", "\"build/students.wasm\""))
}

/// An answer without the times at which it was put together.
fn timeless(mut answer: Value) -> Value {
    fn forget(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.shift_remove("processedAt");
                object.values_mut().for_each(forget);
            }
            Value::Array(items) => items.iter_mut().for_each(forget),
            _ => {}
        }
    }
    forget(&mut answer);
    answer
}

#[tokio::test]
async fn the_sample_handler_answers_what_the_rust_module_answers() {
    let queries = [
        r#"{ assessments(studentId: "S7") { id studentId type score takenAt studentGrade readingLevel processedAt } }"#,
        r#"{ assessments(studentId: "S7", assessmentType: FLUENCY, dateRange: { from: "2026-01-01", to: "2026-06-30" }) { id score } }"#,
        r#"{ students(ids: ["S1", "S2", "S3"]) { id assessments(type: PHONICS) { id studentId score takenAt studentGrade readingLevel processedAt } } }"#,
        r#"{ assessments(studentId: "S7", dateRange: { from: "2026-02-30", to: "2026-06-30" }) { id } }"#,
        r#"{ assessments(studentId: "nobody") { id } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S7", type: PHONICS, score: 93.456, takenAt: "2026-01-31T13:14:15+01:00", idempotencyKey: "k1" }) { studentId type score takenAt studentGrade readingLevel } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S8", type: PHONICS, score: 1, takenAt: "2026-01-31T13:14:15Z", idempotencyKey: "k1" }) { score } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S8", type: PHONICS, score: 100.5, takenAt: "2026-01-31T13:14:15Z", idempotencyKey: "k2" }) { score } }"#,
    ];
    let rust = TestHost::start(TestApp::students()).await;
    let script = TestHost::start(sample("max_batch = 100")).await;
    for query in queries {
        let right = timeless(rust.query(query).await);
        let answer = timeless(script.query(query).await);
        assert_eq!(answer, right, "{query}");
    }
}

/// A handler with one field for each thing that handlers do.
const HANDLER: &str = r"
const AWS = require('aws-sdk');
const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient, GetCommand } = require('@aws-sdk/lib-dynamodb');
const documents = new AWS.DynamoDB.DocumentClient();
const raw = new DynamoDBClient({ region: 'us-east-1' });
const plain = DynamoDBDocumentClient.from(raw);
const Key = { PK: 'STUDENT#S7', SK: 'PROFILE' };
const TableName = 'Students';

exports.handler = (event, context, callback) => {
  const first = Array.isArray(event) ? event[0] : event;
  switch (first.info.fieldName) {
    case 'called': return void callback(null, `${first.arguments.text}!`);
    case 'failed': return void callback(new Error('it failed'));
    case 'failedText': return void callback('only text');
    case 'waits':
    case 'waitsNot':
    case 'succeeds': {
      const done = [];
      documents.get({ TableName, Key }, (error, data) => {
        done.push(error ? error.code : data.Item.SK);
        setTimeout(() => done.push('timer'), 1);
      });
      context.callbackWaitsForEmptyEventLoop = first.info.fieldName !== 'waitsNot';
      if (first.info.fieldName === 'succeeds') return void context.succeed(done);
      callback(null, done);
      return void callback(null, 'twice');
    }
    case 'silent': return undefined;
    case 'thrownInCallback': return void documents.put({ TableName, Item: { ...Key } }, (error) => {
      if (error) throw new Error(`put: ${error.code}`);
      callback(null, 'stored');
    });
    case 'thrownAfterPromise': return void documents.get({ TableName, Key: { ...Key, PK: 'nobody' } }).promise().then(({ Item }) => callback(null, Item.name));
    case 'thrownInTimer': return void setTimeout(() => { throw new Error('too late'); }, 1);
    case 'neverSettled': return new Promise((resolve) => documents.put({ TableName, Item: { ...Key } }, (error) => {
      if (error) throw new Error(`never: ${error.code}`);
      resolve('stored');
    }));
    case 'rejectedObject': return Promise.reject({ status: 500, headers: { authorization: 'Bearer s3cret' } });
    case 'failedObject': return void callback({ errorType: 'Upstream', body: 's3cret' });
    case 'failedMessage': return void callback({ message: 'said', body: 's3cret' });
    case 'rejected': return Promise.reject(Object.assign(new Error('typed'), { errorType: 'NotAllowed' }));
    case 'shape': return Promise.resolve(JSON.stringify([Object.keys(event), Object.keys(event.info), event.info.selectionSetList, event.identity, event.source, context.awsRequestId.length, context.memoryLimitInMB]));
    case 'second': return documents.get({ TableName, Key }).promise().then(({ Item }) => Item.name);
    case 'secondWithCallback': return void documents.get({ TableName, Key }, (error, data) => callback(error, data && data.Item.name));
    case 'third': return plain.send(new GetCommand({ TableName, Key })).then(({ Item }) => Item.name);
    case 'thirdRaw': return raw.send(new GetItemCommand({ TableName, Key: { PK: { S: Key.PK }, SK: { S: Key.SK } } })).then(({ Item }) => Item.name.S);
    case 'denied': return documents.put({ TableName, Item: { ...Key } }).promise().catch((error) => { throw new Error(error.code); });
    case 'notGranted': return documents.put({ TableName, Item: { ...Key } }).promise();
    case 'items': return Promise.resolve([{ id: 1 }, { id: 2 }]);
    case 'doubled': return Promise.resolve(Array.isArray(event)
      ? event.map(({ source }) => (source.id === 2 ? { data: null, errorMessage: 'not two', errorType: 'TWO' } : source.id * 2))
      : event.source.id * 2);
    default: throw new Error('unknown');
  }
};
";

fn handler(more: &str) -> TestApp {
    let fields = "called(text: String!): String @script waits: [String] @script waitsNot: [String] @script succeeds: [String] @script failed: Int @script failedText: Int @script silent: Int @script thrownInCallback: String @script thrownAfterPromise: String @script thrownInTimer: String @script neverSettled: String @script rejected: Int @script rejectedObject: Int @script failedObject: Int @script failedMessage: Int @script notGranted: Int @script shape: String @script second: String @script secondWithCallback: String @script third: String @script thirdRaw: String @script denied: Int @script items: [Item] @script";
    let schema = format!(
        "type Query {{ {fields} }}\ntype Item {{ id: Int doubled: Int @resolve(module: \"script\", needs: \"id\") }}"
    );
    let more = format!(
        "handler = \"appsync\"\n{more}\n[modules.script.grants]\ndynamodb.Students = [\"get\"]\n[dynamodb]\nendpoint = \"embedded\"\nregion = \"us-east-1\"\n[embedded]\nseed = \"{}\"\n",
        repository().join("guest/apps/students/seed").display()
    );
    built(script("handler.js", HANDLER, &schema, &more))
}

#[tokio::test]
async fn handlers_answer_with_promises_and_callbacks_and_errors_have_types() {
    let host = TestHost::start(handler("")).await;
    let answer = host
        .query(r#"{ called(text: "x") silent second secondWithCallback third thirdRaw }"#)
        .await;
    let data = &answer["data"];
    assert_eq!(data["called"], json!("x!"), "{answer}");
    assert_eq!(data["silent"], Value::Null);
    let name = &data["second"];
    assert!(name.is_string(), "{answer}");
    for other in ["secondWithCallback", "third", "thirdRaw"] {
        assert_eq!(&data[other], name, "{other}");
    }
    // What a handler has begun when it calls back is done before the answer, as Lambda does it.
    let answer = host.query("{ waits waitsNot succeeds }").await;
    assert_eq!(
        answer["data"],
        json!({ "waits": ["PROFILE", "timer"], "waitsNot": [], "succeeds": [] }),
        "{answer}"
    );
    for (field, message, kind) in [
        ("failed", "it failed", "Lambda:Unhandled"),
        ("failedText", "only text", "Lambda:Unhandled"),
        ("rejected", "typed", "NotAllowed"),
        (
            "rejectedObject",
            "a resolver threw an object without a message",
            "Lambda:Unhandled",
        ),
        (
            "failedObject",
            "a resolver threw an object without a message",
            "Upstream",
        ),
        ("failedMessage", "said", "Lambda:Unhandled"),
        ("denied", "AccessDeniedException", "Lambda:Unhandled"),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["message"], &error["extensions"]["reason"]),
            (&json!(message), &json!(kind)),
            "{field}: {answer}"
        );
    }
    let answer = host.query("{ shape }").await;
    let shape: Value = serde_json::from_str(answer["data"]["shape"].as_str().unwrap()).unwrap();
    assert_eq!(
        shape,
        json!([
            [
                "arguments",
                "identity",
                "source",
                "request",
                "prev",
                "info",
                "stash"
            ],
            [
                "fieldName",
                "parentTypeName",
                "variables",
                "selectionSetList",
                "selectionSetGraphQL"
            ],
            [],
            null,
            null,
            32,
            "16"
        ])
    );
}

/// As an error that nobody catches ends the process of a Lambda function.
#[tokio::test]
async fn what_is_thrown_where_nobody_catches_it_is_the_answer_of_a_handler_that_never_called_back()
{
    let host = TestHost::start(handler("")).await;
    for (field, message) in [
        ("thrownInCallback", "put: AccessDeniedException"),
        (
            "thrownAfterPromise",
            "cannot read property 'name' of undefined",
        ),
        ("thrownInTimer", "too late"),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["message"], &error["extensions"]["reason"]),
            (&json!(message), &json!("Lambda:Unhandled")),
            "{field}: {answer}"
        );
    }
    let answer = host.query("{ neverSettled }").await;
    let message = answer["errors"][0]["message"].to_string();
    assert!(message.contains("waits for a promise"), "{answer}");
    host.logged(&["unhandled rejection: Error: never: AccessDeniedException"])
        .await;
    assert!(!host.has_logged("unhandled rejection: Error: put"));
}

#[tokio::test]
async fn a_call_through_the_sdk_of_aws_that_is_not_granted_says_what_to_write_in_the_log_alone() {
    let host = TestHost::start(handler("")).await;
    let answer = host.query("{ notGranted }").await;
    let error = answer["errors"][0].clone();
    assert_eq!(
        error["extensions"]["reason"], "Lambda:Unhandled",
        "{answer}"
    );
    assert!(!error.to_string().contains("Students"), "{answer}");
    host.logged(&["GUEST_ERROR", "modules.script.grants.dynamodb.Students"])
        .await;
}

#[tokio::test]
async fn a_handler_is_given_one_event_unless_it_was_written_for_many() {
    let single = TestHost::start(handler("")).await;
    let answer = single.query("{ items { doubled } }").await;
    assert_eq!(
        answer["data"]["items"],
        json!([{ "doubled": 2 }, { "doubled": 4 }]),
        "{answer}"
    );
    let batch = TestHost::start(handler("max_batch = 10")).await;
    let answer = batch.query("{ items { doubled } }").await;
    assert_eq!(
        answer["data"]["items"],
        json!([{ "doubled": 2 }, { "doubled": null }]),
        "{answer}"
    );
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["message"], &error["extensions"]["reason"]),
        (&json!("not two"), &json!("TWO"))
    );
}

#[test]
fn a_handler_that_is_none_is_refused() {
    let app =
        |code: &str, schema: &str| script("handler.js", code, schema, "handler = \"appsync\"");
    let said = refused(&app(
        "exports.main = () => 1;",
        "type Query { f: Int @script }",
    ));
    assert!(said.contains("it exports no function `handler`"), "{said}");
    let said = refused(&app(
        "exports.handler = () => 1;",
        "type Query { f: Int @resolve(module: \"other\") }",
    ));
    assert!(
        said.contains("module `script` answers no field of"),
        "{said}"
    );
}

/// Errors with more than a message, alone and in a batch, and the operation's variables.
const DETAILS: &str = r"
exports.handler = async (event) => {
  const first = Array.isArray(event) ? event[0] : event;
  switch (first.info.fieldName) {
    case 'variables': return first.info.variables;
    case 'detailed': throw Object.assign(new Error('too many'), { errorType: 'TooMany', errorInfo: { most: 3 }, data: { id: 1 } });
    case 'plain': throw new Error('as it is');
    case 'circular': { const errorInfo = {}; errorInfo.self = errorInfo; throw Object.assign(new Error('round'), { errorInfo }); }
    case 'large': throw Object.assign(new Error('large'), { errorInfo: { text: 'x'.repeat(5000) } });
    case 'items': return [{ id: 1 }, { id: 2 }, { id: 3 }];
    default: return event.map(({ source }) => (source.id === 2
      ? { data: { partial: true }, errorMessage: 'not two', errorType: 'TWO', errorInfo: [2] }
      : source.id));
  }
};
";

fn details(more: &str) -> TestApp {
    let fields = ["variables", "detailed", "plain", "circular", "large"];
    let schema = format!(
        "scalar Any\ntype Query {{ {}(a: Any, b: Any): Any @script items: [Item] @script }}\ntype Item {{ id: Int one: Any @resolve(module: \"script\", needs: \"id\") }}",
        fields.join("(a: Any, b: Any): Any @script ")
    );
    let more = format!("handler = \"appsync\"\nmax_batch = 10\n{more}");
    built(script("handler.js", DETAILS, &schema, &more))
}

#[tokio::test]
async fn variables_are_those_that_the_client_sent() {
    let host = TestHost::start(details("")).await;
    let answer = host
        .query_with(
            "query ($a: Any, $c: Any = 5) { variables(a: $a, b: $c) }",
            json!({ "a": { "deep": [1, null] } }),
        )
        .await;
    assert_eq!(
        answer["data"]["variables"],
        json!({ "a": { "deep": [1, null] } }),
        "{answer}"
    );
    let none = host.query("{ variables }").await;
    assert_eq!(none["data"]["variables"], json!({}), "{none}");
}

#[tokio::test]
async fn errors_have_their_type_beside_the_message_where_the_module_asks_for_it() {
    let host = TestHost::start(details("errors = \"appsync\"")).await;
    let answer = host.query("{ detailed }").await;
    assert_eq!(
        answer["errors"],
        json!([{
            "message": "too many",
            "locations": [{ "line": 1, "column": 3 }],
            "path": ["detailed"],
            "errorType": "TooMany",
            "errorInfo": { "most": 3 },
            "data": { "id": 1 },
            "extensions": { "code": "GUEST_ERROR", "reason": "TooMany" },
        }])
    );
    for (field, message) in [
        ("plain", "as it is"),
        ("circular", "round"),
        ("large", "large"),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(
            [
                &error["message"],
                &error["errorType"],
                &error["errorInfo"],
                &error["data"]
            ],
            [
                &json!(message),
                &json!("Lambda:Unhandled"),
                &Value::Null,
                &Value::Null
            ],
            "{answer}"
        );
    }
    let batch = host.query("{ items { one } }").await;
    assert_eq!(
        batch["data"]["items"],
        json!([{ "one": 1 }, { "one": null }, { "one": 3 }])
    );
    let error = &batch["errors"][0];
    assert_eq!(
        [&error["errorType"], &error["errorInfo"], &error["data"]],
        [&json!("TWO"), &json!([2]), &json!({ "partial": true })],
        "{batch}"
    );
    let plain = TestHost::start(details("")).await;
    let answer = plain.query("{ detailed }").await;
    assert_eq!(answer["errors"][0].get("errorType"), None, "{answer}");
}
