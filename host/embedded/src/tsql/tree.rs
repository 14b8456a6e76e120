//! The tree of a statement, as T-SQL has it.
//!
//! Names are kept as they were written. What is not part of this tree the parser refuses by its name, so that nothing is passed on
//! unread.

/// A value or a condition: T-SQL keeps them apart by where they may stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Null,
    /// As it was written: `12`, `1.50`, `1e3`.
    Number(String),
    /// The text, and whether it is `N'…'`.
    Text(String, bool),
    /// Hexadecimal digits.
    Binary(String),
    /// `@name` in lower case, or `@@NAME`.
    Variable(String),
    /// `a`, `t.a`, `dbo.t.a`.
    Column(Vec<String>),
    /// `-`, `~`.
    Unary(char, Box<Expr>),
    /// `+ - * / % & | ^`.
    Binary2(Box<Expr>, char, Box<Expr>),
    /// `= <> < <= > >=`.
    Compare(Box<Expr>, &'static str, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    Like(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    InList(Box<Expr>, Vec<Expr>),
    InQuery(Box<Expr>, Box<Query>),
    Exists(Box<Query>),
    Subquery(Box<Query>),
    /// Operand, branches, `ELSE`.
    Case(Option<Box<Expr>>, Vec<(Expr, Expr)>, Option<Box<Expr>>),
    Convert(Box<Conversion>),
    Call(Box<Call>),
    /// `COLLATE name`.
    Collate(Box<Expr>, String),
}

/// `CAST`, `CONVERT` and their `TRY_` forms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conversion {
    pub value: Expr,
    /// As it was declared, in lower case: `decimal(5,2)`.
    pub ty: String,
    pub style: Option<Expr>,
    /// Whether a value that cannot be converted is NULL.
    pub is_try: bool,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// In upper case.
    pub name: String,
    pub arguments: Vec<Expr>,
    /// `COUNT(*)`.
    pub star: bool,
    pub distinct: bool,
    /// `WITHIN GROUP (ORDER BY …)`.
    pub within: Vec<Order>,
    pub over: Option<Over>,
}

/// `OVER (PARTITION BY … ORDER BY … frame)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Over {
    pub partition: Vec<Expr>,
    pub order: Vec<Order>,
    /// `ROWS BETWEEN …`, as SQLite writes it too.
    pub frame: String,
}

/// One term of `ORDER BY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub value: Expr,
    pub descending: bool,
}

/// `WITH … SELECT … ORDER BY … OFFSET … FETCH …`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub ctes: Vec<Cte>,
    pub body: Body,
    pub order: Vec<Order>,
    pub offset: Option<Expr>,
    pub fetch: Option<Expr>,
}

/// `name (columns) AS (query)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Query,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Select(Box<Select>),
    /// `UNION`, `UNION ALL`, `EXCEPT`, `INTERSECT`.
    Set(Box<Body>, &'static str, Box<Body>),
    Query(Box<Query>),
    Values(Vec<Vec<Expr>>),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Select {
    pub distinct: bool,
    pub top: Option<Expr>,
    pub items: Vec<Item>,
    pub from: Vec<Source>,
    pub filter: Option<Expr>,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
}

/// One item of a select list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// `*`, `t.*`.
    Star(Option<String>),
    Value(Expr, Option<String>),
}

/// What rows come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Table {
        name: String,
        alias: Option<String>,
    },
    Derived {
        query: Box<Query>,
        alias: String,
        columns: Vec<String>,
    },
    /// `STRING_SPLIT(…)`, `OPENJSON(…)`: name in upper case.
    Function {
        name: String,
        arguments: Vec<Expr>,
        alias: Option<String>,
        /// `WITH (name type 'path' [AS JSON], …)`.
        columns: Vec<JsonColumn>,
    },
    /// `INNER`, `LEFT`, `RIGHT`, `FULL`, `CROSS`; `APPLY` is one of these whose right side is a function.
    Join(Box<Source>, &'static str, Box<Source>, Option<Expr>),
}

/// A column of `OPENJSON … WITH`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonColumn {
    pub name: String,
    pub ty: String,
    pub path: Option<String>,
    pub as_json: bool,
}

/// A statement that SQLite runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Query(Query),
    Insert {
        ctes: Vec<Cte>,
        table: String,
        columns: Vec<String>,
        output: Vec<Item>,
        /// None: `DEFAULT VALUES`.
        rows: Option<Query>,
    },
    Update {
        ctes: Vec<Cte>,
        table: String,
        sets: Vec<(String, Expr)>,
        output: Vec<Item>,
        from: Vec<Source>,
        filter: Option<Expr>,
    },
    Delete {
        ctes: Vec<Cte>,
        table: String,
        output: Vec<Item>,
        from: Vec<Source>,
        filter: Option<Expr>,
    },
}
