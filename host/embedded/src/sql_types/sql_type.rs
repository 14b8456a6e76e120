//! SQL Server's types, as they are declared.

/// How long text or bytes may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Characters or bytes, at most.
    Limited(u16),
    /// `max`: 2 GiB.
    Max,
}

/// A type. Old ones are mapped: `text` is `varchar(max)`, `ntext` and `xml` are `nvarchar(max)`, `image` is `varbinary(max)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal { precision: u8, scale: u8 },
    Money,
    SmallMoney,
    Date,
    Time { scale: u8 },
    SmallDateTime,
    DateTime,
    DateTime2 { scale: u8 },
    DateTimeOffset { scale: u8 },
    UniqueIdentifier,
    NVarChar(Length),
    VarChar(Length),
    NChar(u16),
    Char(u16),
    VarBinary(Length),
    Binary(u16),
}

impl SqlType {
    /// Reads a declared type: `decimal(5,2)`, `NVARCHAR(64)`, `int`.
    pub(crate) fn parse(declared: &str) -> Option<Self> {
        let declared = declared.trim().to_ascii_lowercase();
        let (name, arguments) = match declared.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.split(')').next().unwrap_or(rest)),
            None => (declared.as_str(), ""),
        };
        let mut arguments = arguments
            .split(',')
            .map(str::trim)
            .filter(|argument| !argument.is_empty());
        let (first, second) = (arguments.next(), arguments.next());
        let length = |most: u16| match first {
            // SQLite takes numbers only in a declaration, so there `max` is written -1.
            Some("max" | "-1") => Some(Length::Max),
            Some(number) => number
                .parse()
                .ok()
                .filter(|length| (1..=most).contains(length))
                .map(Length::Limited),
            None => Some(Length::Limited(1)),
        };
        let fixed = |most: u16| match length(most) {
            Some(Length::Limited(length)) => Some(length),
            _ => None,
        };
        let scale = || {
            first.map_or(Some(7), |scale| {
                scale.parse().ok().filter(|scale| *scale <= 7_u8)
            })
        };
        Some(match name.trim_start_matches("sys.") {
            "bit" | "boolean" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            "float"
                if first
                    .and_then(|bits| bits.parse().ok())
                    .is_some_and(|bits: u8| bits <= 24) =>
            {
                Self::Real
            }
            "float" | "double" | "double precision" => Self::Float,
            // The names that exact numbers go by in SQLite; see `tsql::definitions`.
            "decimal_text" => decimal(first, second)?,
            "money_text" => Self::Money,
            "smallmoney_text" => Self::SmallMoney,
            "decimal" | "numeric" | "dec" => decimal(first, second)?,
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "date" => Self::Date,
            "time" => Self::Time { scale: scale()? },
            "smalldatetime" => Self::SmallDateTime,
            "datetime" => Self::DateTime,
            "datetime2" => Self::DateTime2 { scale: scale()? },
            "datetimeoffset" => Self::DateTimeOffset { scale: scale()? },
            "uniqueidentifier" => Self::UniqueIdentifier,
            "nvarchar" => Self::NVarChar(length(4000)?),
            "varchar" => Self::VarChar(length(8000)?),
            "nchar" => Self::NChar(fixed(4000)?),
            "char" => Self::Char(fixed(8000)?),
            "varbinary" => Self::VarBinary(length(8000)?),
            "binary" => Self::Binary(fixed(8000)?),
            "sysname" => Self::NVarChar(Length::Limited(128)),
            "rowversion" | "timestamp" => Self::Binary(8),
            "ntext" | "xml" => Self::NVarChar(Length::Max),
            "text" => Self::VarChar(Length::Max),
            "image" | "blob" => Self::VarBinary(Length::Max),
            _ => return None,
        })
    }

    /// Whether it is text, so that `+` joins.
    pub(crate) fn is_text(self) -> bool {
        matches!(
            self,
            Self::NVarChar(_) | Self::VarChar(_) | Self::NChar(_) | Self::Char(_)
        )
    }

    /// Whether it is a date, a time or both.
    pub(crate) fn is_time(self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::Time { .. }
                | Self::SmallDateTime
                | Self::DateTime
                | Self::DateTime2 { .. }
                | Self::DateTimeOffset { .. }
        )
    }

    /// The bytes a value of a type without a length of its own takes: `DATALENGTH`.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Bit | Self::TinyInt => 1,
            Self::SmallInt => 2,
            Self::Int | Self::Real | Self::SmallMoney | Self::SmallDateTime => 4,
            Self::BigInt | Self::Float | Self::Money | Self::DateTime => 8,
            Self::Decimal { precision, .. } => usize::from(decimal_bytes(precision)) + 1,
            Self::Date => 3,
            Self::Time { scale } => time_bytes(scale),
            Self::DateTime2 { scale } => time_bytes(scale) + 3,
            Self::DateTimeOffset { scale } => time_bytes(scale) + 5,
            Self::UniqueIdentifier => 16,
            Self::NVarChar(_) | Self::VarChar(_) | Self::NChar(_) | Self::Char(_) => 0,
            Self::VarBinary(_) | Self::Binary(_) => 0,
        }
    }

    /// The type as it is declared: `decimal(5,2)`, `nvarchar(max)`.
    pub(crate) fn declaration(self) -> String {
        let sized = |length: Length| match length {
            Length::Limited(length) => format!("{}({length})", self.name()),
            Length::Max => format!("{}(max)", self.name()),
        };
        match self {
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Time { scale } | Self::DateTime2 { scale } | Self::DateTimeOffset { scale } => {
                format!("{}({scale})", self.name())
            }
            Self::NVarChar(length) | Self::VarChar(length) | Self::VarBinary(length) => {
                sized(length)
            }
            Self::NChar(length) | Self::Char(length) | Self::Binary(length) => {
                sized(Length::Limited(length))
            }
            _ => self.name().to_owned(),
        }
    }

    /// The name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Real => "real",
            Self::Float => "float",
            Self::Decimal { .. } => "numeric",
            Self::Money => "money",
            Self::SmallMoney => "smallmoney",
            Self::Date => "date",
            Self::Time { .. } => "time",
            Self::SmallDateTime => "smalldatetime",
            Self::DateTime => "datetime",
            Self::DateTime2 { .. } => "datetime2",
            Self::DateTimeOffset { .. } => "datetimeoffset",
            Self::UniqueIdentifier => "uniqueidentifier",
            Self::NVarChar(_) => "nvarchar",
            Self::VarChar(_) => "varchar",
            Self::NChar(_) => "nchar",
            Self::Char(_) => "char",
            Self::VarBinary(_) => "varbinary",
            Self::Binary(_) => "binary",
        }
    }
}

/// The bytes of a decimal's magnitude, by its precision.
pub(crate) fn decimal_bytes(precision: u8) -> u8 {
    match precision {
        0..=9 => 4,
        10..=19 => 8,
        20..=28 => 12,
        _ => 16,
    }
}

/// The bytes of a time of day, by its scale.
pub(crate) fn time_bytes(scale: u8) -> usize {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

fn decimal(precision: Option<&str>, scale: Option<&str>) -> Option<SqlType> {
    let precision = precision.map_or(Some(18), |text| text.parse().ok())?;
    let scale = scale.map_or(Some(0), |text| text.parse().ok())?;
    ((1..=38).contains(&precision) && scale <= precision)
        .then_some(SqlType::Decimal { precision, scale })
}
