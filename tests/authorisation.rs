//! `@auth` with real guests and tokens: who sees what, and which module runs for it.

use mayfly_tests::{Answer, TestApp, TestHost, mayfly, node_packages, repository};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::callers::{SECRET, claims_with, section, signed};

const STUDENT: &str =
    r#"  student("The student's id." id: ID!): Student @resolve(module: "students")"#;
const NEEDS: &str = r#"needs: "id grade readingLevel")"#;
/// Who sees a student.
const RULE: &str = r#"@auth(requires: "claims.sub == args.id || 'teachers' in groups")"#;

/// The sample app, whose students see themselves, and whose teachers see assessments of their grades.
fn app() -> TestApp {
    let of_parent = r#"@auth(requires: "parent.grade in claims.grades")"#;
    TestApp::students()
        .edited("schema.graphql", STUDENT, &format!("{STUDENT} {RULE}"))
        .edited("schema.graphql", NEEDS, &format!("{NEEDS} {of_parent}"))
        .with_configuration(&section("secret = { env = \"TOKEN_SECRET\" }"))
}

async fn host() -> TestHost {
    let host = TestHost::start_with(app(), &[("TOKEN_SECRET", SECRET)]).await;
    host.ready().await;
    host
}

async fn ask(host: &TestHost, claims: Option<Value>, query: &str) -> Value {
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(json!({ "query": query }).to_string());
    let request = match claims {
        Some(claims) => request.bearer_auth(signed(&claims_with(claims))),
        None => request,
    };
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// The ids of some students, as somebody who may see them all.
async fn ids(host: &TestHost) -> Vec<String> {
    let query = r#"{ students(ids: ["S1", "S2", "S3", "S4", "S5", "S6"]) { id } }"#;
    let answer = ask(host, None, query).await;
    let students = answer["data"]["students"].as_array().unwrap();
    students
        .iter()
        .filter_map(|student| Some(student["id"].as_str()?.to_owned()))
        .collect()
}

#[tokio::test]
async fn what_a_caller_may_not_see_is_null_and_its_module_does_not_run() {
    let host = host().await;
    let id = ids(&host).await.first().expect("a student").clone();
    let query = format!("{{ student(id: \"{id}\") {{ id name }} }}");
    let invocations = "mayfly_invocations_total{module=\"students\",field=\"Query.student\"";
    for claims in [
        None,
        Some(json!({ "sub": "other" })),
        Some(json!({ "sub": null })),
    ] {
        let answer = ask(&host, claims.clone(), &query).await;
        assert_eq!(answer["data"], json!({ "student": null }), "{claims:?}");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], json!("FORBIDDEN"));
        assert_eq!(error["path"], json!(["student"]));
        assert_eq!(error["message"], json!("you are not allowed to see this"));
        assert!(!answer.to_string().contains("claims"), "{answer}");
    }
    assert!(host.metric(invocations).await < 0.1);
    host.logged(&[
        "it requires claims.sub == args.id || 'teachers' in groups",
        "FORBIDDEN",
    ])
    .await;
    for claims in [json!({ "sub": id }), json!({ "groups": ["teachers"] })] {
        let answer = ask(&host, Some(claims), &query).await;
        assert_eq!(answer["data"]["student"]["id"], json!(id), "{answer}");
    }
}

#[tokio::test]
async fn each_student_is_decided_alone() {
    let host = host().await;
    let ids = ids(&host).await;
    let query = format!(
        "{{ students(ids: {}) {{ grade assessments {{ id }} }} }}",
        json!(ids)
    );
    let all = ask(
        &host,
        Some(json!({ "grades": (0..=12).collect::<Vec<_>>() })),
        &query,
    )
    .await;
    let grades: Vec<_> = all["data"]["students"]
        .as_array()
        .unwrap()
        .iter()
        .map(|student| student["grade"].clone())
        .collect();
    assert_eq!(all.get("errors"), None, "{all}");
    let first = grades.first().expect("a student").clone();
    let some = ask(&host, Some(json!({ "grades": [first] })), &query).await;
    // The list may not be null, so the student is where it is not seen.
    for (index, grade) in grades.iter().enumerate() {
        let (student, whole) = (
            &some["data"]["students"][index],
            &all["data"]["students"][index],
        );
        if *grade == first {
            assert_eq!(student, whole);
        } else {
            assert_eq!(*student, Value::Null);
        }
    }
    let hidden = grades.iter().filter(|grade| **grade != first).count();
    let codes = some["errors"].as_array().map_or(0, |errors| {
        let forbidden = errors
            .iter()
            .filter(|error| error["extensions"]["code"] == "FORBIDDEN");
        forbidden.count()
    });
    assert_eq!(codes, hidden, "{some}");
    assert!(hidden > 0, "students of several grades");
}

/// What introspection shows is a schema to the clients' own library.
#[tokio::test]
async fn what_is_guarded_can_be_left_out_of_introspection() {
    let record =
        r#"input: RecordAssessmentInput!): EnrichedAssessment! @resolve(module: "assessments")"#;
    let guarded = format!("{record} @auth(requires: \"'teachers' in groups\")");
    let app = app()
        .edited("schema.graphql", record, &guarded)
        .with_configuration("[server]\nintrospect_protected = false\n");
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await;
    host.ready().await;
    let folder = repository().join("tests/clients");
    let packages = folder.clone();
    tokio::task::spawn_blocking(move || node_packages(&packages))
        .await
        .unwrap();
    let program = r#"
        import { buildClientSchema, getIntrospectionQuery, printSchema, validateSchema } from "graphql";
        const answer = await fetch(process.argv[1], {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ query: getIntrospectionQuery() }),
        });
        const schema = buildClientSchema((await answer.json()).data);
        const problems = validateSchema(schema).map(String);
        console.log(JSON.stringify({ problems, text: printSchema(schema) }));"#;
    let output = tokio::process::Command::new("node")
        .args(["--input-type=module", "-e", program])
        .arg(format!("http://{}/graphql", host.graphql))
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["problems"], json!([]), "{shown}");
    let text = shown["text"].as_str().unwrap();
    assert!(text.contains("  students("), "{text}");
    for hidden in ["  student(", "type Mutation"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let student = text.split("type Student {").nth(1).unwrap();
    let student = student.split("\n}").next().unwrap();
    assert!(
        student.contains("enrolment:") && !student.contains("assessments"),
        "{student}"
    );
}

#[tokio::test]
async fn what_applying_an_app_opens_to_everybody_is_logged_as_a_warning() {
    let app = app().edited("mayfly.toml", "anonymous = true", "anonymous = false");
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await;
    host.ready().await;
    for (file, from, to) in [
        ("mayfly.toml", "anonymous = false", "anonymous = true"),
        ("schema.graphql", RULE, ""),
    ] {
        let path = host.app.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }
    host.logged(&["WARN", "everybody may call now"]).await;
    host.logged(&[
        "WARN",
        "dangerous",
        "`Query.student` may be seen by everybody; `claims.sub == args.id || 'teachers' in groups` was removed",
    ])
    .await;
}

#[test]
fn explain_says_who_may_see_a_field() {
    let app = app();
    let explain = |field: &str| {
        let output = mayfly()
            .args(["explain", field])
            .arg(app.path())
            .env("TOKEN_SECRET", SECRET)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = explain("Student.assessments");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        said,
        "Student.assessments: [EnrichedAssessment!]!\nanswered by the module assessments\nneeds id grade readingLevel\n\
         decided: for each parent alone, before the module is called for it\nrequires parent.grade in claims.grades  (on Student.assessments)\n"
    );
    let (code, said) = explain("Student.nothing");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("type \"Student\" has no field \"nothing\"; it has id, name, grade"),
        "{said}"
    );
    let (code, said) = explain("Student");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("\"Student\" is not a field; write TYPE.FIELD, such as Query.student"),
        "{said}"
    );
}
