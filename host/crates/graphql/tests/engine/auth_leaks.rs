//! Whatever the shape of a query, nothing that is guarded is in an answer to a caller without the right.

use crate::stage::{Cast, engine, respond, to_the_end, with_variables};
use mayfly_graphql::ViewerKind;
use proptest::prelude::*;

/// Every value of what is guarded says so.
const SDL: &str = r#"
type Query {
  item: Item @resolve(module: "m")
  items: [Item!] @resolve(module: "m")
  thing: Thing @resolve(module: "m")
  any: [Any] @resolve(module: "m")
  safe: Safe @resolve(module: "m")
  locked: Locked @resolve(module: "m")
  closed: Item @resolve(module: "m") @auth(requires: "'right' in groups")
  again: Query @resolve(module: "m")
}
interface Thing { id: String name: String inner: Thing code: String @auth(requires: "'right' in groups") }
type Item implements Thing {
  id: String
  name: String @auth(requires: "claims.owner == parent.id")
  code: String
  inner: Thing
  safe: Safe
  more: [Item!] @resolve(module: "n", needs: "id") @auth(requires: "claims.owner == parent.id")
}
type Plain implements Thing { id: String name: String inner: Thing code: String }
type Safe @auth(requires: "'right' in groups") { id: String name: String inner: Thing }
union Any = Item | Plain | Safe
union Locked = Safe | Vault
type Vault @auth(requires: "claims.owner == 'open'") { id: String }
"#;

const ITEM: &str = r#"{"__typename":"Item","id":"open","name":"GUARDED","code":"GUARDED",
  "inner":{"__typename":"Plain","id":"open","name":"open","code":"GUARDED","inner":null},"safe":{"id":"GUARDED","name":"GUARDED"}}"#;
const SAFE: &str = r#"{"__typename":"Safe","id":"GUARDED","name":"GUARDED","inner":{"__typename":"Item","id":"GUARDED"}}"#;

fn cast(claims: &str) -> Cast {
    let plain = r#"{"__typename":"Plain","id":"open","name":"open","code":"GUARDED"}"#;
    let closed = ITEM.replace("\"open\"", "\"GUARDED\"");
    Cast::new()
        .says("Query.item", ITEM)
        .says("Query.items", format!("[{ITEM},{ITEM}]"))
        .says("Query.thing", ITEM)
        .says("Query.any", format!("[{ITEM},{plain},{SAFE}]"))
        .says("Query.safe", SAFE)
        .says("Query.locked", SAFE)
        .says("Query.closed", closed.clone())
        .says("Query.again", "{}")
        .says("Item.more", format!("[{closed}]"))
        .seen_by(ViewerKind::Token, claims)
}

/// The fields of each type: those with a selection have its type's name.
fn fields(ty: &str) -> &'static [(&'static str, Option<&'static str>)] {
    match ty {
        "Query" => &[
            ("item", Some("Item")),
            ("items", Some("Item")),
            ("thing", Some("Thing")),
            ("any", Some("Any")),
            ("safe", Some("Safe")),
            ("locked", Some("Locked")),
            ("closed", Some("Item")),
            ("again", Some("Query")),
            ("__typename", None),
        ],
        "Item" => &[
            ("id", None),
            ("name", None),
            ("code", None),
            ("inner", Some("Thing")),
            ("safe", Some("Safe")),
            ("more", Some("Item")),
            ("__typename", None),
        ],
        "Any" | "Locked" => &[("__typename", None)],
        _ => &[
            ("id", None),
            ("name", None),
            ("inner", Some("Thing")),
            ("__typename", None),
        ],
    }
}

fn narrower(ty: &str) -> &'static [&'static str] {
    match ty {
        "Thing" => &["Item", "Plain", "Thing"],
        "Any" => &["Item", "Plain", "Safe", "Thing"],
        "Item" => &["Thing", "Item"],
        "Locked" => &["Safe"],
        _ => &[],
    }
}

/// How many selections stand inside one another.
const DEPTH: usize = 5;

/// A selection made of numbers: which field, under an alias or not, or within a fragment on a narrower type.
fn selection(
    ty: &str,
    choices: &mut impl Iterator<Item = u8>,
    depth: usize,
    aliases: &mut usize,
) -> String {
    let mut text = String::from("{ __typename ");
    for _ in 0..=choices.next().unwrap_or(0) % 4 {
        let choice = usize::from(choices.next().unwrap_or(0));
        let narrower = narrower(ty);
        if depth > 0 && choice % 3 == 0 && !narrower.is_empty() {
            let on = narrower[choice / 3 % narrower.len()];
            text += &format!(
                "... on {on} {}{} ",
                condition(choice / 9, depth),
                selection(on, choices, depth - 1, aliases)
            );
            continue;
        }
        let fields = fields(ty);
        let (field, below) = fields[choice % fields.len()];
        if below.is_some() && depth == 0 {
            continue;
        }
        // Each field has a key of its own, so that no two can be in conflict.
        *aliases += 1;
        text += &format!("k{aliases}: {field} {}", condition(choice / 8, depth));
        if let Some(below) = below {
            text += &selection(below, choices, depth - 1, aliases);
        }
    }
    text + "} "
}

/// Where a condition may stand: nowhere, or one that is null. Not at the root, where it would refuse the whole operation.
fn condition(choice: usize, depth: usize) -> &'static str {
    match choice % 11 {
        1 if depth < DEPTH => "@include(if: $null) ",
        2 if depth < DEPTH => "@skip(if: $null) ",
        _ => "",
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_guarded_is_in_an_answer_to_a_caller_without_the_right(
        choices in proptest::collection::vec(any::<u8>(), 4..120),
    ) {
        let selection = selection("Query", &mut choices.into_iter(), DEPTH, &mut 0);
        let variable = if selection.contains("$null") { "($null: Boolean = true)" } else { "" };
        let query = format!("query {variable} {selection}");
        let engine = engine(SDL);
        let ask = |claims: &str| {
            let cast = cast(claims);
            let answer = to_the_end(respond(&engine, &cast, with_variables(&query, r#"{"null":null}"#)));
            (answer, cast.called())
        };
        // Whoever has the right comes first, and leaves nothing behind.
        let (seen, _) = ask(r#"{"groups":["right"],"owner":"open"}"#);
        prop_assert!(!seen.contains("VALIDATION"), "{query}\n{seen}");
        let (answer, called) = ask(r#"{"groups":["left"],"owner":"nobody"}"#);
        prop_assert!(!answer.contains("GUARDED"), "{query}\n{answer}");
        prop_assert!(!answer.contains("\"Safe\""), "{query}\n{answer}");
        let unasked = called.iter().all(|call| {
            !["Query.closed", "Query.safe", "Query.locked", "Item.more"].iter().any(|field| call.starts_with(field))
        });
        prop_assert!(unasked, "{query}\n{called:?}");
    }
}
