//! Whether a declared type and the server's go together, by the name that the server writes: `decimal(5,2)`, `nvarchar(64)`.

use super::sql_type::SqlType;

/// Kinds of types that SQL Server does not mix without a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Bit,
    Whole,
    Inexact,
    Exact,
    Money,
    Unicode,
    CodePage,
    Bytes,
    Moment,
    Guid,
    Other,
}

/// Whether every value of a column of the server's type is one of the declared type.
pub(super) fn column_fits(declared: SqlType, found: &str) -> bool {
    let (name, size, scale) = parts(found);
    let at_most = |limit: Option<u16>| {
        limit.is_none_or(|limit| size.is_some_and(|size| size <= u32::from(limit)))
    };
    match declared {
        SqlType::Bit => name == "bit",
        SqlType::TinyInt => name == "tinyint",
        SqlType::SmallInt => ["tinyint", "smallint"].contains(&name),
        SqlType::Int => ["tinyint", "smallint", "int"].contains(&name),
        SqlType::BigInt => ["tinyint", "smallint", "int", "bigint"].contains(&name),
        SqlType::Real => name == "real",
        SqlType::Float => ["real", "float"].contains(&name),
        SqlType::Decimal {
            precision,
            scale: digits,
        } => {
            ["decimal", "numeric"].contains(&name)
                && size.is_some_and(|size| size <= u32::from(precision))
                && scale == Some(u32::from(digits))
        }
        SqlType::Money => ["money", "smallmoney"].contains(&name),
        SqlType::NVarChar(limit) | SqlType::VarChar(limit) => match family(name) {
            Family::Unicode | Family::CodePage => at_most(limit),
            _ => false,
        },
        SqlType::VarBinary(limit) => {
            family(name) == Family::Bytes
                && (at_most(limit) || name == "timestamp" || name == "rowversion")
        }
        SqlType::Date => name == "date",
        SqlType::Time => name == "time",
        SqlType::DateTime2 => ["datetime2", "datetime", "smalldatetime"].contains(&name),
        SqlType::DateTimeOffset => name == "datetimeoffset",
        SqlType::UniqueIdentifier => name == "uniqueidentifier",
    }
}

/// Whether a value of the declared type may stand where the server expects this one. Lengths and digits are the values' business:
/// a comparison takes any.
pub(super) fn parameter_fits(declared: SqlType, expected: &str) -> bool {
    let (name, ..) = parts(expected);
    let expected = family(name);
    let declared = match declared {
        SqlType::Bit => Family::Bit,
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => Family::Whole,
        SqlType::Real | SqlType::Float => Family::Inexact,
        SqlType::Decimal { .. } => Family::Exact,
        SqlType::Money => Family::Money,
        SqlType::NVarChar(_) => Family::Unicode,
        SqlType::VarChar(_) => Family::CodePage,
        SqlType::VarBinary(_) => Family::Bytes,
        SqlType::Date | SqlType::Time | SqlType::DateTime2 | SqlType::DateTimeOffset => {
            Family::Moment
        }
        SqlType::UniqueIdentifier => Family::Guid,
    };
    expected == Family::Other || expected == declared
        // A whole number is an exact one, and either is money.
        || matches!((declared, expected), (Family::Whole, Family::Exact | Family::Money | Family::Inexact) | (Family::Exact, Family::Money))
}

fn family(name: &str) -> Family {
    match name {
        "bit" => Family::Bit,
        "tinyint" | "smallint" | "int" | "bigint" => Family::Whole,
        "real" | "float" => Family::Inexact,
        "decimal" | "numeric" => Family::Exact,
        "money" | "smallmoney" => Family::Money,
        "nvarchar" | "nchar" | "ntext" | "sysname" | "xml" => Family::Unicode,
        "varchar" | "char" | "text" => Family::CodePage,
        "varbinary" | "binary" | "image" | "timestamp" | "rowversion" => Family::Bytes,
        "date" | "time" | "datetime" | "smalldatetime" | "datetime2" | "datetimeoffset" => {
            Family::Moment
        }
        "uniqueidentifier" => Family::Guid,
        _ => Family::Other,
    }
}

/// The name, and the numbers in its parentheses; `max` is none.
fn parts(text: &str) -> (&str, Option<u32>, Option<u32>) {
    let (name, rest) = text.split_once('(').unwrap_or((text, ""));
    let mut numbers = rest
        .trim_end_matches(')')
        .split(',')
        .map(|number| number.trim().parse().ok());
    (
        name.trim(),
        numbers.next().flatten(),
        numbers.next().flatten(),
    )
}

#[cfg(test)]
mod tests {
    use super::{SqlType, column_fits, parameter_fits};

    fn column(declared: &str, found: &str) -> Option<bool> {
        SqlType::parse(declared).map(|declared| column_fits(declared, found))
    }

    #[test]
    fn a_column_fits_when_all_its_values_do() {
        for (declared, found) in [
            ("int", "smallint"),
            ("decimal(9,2)", "numeric(5,2)"),
            ("nvarchar(64)", "varchar(64)"),
            ("nvarchar(max)", "nvarchar(max)"),
            ("nvarchar(max)", "xml"),
            ("varbinary(8)", "timestamp"),
            ("datetime2", "datetime"),
            ("datetime2", "datetime2(3)"),
            ("money", "smallmoney"),
        ] {
            assert_eq!(column(declared, found), Some(true), "{declared} {found}");
        }
        for (declared, found) in [
            ("int", "bigint"),
            ("decimal(9,2)", "decimal(9,3)"),
            ("decimal(5,2)", "decimal(6,2)"),
            ("nvarchar(64)", "nvarchar(65)"),
            ("nvarchar(64)", "nvarchar(max)"),
            ("date", "datetime"),
            ("bit", "int"),
        ] {
            assert_eq!(column(declared, found), Some(false), "{declared} {found}");
        }
    }

    #[test]
    fn a_parameter_fits_where_the_server_needs_no_conversion_of_the_column() {
        for (declared, expected, fits) in [
            ("nvarchar(64)", "nvarchar(32)", true),
            // The server would convert the column, row by row.
            ("nvarchar(64)", "varchar(64)", false),
            ("int", "decimal(5,2)", true),
            ("nvarchar(32)", "int", false),
            ("date", "datetime2(7)", true),
            ("int", "sql_variant", true),
            ("bit", "int", false),
        ] {
            assert_eq!(
                SqlType::parse(declared).map(|declared| parameter_fits(declared, expected)),
                Some(fits),
                "{declared} {expected}"
            );
        }
    }
}
