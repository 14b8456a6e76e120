//! Endpoints with the tests' data, and what the pools are told of them.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use mayfly_capabilities::Borrower;
use mayfly_capabilities::dynamodb::{Chain, DynamoDb, ReadOptions};
use mayfly_capabilities::sql::configuration::{
    Access, ApplicationIntent, Body, Encryption, Parameter, SqlType, Statement,
};
use mayfly_capabilities::sql::{SqlServer, SqlSession};
use mayfly_config::{Endpoint, Secret};
use mayfly_embedded::{Embedded, Options, SqlServerCounters, SqlServerFaults, Switches};
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::{RowBudget, RowsLeft};
use tempfile::TempDir;
use tokio::time::{Instant, interval, timeout};

/// No answer of a test is larger.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Endpoints that run in this process.
pub struct Backends {
    pub embedded: Embedded,
    _seed: TempDir,
}

impl Backends {
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let seed = tempfile::tempdir().unwrap();
        for (path, text) in SEED {
            let path = seed.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut options = Options {
            seed: Some(seed.path().to_owned()),
            ..Options::default()
        };
        change(&mut options);
        Self {
            embedded: Embedded::start(options).await.unwrap(),
            _seed: seed,
        }
    }

    /// A client of the DynamoDB endpoint.
    pub async fn dynamodb(
        &self,
        change: impl FnOnce(&mut mayfly_capabilities::dynamodb::configuration::Section),
    ) -> DynamoDb {
        let mut config = mayfly_capabilities::dynamodb::configuration::Section {
            answer_memory_bytes: 256 << 20,
            endpoint: Endpoint::Embedded,
            region: None,
            max_in_flight: 64,
            coalesce: true,
            timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(5),
            max_attempts: 3,
        };
        change(&mut config);
        DynamoDb::connect(
            &config,
            Some(self.embedded.addresses().dynamodb),
            Chain::Whole,
        )
        .await
    }

    /// A pool of the SQL Server endpoint, with the tests' statements.
    pub fn sqlserver(
        &self,
        change: impl FnOnce(&mut mayfly_capabilities::sql::configuration::Backend),
    ) -> SqlServer {
        let mut config = sqlserver_config();
        change(&mut config);
        SqlServer::new(
            &config,
            Some(self.embedded.addresses().sqlserver),
            &statements(),
        )
        .unwrap()
    }

    pub fn sql_faults(&self, faults: SqlServerFaults) {
        self.embedded.faults().set(Switches {
            sqlserver: faults,
            ..Switches::default()
        });
    }

    pub fn dynamodb_faults(&self, faults: mayfly_embedded::DynamoDbFaults) {
        self.embedded.faults().set(Switches {
            dynamodb: faults,
            ..Switches::default()
        });
    }

    pub fn http_faults(&self, faults: mayfly_embedded::HttpFaults) {
        self.embedded.faults().set(Switches {
            http: faults,
            ..Switches::default()
        });
    }

    pub fn lift(&self) {
        self.embedded.faults().lift();
    }

    /// Requests the DynamoDB endpoint received, by operation.
    pub fn dynamodb_requests(&self) -> BTreeMap<String, u64> {
        self.embedded.status().get().dynamodb.requests
    }

    pub fn sql_counters(&self) -> SqlServerCounters {
        self.embedded.status().get().sqlserver
    }
}

pub fn sqlserver_config() -> mayfly_capabilities::sql::configuration::Backend {
    mayfly_capabilities::sql::configuration::Backend {
        name: "school".to_owned(),
        line: 1,
        address: Endpoint::Embedded,
        database: "School".to_owned(),
        user: "mayfly".to_owned(),
        password: Secret::new("mayfly".to_owned()),
        encryption: Encryption::Off,
        ca_file: None,
        host_name_in_certificate: None,
        application_name: "mayfly".to_owned(),
        application_intent: ApplicationIntent::ReadWrite,
        session_procedures: vec!["dbo.marked".to_owned()],
        max_connections: 4,
        min_connections: 0,
        connect_timeout: Duration::from_secs(5),
        max_age: Duration::from_secs(600),
        max_idle: Duration::from_secs(60),
        check_after: Duration::from_secs(30),
        max_uses: u64::MAX,
        wait_timeout: Duration::from_secs(60),
        recycle_timeout: Duration::from_secs(2),
        max_value_bytes: 1000,
    }
}

/// How long anything may take before a test is stuck.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A deadline this many milliseconds from now.
pub fn within(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

/// A deadline no test should meet.
pub fn soon() -> Instant {
    Instant::now() + PATIENCE
}

/// A session without surprises.
pub fn session(server: &SqlServer) -> SqlSession {
    SqlSession::new(server, borrower(), MAX_ANSWER_BYTES, any_rows())
}

/// Who uses the pool in tests.
pub fn borrower() -> Borrower {
    Borrower {
        module: "tests".into(),
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
    }
}

/// As many rows as anybody likes.
pub fn any_rows() -> RowBudget {
    RowBudget::new(RowsLeft::new(u32::MAX), RowsLeft::new(u32::MAX))
}

pub fn all() -> ReadOptions {
    ReadOptions::default()
}

/// Waits until something holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        let mut ticks = interval(Duration::from_millis(5));
        while !holds() {
            ticks.tick().await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "never: {what}");
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> CallCode {
    outcome.unwrap_err().code
}

/// How many connections were closed for this reason.
pub fn closed(server: &SqlServer, reason: &str) -> u64 {
    server
        .status()
        .closed
        .into_iter()
        .find(|(name, _)| *name == reason)
        .unwrap()
        .1
}

const SEED: [(&str, &str); 16] = [
    (
        "http/enrolment.json",
        r#"{"/students/{id}": {"studentId": "{id}", "status": "ENROLLED"}, "/students/nobody": null}"#,
    ),
    (
        "dynamodb/Notes.json",
        r#"{"TableName": "Notes",
            "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}, {"AttributeName": "SK", "AttributeType": "S"},
                {"AttributeName": "holder", "AttributeType": "S"}],
            "GlobalSecondaryIndexes": [{"IndexName": "ByHolder", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "holder", "KeyType": "HASH"}, {"AttributeName": "PK", "KeyType": "RANGE"}]}],
            "BillingMode": "PAY_PER_REQUEST"}"#,
    ),
    (
        "dynamodb/Notes.sql",
        r#"WITH p(pk) AS (VALUES ('a'), ('b'), ('c')), s(sk) AS (VALUES ('x'), ('y'))
           SELECT json_object('PK', json_object('S', pk), 'SK', json_object('S', sk), 'holder', json_object('S', CASE sk WHEN 'x' THEN pk ELSE 'a' END))
           FROM p, s"#,
    ),
    (
        "dynamodb/Students.json",
        r#"{"TableName": "Students", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}"#,
    ),
    (
        "dynamodb/Students.sql",
        r#"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
           SELECT json_object('id', json_object('S', 's' || i), 'grade', json_object('N', '' || i), 'name', json_object('S', 'n' || i))
           FROM n"#,
    ),
    (
        "dynamodb/Readings.json",
        r#"{"TableName": "Readings",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
            "BillingMode": "PAY_PER_REQUEST"}"#,
    ),
    (
        "dynamodb/Readings.sql",
        r#"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
           SELECT json_object('pk', json_object('S', 'a'), 'sk', json_object('N', '' || i), 'v', json_object('N', '' || (i * i))) FROM n"#,
    ),
    (
        "sqlserver/School.sql",
        "CREATE TABLE Assessments (id nvarchar(64) NOT NULL PRIMARY KEY, student_id nvarchar(64) NOT NULL, type nvarchar(32),
             score decimal(5,2), taken_at datetime2, taken_on date, passed bit, ref uniqueidentifier, raw varbinary(16), cost money,
             weight float, attempts bigint);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
         INSERT INTO Assessments SELECT 'a' || i, 's' || (i % 4), CASE WHEN i % 2 THEN 'math' ELSE 'reading' END, 50 + i / 8.0,
             '2026-01-31 10:00:00', '2026-01-31', i % 2, '6F9619FF-8B86-D011-B42D-00C04FC964FF', x'00ff', 12.5, 0.1,
             9007199254740993 FROM n;
         CREATE TABLE Ledger (id int NOT NULL PRIMARY KEY, amount int NOT NULL);
         INSERT INTO Ledger VALUES (1, 100);
         CREATE TABLE Numbers (n int NOT NULL PRIMARY KEY, text nvarchar(max));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO Numbers SELECT i, 'row ' || i FROM n;
         CREATE TABLE Large (text nvarchar(max)); INSERT INTO Large VALUES (printf('%.*c', 5000, 'x'));",
    ),
    (
        "sqlserver/procedures/summary.sql",
        "-- @student_id nvarchar(64)\n-- @minimum decimal(5,2) = NULL\n-- @count int output\n\
         SET @count = (SELECT COUNT(*) FROM Assessments WHERE student_id = @student_id AND (@minimum IS NULL OR score >= @minimum));\n\
         SELECT id FROM Assessments WHERE student_id = @student_id AND (@minimum IS NULL OR score >= @minimum) ORDER BY score DESC;\n\
         SELECT 'second' AS name;\n\
         IF @count = 0 RETURN -7;\n",
    ),
    (
        "sqlserver/procedures/latest.sql",
        "-- @student_id nvarchar(64)\n-- @until date = NULL\n-- @id nvarchar(64) output\n-- @score decimal(5,2) output\n\
         -- @taken_on date output\n-- @note varchar(max) output\n\
         SELECT @id = id, @score = score, @taken_on = taken_on FROM Assessments\n\
         WHERE student_id = @student_id AND (@until IS NULL OR taken_on <= @until) ORDER BY score;\n\
         SET @note = 'note of ' + @student_id + ISNULL(' ' + @note, '');\n\
         SELECT @until AS until_day;\n\
         RETURN 3;\n",
    ),
    ("sqlserver/procedures/adds.sql", "UPDATE Ledger SET amount = amount + 1;"),
    (
        "sqlserver/procedures/adds_quietly.sql",
        "SET NOCOUNT ON;\nUPDATE Ledger SET amount = amount + 1;",
    ),
    ("sqlserver/procedures/marked.sql", "SELECT 1 AS done;"),
    ("sqlserver/procedures/leaves_open.sql", "BEGIN TRAN; UPDATE Ledger SET amount = -1 WHERE id = 1; SELECT 1 AS done;"),
    (
        "sqlserver/procedures/ends.sql",
        "SET XACT_ABORT ON;\nIF @@TRANCOUNT > 0 ROLLBACK;\nSELECT 1 AS done;",
    ),
    ("sqlserver/Other.sql", "CREATE TABLE Blank (id int);"),
];

fn statement(
    name: &str,
    text: &str,
    access: Access,
    parameters: &[(&str, SqlType, bool)],
) -> Statement {
    Statement {
        name: name.to_owned(),
        line: 1,
        backend: "school".to_owned(),
        body: Body::Text(text.to_owned()),
        access,
        parameters: parameters
            .iter()
            .map(|(name, sql_type, list)| Parameter {
                name: (*name).to_owned(),
                sql_type: *sql_type,
                list: *list,
                output: false,
            })
            .collect(),
        columns: Vec::new(),
        max_rows: 10_000,
        timeout: Duration::from_secs(20),
        bigint_as_string: false,
        lossy: false,
        alters_session: false,
    }
}

fn procedure(name: &str, procedure: &str, parameters: &[(&str, SqlType, bool)]) -> Statement {
    let mut statement = statement(name, "", Access::Read, &[]);
    statement.body = Body::Procedure(procedure.to_owned());
    statement.parameters = parameters
        .iter()
        .map(|(name, sql_type, output)| Parameter {
            name: (*name).to_owned(),
            sql_type: *sql_type,
            list: false,
            output: *output,
        })
        .collect();
    statement
}

pub fn statements() -> Vec<Statement> {
    use Access::{Read, Write};
    use SqlType::{Int, NVarChar};
    let id = NVarChar(Some(64));
    let mut few = statement("few", "SELECT n FROM Numbers", Read, &[]);
    few.max_rows = 100;
    let mut hasty = statement("hasty", "SELECT n FROM Numbers WHERE n = 1", Read, &[]);
    hasty.timeout = Duration::from_secs(1);
    let mut summary = statement(
        "summary",
        "",
        Read,
        &[
            ("student_id", id, false),
            (
                "minimum",
                SqlType::Decimal {
                    precision: 5,
                    scale: 2,
                },
                false,
            ),
            ("count", Int, false),
        ],
    );
    summary.body = Body::Procedure("dbo.summary".to_owned());
    summary.parameters[2].output = true;
    let mut leaves_open = statement("leaves_open", "", Read, &[]);
    leaves_open.body = Body::Procedure("leaves_open".to_owned());
    let mut wrong = statement(
        "wrong_columns",
        "SELECT id, score FROM Assessments",
        Read,
        &[],
    );
    wrong.columns = vec![("score".to_owned(), Int)];
    let elsewhere = Statement {
        backend: "other".to_owned(),
        ..statement("elsewhere", "SELECT @undeclared", Read, &[])
    };
    let mut own_word = statement("own_word", "SELECT 1 AS n", Read, &[]);
    own_word.alters_session = true;
    vec![
        own_word,
        procedure(
            "latest",
            "dbo.latest",
            &[
                ("student_id", id, false),
                ("until", SqlType::Date, false),
                ("id", id, true),
                (
                    "score",
                    SqlType::Decimal {
                        precision: 5,
                        scale: 2,
                    },
                    true,
                ),
                ("taken_on", SqlType::Date, true),
                ("note", SqlType::VarChar(None), true),
            ],
        ),
        procedure(
            "until",
            "latest",
            &[("student_id", id, false), ("until", SqlType::Date, false)],
        ),
        procedure("marked", "marked", &[]),
        procedure("call_adds_quietly", "dbo.adds_quietly", &[]),
        procedure("ends", "ends", &[]),
        statement(
            "outside_of",
            "SELECT n FROM Numbers WHERE n <= 5 AND n NOT IN (@ids) ORDER BY n",
            Read,
            &[("ids", Int, true)],
        ),
        statement(
            "within",
            "SELECT n FROM Numbers WHERE n <= 5 AND n IN (@ids) ORDER BY n",
            Read,
            &[("ids", Int, true)],
        ),
        statement(
            "within_two",
            "SELECT n FROM Numbers WHERE n IN (@a) AND NOT n IN (0, @b) ORDER BY n",
            Read,
            &[("a", Int, true), ("b", Int, true)],
        ),
        statement(
            "counted_by_list",
            "SELECT COUNT(CASE WHEN type IN (@types) THEN 1 END) AS inside,
                    COUNT(CASE WHEN type NOT IN (@types) THEN 1 END) AS outside,
                    COUNT(CASE WHEN NULLIF(type, 'math') NOT IN (@types) THEN 1 END) AS with_nulls FROM Assessments",
            Read,
            &[("types", NVarChar(Some(32)), true)],
        ),
        statement(
            "quietly",
            "SET NOCOUNT ON; UPDATE Ledger SET amount = amount + 1",
            Write,
            &[],
        ),
        statement(
            "quietly_from_here",
            "UPDATE Ledger SET amount = amount + 1; SET NOCOUNT ON; UPDATE Ledger SET amount = amount + 1",
            Write,
            &[],
        ),
        statement("adds", "EXEC dbo.adds", Write, &[]),
        statement("adds_quietly", "EXEC dbo.adds_quietly", Write, &[]),
        statement(
            "adds_and_more",
            "UPDATE Ledger SET amount = amount + 1; EXEC dbo.adds_quietly",
            Write,
            &[],
        ),
        statement(
            "adds_twice",
            "EXEC dbo.adds; EXEC dbo.adds_quietly",
            Write,
            &[],
        ),
        statement(
            "renames",
            "UPDATE Numbers SET text = text OUTPUT inserted.text WHERE n <= 3",
            Write,
            &[],
        ),
        statement("names", "SELECT n, text FROM Numbers WHERE n <= 3 ORDER BY n", Read, &[]),
        Statement {
            lossy: true,
            ..statement("names_lossily", "SELECT n, text FROM Numbers WHERE n <= 3 ORDER BY n", Read, &[])
        },
        statement(
            "code_page",
            "SELECT CAST(text AS varchar(20)) AS text, CAST(text AS varchar(20)) AS other FROM Numbers WHERE n <= 3",
            Read,
            &[],
        ),
        statement("long", "SELECT text FROM Long", Read, &[]),
        statement("connection", "SELECT @@SPID AS number", Read, &[]),
        statement("rolls_back", "IF @@TRANCOUNT > 0 ROLLBACK", Write, &[]),
        statement(
            "rolls_back_and_returns",
            "IF @@TRANCOUNT > 0 ROLLBACK; RETURN",
            Write,
            &[],
        ),
        statement("replaces", "ROLLBACK; BEGIN TRAN", Write, &[]),
        statement(
            "replaces_all",
            "ROLLBACK; BEGIN TRAN; BEGIN TRAN",
            Write,
            &[],
        ),
        statement(
            "catches",
            "SET XACT_ABORT ON; BEGIN TRY INSERT INTO Ledger (id, amount) VALUES (1, 1) END TRY
             BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK END CATCH",
            Write,
            &[],
        ),
        statement("commits", "COMMIT", Write, &[]),
        statement("commits_all", "COMMIT; COMMIT", Write, &[]),
        statement(
            "opens",
            "BEGIN TRAN; UPDATE Ledger SET amount = -1 WHERE id = 1",
            Write,
            &[],
        ),
        statement(
            "opens_and_returns",
            "BEGIN TRAN; UPDATE Ledger SET amount = -1 WHERE id = 1; RETURN",
            Write,
            &[],
        ),
        statement(
            "opens_and_reads",
            "BEGIN TRAN; SELECT n FROM Numbers ORDER BY n",
            Read,
            &[],
        ),
        statement(
            "own_transaction",
            "BEGIN TRAN; UPDATE Ledger SET amount = amount + 1 WHERE id = 1; COMMIT",
            Write,
            &[],
        ),
        procedure(
            "lock",
            "sp_getapplock",
            &[
                ("Resource", NVarChar(Some(255)), false),
                ("LockMode", SqlType::VarChar(Some(32)), false),
                ("LockOwner", SqlType::VarChar(Some(32)), false),
            ],
        ),
        statement("run_marked", "EXEC [dbo].[marked]", Read, &[]),
        statement("make_temporary", "CREATE TABLE #mine (n int)", Write, &[]),
        statement("read_temporary", "SELECT n FROM [#mine]", Read, &[]),
        statement("use_database", "USE School; SELECT 1 AS n", Read, &[]),
        few,
        hasty,
        summary,
        leaves_open,
        wrong,
        elsewhere,
        statement(
            "by_student",
            "SELECT id, student_id, score FROM Assessments
             WHERE student_id IN (@ids) AND (@type IS NULL OR type = @type) ORDER BY id",
            Read,
            &[("ids", id, true), ("type", NVarChar(Some(32)), false)],
        ),
        statement(
            "everything",
            "SELECT * FROM Assessments WHERE id = @id",
            Read,
            &[("id", id, false)],
        ),
        statement(
            "number",
            "SELECT n FROM Numbers WHERE n = @n",
            Read,
            &[("n", Int, false)],
        ),
        statement(
            "numbers",
            "SELECT n, text FROM Numbers ORDER BY n",
            Read,
            &[],
        ),
        statement("large", "SELECT text FROM Large", Read, &[]),
        statement(
            "endless",
            "SELECT a.n, b.text FROM Numbers AS a CROSS JOIN Numbers AS b",
            Read,
            &[],
        ),
        statement(
            "balance",
            "SELECT amount FROM Ledger WHERE id = @id",
            Read,
            &[("id", Int, false)],
        ),
        statement(
            "insert",
            "INSERT INTO Ledger (id, amount) VALUES (@id, @amount)",
            Write,
            &[("id", Int, false), ("amount", Int, false)],
        ),
        statement(
            "add",
            "UPDATE Ledger SET amount = amount + @amount",
            Write,
            &[("amount", Int, false)],
        ),
        statement(
            "speak_german",
            "SET LANGUAGE us_english; SELECT 1 AS n",
            Read,
            &[],
        ),
        statement("no_table", "SELECT x FROM Nowhere", Read, &[]),
        statement(
            "by_text",
            "SELECT n FROM Numbers WHERE text = @text",
            Read,
            &[("text", NVarChar(None), false)],
        ),
        statement(
            "in_numbers",
            "SELECT n FROM Numbers WHERE n IN (@ids)",
            Read,
            &[("ids", Int, true)],
        ),
        statement("unnamed", "SELECT COUNT(*) FROM Ledger", Read, &[]),
    ]
}
