//! What a module's code is told about SQL when it is built: the statements that it is granted, for libraries that send their text.

use mayfly_json::quoted;

use super::configuration::{
    Access, Body, Parameter, Section, SqlType, Statement, StatementGrants, StatementText,
};

impl StatementGrants {
    /// Backends and granted statements, as JSON: `[[backend, …], [[name, backend, hash of the text or null, [parameter, …] in the order of the
    /// text, procedure or null, access, [[parameter, type, is a list, is an output, size], …], [[column, type], …]], …]]`. A size is
    /// precision and scale of a decimal, or null.
    pub(super) fn told(&self, section: &Section) -> String {
        let backends = section.backends.iter();
        let statements = section.statements.iter();
        let statements = statements.filter(|statement| self.0.contains_key(&statement.name));
        list([
            list(backends.map(|backend| quoted(&backend.name))),
            list(statements.map(statement)),
        ])
    }
}

fn statement(statement: &Statement) -> String {
    let null = || "null".to_owned();
    let (hash, places, procedure) = match &statement.body {
        Body::Text(text) => {
            let StatementText { hash, parameters } = StatementText::read(text);
            // The operator's own lists are written as one parameter.
            let places = parameters.iter().flatten().map(|name| quoted(name));
            (quoted(&format!("{hash:016x}")), list(places), null())
        }
        Body::Procedure(name) => (null(), list([]), quoted(name)),
    };
    let access = match statement.access {
        Access::Read => "read",
        Access::Write => "write",
    };
    let columns = statement.columns.iter();
    list([
        quoted(&statement.name),
        quoted(&statement.backend),
        hash,
        places,
        procedure,
        quoted(access),
        list(statement.parameters.iter().map(parameter)),
        list(columns.map(|(name, kind)| list([quoted(name), quoted(word(*kind))]))),
    ])
}

fn parameter(parameter: &Parameter) -> String {
    list([
        quoted(&parameter.name),
        quoted(word(parameter.sql_type)),
        parameter.list.to_string(),
        parameter.output.to_string(),
        size(parameter.sql_type),
    ])
}

/// Precision and scale of a decimal.
fn size(kind: SqlType) -> String {
    match kind {
        SqlType::Decimal { precision, scale } => list([precision.to_string(), scale.to_string()]),
        SqlType::Money => list(["19".to_owned(), "4".to_owned()]),
        _ => "null".to_owned(),
    }
}

/// A type without its arguments, which decides how libraries show its values.
fn word(kind: SqlType) -> &'static str {
    match kind {
        SqlType::Bit => "bit",
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => "int",
        SqlType::BigInt => "bigint",
        SqlType::Real | SqlType::Float => "float",
        SqlType::Decimal { .. } | SqlType::Money => "decimal",
        SqlType::NVarChar(_) | SqlType::VarChar(_) => "text",
        SqlType::VarBinary(_) => "binary",
        SqlType::Date => "date",
        SqlType::Time => "time",
        SqlType::DateTime2 => "datetime",
        SqlType::DateTimeOffset => "datetimeoffset",
        SqlType::UniqueIdentifier => "uniqueidentifier",
    }
}

fn list(elements: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", elements.into_iter().collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::StatementText;

    /// What two texts have to have in common to be one statement: the hash, and this many parameters.
    fn read(text: &str) -> (u64, Vec<String>) {
        let StatementText { hash, parameters } = StatementText::read(text);
        (
            hash,
            parameters.iter().map(|names| names.join(" ")).collect(),
        )
    }

    #[test]
    fn texts_that_say_the_same_are_one_statement() {
        let text = "SELECT id, [Name] FROM dbo.T WHERE a = @a AND b IN (@b) AND c = 'It''s  X' AND a2 = @a";
        for same in [
            "select  id,name\nfrom DBO.t -- of all\nwhere a=@x and b in ( @p , @q ) /* c */ and c='It''s  X' and a2=@x;",
            "select id, [name] from [dbo].[T] where a = @x and b in (@p, @q) and c = 'It''s  X' and a2 = @x ; ",
        ] {
            let (hash, names) = read(same);
            assert_eq!(hash, read(text).0, "{same}");
            assert_eq!(names, ["x", "p q"]);
        }
        assert_eq!(read(text).1, ["a", "b"]);
    }

    #[test]
    fn texts_that_say_something_else_are_others() {
        let text = read("SELECT a FROM t WHERE b = @b AND c = 'x'");
        for other in [
            "SELECT a FROM t WHERE b = @b AND c = 'X'",
            "SELECT a FROM t WHERE b = @b AND c = @c",
            "SELECT a FROM t WHERE b = @@b AND c = 'x'",
            "SELECT a FROM t WHERE b IN (@b) AND c = 'x'",
            "SELECT a FROM [t x] WHERE b = @b AND c = 'x'",
            "SELECT a FROM t WHERE b = @b AND c = 'x' -- '",
            "SELECT a FROM t WHERE b = @b AND c = 'x",
            "SELECT a FROM t WHERE b = @b AND c = 'x'; DROP TABLE t",
            "",
        ] {
            let is_same = read(other).0 == text.0;
            assert_eq!(is_same, other.ends_with("-- '"), "{other}");
        }
        let (one, other) = ("SELECT @a, @b, @a", "SELECT @a, @b, @b");
        assert_ne!(read(one).0, read(other).0);
    }
}
