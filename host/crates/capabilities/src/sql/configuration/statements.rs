//! `[statements.NAME]`: the SQL an operator lets guests run, by name.

use std::time::Duration;

use mayfly_config::reader::{Key, Table};

/// What a statement runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `text`: T-SQL with `@name` parameters.
    Text(String),
    /// `procedure`: a stored procedure's name, called with named parameters.
    Procedure(String),
}

/// Whether a statement changes anything: decides what a cut-off call says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `read`.
    Read,
    /// `write`.
    Write,
}

/// A SQL Server type, as parameters and columns are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// `bit`: JSON true or false.
    Bit,
    /// `tinyint`: 0 to 255.
    TinyInt,
    /// `smallint`.
    SmallInt,
    /// `int`.
    Int,
    /// `bigint`: a JSON number, or a string where `bigint_as_string` is set.
    BigInt,
    /// `real`.
    Real,
    /// `float`.
    Float,
    /// `decimal(p, s)`: a JSON string with all digits; numbers are taken too.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `money`: as a decimal with four digits after the point.
    Money,
    /// `nvarchar(n)` or `nvarchar(max)`: `n` in UTF-16 units.
    NVarChar(Option<u16>),
    /// `varchar(n)` or `varchar(max)`: `n` in bytes.
    VarChar(Option<u16>),
    /// `varbinary(n)` or `varbinary(max)`: base64 text.
    VarBinary(Option<u16>),
    /// `date`: `2026-01-31`.
    Date,
    /// `time`: `13:14:15.1234567`.
    Time,
    /// `datetime2`: `2026-01-31T13:14:15.1234567`.
    DateTime2,
    /// `datetimeoffset`: `2026-01-31T13:14:15.1234567+02:00`.
    DateTimeOffset,
    /// `uniqueidentifier`: 36 characters, lower case.
    UniqueIdentifier,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without `@`.
    pub name: String,
    /// Its type, or its elements' type.
    pub sql_type: SqlType,
    /// `list<…>`: the value is an array, and `@name` stands inside `IN (…)`.
    pub list: bool,
    /// `… output`: a procedure's OUTPUT parameter.
    pub output: bool,
}

/// `[statements.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The name guests use.
    pub name: String,
    /// The line of the file it begins in, from 1.
    pub line: usize,
    /// `backend`.
    pub backend: String,
    /// `text` or `procedure`.
    pub body: Body,
    /// `access`.
    pub access: Access,
    /// `parameters`, in the order written.
    pub parameters: Vec<Parameter>,
    /// `columns`; empty leaves them to the server.
    pub columns: Vec<(String, SqlType)>,
    /// `max_rows`.
    pub max_rows: u32,
    /// `timeout`.
    pub timeout: Duration,
    /// `bigint_as_string`.
    pub bigint_as_string: bool,
    /// `lossy`.
    pub lossy: bool,
    /// `alters_session`: the operator's word.
    pub alters_session: bool,
}

const BACKEND: Key<'_> = Key::new("backend", "The `[sqlserver.NAME]` it runs on.");
const TEXT: Key<'_> = Key::new(
    "text",
    "T-SQL with `@name` parameters. Either `text` or `procedure` is needed.",
);
const PROCEDURE: Key<'_> = Key::new(
    "procedure",
    "A stored procedure's name; it is called with named parameters.",
);
const ACCESS: Key<'_> = Key::new(
    "access",
    "Whether it changes anything: what a call is told that was cut off.",
)
.among(&["read", "write"]);
const PARAMETERS: Key<'_> = Key::new("parameters", "The parameters, each with its type.");
const PARAMETER: Key<'_> = Key::new(
    "NAME",
    "The type of the parameter: `bit`, `tinyint`, `smallint`, `int`, `bigint`, `real`, `float`, `decimal(p,s)`, `money`, `nvarchar(n)`, \
     `varchar(n)`, `varbinary(n)` (`max` for `n`), `date`, `time`, `datetime2`, `datetimeoffset` or `uniqueidentifier`. `list<TYPE>`: the \
     value is an array, and `@NAME` stands inside `IN (…)` of a text. `TYPE output`: a procedure's OUTPUT parameter.",
);
const COLUMNS: Key<'_> = Key::new(
    "columns",
    "The columns of the result, each with its type; without it they are left to the server. A column of the answer that is missing or of \
     another type fails the call.",
);
const COLUMN: Key<'_> = Key::new("NAME", "The type of the column, as of a parameter.");
const MAX_ROWS: Key<'_> = Key::new("max_rows", "More rows fail the call with `budget`.");
const TIMEOUT: Key<'_> = Key::new(
    "timeout",
    "The time one run has; the invocation's deadline may be sooner.",
);
const BIGINT_AS_STRING: Key<'_> = Key::new(
    "bigint_as_string",
    "Whether `bigint` travels as a JSON string.",
);
const LOSSY: Key<'_> = Key::new(
    "lossy",
    "Whether text that is not valid UTF-16 (half a surrogate pair) is read with U+FFFD in its place; otherwise it fails the call.",
);
const ALTERS_SESSION: Key<'_> = Key::new(
    "alters_session",
    "Whether the connection must not be used again after this statement, where the text does not show it.",
);

impl Statement {
    pub(super) fn read(name: String, mut table: Table<'_>, backends: &[String]) -> Self {
        let backend = backend(&mut table, backends);
        let body = body(&mut table);
        let access = access(&mut table);
        let parameters = parameters(&mut table, &body);
        let columns = columns(&mut table);
        let longest = Duration::from_secs(900);
        let statement = Self {
            name,
            line: table.line(),
            backend,
            body,
            access,
            parameters,
            columns,
            max_rows: u32::try_from(table.number(MAX_ROWS, 10_000, 1..=100_000_000))
                .unwrap_or(10_000),
            timeout: table.time(
                TIMEOUT,
                Duration::from_secs(1),
                Duration::from_millis(1)..=longest,
            ),
            bigint_as_string: table.flag(BIGINT_AS_STRING, false),
            lossy: table.flag(LOSSY, false),
            alters_session: table.flag(ALTERS_SESSION, false),
        };
        table.finish();
        statement
    }
}

fn backend(table: &mut Table<'_>, backends: &[String]) -> String {
    let backend = table.required(BACKEND, "\"NAME\"");
    if !backend.is_empty() && !backends.contains(&backend) {
        table.problem(format!(
            "`{}` names the backend `{backend}`, which is not declared; add [sqlserver.{backend}]",
            table.path
        ));
    }
    backend
}

fn body(table: &mut Table<'_>) -> Body {
    match (table.text(TEXT), table.text(PROCEDURE)) {
        (Some(text), None) => Body::Text(text),
        (None, Some(name)) => Body::Procedure(name),
        _ => {
            table.problem(format!(
                "`{}` needs either `text` or `procedure`",
                table.path
            ));
            Body::Text(String::new())
        }
    }
}

fn access(table: &mut Table<'_>) -> Access {
    let word = table.required(ACCESS, "\"read\"");
    match word.as_str() {
        "write" => Access::Write,
        "read" | "" => Access::Read,
        _ => {
            table.problem(format!(
                "`{}` must be \"read\" or \"write\"",
                table.key("access")
            ));
            Access::Read
        }
    }
}

fn parameters(table: &mut Table<'_>, body: &Body) -> Vec<Parameter> {
    let Some(declared) = table.table(PARAMETERS) else {
        return Vec::new();
    };
    let path = declared.path.clone();
    let mut parameters = Vec::new();
    for (name, at, text) in declared.into_texts(PARAMETER) {
        let (text, output) = text
            .strip_suffix(" output")
            .map_or((text.as_str(), false), |text| (text, true));
        let (element, list) = text
            .strip_prefix("list<")
            .and_then(|t| t.strip_suffix('>'))
            .map_or((text, false), |element| (element, true));
        let Some(sql_type) = SqlType::parse(element) else {
            table.problem_at(
                at,
                format!("`{path}.{name}` has the unknown type `{element}`; {KNOWN_TYPES}"),
            );
            continue;
        };
        if (output || list) && output == matches!(body, Body::Text(_)) {
            let message = if output {
                "only a procedure's parameter can be an output"
            } else {
                "a procedure takes no list"
            };
            table.problem_at(at, format!("`{path}.{name}`: {message}"));
        }
        parameters.push(Parameter {
            name,
            sql_type,
            list,
            output,
        });
    }
    parameters
}

fn columns(table: &mut Table<'_>) -> Vec<(String, SqlType)> {
    let Some(declared) = table.table(COLUMNS) else {
        return Vec::new();
    };
    let path = declared.path.clone();
    let texts = declared.into_texts(COLUMN).into_iter();
    texts
        .filter_map(|(name, at, text)| {
            let sql_type = SqlType::parse(&text);
            if sql_type.is_none() {
                table.problem_at(
                    at,
                    format!("`{path}.{name}` has the unknown type `{text}`; {KNOWN_TYPES}"),
                );
            }
            Some((name, sql_type?))
        })
        .collect()
}

const KNOWN_TYPES: &str = "use bit, tinyint, smallint, int, bigint, real, float, decimal(p,s), money, nvarchar(n), varchar(n), \
     varbinary(n), date, time, datetime2, datetimeoffset or uniqueidentifier";

impl SqlType {
    /// Reads a type as SQL Server writes it; none when it is not one of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')')?.trim())),
            None => (text.as_str(), None),
        };
        let length = |most: u16| match arguments {
            None | Some("max") => Some(None),
            Some(digits) => digits
                .parse::<u16>()
                .ok()
                .filter(|n| (1..=most).contains(n))
                .map(Some),
        };
        match name {
            "nvarchar" => return length(4_000).map(Self::NVarChar),
            "varchar" => return length(8_000).map(Self::VarChar),
            "varbinary" => return length(8_000).map(Self::VarBinary),
            "decimal" | "numeric" => return decimal(arguments),
            _ if arguments.is_some() => return None,
            _ => {}
        }
        Some(match name {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            "float" => Self::Float,
            "money" => Self::Money,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime2" => Self::DateTime2,
            "datetimeoffset" => Self::DateTimeOffset,
            "uniqueidentifier" => Self::UniqueIdentifier,
            _ => return None,
        })
    }
}

fn decimal(arguments: Option<&str>) -> Option<SqlType> {
    let (precision, scale) = match arguments {
        None => (18, 0),
        Some(arguments) => match arguments.split_once(',') {
            Some((precision, scale)) => {
                (precision.trim().parse().ok()?, scale.trim().parse().ok()?)
            }
            None => (arguments.parse().ok()?, 0),
        },
    };
    ((1..=38).contains(&precision) && scale <= precision)
        .then_some(SqlType::Decimal { precision, scale })
}
