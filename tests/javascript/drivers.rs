//! `mssql` and `tedious` as handlers use them: texts that are the operator's statements run, others are told with the statement to write.

mod events;
mod values;

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

use super::{build, built, school, script};

const HANDLER: &str = r#"
const sql = require('mssql');
const { Connection, Request, TYPES } = require('tedious');

const pool = new sql.ConnectionPool({ server: 'legacy', user: 'sa', password: 'not looked at' });
const ready = pool.connect();

const tedious = (text, parameters = []) => new Promise((resolve, reject) => {
  const connection = new Connection({ server: 'legacy' });
  connection.on('connect', (failure) => {
    if (failure) return reject(failure);
    const rows = [];
    const request = new Request(text, (error, count) => { connection.close(); error ? reject(error) : resolve({ count, rows }); });
    for (const [name, type, value] of parameters) request.addParameter(name, type, value);
    request.on('row', (columns) => rows.push(Object.fromEntries(columns.map((column) => [column.metadata.colName, column.value]))));
    connection.execSql(request);
  });
});

const fields = {
  async pooled({ studentId }) {
    await ready;
    const { recordset, rowsAffected } = await pool.request()
      .input('studentId', sql.NVarChar(64), studentId).input('Kind', null).input('since', sql.Date, undefined)
      .query(`select  id, student_id, type, score, taken_at
              from [Assessments] -- all of one
              where student_id in (@studentId) and (@kind is null or type = @kind) and (@since IS NULL OR taken_at >= @since)
              ORDER BY taken_at, id;`);
    const [first] = recordset;
    return [recordset.length === rowsAffected[0], first.student_id, typeof first.score, first.taken_at instanceof Date, first.taken_at.getUTCFullYear() > 2000];
  },
  async template({ studentId }) {
    const { recordset } = await sql.query`SELECT COUNT(*) AS many FROM Assessments WHERE student_id = ${studentId}`;
    return recordset[0].many > 0;
  },
  async list({ studentId }) {
    const request = new sql.Request();
    request.input('a', studentId);
    request.input('b', 'S8');
    const { recordset } = await request.query('SELECT DISTINCT student_id FROM Assessments WHERE student_id IN (@a, @b) ORDER BY student_id');
    return recordset.map((row) => row.student_id);
  },
  async written() {
    const transaction = new sql.Transaction(pool);
    await transaction.begin();
    const insert = (id) => new sql.Request(transaction)
      .input('id', sql.NVarChar, id).input('student', 'S1').input('when', sql.DateTime2, new Date('2026-02-03T04:05:06.789Z')).input('score', sql.Decimal(5, 2), 12.5).input('key', id)
      .query("INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key) VALUES (@id, @student, 'PHONICS', @score, @when, @key)");
    const { rowsAffected } = await insert('m1');
    await transaction.commit();
    const undone = new sql.Transaction(pool);
    await undone.begin();
    await new sql.Request(undone).input('id', 'm2').input('student', 'S1').input('when', new Date()).input('score', 1).input('key', 'm2')
      .query("insert into Assessments (id, student_id, type, score, taken_at, idempotency_key) values (@id, @student, 'PHONICS', @score, @when, @key)");
    await undone.rollback();
    const duplicate = await insert.call(null, 'm1').catch((error) => error);
    const { recordset } = await sql.query`SELECT id, score, taken_at FROM Assessments WHERE idempotency_key IN (${['m1', 'm2']})`;
    return [rowsAffected, recordset.map(({ id, score, taken_at }) => [id, score, taken_at.toISOString()]), duplicate instanceof Error];
  },
  async withTedious({ studentId }) {
    const { count, rows } = await tedious('SELECT COUNT(*) AS many FROM Assessments WHERE student_id = @x', [['x', TYPES.NVarChar, studentId]]);
    return [count, rows[0].many > 0];
  },
  async givingRows() {
    const insert = (id) => new sql.Request()
      .input('id', id).input('student', 'S1').input('when', new Date()).input('score', 1).input('key', id)
      .query(`INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key) OUTPUT INSERTED.id, INSERTED.score
              VALUES (@id, @student, 'PHONICS', @score, @when, @key)`);
    const { recordset, rowsAffected } = await insert('g1');
    const { count, rows } = await tedious(`INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key) OUTPUT INSERTED.id, INSERTED.score
              VALUES (@id, @student, 'PHONICS', @score, @when, @key)`,
      [['id', TYPES.NVarChar, 'g2'], ['student', TYPES.NVarChar, 'S1'], ['when', TYPES.DateTime2, new Date()], ['score', TYPES.Decimal, 2], ['key', TYPES.NVarChar, 'g2']]);
    return [recordset, rowsAffected, count, rows];
  },
  async values() {
    const text = 'SELECT @n AS n, @b AS b, @t AS t';
    const run = (...inputs) => inputs.reduce((request, input) => request.input(...input), new sql.Request()).query(text)
      .then(({ recordset: [row] }) => [row.n, row.b, row.t], (error) => [error.name, error.code, error.number ?? null, error.message]);
    const withTedious = (...inputs) => tedious(text, inputs)
      .then(({ rows: [row] }) => [row.n, row.b, row.t], (error) => [error.name, error.code, error.number ?? null, error.message]);
    return Promise.all([
      run(['n', sql.Int, '7'], ['b', sql.Bit, 'true'], ['t', sql.NVarChar, 5]),
      run(['N', sql.Int, 7.9], ['B', sql.Bit, ''], ['T', sql.NVarChar, null]),
      run(['n', sql.Int, 'abc'], ['b', true], ['t', 'x']),
      run(['n', sql.Int, {}], ['b', true], ['t', 'x']),
      run(['b', true], ['t', 'x']),
      withTedious(['N', TYPES.Int, 5], ['b', TYPES.Bit, 'true'], ['t', TYPES.NVarChar, 'x']),
      withTedious(['n', TYPES.Int, NaN], ['b', TYPES.Bit, true], ['t', TYPES.NVarChar, 'x']),
      withTedious(['n', TYPES.Int, 5], ['b', TYPES.Bit, true]),
    ]);
  },
  async isolation() {
    const begun = await new sql.Transaction(pool).begin(sql.ISOLATION_LEVEL.READ_COMMITTED).then(() => true);
    const refused = await new sql.Transaction(pool).begin(sql.ISOLATION_LEVEL.SERIALIZABLE).catch((error) => [error.name, error.message.includes('SERIALIZABLE')]);
    return [begun, refused];
  },
  async unknown() {
    return sql.query('SELECT name, grade\n        FROM Teachers\n        WHERE id = @id');
  },
  async unknownOfTedious() {
    return tedious(['DELETE', 'FROM', 'Teachers', 'WHERE', 'id = @id'].join(' '), [['id', TYPES.Int, 7]]);
  },
  async numbers() {
    let key = 0;
    const insert = () => new sql.Request()
      .input('id', 'n1').input('student', 'S1').input('when', new Date()).input('score', 1).input('key', `n${++key}`)
      .query("INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key) VALUES (@id, @student, 'PHONICS', @score, @when, @key)");
    await insert();
    const divide = 'SELECT 10 / @n AS n';
    const numberOf = ({ name, code, number }) => [name, code, number];
    return [
      await insert().catch(numberOf),
      await new sql.Request().input('n', sql.Int, 0).query(divide).catch(numberOf),
      await tedious(divide, [['n', TYPES.Int, 0]]).catch(numberOf),
    ];
  },
  callback(_, done) {
    new sql.Request().input('studentId', 'S7').query('SELECT COUNT(*) AS many FROM Assessments WHERE student_id = @studentId', (error, result) => done(error, result && result.recordset.length));
  },
};

exports.handler = (event, context, callback) => {
  const field = fields[event.info.fieldName];
  if (field.length > 1) return void field(event.arguments, callback);
  return field(event.arguments);
};
"#;

const STATEMENTS: &str = r#"
[statements.of_student]
backend = "school"
text = """
SELECT id, student_id, type, score, taken_at
FROM Assessments
WHERE student_id IN (@ids)
  AND (@type IS NULL OR type = @type)
  AND (@from IS NULL OR taken_at >= @from)
ORDER BY taken_at, id
"""
access = "read"
parameters = { ids = "list<nvarchar(64)>", type = "nvarchar(32)", from = "date" }
columns = { id = "nvarchar(64)", student_id = "nvarchar(64)", type = "nvarchar(32)", score = "decimal(5,2)", taken_at = "datetime2" }

[statements.students]
backend = "school"
text = "SELECT DISTINCT student_id FROM Assessments WHERE student_id IN (@ids) ORDER BY student_id"
access = "read"
parameters = { ids = "list<nvarchar(64)>" }
columns = { student_id = "nvarchar(64)" }

[statements.by_keys]
backend = "school"
text = "SELECT id, score, taken_at FROM Assessments WHERE idempotency_key IN (@keys)"
access = "read"
parameters = { keys = "list<nvarchar(64)>" }
columns = { id = "nvarchar(64)", score = "decimal(5,2)", taken_at = "datetime2" }

[statements.record]
backend = "school"
text = "INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key) VALUES (@id, @student_id, 'PHONICS', @score, @taken_at, @key)"
access = "write"
parameters = { id = "nvarchar(64)", student_id = "nvarchar(64)", score = "decimal(5,2)", taken_at = "datetime2", key = "nvarchar(64)" }

[statements.record_giving]
backend = "school"
text = """
INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key)
OUTPUT INSERTED.id, INSERTED.score
VALUES (@id, @student_id, 'PHONICS', @score, @taken_at, @key)
"""
access = "write"
parameters = { id = "nvarchar(64)", student_id = "nvarchar(64)", score = "decimal(5,2)", taken_at = "datetime2", key = "nvarchar(64)" }
columns = { id = "nvarchar(64)", score = "decimal(5,2)" }
"#;

fn app() -> TestApp {
    let argument = "(studentId: String)";
    let fields = [
        "pooled",
        "template",
        "list",
        "written",
        "withTedious",
        "unknown",
        "unknownOfTedious",
        "callback",
        "givingRows",
        "values",
        "numbers",
        "isolation",
    ];
    let fields = fields.map(|field| format!("{field}{argument}: Any @script"));
    let schema = format!("scalar Any\ntype Query {{ {} }}", fields.join(" "));
    let more = format!(
        "handler = \"appsync\"\ndeadline = \"60 s\"\n[modules.script.grants]\nsql = [\"of_student\", \"count_of_student\", \"students\", \"by_keys\", \"record\", \"record_giving\", \"echo\", \"divide\"]\n{STATEMENTS}\n{}",
        school()
    );
    script("handler.js", HANDLER, &schema, &more)
}

#[tokio::test]
async fn texts_that_are_statements_run() {
    let host = TestHost::start(built(app())).await;
    for (field, expected) in [
        ("pooled", json!([true, "S7", "number", true, true])),
        ("template", json!(true)),
        ("list", json!(["S7", "S8"])),
        ("withTedious", json!([1, true])),
        ("callback", json!(1)),
        ("isolation", json!([true, ["TransactionError", true]])),
        (
            "givingRows",
            json!([[{ "id": "g1", "score": 1 }], [1], 1, [{ "id": "g2", "score": 2 }]]),
        ),
        (
            "values",
            json!([
                [7, true, "5"],
                [7, false, null],
                [
                    "RequestError",
                    "EPARAM",
                    null,
                    "Validation failed for parameter 'n'. Invalid number."
                ],
                [
                    "RequestError",
                    "EPARAM",
                    null,
                    "Validation failed for parameter 'n'. Invalid number."
                ],
                [
                    "RequestError",
                    "EREQUEST",
                    137,
                    "Must declare the scalar variable \"@n\"."
                ],
                [5, true, "x"],
                [
                    "RequestError",
                    "EPARAM",
                    null,
                    "Validation failed for parameter 'n'. Invalid number."
                ],
                [
                    "RequestError",
                    "EREQUEST",
                    137,
                    "Must declare the scalar variable \"@t\"."
                ],
            ]),
        ),
        (
            "numbers",
            json!([2627, 8134, 8134].map(|number| json!(["RequestError", "EREQUEST", number]))),
        ),
        (
            "written",
            json!([[1], [["m1", 12.5, "2026-02-03T04:05:06.789Z"]], true]),
        ),
    ] {
        let answer = host
            .query(&format!("{{ {field}(studentId: \"S7\") }}"))
            .await;
        assert_eq!(answer["data"][field], expected, "{field}: {answer}");
    }
}

const GRANTS: &str = "[modules.script.grants]\nsql = [\"of_student\", \"students\", \"by_keys\", \"record\", \"record_giving\", \"count_of_student\", \"divide\", \"echo\", ";

#[tokio::test]
async fn a_text_that_is_no_statement_fails_with_the_statement_to_write() {
    let host = TestHost::start(built(app())).await;
    let message = async |field: &str| -> Value {
        let answer = host.query(&format!("{{ {field} }}")).await;
        answer["errors"][0]["message"].clone()
    };
    for (field, remedy) in [
        (
            "unknown",
            format!(
                "write in mayfly.toml, and build again:\n[statements.select_teachers]\nbackend = \"school\"\ntext = \"\"\"\nSELECT name, grade\nFROM Teachers\nWHERE id = @id\n\"\"\"\naccess = \"read\"\nparameters = {{ id = \"nvarchar(4000)\" }}\n\n{GRANTS}\"select_teachers\"]"
            ),
        ),
        (
            "unknownOfTedious",
            format!(
                "write in mayfly.toml, and build again:\n[statements.delete_teachers]\nbackend = \"school\"\ntext = \"\"\"\nDELETE FROM Teachers WHERE id = @id\n\"\"\"\naccess = \"write\"\nparameters = {{ id = \"int\" }}\n\n{GRANTS}\"delete_teachers\"]"
            ),
        ),
    ] {
        let what = "this text is not a statement that module `script` is granted";
        assert_eq!(message(field).await, what);
        // What to write is for whoever reads the log: it has the text of a statement.
        let remedy = remedy.escape_debug().to_string();
        host.logged(&[&remedy]).await;
    }
}

#[test]
fn a_build_tells_of_texts_in_the_code_that_are_no_statement() {
    let app = app();
    for _ in 0..2 {
        let output = build(&app);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("warning: handler.js:98: this text is not a statement that module `script` is granted; write in mayfly.toml, and build again:\n[statements.select_teachers]"),
            "{said}"
        );
        assert_eq!(
            said.matches("this text is not a statement").count(),
            1,
            "{said}"
        );
    }
    let component = std::fs::read(app.path().join("build/script.wasm")).unwrap();
    let text = b"AND (@from IS NULL OR taken_at >= @from)";
    assert!(
        !component.windows(text.len()).any(|window| window == text),
        "the operator's text is in the component"
    );
}
