//! Target: JSON of all kinds, whole and broken, through the one reader of texts from outside and through what is built on it.
//!
//! What is read has the values that `serde_json` reads. What only this reader refuses, it refuses for a reason that `serde_json` does
//! not know: depth, a key that comes twice, half of a surrogate pair. Keys and items of tables are read or refused as the bare text is.

use mayfly_capabilities::dynamodb::{Partition, key_weight};
use mayfly_capabilities::sql::statement_weight;
use mayfly_json::{ErrorKind, Kind, Limits, Members, Tree, Value, length, string};
use proptest::prelude::*;
use serde_json::Value as Reference;

use crate::run::{Run, Verdict};

/// The most a case may be long, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// Texts that are put into others: what readers stumble over.
const FRAGMENTS: [&str; 28] = [
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    r"\ud800",
    r"\udc00\ud800",
    r"\u0000",
    "\u{0}",
    "\u{feff}",
    "-",
    "-0",
    "0.",
    "1e",
    "1e400",
    "-1E-999",
    "00",
    "null",
    "tru",
    "\u{10ffff}",
    r#"{"a":1,"a":2}"#,
    r#"{"$serde_json::private::Number":"1"}"#,
    r#"{"\u0024serde_json::private::RawValue":"[1]"}"#,
    " \t\r\n",
];

/// A text.
#[derive(Debug, Clone)]
enum Text {
    /// A value, with fragments put in at places given as a share of the whole in 65,536ths.
    Changed(String, Vec<(u16, usize)>),
    /// Levels of arrays or objects, closed or not.
    Nested(bool, u32, bool),
}

/// Tries texts.
///
/// # Errors
///
/// The smallest text that is read as it must not be.
pub fn fuzz(run: Run) -> Verdict {
    run.check(&text(), |text| {
        let text = text.text();
        let read = Tree::read(text.as_str(), Limits::of_bytes(MOST_BYTES));
        let reference = serde_json::from_str::<Reference>(&text);
        match (&read, &reference) {
            // Another crate may have turned on what gives these keys a meaning to the reference.
            (Ok(_), _) if text.contains("serde_json::private::") => {}
            (Ok(tree), Ok(reference)) => same(tree.root(), reference)?,
            (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
            (Ok(_), Err(error)) => return Err(format!("read, and the reference says: {error}")),
            (Err(error), Ok(_)) => match error.problem {
                ErrorKind::TooDeep(_) | ErrorKind::DuplicateKey => {}
                _ => return Err(format!("refused, and the reference reads it: {error}")),
            },
            (Err(_), Err(_)) => {}
        }
        in_layers(&text, read.as_ref().ok().map(Tree::root))?;
        as_key(&text, read.is_ok())
    })
}

/// The readers of the outermost layer say what the tree says.
fn in_layers(text: &str, root: Option<Value<'_>>) -> Verdict {
    let members = Members::of(text, Limits::MAX_DEPTH).collect::<Result<Vec<_>, _>>();
    let Some(root) = root else {
        return Ok(());
    };
    if root.kind() != Kind::Object && members.is_ok() {
        return Err("members of what is no object".to_owned());
    }
    match root.kind() {
        Kind::Object => {
            let members = members.map_err(|error| format!("members: {error}"))?;
            let known = root.members().map_or(0, Iterator::count);
            if members.len() != known {
                return Err(format!("{} members and {known}", members.len()));
            }
        }
        Kind::Array if length(text) != root.elements().map(|all| all.count() as u64) => {
            return Err(format!("a length of {:?}", length(text)));
        }
        Kind::String if string(text).as_deref() != root.as_str().as_deref() => {
            return Err("another string".to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// The readers of keys and parameters refuse what is no JSON.
fn as_key(text: &str, is_json: bool) -> Verdict {
    let partition = Partition {
        attribute: "id".to_owned(),
        value: "1".to_owned(),
    };
    let within = partition.has_key(text);
    if within.is_ok() && !is_json {
        return Err("a key that is no JSON".to_owned());
    }
    if partition.has_item(text).is_ok() && !is_json {
        return Err("an item that is no JSON".to_owned());
    }
    // Counted before the text is read, whatever it is.
    for weight in [key_weight(text), statement_weight("name", text)] {
        if weight < text.len() {
            return Err(format!("{} bytes count as {weight}", text.len()));
        }
    }
    Ok(())
}

/// Numbers are compared as the reference keeps them: as doubles, some of them rounded.
fn same(value: Value<'_>, reference: &Reference) -> Verdict {
    let same_scalar = match reference {
        Reference::Array(elements) => {
            let mut values = value.elements().ok_or("no array")?;
            for element in elements {
                same(values.next().ok_or("too few elements")?, element)?;
            }
            values.next().is_none()
        }
        Reference::Object(known) => {
            let members: Vec<_> = value.members().ok_or("no object")?.collect();
            for (key, value) in &members {
                let known = known.get(key.value().as_ref()).ok_or("another key")?;
                same(*value, known)?;
            }
            members.len() == known.len()
        }
        Reference::Null => value.kind() == Kind::Null,
        Reference::Bool(flag) => value.as_bool() == Some(*flag),
        Reference::String(text) => value.as_str().as_deref() == Some(text),
        Reference::Number(_) => serde_json::from_str(value.raw()).ok().as_ref() == Some(reference),
    };
    if same_scalar {
        Ok(())
    } else {
        Err(format!("{} is {reference}", value.raw()))
    }
}

impl Text {
    fn text(&self) -> String {
        match self {
            Self::Changed(text, changes) => {
                let mut text = text.clone();
                for (share, fragment) in changes {
                    let at = text.len() * usize::from(*share) / 65_536;
                    let at = text.floor_char_boundary(at);
                    text.insert_str(at, FRAGMENTS[fragment % FRAGMENTS.len()]);
                }
                text
            }
            Self::Nested(objects, levels, closed) => {
                let (open, close) = if *objects {
                    (r#"{"a":"#, "}")
                } else {
                    ("[", "]")
                };
                let levels = *levels as usize;
                let end = if *closed {
                    close.repeat(levels)
                } else {
                    String::new()
                };
                format!("{}1{end}", open.repeat(levels))
            }
        }
    }
}

fn text() -> impl Strategy<Value = Text> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no such number", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a string")),
    ];
    let space = || prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t\r ")];
    let value = leaf.prop_recursive(6, 64, 8, move |inner| {
        let elements = prop::collection::vec((inner.clone(), space()), 0..8);
        let members = prop::collection::vec((any::<String>(), space(), inner), 0..8);
        prop_oneof![
            elements.prop_map(|elements| {
                let elements = elements
                    .iter()
                    .map(|(value, space)| format!("{space}{value}"));
                format!("[{}]", elements.collect::<Vec<_>>().join(","))
            }),
            members.prop_map(|members| {
                let members = members.iter().map(|(key, space, value)| {
                    let key = serde_json::to_string(key).expect("a string");
                    format!("{space}{key}{space}:{value}{space}")
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    });
    let changes = prop::collection::vec((any::<u16>(), any::<usize>()), 0..4);
    prop_oneof![
        16 => (value, changes).prop_map(|(text, changes)| Text::Changed(text, changes)),
        1 => (any::<bool>(), prop_oneof![100..160_u32, 1..1_000_000_u32], any::<bool>())
            .prop_map(|(objects, levels, closed)| Text::Nested(objects, levels, closed)),
    ]
}
