//! Values of parameters: `mssql` and `tedious` convert and refuse them as the packages do. What is expected is what mssql 11 and tedious 18
//! answered in Node.

use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::super::{built, school, script};

const HANDLER: &str = r#"
const sql = require('mssql');
const { Connection, Request, TYPES } = require('tedious');

const kinds = {
  d: [sql.Decimal(5, 2), 'SELECT @v AS d'],
  plain: [sql.Decimal, 'SELECT @v AS d'],
  wide: [sql.Decimal(18, 6), 'SELECT @v AS d'],
  float: [sql.Float, 'SELECT @v AS d'],
  undeclared: [undefined, 'SELECT @v AS d'],
  big: [sql.Decimal(38, 10), 'SELECT @v AS big'],
  money: [sql.Money, 'SELECT @v AS m'],
  tinyint: [sql.TinyInt, 'SELECT @v AS i'],
  int: [sql.Int, 'SELECT @v AS i'],
  bigint: [sql.BigInt, 'SELECT @v AS bi'],
  datetime2: [sql.DateTime2, 'SELECT @v AS dt2'],
  date: [sql.Date, 'SELECT @v AS dt2'],
  datetime: [sql.DateTime, 'SELECT @v AS dt2'],
  datetimeoffset: [sql.DateTimeOffset, 'SELECT @v AS off'],
  time: [sql.Time, 'SELECT @v AS tm'],
  text: [sql.NVarChar, 'SELECT @v AS dt2'],
};
const told = ({ code, number, message }) => [code, number ?? null, message];

const fields = {
  mssql: (kind, value) => new sql.Request().input(...['v', kinds[kind][0], value].filter((given) => given !== undefined)).query(kinds[kind][1])
    .then(({ recordset: [row] }) => Object.values(row)[0], told),
  tedious: (_, value) => new Promise((resolve) => {
    const connection = new Connection();
    connection.on('connect', () => {
      const request = new Request('SELECT @v AS d', (error) => { if (error) resolve(told(error)); });
      request.addParameter('v', TYPES.Decimal, value, { precision: 5, scale: 2 });
      request.on('row', ([{ value }]) => resolve(value));
      connection.execSql(request);
    });
  }),
};
exports.handler = ({ info, arguments: { kind, value } }) => fields[info.fieldName](kind, value);
"#;

const STATEMENTS: [(&str, &str, &str); 7] = [
    ("d", "decimal(5,2)", "decimal(5,2)"),
    ("big", "decimal(38,10)", "nvarchar(64)"),
    ("m", "money", "money"),
    ("i", "int", "int"),
    ("bi", "bigint", "bigint"),
    ("tm", "time", "nvarchar(64)"),
    ("off", "datetimeoffset", "nvarchar(64)"),
];

async fn host() -> TestHost {
    let mut more = String::from(
        "handler = \"appsync\"\ndeadline = \"60 s\"\n[modules.script.grants]\nsql = [\"d\", \"big\", \"m\", \"i\", \"bi\", \"tm\", \"off\", \"dt2\"]\n",
    );
    for (name, given, shown) in STATEMENTS {
        let columns = match shown {
            // What the host gives, with all of its digits.
            "nvarchar(64)" => String::new(),
            shown => format!("columns = {{ {name} = \"{shown}\" }}\n"),
        };
        more += &format!(
            "[statements.{name}]\nbackend = \"school\"\ntext = \"SELECT @v AS {name}\"\naccess = \"read\"\nparameters = {{ v = \"{given}\" }}\n{columns}"
        );
    }
    more += "[statements.dt2]\nbackend = \"school\"\ntext = \"SELECT @v AS dt2\"\naccess = \"read\"\nparameters = { v = \"datetime2\" }\n";
    more += &school();
    let schema = "scalar Any\ntype Query { mssql(kind: String, value: Any): Any @script tedious(kind: String, value: Any): Any @script }";
    TestHost::start(built(script("handler.js", HANDLER, schema, &more))).await
}

async fn answers(field: &str, cases: &[(&str, Value, Value)]) {
    let host = host().await;
    for (kind, value, expected) in cases {
        let query = format!("query ($value: Any) {{ {field}(kind: \"{kind}\", value: $value) }}");
        let answer = host.query_with(&query, json!({ "value": value })).await;
        assert_eq!(answer["data"][field], *expected, "{kind} {value}: {answer}");
    }
}

fn invalid(problem: &str) -> Value {
    json!([
        "EPARAM",
        null,
        format!("Validation failed for parameter 'v'. {problem}")
    ])
}

fn overflow() -> Value {
    json!([
        "EREQUEST",
        8115,
        "Arithmetic overflow error converting expression to data type numeric."
    ])
}

#[tokio::test]
async fn decimals_are_rounded_to_the_declared_scale() {
    let cases = [
        (json!(0.1 + 0.2), json!(0.3)),
        (json!(1.005), json!(1)),
        (json!(49.999), json!(50)),
        (json!(125.0 / 3.0), json!(41.67)),
        (json!("1.555"), json!(1.56)),
        (json!("1e2"), json!(100)),
        (json!(-2.675), json!(-2.68)),
        (json!("999.99"), json!(999.99)),
        (json!(999.995), overflow()),
        (json!(-1000.5), overflow()),
        (json!("99999"), overflow()),
        (json!("abc"), invalid("Invalid number.")),
        (json!(true), invalid("Invalid number.")),
    ];
    let with_tedious = cases.clone().map(|(value, expected)| ("", value, expected));
    answers("tedious", &with_tedious).await;
    let mut cases: Vec<_> = cases
        .map(|(value, expected)| ("d", value, expected))
        .into_iter()
        .collect();
    let digits = "1234567890123456789012345678.1234567891";
    cases.extend([
        ("big", json!(digits), json!(digits)),
        ("plain", json!(2.5), json!(3)),
        // The server makes them decimals of the statement's size.
        ("wide", json!(1.234_567), json!(1.23)),
        ("float", json!(0.1 + 0.2), json!(0.3)),
        ("undeclared", json!(125.0 / 3.0), json!(41.67)),
        ("undeclared", json!(12_345.678), overflow()),
        ("money", json!("1.23456"), json!(1.2345)),
        ("money", json!(-1.23456), json!(-1.2345)),
    ]);
    answers("mssql", &cases).await;
}

#[tokio::test]
async fn integers_out_of_range_are_refused() {
    let int = "Value must be between -2147483648 and 2147483647, inclusive.";
    let cases = [
        ("int", json!(1.7), json!(1)),
        ("int", json!(""), json!(0)),
        ("int", json!(2147483648_u32), invalid(int)),
        ("int", json!("-1e10"), invalid(int)),
        (
            "tinyint",
            json!(256),
            invalid("Value must be between 0 and 255, inclusive."),
        ),
        (
            "bigint",
            json!("9223372036854775808"),
            invalid(
                "Value must be between -9223372036854775808 and 9223372036854775807, inclusive.",
            ),
        ),
        (
            "bigint",
            json!("1.7"),
            invalid("Cannot convert 1.7 to a BigInt"),
        ),
        ("bigint", json!("-12"), json!("-12")),
    ];
    answers("mssql", &cases).await;
}

#[tokio::test]
async fn texts_of_times_are_converted() {
    let at = |time: &str| json!(format!("2024-05-06T{time}"));
    let (date, time) = (invalid("Invalid date."), invalid("Invalid time."));
    let cases = [
        (
            "datetime2",
            json!("2024-05-06T07:08:09Z"),
            at("07:08:09.0000000"),
        ),
        ("datetime2", json!("2024-05-06"), at("00:00:00.0000000")),
        (
            "date",
            json!("2024-05-06T23:08:09Z"),
            at("00:00:00.0000000"),
        ),
        (
            "datetime2",
            json!("2024-05-06T07:08:09+02:00"),
            at("05:08:09.0000000"),
        ),
        (
            "datetime",
            json!("2024-05-06T07:08:09"),
            at("07:08:09.0000000"),
        ),
        // The packages keep three digits of these, the host has seven.
        (
            "datetime2",
            json!("2024-05-06T07:08:09.1234567"),
            at("07:08:09.1234567"),
        ),
        (
            "datetimeoffset",
            json!("2024-05-06T07:08:09.1234567+02:00"),
            at("07:08:09.1234567+02:00"),
        ),
        (
            "datetimeoffset",
            json!("2024-05-06T07:08:09+02:00"),
            at("05:08:09.0000000+00:00"),
        ),
        (
            "time",
            json!("2024-05-06T07:08:09Z"),
            json!("07:08:09.0000000"),
        ),
        ("time", json!("07:08:09.1234567"), json!("07:08:09.1234567")),
        // A server takes the time of a text as it stands.
        (
            "text",
            json!("2024-05-06T07:08:09+02:00"),
            at("07:08:09.0000000"),
        ),
        ("datetime2", json!("nope"), date.clone()),
        ("datetimeoffset", json!(""), date),
        (
            "datetime2",
            json!("+010000-01-01T00:00:00Z"),
            invalid("Out of range."),
        ),
        ("time", json!("nope"), time),
    ];
    answers("mssql", &cases).await;
}
