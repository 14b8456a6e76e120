//! No input makes the engine panic, hang or answer with something that is not JSON.

use crate::stage::{Cast, SCHOOL, engine, request, with_variables};
use mayfly_graphql::{Disclosure, Engine};
use proptest::prelude::*;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| engine(SCHOOL));

const DOCUMENTS: [&str; 6] = [
    "query A($id: ID!, $m: Mode = ALL) { student(id: $id) { id name assessments(type: $m) { score note } ...F @include(if: true) } } fragment F on Student { teacher { name room { number } } }",
    "{ search(filter: {name: \"x\", inner: {grade: 1, modes: [ALL, ANY]}}, raw: {a: [1.5, {b: null}]}) { __typename ... on Named { name } } }",
    "mutation { enrol(name: \"\"\"block \\\"\"\" text\"\"\") { id mentor { name } } note }",
    "{ __schema { types { name fields { name } } } __type(name: \"Room\") { name } maybe { best { best { id } } } }",
    "query($a: Boolean!) { maybe { id @skip(if: $a) ... on Student @include(if: $a) { grade scores } } students(ids: [1, \"2\"]) { name } }",
    "{ ...A } fragment A on Query { ...B maybe { id } } fragment B on Query { students(first: 3) { assessments { id } } }",
];

const PIECES: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "$a",
    "@skip(if: true)",
    "...",
    "... on Student",
    "...A",
    ":",
    "!",
    "|",
    "\"",
    "\"\"\"",
    "\\",
    "#",
    "null",
    "-0.5e3",
    "id",
    "fragment A on Query",
    "😀",
    "\u{0}",
];

/// Prepares and runs a document with modules that say nothing of use.
fn survives(query: &str) {
    let request = with_variables("", r#"{"a":true,"id":1,"m":"ANY"}"#);
    let request = mayfly_graphql::Request {
        query: query.to_owned(),
        ..request
    };
    let body = match ENGINE.prepare(&request) {
        Err(errors) => {
            assert!(!errors.errors().is_empty());
            errors.render(Disclosure::Full)
        }
        Ok(prepared) => {
            let cast = [
                "Query.student",
                "Query.students",
                "Query.search",
                "Query.pick",
                "Query.maybe",
                "Mutation.enrol",
                "Mutation.note",
            ]
            .into_iter()
            .chain([
                "Student.assessments",
                "Student.mentor",
                "Teacher.pupils",
                "Assessment.note",
            ])
            .fold(Cast::new(), |cast, field| {
                cast.says(
                    field,
                    r#"[{"id":1,"grade":2,"__typename":"Student","name":"n"}]"#,
                )
            });
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
                .block_on(ENGINE.execute(prepared, &cast))
        }
    };
    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(query in "\\PC*") {
        survives(&query);
    }

    #[test]
    fn any_bytes_of_graphql_are_answered(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60)) {
        survives(&pieces.join(" "));
        survives(&format!("{{ maybe {{ {} }} }}", pieces.concat()));
    }

    #[test]
    fn mutated_documents_are_answered(
        which in 0..DOCUMENTS.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), 0..12_usize), 1..4),
    ) {
        let mut text: Vec<char> = DOCUMENTS[which].chars().collect();
        for (at, piece, removed) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_answer_of_a_guest_is_completed(answer in "\\PC*", cut in any::<prop::sample::Index>()) {
        let good = r#"[{"__typename":"Student","id":1,"name":"a\u00e9","teacher":{"name":"x","room":{"number":1}}},{"__typename":"Room","number":2}]"#;
        let mut mixed: Vec<char> = good.chars().collect();
        let at = cut.index(mixed.len());
        mixed.splice(at..at, answer.chars().take(3));
        for answer in [answer.clone(), good[..cut.index(good.len())].to_owned(), mixed.into_iter().collect()] {
            let cast = Cast::new().says("Query.search", answer);
            let prepared = ENGINE.prepare(&request("{ search { __typename ... on Student { id name teacher { name room { number } } } ... on Room { number } } }")).unwrap();
            let body = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(ENGINE.execute(prepared, &cast));
            serde_json::from_slice::<serde_json::Value>(&body).unwrap();
        }
    }
}
