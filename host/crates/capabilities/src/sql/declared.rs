//! `[statements.NAME]`: the SQL an operator lets guests run, by name, with the types of the database it runs on.

use std::fmt::Debug;
use std::time::Duration;

use mayfly_config::reader::{Key, Table};
use mayfly_json::Value;

/// What a statement runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `text`.
    Text(String),
    /// `procedure`: its name.
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

/// The type of a parameter or a column, as a database has them.
pub trait DeclaredType: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// A value that can be sent.
    type Value: Clone + Debug + Send + Sync;

    /// Which types there are, for whoever wrote another: `use bit, int or date`.
    const KNOWN: &'static str;

    /// Reads a type as the database writes it; none when it is not one of its types.
    fn parse(text: &str) -> Option<Self>;

    /// A value as the type wants it, `None` for JSON null.
    ///
    /// # Errors
    ///
    /// What was expected; the value is never repeated.
    fn value(self, given: Value<'_>) -> Result<Option<Self::Value>, String>;
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<T> {
    /// Its name, without `@`.
    pub name: String,
    /// Its type, or its elements' type.
    pub sql_type: T,
    /// `list<…>`: the value is an array, and `@name` stands inside `IN (…)`.
    pub list: bool,
    /// `… output`: a procedure's OUTPUT parameter.
    pub output: bool,
}

/// `[statements.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<T> {
    /// The name guests use.
    pub name: String,
    /// The line of the file it begins in, from 1.
    pub line: usize,
    pub backend: String,
    /// `text` or `procedure`.
    pub body: Body,
    pub access: Access,
    /// `parameters`, in the order written.
    pub parameters: Vec<Parameter<T>>,
    /// `columns`; empty leaves them to the server.
    pub columns: Vec<(String, T)>,
    pub max_rows: u32,
    pub timeout: Duration,
    pub bigint_as_string: bool,
    pub lossy: bool,
    /// `alters_session`: the operator's word.
    pub alters_session: bool,
}

const BACKEND: Key<'_> = Key::new(
    "backend",
    "The database it runs on, by the name of its table.",
);
const TEXT: Key<'_> = Key::new(
    "text",
    "SQL with `@name` parameters. Either `text` or `procedure` is needed.",
);
const PROCEDURE: Key<'_> = Key::new(
    "procedure",
    "A stored procedure's name; it is called with named parameters.",
);
const ACCESS: Key<'_> = Key::new(
    "access",
    "Whether it changes anything, which decides the error of a call that was cut off.",
)
.among(&["read", "write"]);
const PARAMETERS: Key<'_> = Key::new("parameters", "The parameters, each with its type.");
const PARAMETER: Key<'_> = Key::new(
    "NAME",
    "The type of the parameter: `bit`, `tinyint`, `smallint`, `int`, `bigint`, `real`, `float`, `decimal(p,s)`, `money`, `nvarchar(n)`, \
     `varchar(n)`, `varbinary(n)` (`max` for `n`), `date`, `time`, `datetime2`, `datetimeoffset` or `uniqueidentifier`. `list<TYPE>`: the \
     value is an array, and `@NAME` goes inside `IN (…)` of a text. `TYPE output`: a procedure's OUTPUT parameter.",
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

impl<T: DeclaredType> Statement<T> {
    /// Reads a statement, which runs on one of `backends`: the names of tables in `section`.
    pub fn read(
        name: String,
        mut table: Table<'_>,
        (section, backends): (&str, &[String]),
    ) -> Self {
        let backend = backend(&mut table, section, backends);
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

fn backend(table: &mut Table<'_>, section: &str, backends: &[String]) -> String {
    let backend = table.required(BACKEND, "\"NAME\"");
    if !backend.is_empty() && !backends.contains(&backend) {
        table.problem(format!(
            "`{}` names the backend `{backend}`, which is not declared; add [{section}.{backend}]",
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

fn parameters<T: DeclaredType>(table: &mut Table<'_>, body: &Body) -> Vec<Parameter<T>> {
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
        let Some(sql_type) = T::parse(element) else {
            table.problem_at(
                at,
                format!(
                    "`{path}.{name}` has the unknown type `{element}`; {}",
                    T::KNOWN
                ),
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

fn columns<T: DeclaredType>(table: &mut Table<'_>) -> Vec<(String, T)> {
    let Some(declared) = table.table(COLUMNS) else {
        return Vec::new();
    };
    let path = declared.path.clone();
    let texts = declared.into_texts(COLUMN).into_iter();
    texts
        .filter_map(|(name, at, text)| {
            let sql_type = T::parse(&text);
            if sql_type.is_none() {
                table.problem_at(
                    at,
                    format!(
                        "`{path}.{name}` has the unknown type `{text}`; {}",
                        T::KNOWN
                    ),
                );
            }
            Some((name, sql_type?))
        })
        .collect()
}
