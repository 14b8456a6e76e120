//! `[[modules.NAME.probe]]`: a question that a version of the module has to answer before it is let in.
//!
//! Arguments, parents and answers are JSON texts, as `mayfly invoke` takes them, because TOML has no null.

use mayfly_json::{Kind, Limits, Tree};

use crate::key::Key;
use crate::reader::Table;

const FIELD: Key<'_> = Key::new("field", "The field that is asked for: `Type.field`.");
const ARGUMENTS: Key<'_> = Key::new(
    "arguments",
    "The field's arguments: a JSON object in quotes.",
)
.or("{}");
const PARENTS: Key<'_> = Key::new(
    "parents",
    "A JSON object in quotes for each parent, for a field of a type that is not a root type.",
);
const SELECTION: Key<'_> = Key::new(
    "selection",
    "Paths selected below the field, as guests see them.",
);
const ANSWER: Key<'_> = Key::new(
    "answer",
    "The expected answer: JSON in quotes; with `parents`, a list with one answer for each. Objects may hold more than is written here.",
)
.or("any answer but an error");

/// `[[modules.NAME.probe]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// `field`: the object type and the field.
    pub field: (String, String),
    /// `arguments`: a JSON object, which was checked.
    pub arguments: String,
    /// `parents`: a JSON object each, which was checked.
    pub parents: Vec<String>,
    pub selection: Vec<String>,
    /// `answer`: JSON, which was checked.
    pub answer: Option<String>,
}

impl Probe {
    pub(crate) fn read(mut table: Table<'_>) -> Self {
        let field = field(&mut table);
        let arguments = object(&mut table, ARGUMENTS).unwrap_or_else(|| "{}".to_owned());
        let mut parents = Vec::new();
        for (at, text) in table.texts(PARENTS) {
            if parse_object(&text).is_none() {
                table.problem_at(
                    at,
                    format!(
                        "`{}` must be JSON objects in quotes, such as '{{\"id\": \"S1\"}}'",
                        table.key("parents")
                    ),
                );
            }
            parents.push(text);
        }
        let selection = table
            .texts(SELECTION)
            .into_iter()
            .map(|(_, path)| path)
            .collect();
        let answer = answer(&mut table, parents.len());
        table.finish();
        Self {
            field,
            arguments,
            parents,
            selection,
            answer,
        }
    }
}

fn field(table: &mut Table<'_>) -> (String, String) {
    let at = table.at;
    let text = table.required(FIELD, "\"Query.student\"");
    match text.split_once('.') {
        Some((type_name, field)) if !type_name.is_empty() && !field.is_empty() => {
            (type_name.to_owned(), field.to_owned())
        }
        _ => {
            // A field that is missing was reported already.
            if !text.is_empty() {
                table.problem_at(
                    at,
                    format!(
                        "`{}` is not a field; write it as \"Type.field\"",
                        table.key("field")
                    ),
                );
            }
            Default::default()
        }
    }
}

fn object(table: &mut Table<'_>, key: Key<'_>) -> Option<String> {
    let (at, text) = table.text_at(key)?;
    if parse_object(&text).is_none() {
        table.problem_at(
            at,
            format!(
                "`{}` must be a JSON object in quotes, such as '{{\"id\": \"S1\"}}'",
                table.key(key.name)
            ),
        );
    }
    Some(text)
}

fn parse(text: &str) -> Option<Tree<'_>> {
    Tree::read(text, Limits::of_bytes(text.len())).ok()
}

fn parse_object(text: &str) -> Option<Tree<'_>> {
    parse(text).filter(|tree| tree.root().kind() == Kind::Object)
}

fn answer(table: &mut Table<'_>, parents: usize) -> Option<String> {
    let (at, text) = table.text_at(ANSWER)?;
    let key = table.key("answer");
    let Some(answer) = parse(&text) else {
        table.problem_at(
            at,
            format!("`{key}` must be JSON in quotes, such as '{{\"name\": \"Ada\"}}'"),
        );
        return None;
    };
    if parents > 0
        && answer
            .root()
            .elements()
            .is_none_or(|answers| answers.count() != parents)
    {
        table.problem_at(
            at,
            format!("`{key}` must be a JSON list with one answer for each of `parents`"),
        );
    }
    Some(text)
}
