//! Resolvers in other languages than Rust do the same.

use std::process::Stdio;

use mayfly_tests::{TestApp, TestHost, mayfly, repository};
use serde_json::json;

/// The sample app with its students in C++.
fn in_cpp(source: &[u8]) -> TestApp {
    let module = "[modules.in-cpp]\ncomponent = \"cpp/students.wasm\"\nsource = \"student.cpp\"\n[modules.in-cpp.grants]\ndynamodb.Students = [\"get\"]\nhttp.enrolment = [\"GET /students/{id}\", \"POST /enrolments\"]";
    TestApp::students()
        .edited(
            "schema.graphql",
            STUDENT,
            &STUDENT.replace("\"students\"", "\"in-cpp\""),
        )
        .with_configuration(module)
        .with_file("student.cpp", source)
}

/// The field that is answered in C++.
const STUDENT: &str =
    r#"student("The student's id." id: ID!): Student @resolve(module: "students")"#;

/// The resolver that the documentation shows in C++.
fn shown() -> String {
    let page = std::fs::read_to_string(repository().join("docs/guests/cpp.md")).unwrap();
    let (_, rest) = page
        .split_once("```cpp runnable\n")
        .expect("the page shows it");
    rest.split("```").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_resolver_that_the_documentation_shows_in_cpp_answers_like_the_one_in_rust() {
    let query = r#"{ present: student(id: "S7") { id name grade readingLevel assessments(type: FLUENCY) { id score } } absent: student(id: "x") { id } }"#;
    let right = TestHost::start(TestApp::students())
        .await
        .query(query)
        .await;
    let app = in_cpp(shown().as_bytes());
    let built = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(
        built.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let answer = TestHost::start(app).await.query(query).await;
    assert_eq!(answer["data"]["present"]["id"], json!("S7"), "{answer}");
    assert_eq!(answer, right);
}

#[test]
fn cpp_that_does_not_compile_is_shown_where() {
    let app = in_cpp(
        b"#include <mayfly.hpp>\nmayfly::Result student(const mayfly::Field&) { return 7; }\n",
    );
    let output = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("student.cpp does not compile") && said.contains("student.cpp:2:"),
        "{said}"
    );
}

#[test]
fn builds_at_once_of_one_app_wait_for_each_other() {
    let app = in_cpp(shown().as_bytes());
    let build = || {
        mayfly()
            .arg("build")
            .arg(app.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let builds: Vec<_> = std::iter::repeat_with(build).take(4).collect();
    let outputs: Vec<_> = builds
        .into_iter()
        .map(|build| build.wait_with_output().unwrap())
        .collect();
    let said: Vec<_> = outputs
        .iter()
        .map(|output| String::from_utf8_lossy(&output.stderr))
        .collect();
    assert!(
        outputs.iter().all(|output| output.status.success()),
        "{said:?}"
    );
    let compiling = said.iter().filter(|said| said.contains("student.cpp"));
    assert_eq!(
        compiling.count(),
        1,
        "the others find it compiled: {said:?}"
    );
}

#[tokio::test]
async fn text_survives_the_json_of_the_cpp_sdk() {
    const ECHO: &str = r#"#include <mayfly.hpp>
        mayfly::Result student(const mayfly::Field& field) {
          const std::string id = mayfly::json::text(mayfly::json::get(field.arguments, "id"));
          if (id == "fail") return mayfly::fail("NO_SUCH_STUDENT", "there is no " + id);
          const std::string same = mayfly::json::text("\"\\u0041\\ud83d\\ude00\\u00e9\\n\"");
          return "{\"id\": " + mayfly::json::quote(id) + ", \"name\": " + mayfly::json::quote(same) + "}";
        }
        MAYFLY_RESOLVER(Query, student, student)"#;
    let app = in_cpp(ECHO.as_bytes());
    let built = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(
        built.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let host = TestHost::start(app).await;
    for id in [
        "",
        "S1",
        "a \"quoted\" \\ one",
        "lines\r\n\tand tabs",
        "\u{1}\u{1f}",
        "é 😀 \u{2028}",
        "}{][,:",
        "\\u0041",
    ] {
        let answer = host
            .query_with(
                "query ($id: ID!) { student(id: $id) { id name } }",
                json!({ "id": id }),
            )
            .await;
        assert_eq!(
            answer,
            json!({ "data": { "student": { "id": id, "name": "A😀é\n" } } })
        );
    }
    let answer = host.query(r#"{ student(id: "fail") { id } }"#).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["reason"],
        json!("NO_SUCH_STUDENT"),
        "{answer}"
    );
    assert_eq!(
        answer["errors"][0]["message"],
        json!("there is no fail"),
        "{answer}"
    );
}

#[test]
fn a_machine_without_a_compiler_for_cpp_is_told_what_to_install() {
    let app = in_cpp(shown().as_bytes());
    let output = mayfly()
        .arg("build")
        .arg(app.path())
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("guest/toolchain.sh cpp")
            && said.contains("apt-get install clang-19 lld-19 wasi-libc"),
        "{said}"
    );
}

#[tokio::test]
async fn a_service_over_http_is_asked_in_cpp() {
    const ASKS: &str = r#"#include <mayfly.hpp>
        using mayfly::json::get;
        mayfly::Result student(const mayfly::Field& field) {
          const std::string id = mayfly::json::text(field.argument("id"));
          const auto read = mayfly::http::get("enrolment", "/students/{id}", {{"id", id}}).take();
          if (!read) return read;
          const std::string body = "{\"studentId\": " + mayfly::json::quote(id) + "}";
          const auto written = mayfly::http::send("enrolment", {
            .method = "POST",
            .path = "/enrolments",
            .query = {{"dry", "yes & no"}},
            .headers = {{"content-type", "application/json"}},
            .body = body,
          }).take();
          if (!written) return written;
          const std::string seen = std::string(get(*read, "status")) + " " + mayfly::json::text(get(*read, "text"))
            + " " + std::string(get(*written, "status"));
          return "{\"id\": " + mayfly::json::quote(id) + ", \"name\": " + mayfly::json::quote(seen) + "}";
        }
        MAYFLY_RESOLVER(Query, student, student)"#;
    let app = in_cpp(ASKS.as_bytes());
    let built = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(
        built.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let host = TestHost::start(app).await;
    let answer = host
        .query(r#"{ known: student(id: "S1") { name } unknown: student(id: "S/1") { name } }"#)
        .await;
    let name = answer["data"]["known"]["name"].as_str().unwrap();
    assert!(
        name.starts_with("200 {") && name.contains("\"S1\"") && name.ends_with("} 201"),
        "{answer}"
    );
    assert_eq!(
        answer["errors"][0]["extensions"]["reason"],
        json!("invalid"),
        "{answer}"
    );
}

/// Components import what their code calls, function by function. One that was built before `clock` could wait says what this one says.
#[tokio::test]
async fn a_component_that_knows_fewer_functions_than_the_host_has_is_served() {
    let app = TestApp::students();
    let component = std::fs::read(app.path().join("build/assessments.wasm")).unwrap();
    let imports = |name: &str| component.windows(name.len()).any(|w| w == name.as_bytes());
    assert!(imports("mayfly:resolver/clock@0.1.0") && imports("now-ms") && !imports("sleep"));
    let host = TestHost::start(app).await;
    let answer = host
        .query(r#"{ assessments(studentId: "S7") { processedAt } }"#)
        .await;
    assert!(
        answer["data"]["assessments"][0]["processedAt"].is_string(),
        "{answer}"
    );
}
