//! The ways in: a component file that changes, the admin API with its token, the command line; and what a restart finds.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

use mayfly_tests::versions::{component, mark, marked, renamed};
use mayfly_tests::{Answer, TOKEN, TestApp, TestHost, mayfly};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{WITH_TOKEN, swapping, version};

async fn until_version(host: &TestHost, mark: &str) {
    host.until(async || version(host).await == mark).await;
}

#[tokio::test]
async fn without_a_token_in_the_configuration_modules_are_looked_at_and_not_changed() {
    let host = TestHost::start(TestApp::swapping()).await;
    let push = host.push("marked", marked(&mark("good", 1))).await;
    assert_eq!(push.status, 403);
    assert_eq!(
        push.json(),
        json!({ "error": { "message": "modules cannot be changed here: the configuration has no `server.admin_token`, and no `[server.admin_tokens.NAME]` of the role `deploy`" } })
    );
    let back = "mutation { rollBack(module: \"marked\") { __typename } }";
    let back = host.send_admin(back, json!({})).await;
    assert_eq!(
        (
            back.status.as_u16(),
            &back.json()["errors"][0]["extensions"]["code"]
        ),
        (403, &json!("FORBIDDEN"))
    );
    let listed = host.ask_admin("{ modules { name } }", json!({})).await;
    assert_eq!(listed["modules"][1]["name"], json!("marked"));
    assert_eq!(version(&host).await, mark("good", 0));
}

#[tokio::test]
async fn a_token_that_is_missing_or_wrong_opens_nothing() {
    let host = swapping().await;
    let wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        &format!("Bearer {TOKEN}x"),
        &format!("Basic {TOKEN}"),
        TOKEN,
    ];
    for shown in wrong {
        for (method, path) in [
            (Method::PUT, "/modules/marked"),
            (Method::PUT, "/modules/nobody"),
            (Method::POST, "/admin/graphql"),
        ] {
            let request = reqwest::Client::new()
                .request(method.clone(), format!("http://{}{path}", host.admin));
            let answer = Answer::of(
                request
                    .header("authorization", shown)
                    .body(r#"{"query":"{ modules { name } }"}"#),
            )
            .await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("www-authenticate")),
                (401, "Bearer"),
                "{method} {path} {shown:?}"
            );
        }
    }
    assert_eq!(version(&host).await, mark("good", 0));
    // What says how the process is doing stays open.
    assert_eq!(host.admin("/readyz").await.status, 200);
}

#[tokio::test]
async fn an_unknown_module_is_not_found() {
    let host = swapping().await;
    let answer = host.push("nobody", marked(&mark("good", 1))).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["message"].clone()
        ),
        (404, json!("the app has no module `nobody`"))
    );
    assert_eq!(
        host.rollback("nobody").await["code"],
        json!("UNKNOWN_MODULE")
    );
    assert_eq!(host.module("nobody").await, Value::Null);
    assert!(
        !host.admin("/metrics").await.text.contains("nobody"),
        "names that others choose make no metrics"
    );
}

#[tokio::test]
async fn a_version_that_is_active_already_changes_nothing() {
    let host = swapping().await;
    let answer = host.push("marked", component("marked")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["changed"]),
        (200, &json!(false))
    );
    assert_eq!(host.module("marked").await["swaps"], json!(0));
    assert_eq!(
        host.rollback("marked").await["code"],
        json!("NO_EARLIER_VERSION")
    );
}

#[tokio::test]
async fn rolling_back_goes_back_step_by_step() {
    let host = swapping().await;
    for number in 1..=3 {
        assert_eq!(
            host.push("marked", marked(&mark("good", number)))
                .await
                .status,
            200
        );
    }
    for number in [2, 1, 0] {
        host.rolls_back("marked").await;
        assert_eq!(version(&host).await, mark("good", number));
    }
    assert_eq!(
        host.rollback("marked").await["message"],
        json!("module `marked` has no earlier version to go back to")
    );
    assert_eq!(
        host.metric("mayfly_swaps_total{module=\"marked\",by=\"rollback\"}")
            .await,
        3.0
    );
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let host = swapping().await;
    let bytes = marked(&mark("good", 1));
    let mut stream = tokio::net::TcpStream::connect(host.admin).await.unwrap();
    let head = format!(
        "PUT /modules/marked HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&bytes[..bytes.len() / 2]).await.unwrap();
    let components = host.app.path().join(".mayfly/components");
    let receiving = || {
        fs::read_dir(&components)
            .unwrap()
            .any(|entry| entry.unwrap().path().extension().unwrap() == "tmp")
    };
    host.until(async || receiving()).await;
    drop(stream);
    host.until(async || !receiving()).await;
    assert_eq!(version(&host).await, mark("good", 0));

    // One that says it ends before it does, in chunks.
    let mut stream = tokio::net::TcpStream::connect(host.admin).await.unwrap();
    let digest = "0".repeat(64);
    let head = format!(
        "PUT /modules/marked?version={digest} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\n\0asm\r\n0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(
        answer.contains(&format!("expected {digest}; send it again")),
        "{answer}"
    );
    assert!(!receiving());
    // The components of the two modules are what is left.
    host.until(async || fs::read_dir(&components).unwrap().count() == 2)
        .await;
}

#[tokio::test]
async fn a_component_that_is_too_large_is_refused_before_it_is_sent() {
    let host = swapping().await;
    let mut stream = tokio::net::TcpStream::connect(host.admin).await.unwrap();
    let head = format!(
        "PUT /modules/marked HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n",
        (64 << 20) + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_component_file_that_is_renamed_over_is_deployed() {
    let app = TestApp::swapping().with_file("build/marked.wasm", &component("marked"));
    let host = TestHost::start(app).await;
    let build = host.app.path().join("build");
    for number in 1..=3 {
        fs::write(build.join("new"), marked(&mark("good", number))).unwrap();
        fs::rename(build.join("new"), build.join("marked.wasm")).unwrap();
        until_version(&host, &mark("good", number)).await;
    }
    assert_eq!(
        host.module("marked").await["active"]["origin"],
        json!("FILE")
    );
    host.until(async || {
        host.metric("mayfly_swaps_total{module=\"marked\",by=\"file\"}")
            .await
            == 3.0
    })
    .await;
}

#[tokio::test]
async fn a_component_file_that_changes_in_place_is_deployed_whatever_its_size_and_time_say() {
    let app = TestApp::swapping().with_file("build/marked.wasm", &component("marked"));
    let file = app.path().join("build/marked.wasm");
    let before = fs::metadata(&file).unwrap();
    let host = TestHost::start(app).await;
    for number in 1..=2 {
        // As `rsync --inplace --times` of a build whose times are fixed.
        let mut open = fs::File::options().write(true).open(&file).unwrap();
        open.write_all(&marked(&mark("good", number))).unwrap();
        open.set_modified(before.modified().unwrap()).unwrap();
        drop(open);
        let now = fs::metadata(&file).unwrap();
        assert_eq!(
            (now.len(), now.modified().unwrap()),
            (before.len(), before.modified().unwrap())
        );
        until_version(&host, &mark("good", number)).await;
    }
}

#[tokio::test]
async fn a_link_that_points_elsewhere_is_followed() {
    // As volumes of configuration are mounted: the file is a link through a link to a directory.
    let app = TestApp::swapping().with_file("build/marked.wasm", &component("marked"));
    let build = app.path().join("build");
    for number in 0..2 {
        let directory = build.join(format!("data-{number}"));
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("marked.wasm"), marked(&mark("good", number))).unwrap();
    }
    symlink("data-0", build.join("data")).unwrap();
    fs::remove_file(build.join("marked.wasm")).unwrap();
    symlink("data/marked.wasm", build.join("marked.wasm")).unwrap();
    let host = TestHost::start(app).await;
    symlink("data-1", build.join("data-new")).unwrap();
    fs::rename(build.join("data-new"), build.join("data")).unwrap();
    until_version(&host, &mark("good", 1)).await;
}

#[tokio::test]
async fn a_bad_component_file_is_refused_and_a_better_one_gets_in() {
    let app = TestApp::swapping().with_file("build/marked.wasm", &component("marked"));
    let host = TestHost::start(app).await;
    let file = host.app.path().join("build/marked.wasm");
    fs::write(&file, marked(&mark("sick", 1))).unwrap();
    host.logged(&["refused: ", "\"step\":\"probe\""]).await;
    assert_eq!(version(&host).await, mark("good", 0));
    fs::write(&file, marked(&mark("good", 2))).unwrap();
    until_version(&host, &mark("good", 2)).await;
    assert_eq!(host.module("marked").await["refusals"], json!(1));
}

#[tokio::test]
async fn a_component_file_that_cannot_be_read_is_refused_and_told() {
    let app = TestApp::swapping().with_file("build/marked.wasm", &component("marked"));
    let host = TestHost::start(app).await;
    let file = host.app.path().join("build/marked.wasm");
    let new = host.app.path().join("build/marked-new.wasm");
    let too_large = fs::File::create(&new).unwrap();
    too_large.set_len(65 << 20).unwrap();
    fs::rename(&new, &file).unwrap();
    host.logged(&["refused: ", "is larger than 64 MiB", "\"step\":\"read\""])
        .await;
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    host.logged(&["refused: ", "it is a directory", "\"step\":\"read\""])
        .await;
    assert_eq!(version(&host).await, mark("good", 0));
    let changes = "{ changes(last: 2) { done module message } }";
    let changes = host.ask_admin(changes, json!({})).await;
    for change in changes["changes"].as_array().unwrap() {
        assert_eq!(
            (&change["done"], &change["module"]),
            (&json!(false), &json!("marked")),
            "{change}"
        );
    }
    fs::remove_dir(&file).unwrap();
    fs::write(&file, marked(&mark("good", 2))).unwrap();
    until_version(&host, &mark("good", 2)).await;
    assert_eq!(host.module("marked").await["refusals"], json!(2));
}

#[tokio::test]
async fn a_restart_comes_back_with_what_was_active() {
    let app = TestApp::swapping()
        .with_file("build/marked.wasm", &component("marked"))
        .with_configuration(WITH_TOKEN);
    let host = TestHost::start(app).await;
    for number in 1..=2 {
        assert_eq!(
            host.push("marked", marked(&mark("good", number)))
                .await
                .status,
            200
        );
    }
    let before = host.module("marked").await;
    let host = host.restarted().await;
    assert_eq!(
        version(&host).await,
        mark("good", 2),
        "what was pushed survives, although the file is another"
    );
    let known = |status: &Value| {
        (
            status["active"]["digest"].clone(),
            status["active"]["activeSinceMs"].clone(),
        )
    };
    assert_eq!(known(&host.module("marked").await), known(&before));
    assert!(
        !host.has_logged("compiling module"),
        "and nothing is compiled again"
    );

    host.rolls_back("marked").await;
    let host = host.restarted().await;
    assert_eq!(
        version(&host).await,
        mark("good", 1),
        "a roll-back survives"
    );

    fs::write(
        host.app.path().join("build/marked.wasm"),
        marked(&mark("sick", 3)),
    )
    .unwrap();
    let host = host.restarted().await;
    assert_eq!(
        version(&host).await,
        mark("good", 1),
        "a bad file leaves what was active"
    );
    host.logged(&[
        "refused: ",
        "\"step\":\"probe\"",
        "the active version is kept",
    ])
    .await;

    fs::write(
        host.app.path().join("build/marked.wasm"),
        marked(&mark("good", 4)),
    )
    .unwrap();
    let host = host.restarted().await;
    assert_eq!(
        version(&host).await,
        mark("good", 4),
        "a file that changed is the newer deployment"
    );
    host.rolls_back("marked").await;
    assert_eq!(version(&host).await, mark("good", 1));

    fs::remove_file(host.app.path().join("build/marked.wasm")).unwrap();
    let host = host.restarted().await;
    assert_eq!(
        version(&host).await,
        mark("good", 1),
        "and no file at all is none"
    );
}

#[tokio::test]
async fn two_hosts_do_not_share_a_store() {
    let host = TestHost::start(TestApp::swapping()).await;
    let output = mayfly()
        .arg("serve")
        .arg(host.app.path())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--log-format", "text"])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!(
            "another host (process {}) serves with ",
            host.pid()
        )) && said.contains("set `server.store` to another directory"),
        "{said}"
    );
}

#[tokio::test]
async fn old_versions_are_collected_and_none_in_use() {
    let host = TestHost::start(
        TestApp::swapping().with_configuration(&format!("{WITH_TOKEN}kept_versions = 2\n")),
    )
    .await;
    for number in 0..5 {
        assert_eq!(
            host.push("marked", renamed(component("marked"), number))
                .await
                .status,
            200
        );
    }
    let files = |directory: &str| {
        fs::read_dir(host.app.path().join(".mayfly").join(directory))
            .unwrap()
            .count()
    };
    // Two of `marked`, one of `greedy`.
    host.until(async || files("components") == 3 && files("compiled") == 3)
        .await;
    let earlier = host.module("marked").await["earlier"].clone();
    assert_eq!(earlier.as_array().map(Vec::len), Some(1), "{earlier}");
    host.rolls_back("marked").await;
    assert_eq!(version(&host).await, mark("good", 0));
}

/// Runs `mayfly module` against a host, and gives its exit code, standard output and standard error.
fn module(host: &TestHost, token: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = mayfly();
    command
        .arg("module")
        .args(arguments)
        .args(["--admin", &format!("http://{}", host.admin)])
        .env("MAYFLY_ADMIN_TOKEN", token);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_pushes_lists_shows_and_rolls_back() {
    let host = swapping().await;
    let file = host.app.path().join("new.wasm");
    let push = |mark: &str| {
        fs::write(&file, marked(mark)).unwrap();
        module(&host, TOKEN, &["push", "marked", file.to_str().unwrap()])
    };
    let (code, out, _) = push(&mark("good", 1));
    assert_eq!(code, Some(0));
    let digest = host.module("marked").await["active"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        out.starts_with(&format!("marked: {digest} is active (before: ")),
        "{out}"
    );

    let (code, _, error) = push(&mark("sick", 2));
    assert_eq!(
        (code, error.as_str()),
        (
            Some(6),
            "error: marked refused at the step `probe`: probe 1 of `Query.healthy`: the answer is false, not true\n"
        )
    );

    let (code, out, _) = module(&host, TOKEN, &["list"]);
    assert_eq!((code, out.lines().count()), (Some(0), 2));
    assert!(
        out.contains(&format!("marked  {digest} ("))
            && out.contains("by push of default, ")
            && out.contains("1 swaps, 1 refusals"),
        "{out}"
    );

    let (code, out, _) = module(&host, TOKEN, &["show", "marked"]);
    assert_eq!(code, Some(0));
    for part in [
        "  active   ",
        "  earlier  ",
        "  handles  Item.again, ",
        "probe: probe 1 of `Query.healthy`",
    ] {
        assert!(out.contains(part), "{out}");
    }

    let (code, out, _) = module(&host, TOKEN, &["rollback", "marked", "--json"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap()["rollBack"]["previous"],
        json!(digest)
    );
    assert_eq!(version(&host).await, mark("good", 0));

    let (code, _, error) = module(&host, "wrong", &["list"]);
    assert_eq!(
        (code, error.as_str()),
        (
            Some(6),
            format!(
                "error: the token in MAYFLY_ADMIN_TOKEN is not known to http://{}; correct it, or add it to `server.admin_tokens`\n",
                host.admin
            )
            .as_str()
        )
    );
}

#[test]
fn the_command_line_says_what_is_wrong_with_an_address() {
    for (admin, said) in [
        (
            "http://127.0.0.1:1",
            "no host answers at http://127.0.0.1:1; choose another address with --admin",
        ),
        (
            "https://127.0.0.1:1",
            "no host answers at https://127.0.0.1:1; choose another address with --admin",
        ),
        (
            "ftp://127.0.0.1:1",
            "`ftp://127.0.0.1:1` is neither http:// nor https://; write it as http://127.0.0.1:8081",
        ),
        (
            "http://127.0.0.1:99999",
            "the port of `http://127.0.0.1:99999` is not one; write it as http://127.0.0.1:8081",
        ),
        (
            "http://me@127.0.0.1:0x1",
            "the port of `http://me@127.0.0.1:0x1` is not one; write it as http://127.0.0.1:8081",
        ),
        (
            "nonsense",
            "no host answers at http://nonsense:80; choose another address with --admin",
        ),
    ] {
        let output = mayfly()
            .args(["module", "list", "--admin", admin])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
