//! Documents that are put together from what hurts, up to a megabyte of it, and answers to match: whatever comes, the engine does not
//! panic, holds no more than it may, answers with no more than it may, and says why an answer is null.

use crate::stage::{request, schema, to_the_end};
use allocation_counter::measure;
use mayfly_error::Error;
use mayfly_graphql::{Answers, Disclosure, Engine, Invocation, Limits, Resolve};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const SDL: &str = r#"
directive @many(a: Any) repeatable on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
type Query { t(a: Any, i: Int, list: [Int], in: In, first: Int): [T!] @resolve(module: "m") c: C @resolve(module: "m") me: Query @resolve(module: "m") must: T! @resolve(module: "m") }
interface C { id: ID f: Float c: C t(a: Any, i: Int, s: String): T n: [C!] }
type T implements C { id: ID f: Float c: C t(a: Any, i: Int, s: String): T n: [C!] @resolve(module: "m", needs: "id f") whole: T! }
type A implements C { id: ID f: Float c: C t(a: Any, i: Int, s: String): T n: [C!] a: A! @resolve(module: "m", needs: "id") }
type B implements C { id: ID f: Float c: C t(a: Any, i: Int, s: String): T n: [C!] b: [B] }
input In { in: In any: Any id: ID f: Float }
scalar Any
"#;

const RESPONSE_BYTES: usize = 1 << 20;

/// Room for documents that the default limits would refuse by their number of tokens.
const GENEROUS: Limits = Limits {
    response_bytes: RESPONSE_BYTES,
    tokens: 300_000,
    nesting: 100,
    expansion: 200_000,
    depth: 60,
    aliases: 100_000,
    directives: 10_000,
    root_fields: 1_000,
    complexity: 1_000_000,
    list_size: 3,
    plan_bytes: 4 << 20,
};

static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| {
    let schema = schema(SDL);
    let usual = Limits {
        response_bytes: RESPONSE_BYTES,
        ..Limits::default()
    };
    [usual, GENEROUS].map(|limits| Engine::new(schema.clone(), limits, 0))
});

/// A part of a document: which one, and how often or how long.
type Part = (usize, usize);

/// How many kinds of parts there are.
const PARTS: usize = 26;

/// What a part adds: to the fields of the root, to those of a `T`, to the variables, and to the fragments.
#[derive(Default)]
struct Parts {
    root: String,
    fields: String,
    variables: String,
    fragments: String,
}

fn add(parts: &mut Parts, index: usize, (kind, n): Part) {
    let Parts {
        root,
        fields,
        variables,
        fragments,
    } = parts;
    let each = |text: &mut String, write: &dyn Fn(&mut String, usize)| {
        (0..n).for_each(|i| write(text, i));
    };
    match kind {
        0 => each(fields, &|text, i| write!(text, " a{index}x{i}:id").unwrap()),
        1 => fields.push_str(&" id f t{id}".repeat(n)),
        2 => each(fields, &|text, i| {
            write!(text, " b{index}x{i}:t(i:{i}){{id}}").unwrap()
        }),
        3 => {
            let depth = n.min(40);
            write!(fields, " {}id{}", "t{".repeat(depth), "}".repeat(depth)).unwrap();
        }
        4 => {
            let depth = n.min(25);
            write!(fields, " {}id{}", "c{".repeat(depth), "}".repeat(depth)).unwrap();
        }
        5 => {
            let depth = n.min(12);
            write!(fields, " {}id{}", "n{".repeat(depth), "}".repeat(depth)).unwrap();
        }
        6 => each(fields, &|text, i| write!(text, " ...F{index}x{i}").unwrap()),
        7 => {
            each(fields, &|text, i| write!(text, " ...G{index}x{i}").unwrap());
            each(fragments, &|text, i| {
                write!(
                    text,
                    " fragment G{index}x{i} on C{{id c{{id}} ...on A{{a{{id}}}}}}"
                )
                .unwrap();
            });
        }
        8 => {
            let length = n.min(60);
            write!(fields, " ...H{index}x0").unwrap();
            for i in 0..length {
                write!(
                    fragments,
                    " fragment H{index}x{i} on T{{t{{...H{index}x{0}}} ...H{index}x{0}}}",
                    i + 1
                )
                .unwrap();
            }
            write!(fragments, " fragment H{index}x{length} on T{{id}}").unwrap();
        }
        9 => write!(fragments, " fragment L{index} on T{{...L{index}}}").unwrap(),
        10 => {
            each(variables, &|text, i| {
                write!(text, " $v{index}x{i}:Int={i}").unwrap()
            });
            write!(root, " r{index}:t(list:[").unwrap();
            each(root, &|text, i| write!(text, " $v{index}x{i}").unwrap());
            root.push_str("]){id}");
        }
        11 => write!(
            root,
            " r{index}:t(a:\"{}\"){{id}}",
            "é\\u0041".repeat(n * 20)
        )
        .unwrap(),
        12 => write!(fields, " s{index}:t(s:\"{}\"){{id}}", "s".repeat(n * 100)).unwrap(),
        13 => write!(fields, " {}", "n".repeat(n * 50 + 3)).unwrap(),
        14 => write!(fields, " {}{index}:id", "k".repeat(n * 50 + 3)).unwrap(),
        15 => fields.push_str(&", ,#é\n\r\u{feff}".repeat(n * 5)),
        16 => {
            let depth = n.min(60);
            write!(
                root,
                " o{index}:t(in:{}any:{{k:1}}{}){{id}}",
                "{in:".repeat(depth) + "{",
                "}".repeat(depth + 1)
            )
            .unwrap();
        }
        17 => {
            write!(root, " p{index}:t(a:{{").unwrap();
            each(root, &|text, i| write!(text, "k{i}:[{i} null] ").unwrap());
            root.push_str("}){id}");
        }
        18 => write!(fields, " id{}", " @many(a:[1])".repeat(n)).unwrap(),
        19 => each(fields, &|text, i| {
            write!(
                text,
                " @many ...on A@skip(if:{}){{x{index}:id}}",
                i % 2 == 0
            )
            .unwrap()
        }),
        20 => write!(
            root,
            " i{index}:__schema{{types{{fields{{type{{ofType{{name}}}} args{{{}}}}}}}}}",
            "name description ".repeat(n.min(50))
        )
        .unwrap(),
        21 => each(root, &|text, i| {
            write!(
                text,
                " q{index}x{i}:me{{__type(name:\"T\"){{fields{{name}}}}}}"
            )
            .unwrap()
        }),
        22 => write!(root, " m{index}:must{{id whole{{id whole{{f}}}} n{{id}}}}").unwrap(),
        23 => write!(
            root,
            " e{index}:c{{...on A{{x:a{{id}}}} ...on B{{x:b{{id}}}} ...on T{{x:whole{{id}}}}}}"
        )
        .unwrap(),
        24 => write!(
            root,
            " z{index}:t(first:0 list:[]){{id n{{n{{n{{id f}}}}}}}}"
        )
        .unwrap(),
        _ => fields.push_str(&"{".repeat(n)),
    }
}

fn document(parts: &[Part]) -> String {
    let mut all = Parts::default();
    for (index, part) in parts.iter().enumerate() {
        add(&mut all, index, *part);
    }
    let Parts {
        root,
        fields,
        variables,
        fragments,
    } = all;
    let variables = if variables.is_empty() {
        variables
    } else {
        format!("({variables})")
    };
    format!("query Q{variables}{{c{{id}}{root} t{{id{fields}}}}}{fragments}")
}

/// Answers drawn afresh for each parent.
struct Dice(AtomicUsize);

impl Dice {
    fn throw(&self, sides: usize) -> usize {
        let seed = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed) as u64;
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % sides
    }

    fn thing(&self, depth: usize) -> String {
        let ty = ["A", "B", "T", "T", "T", "Nobody"][self.throw(6)];
        let id = match self.throw(12) {
            0 => "null".to_owned(),
            1 => format!("\"{}\"", "i".repeat(self.throw(60_000))),
            2 => "9007199254740993.0".to_owned(),
            _ => "1".to_owned(),
        };
        let float = ["1.5", "1e400", "null", "\"2\""][self.throw(4)];
        let inner = if depth == 0 || self.throw(3) == 0 {
            "null".to_owned()
        } else {
            self.thing(depth - 1)
        };
        format!(
            r#"{{"__typename":"{ty}","id":{id},"f":{float},"t":{inner},"c":{inner},"whole":{inner},"b":[{inner}]}}"#
        )
    }

    fn answer(&self, field: &str) -> Result<String, Error> {
        match (self.throw(30), field) {
            (0, _) => Err(Error::Internal("x".repeat(self.throw(3_000)))),
            (1, _) => Err(Error::GuestError {
                reason: "r".repeat(self.throw(3_000)),
                message: "\u{1}".repeat(self.throw(9_000)),
                retryable: true,
                passed_on: None,
                beside: None,
            }),
            (2, _) => Ok("[{".to_owned()),
            (_, "me") => Ok("{}".to_owned()),
            (_, "t" | "n") => {
                let count = self.throw(9) * self.throw(9);
                Ok(format!(
                    "[{}]",
                    (0..count)
                        .map(|_| self.thing(2))
                        .collect::<Vec<_>>()
                        .join(",")
                ))
            }
            _ => Ok(self.thing(3)),
        }
    }
}

impl Resolve for Dice {
    fn max_batch(&self, _module: &str) -> usize {
        20
    }

    async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
        Ok((0..invocation.parents.len().max(1))
            .map(|_| self.answer(&invocation.field_name))
            .collect())
    }
}

/// Prepares and runs a document, and holds the engine to what it promises.
fn hold_to_it(engine: &Engine, document: &str, seed: usize) -> Result<(), TestCaseError> {
    let request = request(document);
    let mut prepared = None;
    let taken = measure(|| prepared = Some(engine.prepare(&request)));
    let most = 100 * document.len() as u64 + (24 << 20);
    prop_assert!(
        taken.bytes_max <= most,
        "preparing {} bytes took {}",
        document.len(),
        taken.bytes_max
    );
    match prepared {
        Some(Ok(prepared)) => {
            let body = to_the_end(engine.execute(prepared, &Dice(AtomicUsize::new(seed))));
            let value: serde_json::Value = serde_json::from_slice(&body)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert!(
                body.len() <= RESPONSE_BYTES,
                "{} bytes of answer",
                body.len()
            );
            let is_told = value["errors"]
                .as_array()
                .is_some_and(|errors| !errors.is_empty());
            prop_assert!(is_told || !value["data"].is_null(), "null without an error");
        }
        Some(Err(errors)) => {
            let body = errors.render(Disclosure::Full);
            prop_assert!(
                !errors.errors().is_empty() && body.len() < 300_000,
                "{} bytes of errors",
                body.len()
            );
            serde_json::from_slice::<serde_json::Value>(&body)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
        None => prop_assert!(false, "nothing was prepared"),
    }
    Ok(())
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let size = prop_oneof![20 => 0..8_usize, 5 => 8..100_usize, 1 => 100..1_500_usize];
    proptest::collection::vec((0..PARTS, size), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents_of_what_hurts_are_answered_within_bounds(parts in parts(), seed in any::<usize>()) {
        let document = document(&parts);
        for engine in ENGINES.iter() {
            hold_to_it(engine, &document, seed)?;
        }
    }
}

#[test]
fn a_megabyte_of_any_part_is_answered_within_bounds() {
    for kind in 0..PARTS {
        let long = document(&[(kind, 4_000)]);
        let times = (1_000_000 / long.len()).clamp(1, 30);
        let document = document(&vec![(kind, 4_000); times]);
        for engine in ENGINES.iter() {
            if let Err(failed) = hold_to_it(engine, &document, kind) {
                panic!("part {kind}, {} bytes: {failed}", document.len());
            }
        }
    }
}

/// Comparisons that are remembered took 32 MiB for 7 kB of such documents.
#[test]
fn fragments_beside_each_other_cost_little_memory_whether_they_are_known_or_not() {
    for kind in [6, 7] {
        let document = document(&[(kind, 678), (23, 0)]);
        for engine in ENGINES.iter() {
            if let Err(failed) = hold_to_it(engine, &document, 0) {
                panic!("part {kind}, {} bytes: {failed}", document.len());
            }
        }
    }
}
