//! Functions: what each takes, what SQLite is told, and the type of what it gives.

use super::scope::Scope;
use super::values::{EXACT, identity, text_type};
use super::{Compiler, Typed, literal};
use crate::sql_types::{Length, SqlError, SqlType};
use crate::tsql::tree::{Call, Expr};
use crate::tsql::typing::{Family, Ty, common, digits, family, length, of_length};

pub(super) const INT: Ty = Ty::Of(SqlType::Int);
const FLOAT: Ty = Ty::Of(SqlType::Float);
const TEXT_MAX: SqlType = SqlType::NVarChar(Length::Max);

/// Functions that compare texts, here always by the default collation.
const COMPARING: [&str; 4] = ["CHARINDEX", "PATINDEX", "REPLACE", "TRANSLATE"];

/// Functions that the server has and this endpoint has not, so that a call is not taken for a mistake in its name.
const LACKING: [&str; 54] = [
    "ACOS",
    "APPROX_COUNT_DISTINCT",
    "ASIN",
    "ATAN",
    "ATN2",
    "BINARY_CHECKSUM",
    "CHECKSUM",
    "CHECKSUM_AGG",
    "COL_LENGTH",
    "COL_NAME",
    "COMPRESS",
    "CONNECTIONPROPERTY",
    "COS",
    "COT",
    "CUME_DIST",
    "DATABASEPROPERTYEX",
    "DATETIMEOFFSETFROMPARTS",
    "DATETRUNC",
    "DATE_BUCKET",
    "DB_ID",
    "DECOMPRESS",
    "DEGREES",
    "DIFFERENCE",
    "ERROR_LINE",
    "FORMAT",
    "FORMATMESSAGE",
    "GROUPING",
    "GROUPING_ID",
    "HASHBYTES",
    "HAS_PERMS_BY_NAME",
    "IDENT_CURRENT",
    "ISDATE",
    "IS_MEMBER",
    "JSON_MODIFY",
    "JSON_OBJECT",
    "JSON_ARRAY",
    "NEWSEQUENTIALID",
    "PARSE",
    "PERCENTILE_CONT",
    "PERCENTILE_DISC",
    "PERCENT_RANK",
    "RADIANS",
    "RAND",
    "SESSION_CONTEXT",
    "SIN",
    "SOUNDEX",
    "STDEV",
    "STDEVP",
    "STR",
    "SWITCHOFFSET",
    "TAN",
    "TODATETIMEOFFSET",
    "TRY_PARSE",
    "VAR",
];

impl Compiler<'_> {
    /// A call.
    pub(super) fn call(&self, call: &Call, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        if super::grouping::AGGREGATES.contains(&call.name.as_str()) {
            return self.aggregate(call, scope);
        }
        if call.over.is_some() {
            return self.ranking(call, scope);
        }
        if call.star || call.distinct || !call.within.is_empty() {
            return Err(SqlError::syntax(&call.name));
        }
        if let Some(found) = self.of_dates(call, scope)? {
            return Ok(found);
        }
        let arguments = call
            .arguments
            .iter()
            .map(|argument| self.value(argument, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let collation = arguments.iter().find_map(|value| value.collation);
        if collation == Some(EXACT) && COMPARING.contains(&call.name.as_str()) {
            return Err(SqlError::unsupported(&format!(
                "COLLATE in an argument of {}",
                call.name
            )));
        }
        let found = match self.of_session(call, &arguments)? {
            Some(found) => Some(found),
            None => match self.of_text(&call.name, &arguments)? {
                Some(found) => Some(found),
                None => self.of_numbers(call, &arguments)?,
            },
        };
        let found = found.ok_or_else(|| unknown(&call.name))?;
        Ok(Typed {
            collation: found.collation.or(collation),
            ..found
        })
    }

    /// Functions of text.
    fn of_text(&self, name: &str, arguments: &[Typed]) -> Result<Option<Typed>, SqlError> {
        let text = |at: usize| {
            arguments
                .get(at)
                .map_or_else(|| "NULL".to_owned(), |value| self.as_text(value))
        };
        let whole = |at: usize| {
            arguments.get(at).map_or_else(
                || "NULL".to_owned(),
                |value| self.converted(value, SqlType::BigInt),
            )
        };
        let raw = |at: usize| arguments.get(at).map_or("NULL", |value| value.sql.as_str());
        // Text stays of its type and length; anything else becomes text.
        let same = |at: usize| match arguments.get(at).map(|value| value.ty) {
            Some(Ty::Of(ty)) if family(ty) == Family::Text => varying(ty),
            _ => SqlType::NVarChar(Length::Limited(4000)),
        };
        let of = |ty: SqlType, sql: String| Ok(Some(Typed::new(sql, Ty::Of(ty))));
        let int = |sql: String| Ok(Some(Typed::new(sql, INT)));
        let (count, wanted): (usize, std::ops::RangeInclusive<usize>) = (
            arguments.len(),
            match name {
                "LEN" | "DATALENGTH" | "UPPER" | "LOWER" | "LTRIM" | "RTRIM" | "TRIM"
                | "REVERSE" | "SPACE" | "CHAR" | "NCHAR" | "ASCII" | "UNICODE" | "ISNUMERIC"
                | "ISJSON" => 1..=1,
                "QUOTENAME" => 1..=2,
                "LEFT" | "RIGHT" | "REPLICATE" | "PATINDEX" | "JSON_VALUE" => 2..=2,
                "JSON_QUERY" => 1..=2,
                "CHARINDEX" => 2..=3,
                "SUBSTRING" | "REPLACE" | "TRANSLATE" => 3..=3,
                "STUFF" => 4..=4,
                "CONCAT" => 2..=254,
                "CONCAT_WS" => 3..=254,
                _ => return Ok(None),
            },
        );
        if !wanted.contains(&count) {
            return Err(SqlError::new(
                174,
                format!(
                    "The {} function requires {} argument(s).",
                    name.to_lowercase(),
                    wanted.start()
                ),
            ));
        }
        match name {
            "LEN" => int(format!("len({})", text(0))),
            "DATALENGTH" => {
                let ty = arguments.first().and_then(|value| value.ty.known());
                int(format!(
                    "datalength({}, {})",
                    literal(&ty.map_or_else(String::new, SqlType::declaration)),
                    raw(0)
                ))
            }
            "UPPER" | "LOWER" => of(
                same(0),
                format!("{}_case({})", name.to_lowercase(), text(0)),
            ),
            "LTRIM" | "RTRIM" | "TRIM" => of(
                same(0),
                format!("{}({}, ' ')", name.to_lowercase(), text(0)),
            ),
            "REVERSE" => of(same(0), format!("reverse({})", text(0))),
            "LEFT" | "RIGHT" => of(
                same(0),
                format!("{}_of({}, {})", name.to_lowercase(), text(0), whole(1)),
            ),
            "SUBSTRING" => of(
                same(0),
                format!("part_of({}, {}, {})", text(0), whole(1), whole(2)),
            ),
            "REPLACE" => of(
                wide(same(0)),
                format!("replaced({}, {}, {})", text(0), text(1), text(2)),
            ),
            "TRANSLATE" => of(
                same(0),
                format!("translated({}, {}, {})", text(0), text(1), text(2)),
            ),
            "STUFF" => of(
                wide(same(0)),
                format!(
                    "stuffed({}, {}, {}, {})",
                    text(0),
                    whole(1),
                    whole(2),
                    text(3)
                ),
            ),
            "REPLICATE" => of(
                wide(same(0)),
                format!("repeated({}, {})", text(0), whole(1)),
            ),
            "SPACE" => of(
                SqlType::VarChar(Length::Limited(8000)),
                format!("repeated(' ', {})", whole(0)),
            ),
            "QUOTENAME" => {
                if count == 2 {
                    return Err(SqlError::unsupported("QUOTENAME with a quote character"));
                }
                of(
                    SqlType::NVarChar(Length::Limited(258)),
                    format!("('[' || replace({}, ']', ']]') || ']')", text(0)),
                )
            }
            "CHARINDEX" => {
                let start = if count == 3 { whole(2) } else { "1".into() };
                int(format!("charindex({}, {}, {start})", text(0), text(1)))
            }
            "PATINDEX" => int(format!("patindex({}, {})", text(0), text(1))),
            "CHAR" => of(SqlType::Char(1), format!("char_of({}, 255)", whole(0))),
            "NCHAR" => of(SqlType::NChar(1), format!("char_of({}, 1114111)", whole(0))),
            "ASCII" | "UNICODE" => int(format!("code_of({})", text(0))),
            "ISNUMERIC" => int(format!("is_numeric({})", text(0))),
            "ISJSON" => int(format!("json_valid({})", text(0))),
            "JSON_VALUE" => of(
                SqlType::NVarChar(Length::Limited(4000)),
                format!("json_scalar({}, {})", text(0), text(1)),
            ),
            "JSON_QUERY" => {
                let path = if count == 2 { text(1) } else { "'$'".into() };
                of(TEXT_MAX, format!("json_part({}, {path})", text(0)))
            }
            // NULL is empty text to these.
            "CONCAT" => {
                let parts: Vec<String> = arguments
                    .iter()
                    .map(|value| format!("ifnull({}, '')", self.as_text(value)))
                    .collect();
                of(together(arguments), format!("({})", parts.join(" || ")))
            }
            _ => {
                let parts: Vec<String> =
                    arguments.iter().map(|value| self.as_text(value)).collect();
                of(
                    together(arguments),
                    format!("concat_ws({})", parts.join(", ")),
                )
            }
        }
    }

    /// Functions of numbers, and those that take whatever there is.
    fn of_numbers(&self, call: &Call, arguments: &[Typed]) -> Result<Option<Typed>, SqlError> {
        let first = arguments.first();
        let float = |at: usize| {
            arguments.get(at).map_or_else(
                || "NULL".to_owned(),
                |value| self.converted(value, SqlType::Float),
            )
        };
        let ty = first.map_or(Ty::Null, |value| value.ty);
        let sql = first.map_or("NULL", |value| value.sql.as_str());
        let found = match (call.name.as_str(), arguments) {
            ("ISNULL", [value, other]) => {
                let ty = if value.ty == Ty::Null {
                    other.ty
                } else {
                    value.ty
                };
                let other = match ty {
                    Ty::Of(to) => self.converted(other, to),
                    _ => other.sql.clone(),
                };
                Typed::new(format!("ifnull({}, {other})", value.sql), ty)
            }
            ("COALESCE", [_, _, ..]) => {
                let ty = arguments
                    .iter()
                    .fold(Ty::Null, |ty, value| common(ty, value.ty));
                let parts: Vec<String> = arguments
                    .iter()
                    .map(|value| self.brought_to(value, ty))
                    .collect();
                Typed::new(format!("coalesce({})", parts.join(", ")), ty)
            }
            ("NULLIF", [one, other]) => self.null_if(one, other),
            ("CHOOSE", [index, values @ ..]) if !values.is_empty() => {
                let ty = values
                    .iter()
                    .fold(Ty::Null, |ty, value| common(ty, value.ty));
                let branches: Vec<String> = values
                    .iter()
                    .enumerate()
                    .map(|(at, value)| {
                        format!("WHEN {} THEN {}", at + 1, self.brought_to(value, ty))
                    })
                    .collect();
                let index = self.converted(index, SqlType::Int);
                Typed::new(format!("(CASE {index} {} END)", branches.join(" ")), ty)
            }
            ("ABS", [_]) if ty.is(Family::Decimal) => Typed::new(format!("exact_abs({sql})"), ty),
            ("ABS", [_]) if ty.is(Family::Integer) => Typed::new(format!("abs({sql})"), ty),
            ("ABS", [_]) => Typed::new(format!("abs({})", float(0)), FLOAT),
            ("SIGN", [_]) => Typed::new(
                format!("sign({})", float(0)),
                if ty.is(Family::Integer) { ty } else { FLOAT },
            ),
            ("FLOOR" | "CEILING", [_]) if ty.is(Family::Integer) => Typed::new(sql, ty),
            ("FLOOR" | "CEILING", [_]) if ty.is(Family::Decimal) => {
                let precision = ty
                    .known()
                    .and_then(digits)
                    .map_or(38, |(precision, _)| precision);
                let result = SqlType::Decimal {
                    precision,
                    scale: 0,
                };
                Typed::new(
                    format!(
                        "exact_round({sql}, 0, '{}', {precision}, 0)",
                        call.name.to_lowercase()
                    ),
                    Ty::Of(result),
                )
            }
            ("FLOOR", [_]) => Typed::new(format!("floor({})", float(0)), FLOAT),
            ("CEILING", [_]) => Typed::new(format!("ceil({})", float(0)), FLOAT),
            ("ROUND", [_, places] | [_, places, _]) => {
                self.round(sql, ty, &float(0), places, arguments.get(2))
            }
            ("POWER", [_, _]) => {
                let power = format!("pow({}, {})", float(0), float(1));
                match ty {
                    Ty::Of(to) if ty.is(Family::Integer) => Typed::new(
                        super::values::converting(&power, Some(SqlType::Float), to, "0"),
                        ty,
                    ),
                    Ty::Of(to) if ty.is(Family::Decimal) => Typed::new(
                        super::values::converting(&power, Some(SqlType::Float), to, "0"),
                        ty,
                    ),
                    _ => Typed::new(power, FLOAT),
                }
            }
            ("SQUARE", [_]) => Typed::new(format!("({0} * {0})", float(0)), FLOAT),
            ("SQRT" | "EXP" | "LOG10", [_]) => {
                Typed::new(format!("{}({})", call.name.to_lowercase(), float(0)), FLOAT)
            }
            ("LOG", [_]) => Typed::new(format!("ln({})", float(0)), FLOAT),
            ("LOG", [_, _]) => Typed::new(format!("log({}, {})", float(1), float(0)), FLOAT),
            ("PI", []) => Typed::new("pi()", FLOAT),
            ("NEWID", []) => Typed::new("newid()", Ty::Of(SqlType::UniqueIdentifier)),
            _ => return Ok(None),
        };
        Ok(Some(found))
    }

    fn round(&self, sql: &str, ty: Ty, float: &str, places: &Typed, cut: Option<&Typed>) -> Typed {
        let places = self.converted(places, SqlType::BigInt);
        let mode = cut.map_or_else(
            || "'round'".to_owned(),
            |cut| {
                format!(
                    "iif({} = 0, 'round', 'cut')",
                    self.converted(cut, SqlType::BigInt)
                )
            },
        );
        match ty {
            Ty::Of(of) if ty.is(Family::Integer) || ty.is(Family::Decimal) => {
                let (precision, scale) = digits(of).unwrap_or((38, 0));
                let rounded = format!("exact_round({sql}, {places}, {mode}, {precision}, {scale})");
                let rounded = if ty.is(Family::Integer) {
                    super::values::converting(
                        &rounded,
                        Some(SqlType::Decimal {
                            precision: 38,
                            scale: 0,
                        }),
                        of,
                        "0",
                    )
                } else {
                    rounded
                };
                Typed::new(rounded, ty)
            }
            _ => Typed::new(format!("float_round({float}, {places}, {mode})"), FLOAT),
        }
    }

    /// What only the session knows.
    fn of_session(&self, call: &Call, arguments: &[Typed]) -> Result<Option<Typed>, SqlError> {
        let globals = self.globals;
        let caught = globals.caught.as_ref();
        let int = |value: Option<i64>| {
            Typed::new(
                value.map_or_else(|| "NULL".into(), |value| value.to_string()),
                INT,
            )
        };
        let text = |value: Option<&str>| match value {
            Some(value) => Typed::new(literal(value), Ty::Of(text_type(value, true))),
            None => Typed::new("NULL", Ty::Of(SqlType::NVarChar(Length::Limited(4000)))),
        };
        Ok(Some(match (call.name.as_str(), arguments) {
            ("SCOPE_IDENTITY", []) => identity(globals.scope_identity),
            ("ROWCOUNT_BIG", []) => {
                Typed::new(globals.row_count.to_string(), Ty::Of(SqlType::BigInt))
            }
            ("CURRENT_TRANSACTION_ID", []) => {
                Typed::new(globals.transaction_id.to_string(), Ty::Of(SqlType::BigInt))
            }
            ("XACT_STATE", []) => Typed::new(
                globals.transaction_state.to_string(),
                Ty::Of(SqlType::SmallInt),
            ),
            ("ERROR_NUMBER", []) => int(caught.map(|(error, _)| error.number.into())),
            ("ERROR_SEVERITY", []) => int(caught.map(|(error, _)| error.class.into())),
            ("ERROR_STATE", []) => int(caught.map(|(error, _)| error.state.into())),
            ("ERROR_MESSAGE", []) => text(caught.map(|(error, _)| error.message.as_str())),
            ("ERROR_PROCEDURE", []) => text(
                caught
                    .map(|(_, procedure)| procedure.as_str())
                    .filter(|name| !name.is_empty()),
            ),
            ("DB_NAME", []) => text(Some(&globals.database)),
            ("SUSER_SNAME" | "SUSER_NAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER", []) => {
                text(Some("mayfly"))
            }
            ("USER_NAME", []) => text(Some("dbo")),
            ("SCHEMA_NAME", []) => text(Some("dbo")),
            ("OBJECT_ID", [name] | [name, _]) => {
                let name = self.as_text(name);
                Typed::new(
                    format!(
                        "(SELECT rowid FROM sqlite_master WHERE name = object_name({name}) COLLATE NOCASE)"
                    ),
                    INT,
                )
            }
            _ => return Ok(None),
        }))
    }

    /// Functions of dates, whose first argument may be a word.
    fn of_dates(&self, call: &Call, scope: &Scope<'_>) -> Result<Option<Typed>, SqlError> {
        let value = |at: usize| {
            let argument = call
                .arguments
                .get(at)
                .ok_or_else(|| SqlError::syntax(&call.name))?;
            self.value(argument, scope)
        };
        let part = || match call.arguments.first() {
            Some(Expr::Column(parts)) => Ok(literal(&parts.join(".").to_lowercase())),
            _ => Err(SqlError::syntax(&call.name)),
        };
        let datetime = |name: &str, ty: SqlType| Typed::new(name, Ty::Of(ty));
        Ok(Some(match (call.name.as_str(), call.arguments.len()) {
            ("GETDATE" | "GETUTCDATE", 0) => datetime("now_to('datetime')", SqlType::DateTime),
            ("SYSDATETIME" | "SYSUTCDATETIME", 0) => {
                datetime("now_to('datetime2(7)')", SqlType::DateTime2 { scale: 7 })
            }
            ("SYSDATETIMEOFFSET", 0) => datetime(
                "now_to('datetimeoffset(7)')",
                SqlType::DateTimeOffset { scale: 7 },
            ),
            ("DATEADD", 3) => {
                let moment = self.moment(&value(2)?);
                let number = self.converted(&value(1)?, SqlType::BigInt);
                Typed::new(
                    format!("dateadd({}, {number}, {})", part()?, moment.sql),
                    moment.ty,
                )
            }
            ("DATEDIFF" | "DATEDIFF_BIG", 3) => {
                let (from, to) = (self.moment(&value(1)?), self.moment(&value(2)?));
                let ty = if call.name == "DATEDIFF" {
                    SqlType::Int
                } else {
                    SqlType::BigInt
                };
                Typed::new(
                    format!(
                        "ranged('{}', datediff({}, {}, {}))",
                        ty.name(),
                        part()?,
                        from.sql,
                        to.sql
                    ),
                    Ty::Of(ty),
                )
            }
            ("DATEPART", 2) => Typed::new(
                format!("datepart({}, {})", part()?, self.moment(&value(1)?).sql),
                INT,
            ),
            ("DATENAME", 2) => Typed::new(
                format!("datename({}, {})", part()?, self.moment(&value(1)?).sql),
                Ty::Of(SqlType::NVarChar(Length::Limited(30))),
            ),
            ("YEAR" | "MONTH" | "DAY", 1) => Typed::new(
                format!(
                    "datepart('{}', {})",
                    call.name.to_lowercase(),
                    self.moment(&value(0)?).sql
                ),
                INT,
            ),
            ("EOMONTH", 1 | 2) => {
                let months = if call.arguments.len() == 2 {
                    self.converted(&value(1)?, SqlType::BigInt)
                } else {
                    "0".into()
                };
                Typed::new(
                    format!("month_end({}, {months})", self.moment(&value(0)?).sql),
                    Ty::Of(SqlType::Date),
                )
            }
            ("DATEFROMPARTS", 3) => {
                let parts = [
                    self.whole(&value(0)?),
                    self.whole(&value(1)?),
                    self.whole(&value(2)?),
                ];
                Typed::new(
                    format!("date_of({})", parts.join(", ")),
                    Ty::Of(SqlType::Date),
                )
            }
            _ => return Ok(None),
        }))
    }

    fn whole(&self, value: &Typed) -> String {
        self.converted(value, SqlType::BigInt)
    }

    /// A point in time: text and numbers are read as a `datetime` is.
    fn moment(&self, value: &Typed) -> Typed {
        match value.ty {
            Ty::Of(ty) if matches!(family(ty), Family::Time | Family::Offset) => value.clone(),
            Ty::Of(ty) if family(ty) == Family::Text => Typed::new(
                self.converted(value, SqlType::DateTime2 { scale: 7 }),
                Ty::Of(SqlType::DateTime),
            ),
            Ty::Null => Typed::new("NULL", Ty::Of(SqlType::DateTime)),
            _ => Typed::new(
                self.converted(value, SqlType::DateTime),
                Ty::Of(SqlType::DateTime),
            ),
        }
    }
}

pub(super) fn unknown(name: &str) -> SqlError {
    if LACKING.contains(&name) {
        return SqlError::unsupported(&format!("the function {name}"));
    }
    SqlError {
        class: 15,
        ..SqlError::new(
            195,
            format!("'{name}' is not a recognized built-in function name."),
        )
    }
}

pub(super) fn invalid(ty: SqlType, name: &str) -> SqlError {
    SqlError::new(
        8117,
        format!(
            "Operand data type {} is invalid for {} operator.",
            ty.name(),
            name.to_lowercase()
        ),
    )
}

/// Text of any length up to this one.
fn varying(ty: SqlType) -> SqlType {
    match ty {
        SqlType::NChar(length) => SqlType::NVarChar(Length::Limited(length)),
        SqlType::Char(length) => SqlType::VarChar(Length::Limited(length)),
        ty => ty,
    }
}

/// The longest of the type that is not `max`.
fn wide(ty: SqlType) -> SqlType {
    match length(ty) {
        Some(Length::Limited(_)) => of_length(ty, Some(Length::Limited(8000))),
        _ => ty,
    }
}

/// The type of texts put together by `CONCAT`.
fn together(arguments: &[Typed]) -> SqlType {
    let all_plain = arguments.iter().all(|value| {
        matches!(
            value.ty,
            Ty::Of(SqlType::VarChar(_) | SqlType::Char(_)) | Ty::Null
        ) || value.ty.is(Family::Integer)
    });
    let is_max = arguments
        .iter()
        .any(|value| matches!(value.ty, Ty::Of(ty) if length(ty) == Some(Length::Max)));
    match (all_plain, is_max) {
        (true, false) => SqlType::VarChar(Length::Limited(8000)),
        (true, true) => SqlType::VarChar(Length::Max),
        (false, false) => SqlType::NVarChar(Length::Limited(4000)),
        (false, true) => SqlType::NVarChar(Length::Max),
    }
}
