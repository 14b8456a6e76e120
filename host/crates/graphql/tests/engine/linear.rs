//! Preparing a document takes time and memory in proportion to its length, whatever it is made of.
//!
//! Time is the processor time of the thread, so that other programs do not count, and what is compared is how it grows with the
//! document: eight times the text may take up to three times eight times as long, and would take sixty-four times as long if
//! something were compared with everything else.

use crate::stage::{request, schema};
use allocation_counter::measure;
use mayfly_graphql::{Engine, Limits};
use std::sync::LazyLock;

/// How much longer the long documents are.
const TIMES: usize = 8;

/// How much longer than in proportion they may take.
const MARGIN: usize = 3;

/// What is measured takes so long at least.
const LEAST_NANOSECONDS: u64 = 40_000_000;

/// Generous limits: what must not grow is not hidden by a refusal.
const GENEROUS: Limits = Limits {
    response_bytes: 4 << 20,
    tokens: 1_000_000,
    nesting: 200,
    expansion: 1_000_000,
    depth: 60,
    aliases: 100_000,
    directives: 100_000,
    root_fields: 10_000,
    complexity: u64::MAX,
    list_size: 10,
    plan_bytes: 1 << 30,
};

const SDL: &str = r#"
directive @many repeatable on FIELD
type Query { t(a: Any, i: Int, list: [Int], in: In): T @resolve(module: "m") c: C @resolve(module: "m") }
type T { id: ID name: String t(a: Any, i: Int, s: String): T c: C }
interface C { id: ID c: C t: T }
type A implements C { id: ID c: C t: T a: A }
type B implements C { id: ID c: C t: T b: B }
input In { in: In any: Any id: ID }
scalar Any
"#;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(schema(SDL), GENEROUS, 0));
static DEFAULT: LazyLock<Engine> = LazyLock::new(|| Engine::new(schema(SDL), Limits::default(), 0));

fn each(count: usize, write: impl Fn(usize) -> String) -> String {
    (0..count).map(write).collect()
}

/// Documents of one make, of about `count` parts.
fn make(kind: &str, n: usize) -> String {
    match kind {
        "aliases" => format!("{{t{{{}}}}}", each(n, |i| format!("a{i}:id "))),
        "one field again and again" => format!("{{t{{{}}}}}", "id ".repeat(n)),
        "one object again and again" => format!("{{t{{{}}}}}", "t{id}".repeat(n)),
        "arguments that differ" => {
            format!("{{t{{{}}}}}", each(n, |i| format!("a{i}:t(i:{i}){{id}}")))
        }
        "deep, under many aliases" => format!(
            "{{{}}}",
            each(n / 20, |i| format!(
                "a{i}:{}id{}",
                "t{".repeat(20),
                "}".repeat(20)
            ))
        ),
        "fragments side by side" => format!(
            "{{t{{{}}}}}{}",
            each(n, |i| format!("...F{i} ")),
            each(n, |i| format!("fragment F{i} on T{{a{i}:id}}"))
        ),
        "fragments that are not used" => format!(
            "{{t{{id}}}}{}",
            each(n, |i| format!("fragment F{i} on T{{id}}"))
        ),
        "fragments that spread the next" => format!(
            "{{t{{{}}}}}{}",
            each(n / 50, |i| format!("...F{i}x0 ")),
            each(n, |i| {
                let (chain, at) = (i / 50, i % 50);
                if at == 49 {
                    format!("fragment F{chain}x{at} on T{{id}}")
                } else {
                    format!("fragment F{chain}x{at} on T{{...F{chain}x{}}}", at + 1)
                }
            })
        ),
        "operations that share a fragment" => format!(
            "{}fragment F on Query{{t{{{}}}}}",
            each(n, |i| format!("query Q{i}{{...F}}")),
            each(n / 4, |i| format!("a{i}:id "))
        ),
        "operations that share fragments" => format!(
            "{}fragment F on Query{{t{{{}}}}}{}",
            each(n, |i| format!("query Q{i}($v:Int){{...F}}")),
            each(n / 2, |i| format!("...F{i} ")),
            each(n / 2, |i| format!(
                "fragment F{i} on T{{a{i}:t(i:$v){{id}}}}"
            ))
        ),
        "operations that define nothing" => format!(
            "{}fragment F on Query{{{}}}",
            each(n, |i| format!("query Q{i}{{...F}}")),
            each(n, |i| format!("a{i}:t(i:$v{i}){{id}}"))
        ),
        "introspection that shares a fragment" => format!(
            "{}fragment F on __Type{{name {}}}",
            each(n, |i| format!("query Q{i}{{__type(name:\"T\"){{...F}}}}")),
            each(n, |i| format!("a{i}:fields{{name}}"))
        ),
        "variables" => format!(
            "query({}){{t(list:[{}]){{id}}}}",
            each(n, |i| format!("$v{i}:Int ")),
            each(n, |i| format!("$v{i} "))
        ),
        "variables that are not used" => {
            format!("query Q({}){{t{{id}}}}", each(n, |i| format!("$v{i}:Int ")))
        }
        "variables that are not defined" => format!(
            "query Q{{t(list:[{}]){{id}}}}",
            each(n, |i| format!("$v{i} "))
        ),
        "directives" => format!("{{t{{id {}}}}}", "@many ".repeat(n)),
        "directives nobody knows" => format!("{{t{{id {}}}}}", each(n, |i| format!("@d{i} "))),
        "conditions" => format!(
            "query($v:Boolean!){{t{{{}}}}}",
            each(n, |i| format!("a{i}:id @skip(if:$v) "))
        ),
        "a long list" => format!("{{t(a:[{}]){{id}}}}", "1 ".repeat(n)),
        "a long object" => format!("{{t(a:{{{}}}){{id}}}}", each(n, |i| format!("k{i}:1 "))),
        "an object whose fields come twice" => format!("{{t(a:{{{}}}){{id}}}}", "k:1 ".repeat(n)),
        "objects within objects" => format!(
            "{{{}}}",
            each(n / 20, |i| format!(
                "a{i}:t(in:{}id:1{}){{id}}",
                "{in:".repeat(20) + "{",
                "}".repeat(21)
            ))
        ),
        "a list within lists" => format!(
            "{{t(a:{}{}{}){{id}}}}",
            "[".repeat(40),
            "1 ".repeat(n),
            "]".repeat(40)
        ),
        "arguments given twice" => format!(
            "{{t{{t({}){{id}}t({}){{id}}}}}}",
            "i:1 ".repeat(n),
            "i:1 ".repeat(n)
        ),
        "a long name" => format!("{{t{{{}}}}}", "n".repeat(n * 10)),
        "a long operation name" => format!(
            "query {}({}){{t{{id}}}}",
            "N".repeat(n * 10),
            each(n / 10, |i| format!("$v{i}:Int "))
        ),
        "a long string" => format!("{{t(a:\"{}\"){{id}}}}", "\\u0041é".repeat(n)),
        "a long block string" => {
            format!("{{t(a:\"\"\"{}\"\"\"){{id}}}}", "  a\\\"\"\"\n".repeat(n))
        }
        "a string in many comparisons" => format!(
            "{{t{{{}}}}}fragment F on T{{t(s:\"{}\"){{id}}}}",
            each(90, |i| format!("a{i}:t{{t(s:\"x\"){{id}}...F}}")),
            "s".repeat(n * 10)
        ),
        "a string deep in objects" => format!(
            "{{t(in:{}any:\"{}\"{}){{id}}}}",
            "{in:".repeat(50) + "{",
            "s".repeat(n * 10),
            "}".repeat(51)
        ),
        "commas" => format!("{{{}t{{id}}}}", ",".repeat(n * 10)),
        "comments" => format!("{{{}t{{id}}}}", "#é\n".repeat(n * 3)),
        "lines" => format!("{{{}t{{id}}}}", "\r\n\u{feff}".repeat(n * 3)),
        "inline fragments within each other" => format!(
            "{{t{{{}}}}}",
            each(n / 20, |i| format!(
                "{}a{i}:id{}",
                "...{".repeat(20),
                "}".repeat(20)
            ))
        ),
        "selections by type" => format!("{{c{{{}}}}}", each(n, |i| format!("...on A{{a{i}:id}}"))),
        "types that lead to each other" => format!(
            "{{c{{{}}}}}",
            each(n / 20, |i| format!(
                "a{i}:{}id{}",
                "c{".repeat(20),
                "}".repeat(20)
            ))
        ),
        "unknown fields" => format!("{{t{{{}}}}}", each(n, |i| format!("x{i} "))),
        "unknown fragments" => format!("{{t{{{}}}}}", each(n, |i| format!("...X{i} "))),
        "conflicts" => format!(
            "{{t{{{}}}}}",
            each(n, |i| format!("x:id y{i}:name x:name "))
        ),
        "cycles" => format!(
            "{{t{{id}}}}{}",
            each(n / 50, |i| each(50, |at| format!(
                "fragment F{i}x{at} on T{{...F{i}x{}}}",
                (at + 1) % 50
            )))
        ),
        "half a document" => format!("{{t{{{}", "t{id} ".repeat(n)),
        _ => panic!("unknown kind {kind}"),
    }
}

/// Those that no limit bounds, to be measured with generous limits.
const KINDS: [&str; 39] = [
    "aliases",
    "arguments that differ",
    "deep, under many aliases",
    "fragments side by side",
    "fragments that are not used",
    "fragments that spread the next",
    "operations that share a fragment",
    "operations that share fragments",
    "operations that define nothing",
    "introspection that shares a fragment",
    "variables",
    "variables that are not used",
    "variables that are not defined",
    "directives",
    "directives nobody knows",
    "conditions",
    "a long list",
    "a long object",
    "an object whose fields come twice",
    "objects within objects",
    "a list within lists",
    "arguments given twice",
    "a long name",
    "a long operation name",
    "a long string",
    "a long block string",
    "a string in many comparisons",
    "a string deep in objects",
    "commas",
    "comments",
    "lines",
    "inline fragments within each other",
    "selections by type",
    "types that lead to each other",
    "unknown fields",
    "unknown fragments",
    "conflicts",
    "cycles",
    "half a document",
];

/// Those of which every part is compared with every other, up to a limit.
const BOUNDED: [&str; 2] = ["one field again and again", "one object again and again"];

/// The processor time this thread has taken, in nanoseconds.
fn taken() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    stat.split(' ')
        .next()
        .and_then(|time| time.parse().ok())
        .expect("a number")
}

/// The processor time of preparing a document, and the most bytes held meanwhile. The clock ticks every few milliseconds, so short
/// documents are prepared again and again.
fn cost(engine: &Engine, document: &str) -> (u64, u64) {
    let request = request(document);
    let bytes = measure(|| {
        let _ = engine.prepare(&request);
    })
    .bytes_max;
    let (start, mut runs) = (taken(), 0);
    loop {
        let _ = engine.prepare(&request);
        runs += 1;
        let time = taken() - start;
        if time > LEAST_NANOSECONDS {
            return (time / runs, bytes);
        }
    }
}

fn grows_as_fast_as_the_text(engine: &Engine, kind: &str, n: usize) -> Result<(), String> {
    let (short, long) = (make(kind, n), make(kind, n * TIMES));
    let (short_time, _) = cost(engine, &short);
    let (long_time, bytes) = cost(engine, &long);
    let grown = long_time / short_time.max(1);
    let most = (long.len() / short.len().max(1) + 1).max(TIMES) * MARGIN;
    if grown > most as u64 {
        return Err(format!(
            "{kind}: {} bytes took {short_time} ns, {} bytes {long_time} ns: {grown} times as long",
            short.len(),
            long.len()
        ));
    }
    let most = 100 * long.len() as u64 + (4 << 20);
    if bytes > most {
        return Err(format!(
            "{kind}: {} bytes took {bytes} bytes at once",
            long.len()
        ));
    }
    Ok(())
}

#[test]
fn documents_of_every_make_take_time_and_memory_by_their_length() {
    let failed: Vec<String> = KINDS
        .iter()
        .filter_map(|kind| grows_as_fast_as_the_text(&ENGINE, kind, 100).err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn what_is_compared_with_everything_else_is_bounded() {
    let failed: Vec<String> = BOUNDED
        .iter()
        .filter_map(|kind| grows_as_fast_as_the_text(&DEFAULT, kind, 500).err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
