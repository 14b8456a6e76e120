//! Events, columns, cancelling and names of parameters, as `mssql` and `tedious` have them. What is expected is what mssql 11 and tedious 18
//! told in Node.

use mayfly_tests::TestHost;
use serde_json::json;

use super::super::{built, school, script};

const HANDLER: &str = r#"
const sql = require('mssql');
const { Connection, Request, TYPES } = require('tedious');

const COUNT = 'SELECT COUNT(*) AS many FROM Assessments WHERE student_id = @id';
const TWO = 'SELECT id, score FROM Assessments WHERE student_id = @id ORDER BY id';
const REMOVE = 'DELETE FROM Assessments WHERE id = @id';
const requested = (id) => new sql.Request().input('id', id);

/** The events of a request of tedious, until it is completed. */
const tedious = (how, text, options, inputs, begun = () => {}) => new Promise((resolve) => {
  const connection = new Connection({ options });
  connection.on('connect', () => {
    const events = [];
    const request = new Request(text, (error, count, rows) => events.push(['callback', error ? [error.code, error.message] : null, count, rows]));
    for (const [name, type, value] of inputs) request.addParameter(name, type, value);
    request.on('columnMetadata', (columns) => events.push(['columnMetadata', Object.entries(columns).map(([key, { colName, type }]) => [key, colName, type?.name])]));
    request.on('row', (columns) => events.push(['row', Object.values(columns).map(({ metadata, value }) => [metadata.colName, value])]));
    for (const name of ['done', 'doneInProc', 'doneProc']) request.on(name, (...told) => events.push([name, ...told.map((value) => value ?? null)]));
    request.on('requestCompleted', () => resolve(events));
    connection[how](request);
    begun(connection, request, events);
  });
});
const withId = (text, id, how = 'execSql', options = {}) => tedious(how, text, options, [['id', TYPES.NVarChar, id]]);

/** The events of a request of mssql that streams, and what its promise answers. */
async function streamed(request, how, text, onRow = () => {}) {
  const events = [];
  request.stream = true;
  request.on('recordset', (columns) => events.push(['recordset', Object.keys(columns)]));
  request.on('row', (row) => { events.push(['row', row]); onRow(events); });
  request.on('rowsaffected', (count) => events.push(['rowsaffected', count]));
  request.on('error', ({ code, number }) => events.push(['error', code, number ?? null]));
  request.on('done', (answer) => events.push(['done', answer]));
  events.push(await request[how](text));
  return events;
}

const refused = (work) => {
  try { return work() instanceof sql.Request; } catch ({ name, code }) { return [name, code]; }
};

const fields = {
  execSql: () => withId(COUNT, 'none'),
  execSqlBatch: () => withId(COUNT, 'none', 'execSqlBatch'),
  execSqlThatWrites: () => withId(REMOVE, 'none'),
  withoutRows: () => withId(TWO, 'none', 'execSql', { useColumnNames: true }),
  callProcedure: () => tedious('callProcedure', 'StudentSummary', {}, [['student_id', TYPES.NVarChar, 'none'], ['from', TYPES.Date, null], ['to', TYPES.Date, null]]),
  rows: async () => {
    const [, [, row], [, , , collected], , [, , , rows]] = await withId(COUNT, 'none', 'execSql', { rowCollectionOnDone: true, rowCollectionOnRequestCompletion: true });
    return [row, collected.length, rows.length];
  },
  canceledByConnection: () => tedious('execSql', COUNT, {}, [['id', TYPES.NVarChar, 'none']], (connection, request, events) => events.push(connection.cancel(), connection.cancel())),
  canceledByRequest: () => tedious('execSql', COUNT, {}, [['id', TYPES.NVarChar, 'none']], (connection, request) => request.cancel()),
  stream: () => streamed(requested('none'), 'query', COUNT),
  streamThatWrites: () => streamed(requested('none'), 'query', REMOVE),
  streamThatFails: () => streamed(new sql.Request().input('n', sql.Int, 0), 'query', 'SELECT 10 / @n AS n'),
  streamOfProcedure: () => streamed(new sql.Request().input('student_id', 'none').input('from', null).input('to', null), 'execute', 'StudentSummary'),
  streamCanceled: () => {
    const request = requested('S7');
    return streamed(request, 'query', TWO, () => request.cancel()).then((events) => events.map((event) => event[0] ?? null));
  },
  async streamPaused() {
    const request = requested('S7');
    const events = await streamed(request, 'query', TWO, (all) => {
      all.push(['paused', request.pause(), request.paused]);
      setTimeout(() => { all.push(['resumed']); request.resume(); }, 1);
    });
    return events.slice(1, 6).map(([name]) => name);
  },
  async columns() {
    const { recordset } = await requested('none').query(TWO);
    const { id, score } = recordset.columns;
    return [id.index, id.name, id.type === sql.NVarChar, score.index, score.type === sql.Decimal, Object.keys(recordset)];
  },
  async arrays() {
    const request = requested('none');
    request.arrayRowMode = true;
    const { recordset, columns } = await request.query(COUNT);
    return [recordset, recordset.columns[0].name, columns[0][0].name];
  },
  async canceled() {
    const request = requested('none');
    const first = request.query(COUNT).catch(({ name, code, message }) => [name, code, message]);
    const isCanceled = request.cancel();
    const transaction = new sql.Transaction();
    await transaction.begin();
    const inside = new sql.Request(transaction).input('id', 'none');
    const second = inside.query(COUNT).catch(({ code }) => code);
    await undefined;
    await undefined;
    inside.cancel();
    const code = await second;
    await transaction.rollback();
    return [isCanceled, await first, code, (await request.query(COUNT)).recordset];
  },
  names: async () => [
    refused(() => requested(1).input('id', 2)),
    refused(() => requested(1).output('id', sql.Int)),
    refused(() => requested(1).input('a b', 1)),
    refused(() => requested(1).input('a')),
    refused(() => requested(1).input('ID', 1)),
    refused(() => requested(1).replaceInput('id', sql.Int, 2)),
  ],
  missing: () => new sql.Request().input('student_id', 'none').execute('StudentSummary').catch(({ message }) => message),
};
exports.handler = ({ info }) => fields[info.fieldName]();
"#;

const CONFIGURATION: &str = r#"
[modules.script.grants]
sql = ["count_of_student", "two", "remove", "divide", "summary"]

[statements.two]
backend = "school"
text = "SELECT id, score FROM Assessments WHERE student_id = @id ORDER BY id"
access = "read"
parameters = { id = "nvarchar(64)" }
columns = { id = "nvarchar(64)", score = "decimal(5,2)" }

[statements.remove]
backend = "school"
text = "DELETE FROM Assessments WHERE id = @id"
access = "write"
parameters = { id = "nvarchar(64)" }

[statements.summary]
backend = "school"
procedure = "StudentSummary"
access = "read"
parameters = { student_id = "nvarchar(64)", from = "date", to = "date", count = "int output" }
"#;

async fn host(fields: &[&str]) -> TestHost {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| format!("{field}: Any @script"))
        .collect();
    let schema = format!("scalar Any\ntype Query {{ {} }}", fields.join(" "));
    let more = format!(
        "handler = \"appsync\"\ndeadline = \"60 s\"\n{CONFIGURATION}\n{}",
        school()
    );
    TestHost::start(built(script("handler.js", HANDLER, &schema, &more))).await
}

async fn answers(cases: &[(&str, serde_json::Value)]) {
    let fields: Vec<_> = cases.iter().map(|(field, _)| *field).collect();
    let host = host(&fields).await;
    for (field, expected) in cases {
        let answer = host.query(&format!("{{ {field} }}")).await;
        assert_eq!(answer["data"][field], *expected, "{field}: {answer}");
    }
}

#[tokio::test]
async fn tedious_emits_the_columns_and_the_end_of_each_result() {
    let many = json!(["columnMetadata", [["0", "many", "Int"]]]);
    let row = json!(["row", [["many", 0]]]);
    let end = json!(["doneProc", null, false, 0, []]);
    let done = json!(["callback", null, 1, []]);
    answers(&[
        (
            "execSql",
            json!([many, row, ["doneInProc", 1, true, []], end, done]),
        ),
        (
            "execSqlBatch",
            json!([many, row, ["done", 1, false, []], done]),
        ),
        (
            "execSqlThatWrites",
            json!([["doneInProc", 0, true, []], end, ["callback", null, 0, []]]),
        ),
        (
            "withoutRows",
            json!([
                [
                    "columnMetadata",
                    [["id", "id", "NVarChar"], ["score", "score", "Decimal"]]
                ],
                ["doneInProc", 0, true, []],
                end,
                ["callback", null, 0, []]
            ]),
        ),
        (
            "callProcedure",
            json!([["doneProc", null, false, 1, []], ["callback", null, 0, []]]),
        ),
        ("rows", json!([[["many", 0]], 1, 1])),
    ])
    .await;
}

#[tokio::test]
async fn a_canceled_request_of_tedious_is_told_so() {
    let canceled = json!(["callback", ["ECANCEL", "Canceled."], null, null]);
    answers(&[
        ("canceledByConnection", json!([true, false, canceled])),
        ("canceledByRequest", json!([canceled])),
    ])
    .await;
}

#[tokio::test]
async fn a_request_of_mssql_that_streams_emits_its_rows() {
    let answered = |rows: u32| json!({ "recordsets": null, "output": {}, "rowsAffected": [rows], "recordset": null });
    let failed = json!({ "recordsets": null, "output": {}, "rowsAffected": [], "recordset": null });
    let done = |rows: u32| json!(["done", { "output": {}, "rowsAffected": [rows] }]);
    let called = json!({ "output": { "count": 0 }, "rowsAffected": [], "returnValue": 1 });
    let mut procedure = called.clone();
    procedure["recordsets"] = json!(null);
    procedure["recordset"] = json!(null);
    answers(&[
        (
            "stream",
            json!([
                ["recordset", ["many"]],
                ["row", { "many": 0 }],
                ["rowsaffected", 1],
                done(1),
                answered(1)
            ]),
        ),
        (
            "streamThatWrites",
            json!([["rowsaffected", 0], done(0), answered(0)]),
        ),
        (
            "streamThatFails",
            json!([
                ["error", "EREQUEST", 8134],
                ["done", { "output": {}, "rowsAffected": [] }],
                failed
            ]),
        ),
        ("streamOfProcedure", json!([["done", called], procedure])),
        (
            "streamCanceled",
            json!(["recordset", "row", "error", "done", null]),
        ),
        (
            "streamPaused",
            json!(["row", "paused", "resumed", "row", "paused"]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn recordsets_of_mssql_have_columns() {
    answers(&[
        ("columns", json!([0, "id", true, 1, true, []])),
        ("arrays", json!([[[0]], "many", "many"])),
    ])
    .await;
}

#[tokio::test]
async fn a_canceled_request_of_mssql_fails_and_can_be_sent_again() {
    let failure = json!(["RequestError", "ECANCEL", "Canceled."]);
    answers(&[(
        "canceled",
        json!([true, failure, "ECANCEL", [{ "many": 0 }]]),
    )])
    .await;
}

#[tokio::test]
async fn names_of_parameters_are_checked() {
    let refused = |code: &str| json!(["RequestError", code]);
    answers(&[
        (
            "names",
            json!([
                refused("EDUPEPARAM"),
                refused("EDUPEPARAM"),
                refused("EINJECT"),
                refused("EARGS"),
                true,
                true
            ]),
        ),
        (
            "missing",
            json!(
                "statement `summary`: parameter `from` is missing; give a value, or remove it from the statement's `parameters` to use the procedure's default"
            ),
        ),
    ])
    .await;
}
