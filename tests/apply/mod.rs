//! An app that changed on disk is applied while clients ask: as one snapshot, or not at all.

mod backends;
mod refused;

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mayfly_tests::versions::{component, mark, marked};
use mayfly_tests::{TOKEN, TestApp, TestHost, mayfly};
use serde_json::{Value, json};

/// The watcher stays out of it, so that each test says when the app is read.
const SERVER: &str = "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\nwatch = false\n";

async fn swapping() -> TestHost {
    TestHost::start(TestApp::swapping().with_configuration(SERVER)).await
}

/// Replaces a file of the app in one step, as editors and deployments do.
fn write(host: &TestHost, file: &str, contents: &[u8]) {
    let (path, temporary) = (
        host.app.path().join(file),
        host.app.path().join("being-written"),
    );
    fs::write(&temporary, contents).unwrap();
    fs::rename(temporary, path).unwrap();
}

fn edit(host: &TestHost, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(host.app.path().join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    write(host, file, text.replacen(from, to, 1).as_bytes());
}

/// Gives the host a directory of components of its own.
fn own_components(host: &TestHost) {
    let directory = host.app.path().join("build");
    fs::remove_file(&directory).unwrap();
    fs::create_dir(&directory).unwrap();
    for name in ["marked", "greedy"] {
        fs::write(directory.join(format!("{name}.wasm")), component(name)).unwrap();
    }
}

/// Has the host apply its app, and gives the outcome.
async fn apply(host: &TestHost, allow_breaking: bool) -> Value {
    let query = "mutation($allow: Boolean!) { apply(allowBreaking: $allow) { __typename \
        ... on Applied { changes { kind severity coordinate message } activations { module digest previous } } \
        ... on BreakingChanges { message changes { kind severity coordinate message } } \
        ... on AppProblems { message problems { file line column message } } ... on Failure { code message } } }";
    let data = host
        .ask_admin(query, json!({ "allow": allow_breaking }))
        .await;
    data["apply"].clone()
}

/// Applies what is different.
async fn applies(host: &TestHost, allow_breaking: bool) -> Value {
    let outcome = apply(host, allow_breaking).await;
    assert_eq!(outcome["__typename"], json!("Applied"), "{outcome}");
    outcome
}

/// Applies what is not different.
async fn changes_nothing(host: &TestHost) {
    let outcome = apply(host, false).await;
    assert_eq!(outcome["__typename"], json!("Unchanged"), "{outcome}");
}

/// Several clients ask until the work is done; gives how many answers there were.
async fn while_clients_ask(
    host: &TestHost,
    query: &str,
    check: impl Fn(&Value),
    work: impl AsyncFnOnce(&AtomicUsize),
) -> usize {
    let (over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let clients = (0..4).map(|_| async {
        while !over.load(Ordering::Relaxed) {
            check(&host.query(query).await);
            answers.fetch_add(1, Ordering::Relaxed);
        }
    });
    let work = async {
        work(&answers).await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(futures_util::future::join_all(clients), work);
    answers.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_is_added_while_clients_ask_and_none_of_them_notices() {
    let host = swapping().await;
    let query = "{ version items(count: 3) { made version } }";
    let check = |answer: &Value| assert_eq!(answer.get("errors"), None, "{answer}");
    while_clients_ask(&host, query, check, async |answers| {
        host.until(async || answers.load(Ordering::Relaxed) > 4)
            .await;
        edit(
            &host,
            "schema.graphql",
            "  made: String!",
            "  made: String!\n  nickname: String",
        );
        assert_eq!(
            applies(&host, false).await,
            json!({ "__typename": "Applied", "changes": [], "activations": [] })
        );
        let seen = answers.load(Ordering::Relaxed);
        host.until(async || answers.load(Ordering::Relaxed) > seen + 4)
            .await;
    })
    .await;
    let answer = host.query("{ items(count: 1) { id nickname } }").await;
    assert_eq!(
        answer,
        json!({ "data": { "items": [{ "id": "0", "nickname": null }] } })
    );
    changes_nothing(&host).await;
    assert_eq!(
        host.metric("mayfly_applies_total{outcome=\"applied\"}")
            .await,
        1.0
    );
    assert_eq!(
        host.metric("mayfly_applies_total{outcome=\"unchanged\"}")
            .await,
        1.0
    );
    host.logged(&["\"applied\""]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_and_module_change_as_one_and_no_answer_mixes_two_snapshots() {
    const ROUNDS: usize = 12;
    let host = swapping().await;
    own_components(&host);
    let old = fs::read(host.app.path().join("schema.graphql")).unwrap();
    let new = String::from_utf8(old.clone())
        .unwrap()
        .replace("  made: String!", "  made: String!\n  nickname: String");
    let query = "{ __type(name: \"Item\") { fields { name } } version items(count: 6) { made version again } last: version }";
    // The schema with the nickname came with the odd versions.
    let check = |answer: &Value| {
        let version = answer["data"]["version"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"));
        let fields = answer["data"]["__type"]["fields"].as_array().unwrap();
        let odd = version.ends_with('1');
        assert_eq!(
            fields
                .iter()
                .any(|field| field["name"] == json!("nickname")),
            odd,
            "two snapshots in one answer: {answer}"
        );
        let marks = answer["data"]["items"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|item| [&item["made"], &item["again"]]);
        assert!(
            marks
                .chain([&answer["data"]["last"]])
                .all(|mark| mark == version),
            "two versions in one answer: {answer}"
        );
    };
    let answers = while_clients_ask(&host, query, check, async |answers| {
        for round in 1..=ROUNDS {
            let seen = answers.load(Ordering::Relaxed);
            write(
                &host,
                "build/marked.wasm",
                &marked(&mark("good", round % 2)),
            );
            write(
                &host,
                "schema.graphql",
                if round % 2 == 1 { new.as_bytes() } else { &old },
            );
            let applied = applies(&host, true).await;
            assert_eq!(
                applied["activations"][0]["module"],
                json!("marked"),
                "{applied}"
            );
            host.until(async || answers.load(Ordering::Relaxed) > seen)
                .await;
        }
    })
    .await;
    assert!(answers >= ROUNDS, "{answers} answers");
    let status = host.module("marked").await;
    assert_eq!(status["swaps"], json!(ROUNDS));
    // What was before is there to roll back to.
    host.rolls_back("marked").await;
}

#[tokio::test]
async fn a_change_of_the_schema_file_is_applied_by_watching() {
    let host = TestHost::start(
        TestApp::swapping().with_configuration(&SERVER.replace("watch = false", "watch = true")),
    )
    .await;
    edit(
        &host,
        "schema.graphql",
        "  made: String!",
        "  made: String!\n  nickname: String",
    );
    let asks = json!({ "query": "{ items(count: 1) { nickname } }" });
    host.until(async || host.post(&asks).await.json().get("errors").is_none())
        .await;
    edit(&host, "schema.graphql", "  nickname: String\n", "");
    host.logged(&["not applied: ", "would break clients"]).await;
    host.logged(&["schema: `Item.nickname` was removed"]).await;
    assert_eq!(
        host.post(&asks).await.json().get("errors"),
        None,
        "the schema from before goes on"
    );
    edit(&host, "mayfly.toml", "max_batch = 5", "max_batch = 7");
    host.logged(&["not applied: ", "would break clients"]).await;
}

#[tokio::test]
async fn applying_an_app_ends_a_canary() {
    let host = swapping().await;
    let staged = host.stage("marked", marked(&mark("good", 1))).await;
    let begin = "mutation($digest: String!) { canary(module: \"marked\", digest: $digest, \
        settings: { share: \"50%\", for: \"1h\" }) { __typename } }";
    let digest = staged.json()["version"].clone();
    let begun = host.ask_admin(begin, json!({ "digest": digest })).await;
    assert_eq!(begun["canary"]["__typename"], json!("Canary"));
    changes_nothing(&host).await;
    assert!(
        !host.module("marked").await["canary"].is_null(),
        "nothing was different, so it goes on"
    );
    edit(
        &host,
        "schema.graphql",
        "  made: String!",
        "  made: String!\n  nickname: String",
    );
    applies(&host, false).await;
    let status = host.module("marked").await;
    assert!(status["canary"].is_null());
    assert_eq!(
        status["lastCanary"]["reason"],
        json!("another app was applied")
    );
    assert_eq!(
        host.query("{ version }").await["data"]["version"],
        json!(mark("good", 0))
    );
}

#[tokio::test]
async fn the_command_line_applies_and_tells_what_breaks() {
    let host = swapping().await;
    let run = |arguments: &[&str]| {
        let mut command = mayfly();
        command
            .arg("apply")
            .args(arguments)
            .args(["--admin", &format!("http://{}", host.admin)]);
        let output = command.env("MAYFLY_ADMIN_TOKEN", TOKEN).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout) + &text(&output.stderr),
        )
    };
    let app = host.app.path().to_str().unwrap();
    assert_eq!(run(&[app]), (0, "no changes\n".to_owned()));
    edit(
        &host,
        "schema.graphql",
        "  \"The mark of the version that made the item.\"\n  made: String!\n",
        "",
    );
    edit(
        &host,
        "schema.graphql",
        "needs: \"id made\"",
        "needs: \"id\"",
    );
    let (code, said) = run(&[app]);
    assert_eq!(
        (code, said.as_str()),
        (
            6,
            "error: 1 of the changes would break clients; use `--allow-breaking` (`allow_breaking=true`) to apply them anyway\n  breaking: `Item.made` was removed\n"
        )
    );
    let (code, said) = run(&["guest/apps/students"]);
    assert!(
        code == 6 && said.starts_with("error: this host serves "),
        "{code} {said}"
    );
    assert_eq!(
        run(&[app, "--allow-breaking"]),
        (
            0,
            "applied\n  breaking: `Item.made` was removed\n".to_owned()
        )
    );
}

#[tokio::test]
async fn hundreds_of_changes_are_counted_and_the_first_are_told() {
    const TYPES: usize = 5_000;
    let host = swapping().await;
    let types = (0..TYPES).map(|number| format!("\ntype Unused{number} {{ id: ID }}"));
    let types: String = types.collect();
    let file = "schema.graphql";
    let plain = fs::read_to_string(host.app.path().join(file)).unwrap();
    write(&host, file, (plain.clone() + &types).as_bytes());
    let apply = |arguments: &[&str]| {
        let mut command = mayfly();
        command.args(["apply", host.app.path().to_str().unwrap()]);
        command.args(arguments);
        command.args(["--admin", &format!("http://{}", host.admin)]);
        let output = command.env("MAYFLY_ADMIN_TOKEN", TOKEN).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let (code, said) = apply(&[]);
    assert_eq!(code, Some(0), "{said}");
    write(&host, file, plain.as_bytes());
    let (code, said) = apply(&[]);
    assert_eq!(code, Some(6), "{said}");
    assert!(
        said.starts_with("error: 5000 of the changes would break clients;"),
        "{said}"
    );
    let listed = said.matches("breaking: ").count();
    assert!(
        said.contains(&format!("… and {} more", TYPES - listed)),
        "{said}"
    );
    let (code, said) = apply(&["--allow-breaking"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("applied\n"), "{said}");
    changes_nothing(&host).await;
}
