//! What operators see: errors, operations, pools, memory, configuration, numbers.

use mayfly_tests::TOKEN;

use super::*;

#[tokio::test]
async fn errors_are_kept_with_their_traces_and_without_what_clients_sent() {
    let app = app().configured(
        "[[modules.marked.probe]]\nfield = \"Query.healthy\"\nanswer = \"true\"\n",
        "",
    );
    let host = TestHost::start(app).await;
    let trap = mayfly_tests::versions::marked(&mayfly_tests::versions::mark("trap", 1));
    let digest = host.push("marked", trap).await.json()["version"].clone();
    let failed = host.post(&json!({ "query": "{ healthy }" })).await;
    let trace = failed.header("x-trace-id").to_owned();
    host.post(&json!({ "query": "{ slow(milliseconds: \"my secret\") }" }))
        .await;
    let query = "{ errors { traceId code blame module version field path message } \
        others: errors(blame: [GUEST, BACKEND, HOST]) { traceId } clients: errors(blame: [CLIENT]) { code message } }";
    let data = host.ask_admin(query, json!({})).await;
    let others = data["others"].as_array().unwrap();
    assert_eq!(others, &[json!({ "traceId": trace })]);
    let error = data["errors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|error| error["traceId"] == json!(trace));
    let mut error = error.unwrap().clone();
    let message = error.as_object_mut().unwrap().remove("message").unwrap();
    assert!(message.as_str().unwrap().contains("marked"), "{message}");
    assert_eq!(
        error,
        json!({ "traceId": trace, "code": "GUEST_TRAPPED", "blame": "GUEST", "module": "marked", "version": digest,
                "field": "Query.healthy", "path": "healthy" })
    );
    assert_eq!(
        data["clients"],
        json!([{ "code": "GRAPHQL_VALIDATION_FAILED", "message": null }])
    );
    let everything = ask_as(&host, READ, query).await;
    assert!(
        !everything.text.contains("my secret"),
        "{}",
        everything.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_seen_while_they_run_and_the_slow_ones_with_their_plans() {
    let app = app().configured(
        "deadline = \"5 s\"\nmax_batch",
        "deadline = \"200 s\"\nmax_batch",
    );
    let host = TestHost::start(app).await;
    let slow = "query Slowly($time: Int!) { slow(milliseconds: $time) items(count: 2) { again } }";
    let body = json!({ "query": slow, "variables": { "time": 100_777 } }).to_string();
    let request = host.request().header("content-type", "application/json");
    let client = tokio::spawn(request.body(body).send());
    let query = "{ operations { traceId name kind seconds modules } }";
    let operations = async || host.ask_admin(query, json!({})).await["operations"].clone();
    host.until(async || operations().await != json!([])).await;
    let seen = operations().await[0].clone();
    assert_eq!(
        (&seen["name"], &seen["kind"], &seen["modules"]),
        (&json!("Slowly"), &json!("QUERY"), &json!(["marked"]))
    );
    // One that its client gives up has taken long, too.
    client.abort();
    host.until(async || operations().await == json!([])).await;
    let query = "{ slowOperations(first: 1) { name kind seconds stepsLeftOut \
        plan { id parent field module needs selection } } }";
    let data = host.ask_admin(query, json!({})).await;
    let slowest = &data["slowOperations"][0];
    assert!(slowest["seconds"].as_f64().unwrap() > 0.0, "{slowest}");
    assert_eq!(slowest["name"], json!("Slowly"));
    let fields: Vec<_> = slowest["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["field"].clone())
        .collect();
    assert_eq!(fields, ["Query.slow", "Query.items", "Item.again"]);
    assert_eq!(slowest["plan"][2]["parent"], json!(1));
    assert!(
        !data.to_string().contains("100777"),
        "no value is in it: {data}"
    );
}

#[tokio::test]
async fn pools_say_who_holds_connections_and_backends_whether_they_answer() {
    let host =
        TestHost::start(TestApp::students().with_configuration(&server("watch = false"))).await;
    host.ready().await;
    let query = "{ pools { name size inUse waiting holders { module count } waiters { module count } } \
        backends { name reachable message } }";
    let data = host.ask_admin(query, json!({})).await;
    let names: Vec<_> = data["pools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pool| pool["name"].clone())
        .collect();
    assert_eq!(names, ["dynamodb", "sqlserver.school", "http.enrolment"]);
    assert!(data["pools"][1]["size"].as_u64().unwrap() >= 1, "{data}");
    let reachable = |name: &str| json!({ "name": name, "reachable": true, "message": null });
    assert_eq!(
        data["backends"],
        json!([
            reachable("dynamodb"),
            reachable("sqlserver.school"),
            reachable("http.enrolment"),
        ])
    );
    host.faults(&json!({ "sqlserver": { "stall": { "matching": "student_id" } } }))
        .await;
    let student = json!({ "query": "{ student(id: \"S1\") { assessments { id } } }" });
    let asked = host.post(&student);
    let held = json!([{ "module": "assessments", "count": 1 }]);
    let looked = host.until(async || {
        let data = host
            .ask_admin("{ pools { holders { module count } } }", json!({}))
            .await;
        data["pools"][1]["holders"] == held
    });
    tokio::select! {
        () = looked => {}
        answer = asked => panic!("it waits for its backend: {}", answer.text),
    }
}

#[tokio::test]
async fn the_memory_plan_stands_beside_what_is_used() {
    let host = host().await;
    host.query("{ version }").await;
    let query =
        "{ memory { residentBytes plannedBytes lines { what plannedBytes usedBytes key } } }";
    let memory = host.ask_admin(query, json!({})).await["memory"].clone();
    let lines = memory["lines"].as_array().unwrap();
    let sum: u64 = lines
        .iter()
        .map(|line| line["plannedBytes"].as_u64().unwrap())
        .sum();
    assert_eq!(memory["plannedBytes"], json!(sum));
    assert!(memory["residentBytes"].as_u64().unwrap() > 1 << 20);
    let line = |what: &str| {
        let found = lines
            .iter()
            .find(|line| line["what"].as_str().unwrap().starts_with(what));
        found.unwrap_or_else(|| panic!("{memory}"))
    };
    assert_eq!(line("memory caps of guests")["usedBytes"], json!(0));
    for what in [
        "code of 4 live versions",
        "plans and documents",
        "buffers of ",
    ] {
        let line = line(what);
        let used = line["usedBytes"].as_u64().unwrap();
        assert!(
            used > 0 && used <= line["plannedBytes"].as_u64().unwrap(),
            "{line}"
        );
    }
    assert_eq!(
        line("log lines")["usedBytes"],
        Value::Null,
        "it is not counted"
    );
}

#[tokio::test]
async fn the_configuration_is_shown_without_its_secrets() {
    const PASSWORD: &str = "the-password-of-the-school";
    let app = TestApp::students()
        .with_configuration(&server(
            "watch = false\nhosts = [\"localhost\", \"127.0.0.1\"]",
        ))
        .configured(
            "address = \"embedded\"",
            "address = \"127.0.0.1:1\"\nuser = \"mayfly\"\npassword = { env = \"SCHOOL\" }",
        );
    let host = TestHost::start_with(app, &[("SCHOOL", PASSWORD)]).await;
    let query = "{ configuration { directory schema sections { name text } } }";
    let answer = ask_as(&host, READ, query).await;
    let configuration = answer.json()["data"]["configuration"].clone();
    let sections = configuration["sections"].as_array().unwrap();
    let names: Vec<_> = sections
        .iter()
        .map(|section| section["name"].as_str().unwrap())
        .collect();
    for name in [
        "server",
        "limits",
        "operation",
        "modules.students",
        "embedded",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(answer.text.contains("***") && answer.text.contains("max_connections"));
    for secret in [PASSWORD, TOKEN, READ, &hash(TOKEN), &hash(READ)] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    let bytes = format!("{:?}", Sha256::digest(READ).as_slice());
    let first: Vec<_> = bytes.trim_matches(['[', ']']).split(", ").take(4).collect();
    assert!(!answer.text.contains(&first.join(",")), "nor as bytes");
}

#[tokio::test]
async fn numbers_of_the_last_hour_are_sampled() {
    let host = host().await;
    let query = "{ metrics { stepSeconds samples { atMs requests residentBytes } } }";
    let metrics = async || host.ask_admin(query, json!({})).await["metrics"].clone();
    host.until(async || metrics().await["samples"] != json!([]))
        .await;
    let metrics = metrics().await;
    assert_eq!(metrics["stepSeconds"], json!(10));
    assert!(
        metrics["samples"][0]["residentBytes"].as_u64().unwrap() > 1 << 20,
        "{metrics}"
    );
}
