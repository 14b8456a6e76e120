//! The memory plan, filled: every guest at its cap at once, with every limit used up, while backends hold back the largest values
//! they may give, connections are in the middle of answers, and requests wait; then everything is answered at once. The process stays
//! below what the plan promises.

use futures_util::future::join_all;
use mayfly_tests::{Answer, TestApp};
use serde_json::{Value, json};

use super::lab;

/// Pages of a guest at its cap: its tables count too.
const PAGES: u64 = 255;

/// Guests that fit the guest memory at once, and the cap of each in bytes.
const GUESTS: usize = 12;
const CAP: u64 = 16 << 20;

/// Connections of the pool, each kept by one of the guests.
const CONNECTIONS: usize = 4;

/// The largest value of a row, in bytes.
const VALUE: u64 = 1 << 20;

/// Limits of the module, in bytes.
const UNREAD: u64 = 4 << 20;
const HANDED: u64 = 8 << 20;
const OUTPUT: u64 = 4 << 20;
const DEPTH: u64 = 64;

const ROWS: &str = "limit of 1000 rows reached; select fewer or raise `limits.rows` of the module";

/// What each guest has to be refused by then, whatever else it is refused: no limit has anything left.
const REFUSALS: [&str; 6] = [
    "limit of 262144 bytes given by calls reached",
    "limit of 4194304 bytes of answers not taken reached",
    "limit of 8388608 bytes handed to the host reached",
    ROWS,
    "limit of 128 pending calls reached",
    "limit of 1000 host calls reached",
];

fn small() -> TestApp {
    let server = format!(
        "[server]\nguest_memory = \"192 MiB\"\nmax_operations = {GUESTS}\nmax_connections = 64\nmax_body = \"256 KiB\"\n\
         request_memory = \"8 MiB\"\n[limits]\nresponse = \"4098 KiB\"\n[operation]\nhost_calls = 1000\nrows = 1000\n\
         exchanged = \"4097 KiB\""
    );
    let dynamodb = "region = \"us-east-1\"\ntimeout = \"300 s\"\nattempt_timeout = \"300 s\"\nanswer_memory = \"64 MiB\"";
    let sqlserver = format!("max_connections = {CONNECTIONS}\nwait_timeout = \"300 s\"");
    TestApp::hostile()
        .configured("region = \"us-east-1\"", dynamodb)
        .configured(&format!("max_connections = {CONNECTIONS}"), &sqlserver)
        // The plan counts as many invocations as fit the guest memory.
        .configured("memory = \"1 MiB\"", "memory = \"8 MiB\"")
        .with_configuration(&server)
        .with_file("seed/dynamodb/Things.sql", ITEMS)
        .edited("seed/sqlserver/Lab.sql", SIZES, &format!("{SIZES}{VALUES}"))
}

/// Items as large as they may be: 400 KiB.
const ITEMS: &[u8] = b"WITH RECURSIVE numbers (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < 31)
    SELECT json_object('PK', json_object('S', printf('%.2d', number)), 'value', json_object('S', printf('%.409000c', 'x')))
    FROM numbers;";

/// Where the app has texts of given lengths.
const SIZES: &str =
    "CREATE TABLE Sizes (bytes INT NOT NULL PRIMARY KEY, note NVARCHAR(MAX) NOT NULL);\n";

/// Values up to the largest a row may hold, and more of those for the statement that does not end.
const VALUES: &str = "INSERT INTO Sizes (bytes, note)
    WITH RECURSIVE sizes (bytes) AS (SELECT 1 UNION ALL SELECT bytes * 4 FROM sizes WHERE bytes < 1048576)
    SELECT bytes, printf('%.*c', bytes, 'x') FROM sizes UNION ALL SELECT 1048577, printf('%.1048576c', 'x')
    UNION ALL SELECT 1048578, printf('%.1048576c', 'x') UNION ALL SELECT 1048579, printf('%.1048576c', 'x');
    ";

/// An attack that uses up the limits and goes this much beyond those that end it.
fn attack(keeps_connection: bool, handles: u64, output: u64, depth: u64) -> Value {
    // The last handle is the one it needs to use another.
    let limits = json!({
        "pending": 128, "handles": 4_095 + handles, "rows": 1_000, "unread": UNREAD, "logLines": 10, "logBytes": 8_192,
        "output": OUTPUT + output, "depth": DEPTH + depth,
    });
    let query = "query ($limits: Limits!, $keepsConnection: Boolean!) {
        takesEverything(limits: $limits, keepsConnection: $keepsConnection) }";
    json!({ "query": query, "variables": { "limits": limits, "keepsConnection": keeps_connection } })
}

/// How an attack was answered that stayed within all limits.
fn is_full(answer: &Answer, keeps_connection: bool) {
    let body = answer.json();
    let taken = &body["data"]["takesEverything"];
    assert_eq!(taken["pages"], json!(PAGES), "{:.2000}", answer.text);
    let refusals: Vec<_> = taken["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| refusal.as_str().unwrap())
        .collect();
    // Who keeps its connection had its last rows read there, and cannot try for one more.
    let missing = REFUSALS
        .iter()
        .filter(|refusal| !refusals.contains(refusal));
    let expected: &[&str] = if keeps_connection { &[ROWS] } else { &[] };
    assert_eq!(
        missing.copied().collect::<Vec<_>>(),
        expected,
        "{refusals:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_filled_is_kept() {
    let lab = lab!(small());
    let (plan, before) = (
        lab.metric("mayfly_memory_plan ").await as u64,
        lab.resident_bytes(),
    );
    lab.faults(&json!({ "dynamodb": { "stall": {} } })).await;

    let attacks = |keeps_connection, handles, output, depth| {
        let (lab, body) = (&lab, attack(keeps_connection, handles, output, depth));
        async move { lab.post(&body).await }
    };
    let answer = attacks(false, 1, 0, 0).await.json();
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("BUDGET_EXCEEDED"),
        "{answer}"
    );
    assert_eq!(
        answer["errors"][0]["message"],
        json!("module `takes-everything`: limit of 4096 handles reached")
    );

    let full = async |guests| {
        lab.until(async || lab.times_logged("full xxx") == guests)
            .await
    };
    let within = join_all((0..GUESTS - CONNECTIONS - 2).map(|_| attacks(false, 0, 0, 0)));
    let too_long = attacks(false, 0, 1, 0);
    let too_deep = attacks(false, 0, 0, 1);
    let last = async {
        full(GUESTS - CONNECTIONS).await;
        join_all((0..CONNECTIONS).map(|_| attacks(true, 0, 0, 0))).await
    };
    // What is read of it takes many times its size.
    let body = json!({ "query": "query ($v: [Int!]) { __typename }", "variables": { "v": vec![1; 120_000] } });
    let others = async {
        full(GUESTS).await;
        let waiting = join_all((0..8).map(|_| lab.post(&body)));
        let sees = async {
            lab.until(async || lab.metric("mayfly_operations_refused_total").await > 0.0)
                .await;
            assert_eq!(
                lab.metric("mayfly_guest_memory_reserved ").await as u64,
                GUESTS as u64 * CAP
            );
            assert_eq!(
                lab.metric("mayfly_pool_in_use{backend=\"lab\"}").await as usize,
                CONNECTIONS
            );
            let full = lab.resident_bytes();
            lab.faults(&json!({})).await;
            full
        };
        tokio::join!(sees, waiting).0
    };
    let (within, too_long, too_deep, last, full) =
        tokio::join!(within, too_long, too_deep, last, others);

    let least =
        before + GUESTS as u64 * (CAP - VALUE + UNREAD + HANDED) + CONNECTIONS as u64 * 3 * VALUE;
    let peak = lab.peak_resident_bytes();
    println!(
        "plan {} MiB; before {} MiB, full {} MiB, peak {} MiB",
        plan >> 20,
        before >> 20,
        full >> 20,
        peak >> 20
    );
    assert!(
        full >= least,
        "the plan was not filled: {full} bytes, and {before} before"
    );
    assert!(
        peak <= plan,
        "{peak} bytes are more than the plan of {plan}"
    );

    within.iter().for_each(|answer| is_full(answer, false));
    last.iter().for_each(|answer| is_full(answer, true));
    for (answer, limit) in [
        (too_long, "4194304 bytes of answer"),
        (too_deep, "64 nested arrays and objects"),
    ] {
        let error = &answer.json()["errors"][0];
        assert_eq!(
            error["extensions"]["code"],
            json!("BUDGET_EXCEEDED"),
            "{error}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(limit),
            "{error}"
        );
    }
    assert_eq!(lab.times_logged("line xxx"), (GUESTS + 1) * 9);
    lab.unharmed().await;
}
