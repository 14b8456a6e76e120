//! Timers wait, beside calls of the host, and end with the deadline.

use mayfly_tests::{TestHost, mayfly};
use serde_json::{Value, json};

use super::{built, script};

const TIMERS: &str = r"
import { setTimeout as wait } from 'node:timers/promises';
import { clock } from 'mayfly';
const later = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
export const resolvers = {
  Query: {
    waits: async () => { const began = clock.elapsedMs(); const value = await later(30, 'later'); return [value, clock.elapsedMs() - began >= 30]; },
    overlaps: async () => { const order = []; await Promise.all([40, 10, 25].map(async (ms) => { await later(ms); order.push(ms); })); return order; },
    ticks: () => new Promise((resolve) => { let count = 0; const timer = setInterval(() => { if (++count === 3) { clearInterval(timer); resolve(count); } }, 5); }),
    cleared: async () => { let fired = false; clearTimeout(setTimeout(() => { fired = true; }, 1)); await later(10); return fired; },
    raced: () => Promise.race([later(20000, 'slow'), later(5, 'fast')]),
    promised: async () => wait(5, 'promised'),
    timesOut: async () => { const signal = AbortSignal.timeout(5); await later(20); return [signal.aborted, signal.reason.name]; },
    sleeps: async () => { await clock.sleep(5); return 'slept'; },
    zero: () => later(0, 'zero'),
    tooLong: () => later(60000),
    forever: () => new Promise(() => { setInterval(() => {}, 20); }),
    unreferenced: () => new Promise(() => { setTimeout(() => {}, 60000).unref(); }),
  },
};
";

const FIELDS: [&str; 12] = [
    "waits",
    "overlaps",
    "ticks",
    "cleared",
    "raced",
    "promised",
    "timesOut",
    "sleeps",
    "zero",
    "tooLong",
    "forever",
    "unreferenced",
];

async fn host(more: &str) -> TestHost {
    let schema = format!(
        "scalar Any\ntype Query {{ {}: Any @script }}",
        FIELDS.join(": Any @script ")
    );
    TestHost::start(built(script("module.mjs", TIMERS, &schema, more))).await
}

#[tokio::test]
async fn timers_wait_and_overlap() {
    let host = host("deadline = \"60 s\"").await;
    for (field, expected) in [
        ("waits", json!(["later", true])),
        ("overlaps", json!([10, 25, 40])),
        ("ticks", json!(3)),
        ("cleared", json!(false)),
        ("raced", json!("fast")),
        ("promised", json!("promised")),
        ("timesOut", json!([true, "TimeoutError"])),
        ("sleeps", json!("slept")),
        ("zero", json!("zero")),
    ] {
        let answer = host.query(&format!("{{ {field} }}")).await;
        assert_eq!(answer["data"][field], expected, "{field}: {answer}");
    }
    let answer = host.query("{ unreferenced }").await;
    assert!(
        answer
            .to_string()
            .contains("a promise that nothing settles"),
        "{answer}"
    );
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

#[tokio::test]
async fn waiting_ends_with_the_deadline_and_counts_as_calls() {
    let short = host("deadline = \"300 ms\"").await;
    for field in ["tooLong", "forever"] {
        let answer = short.query(&format!("{{ {field} }}")).await;
        assert_eq!(code(&answer), "DEADLINE_EXCEEDED", "{field}: {answer}");
    }
    let few = host("deadline = \"60 s\"\n[modules.script.limits]\nhost_calls = 5").await;
    let answer = few.query("{ forever }").await;
    assert_eq!(code(&answer), "BUDGET_EXCEEDED", "{answer}");
    let answer = few.query("{ ticks }").await;
    assert_eq!(answer["data"]["ticks"], json!(3), "{answer}");
}

#[test]
fn a_top_level_cannot_wait_for_time() {
    let app = script(
        "module.mjs",
        "await new Promise((resolve) => setTimeout(resolve, 10));\nexport const resolvers = { Query: { f: () => 1 } };",
        "type Query { f: Int @script }",
        "",
    );
    let output = mayfly().arg("build").arg(app.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the module's top level waits for a promise that nothing settles"),
        "{said}"
    );
}
