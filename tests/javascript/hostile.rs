//! Attacks in JavaScript, through HTTP: each ends within its limits, is told, and touches nobody else.

use std::sync::OnceLock;

use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::{built, script};

/// One field for each attack.
const ATTACKS: &str = r#"
let remembered = 0;
const nest = (depth) => { let text = '1'; for (let level = 0; level < depth; level++) text = `[${text}]`; return text; };
const nested = (make) => { let value = 1; for (let level = 0; level < 20000; level++) value = make(value); return value; };
const DEEP = {
  parses: () => JSON.parse(nest(3000)),
  parsesDeeper: () => JSON.parse('['.repeat(30000) + ']'.repeat(30000)),
  parsesObjects: () => JSON.parse('{"a":'.repeat(30000) + '1' + '}'.repeat(30000)),
  revives: () => JSON.parse('['.repeat(30000) + ']'.repeat(30000), (_, value) => value),
  writes: () => JSON.stringify(nested((value) => [value])),
  writesObjects: () => JSON.stringify(nested((value) => ({ value }))),
  writesByToJson: () => { const deeper = () => ({ toJSON: () => ({ inner: deeper() }) }); return JSON.stringify(deeper()); },
  flattens: () => nested((value) => [value]).flat(Infinity),
  joins: () => String(nested((value) => [value])),
  proxies: () => 'x' in nested((value) => new Proxy(Object(value), {})),
  calls: () => { const deeper = () => deeper() + 1; return deeper(); },
  maps: () => { const deeper = () => [1].map(() => deeper()); return deeper(); },
  getsByGetters: () => { const deeper = () => ({ get inner() { return deeper().inner; } }); return deeper().inner; },
  converts: () => { const value = { valueOf: () => +value }; return +value; },
  replaces: () => { const deeper = () => 'a'.replace(/a/, deeper); return deeper(); },
  constructs: () => { class Base { constructor() { new Deeper(); } } class Deeper extends Base {} return new Deeper(); },
  compilesPatterns: () => new RegExp('(?:'.repeat(30000) + ')'.repeat(30000)),
};
export const resolvers = {
  Query: {
    fine: () => 1,
    loops: () => { for (;;); },
    loopsInMicrotasks: async () => { for (;;) await null; },
    recurses: () => { const deeper = () => deeper() + 1; return deeper(); },
    recursesInMap: () => { const deeper = () => [1].map(() => deeper())[0]; return deeper(); },
    recursesInJson: () => { const cycle = { toJSON() { return JSON.stringify(cycle); } }; return JSON.stringify(cycle); },
    recursesInSort: () => { const deeper = () => [2, 1].sort(() => deeper()); return deeper(); },
    recursesInProxy: () => { let proxy = {}; for (let level = 0; level < 100000; level++) proxy = new Proxy(proxy, {}); return proxy.x; },
    recursesInPattern: () => { const text = '('.repeat(30000) + ')'.repeat(30000); try { return `${new RegExp(text).test('')}`.length; } catch (error) { throw error; } },
    catchesDepth: () => { const failures = [];
      for (const [name, deep] of Object.entries(DEEP)) { try { deep(); failures.push(`${name}: none`); } catch (error) { if (!/Maximum call stack size exceeded|stack overflow/.test(error.message)) failures.push(`${name}: ${error}`); } }
      return failures; },
    depth: () => { let depth = 0; const deeper = () => { depth += 1; return deeper() + 1; }; try { deeper(); } catch {} return depth; },
    chainsMicrotasks: () => { const chain = () => Promise.resolve().then(chain); return chain(); },
    chainsBesideAnAnswer: () => { const chain = () => Promise.resolve().then(chain); chain(); return new Promise(() => {}); },
    allocates: () => { const kept = []; for (;;) kept.push({}); },
    allocatesText: () => { let text = 'x'; for (;;) text += text; },
    answersHuge: () => 'x'.repeat(50 * 1024 * 1024).length && 'y'.repeat(8 * 1024 * 1024),
    throwsMemory: async () => { const kept = []; try { for (;;) kept.push(new Array(10000).fill({})); } catch (error) { kept.length = 0; throw error; } },
    catchesMemory: () => { try { return 'x'.repeat(50 * 1024 * 1024).length; } catch (error) { return error.message; } },
    throwsNull: () => { throw null; },
    backtracks: () => /^(a+)+$/.test('a'.repeat(40) + 'b'),
    neverSettles: () => new Promise(() => {}),
    waitsForTime: () => new Promise((resolve) => setTimeout(resolve, 60000)),
    remembers: () => { Object.prototype.polluted = true; Array.prototype.map = () => ['stolen']; globalThis.JSON.parse = () => 'stolen'; return ++remembered; },
    polluted: () => `${({}).polluted} ${[1].map((one) => one)} ${remembered}`,
    bombs: () => JSON.parse(nest(1000)),
    parsesBomb: () => JSON.parse('['.repeat(1000000)),
    evaluates: () => eval('1 + 1') + new Function('return 2')(),
    reaches: async () => { const found = [];
      for (const name of ['fs', 'child_process', 'net']) { try { (0, eval)(`require('${name}')`); found.push(name); } catch {} try { await import(name); found.push(name); } catch {} }
      try { process.exit(1); found.push('exit'); } catch {}
      try { await fetch('http://127.0.0.1:1/'); found.push('fetch'); } catch {}
      try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); found.push('wait'); } catch {}
      return found.join(); },
    breaksTheSdk: () => { Reflect.deleteProperty(globalThis, '__mayfly'); Reflect.deleteProperty(globalThis, 'console'); Promise.prototype.then = null; Symbol.iterator; return 3; },
    throwsOdd: () => { throw { toString: null, get message() { throw 1; } }; },
    answersFunction: () => () => 1,
    answersBigInt: () => 1n,
    rejectsNothing: () => Promise.reject(),
  },
};
"#;

fn schema() -> String {
    let fields: Vec<&str> = ATTACKS
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .collect();
    format!(
        "scalar Any\ntype Query {{ {} }}",
        fields.join(": Any @script ")
    )
    .replace(" }", ": Any @script }")
}

/// With more time than any machine needs for what ends by itself.
async fn lab() -> TestHost {
    lab_with("60 s").await
}

/// For attacks that end at the deadline alone.
async fn hurried_lab() -> TestHost {
    lab_with("500 ms").await
}

async fn lab_with(deadline: &str) -> TestHost {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let more = format!("memory = \"16 MiB\"\ndeadline = \"{deadline}\"");
    let app = || script("attacks.js", ATTACKS, &schema(), &more);
    let component = COMPONENT.get_or_init(|| {
        let app = built(app());
        std::fs::read(app.path().join("build/script.wasm")).unwrap()
    });
    TestHost::start(app().with_file("build/script.wasm", component)).await
}

/// The first error of an attack, after which the next invocation is answered as if nothing had been.
async fn error(host: &TestHost, attack: &str) -> Value {
    let answer = host.query(&format!("{{ {attack} }}")).await;
    assert_eq!(host.query("{ fine }").await["data"], json!({ "fine": 1 }));
    assert!(answer["errors"].is_array(), "{attack}: {answer}");
    answer["errors"][0].clone()
}

#[tokio::test]
async fn loops_end_at_the_deadline() {
    let host = hurried_lab().await;
    for attack in ["loops", "loopsInMicrotasks", "backtracks"] {
        let error = error(&host, attack).await;
        assert_eq!(
            error["extensions"]["code"],
            json!("DEADLINE_EXCEEDED"),
            "{attack}: {error}"
        );
    }
}

#[tokio::test]
async fn recursion_ends_in_a_range_error_or_a_trap() {
    let host = lab().await;
    for attack in [
        "recurses",
        "recursesInMap",
        "recursesInJson",
        "recursesInSort",
        "recursesInProxy",
        "recursesInPattern",
        "parsesBomb",
    ] {
        let error = error(&host, attack).await;
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("Maximum call stack size exceeded")
                || message.contains("too many captures")
                || ["GUEST_TRAPPED", "OUT_OF_MEMORY"]
                    .map(Value::from)
                    .contains(&error["extensions"]["code"]),
            "{attack}: {error}"
        );
    }
    let plain = error(&host, "recurses").await;
    assert_eq!(
        plain["message"],
        json!("Maximum call stack size exceeded"),
        "plain recursion is told by the engine, not by a trap"
    );
}

#[tokio::test]
async fn the_depth_of_everything_that_recurses_ends_in_an_error_that_can_be_caught() {
    let host = lab().await;
    let answer = host.query("{ catchesDepth depth }").await;
    assert_eq!(answer["data"]["catchesDepth"], json!([]), "{answer}");
    let depth = answer["data"]["depth"].as_u64().unwrap_or_default();
    assert!(depth >= 800, "{answer}");
}

#[tokio::test]
async fn memory_ends_at_the_cap() {
    let host = lab().await;
    for attack in [
        "allocates",
        "answersHuge",
        "throwsMemory",
        "chainsMicrotasks",
        "chainsBesideAnAnswer",
    ] {
        let error = error(&host, attack).await;
        assert_eq!(
            error["extensions"]["code"],
            json!("OUT_OF_MEMORY"),
            "{attack}: {error}"
        );
    }
    let long = error(&host, "allocatesText").await;
    assert_eq!(long["message"], json!("string too long"), "{long}");
    let caught = host.query("{ catchesMemory throwsNull }").await;
    assert_eq!(caught["data"]["catchesMemory"], json!("out of memory"));
    assert_eq!(caught["errors"][0]["message"], json!("null"), "{caught}");
}

#[tokio::test]
async fn promises_that_nothing_settles_are_told_at_once() {
    let host = lab().await;
    let never = error(&host, "neverSettles").await;
    assert!(
        never.to_string().contains("a promise that nothing settles"),
        "{never}"
    );
    let time = error(&hurried_lab().await, "waitsForTime").await;
    assert_eq!(
        time["extensions"]["code"],
        json!("DEADLINE_EXCEEDED"),
        "{time}"
    );
}

#[tokio::test]
async fn what_is_changed_is_gone_with_the_instance() {
    let host = lab().await;
    for _ in 0..3 {
        assert_eq!(
            host.query("{ remembers }").await["data"],
            json!({ "remembers": 1 })
        );
        assert_eq!(
            host.query("{ polluted }").await["data"],
            json!({ "polluted": "undefined 1 0" })
        );
    }
    assert_eq!(
        host.query("{ breaksTheSdk }").await["data"],
        json!({ "breaksTheSdk": 3 })
    );
}

#[tokio::test]
async fn what_was_not_granted_is_out_of_reach() {
    let host = lab().await;
    assert_eq!(
        host.query("{ evaluates reaches }").await["data"],
        json!({ "evaluates": 4, "reaches": "" })
    );
}

#[tokio::test]
async fn odd_answers_and_errors_are_told() {
    let host = lab().await;
    for (attack, told) in [
        ("bombs", "BUDGET_EXCEEDED"),
        ("throwsOdd", "GUEST_ERROR"),
        ("answersFunction", "a resolver answered with a function"),
        ("answersBigInt", "BigInt"),
        ("rejectsNothing", "undefined"),
    ] {
        let error = error(&host, attack).await;
        assert!(error.to_string().contains(told), "{attack}: {error}");
    }
}
