//! The types of SQL Server that parameters and columns may be declared with.

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
