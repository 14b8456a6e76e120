//! Services over HTTP from JavaScript: by name, and by address as libraries ask for them; what is not granted says what to write.

use mayfly_tests::{Embedded, TestApp, TestHost, repository};
use serde_json::{Value, json};

use super::{built, script};

/// A module whose fields are functions of JavaScript, with the enrolment service under an address.
fn module(code: &str, base: &str, routes: &str) -> TestApp {
    let fields: Vec<&str> = code
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .collect();
    let schema = format!(
        "scalar Any\ntype Query {{ {}: Any @script }}",
        fields.join(": Any @script ")
    );
    let more = format!(
        "environment = {{ ENROLMENT_URL = \"https://enrolment\" }}\n[modules.script.grants]\nhttp.enrolment = [{routes}]\n[http.enrolment]\nbase = \"{base}\"\n[http.other]\nbase = \"https://other.internal\"\n[embedded]\nseed = \"{}\"\n",
        repository().join("guest/apps/students/seed").display()
    );
    built(script("module.mjs", code, &schema, &more))
}

const ROUTES: &str = r#""GET /students/{id}", "GET /students/S2", "PUT /students/{id}", "POST /students", "GET /_echo/{what}", "DELETE /students/{id}""#;

const ASKS: &str = r"
import axios from 'axios';
import fetchOfNode from 'node-fetch';
import https from 'node:https';
import { get as getPlain } from 'http';
import { http, HostError } from 'mayfly';

const url = process.env.ENROLMENT_URL;
const client = axios.create({ baseURL: url, headers: { 'X-Client': 'tests' }, timeout: 60000 });
client.interceptors.request.use((config) => { config.headers.set('X-Intercepted', 'yes'); return config; });
client.interceptors.response.use((response) => response, (error) => Promise.reject(new Error(`intercepted ${error.response?.status}`)));

const read = (message) => new Promise((resolve, reject) => {
  let text = '';
  message.setEncoding('utf8');
  message.on('data', (chunk) => { text += chunk; });
  message.on('end', () => resolve({ status: message.statusCode, body: JSON.parse(text) }));
  message.on('error', reject);
});
const requested = (options, body) => new Promise((resolve, reject) => {
  const request = https.request(options, (message) => resolve(read(message)));
  request.on('error', reject);
  if (body !== undefined) request.write(body);
  request.end();
});

export const resolvers = {
  Query: {
    byName: async () => { const answer = await http('enrolment').get('/students/{id}', { values: { id: 'S1' } }); return [answer.status, answer.ok, answer.json(), answer.headers['content-type']]; },
    fetched: async () => { const response = await fetch(`${url}/students/S1`); return [response.ok, response.status, response.statusText, response.headers.get('Content-Type'), await response.json()]; },
    literal: async () => (await fetch(new URL('/students/S2', url))).json(),
    absent: async () => { const response = await fetch('http://enrolment/students/S3'); return [response.ok, response.status, response.statusText]; },
    echoed: async () => { const response = await fetch(`${url}/_echo/a%20b?q=1&q=%C3%BC&flag`, { headers: { Accept: 'text/x', 'X-One': '1', 'User-Agent': 'me' } }); const { method, target, headers } = await response.json(); return [method, target, headers.accept, headers['x-one']]; },
    put: async () => { const body = JSON.stringify({ school: 'Moved' }); const put = await fetch(`${url}/students/S9`, { method: 'PUT', body, headers: { 'content-type': 'application/json' } }); const again = await fetch(`${url}/students/S9`); return [put.status, await again.json()]; },
    bytes: async () => { const put = await fetch(`${url}/students/S10`, { method: 'PUT', body: new TextEncoder().encode('[1]') }); return [put.status, [...new Uint8Array(await (await fetch(`${url}/students/S10`)).arrayBuffer())]]; },
    together: async () => (await Promise.all(['S1', 'S2'].map(async (id) => (await fetch(`${url}/students/${id}`)).json()))).map(({ school }) => school),
    ofNode: async () => (await fetchOfNode(`${url}/students/S1`)).json(),
    axiosGet: async () => { const { data, status, headers } = await axios.get(`${url}/students/S1`); return [status, data, headers['content-type']]; },
    axiosClient: async () => { const { data } = await client.get('/_echo/x', { params: { a: 1, b: [2, 3], c: undefined } }); return [data.target, data.headers['x-client'], data.headers['x-intercepted'], data.headers.accept]; },
    axiosPost: async () => { const { data, status } = await axios.post(`${url}/students`, { id: 'S11', school: 'New' }); return [status, data, (await axios(`${url}/students/S11`)).data]; },
    axiosFails: async () => { try { await axios.get(`${url}/students/S3`); } catch (error) { return [axios.isAxiosError(error), error.message, error.code, error.response.status]; } },
    axiosIntercepted: async () => { try { await client.get('students/S3'); } catch (error) { return error.message; } },
    requested: () => requested(`${url}/students/S1`),
    requestedWithOptions: () => requested({ hostname: 'enrolment', path: '/students/S12', method: 'PUT', headers: { 'Content-Type': 'application/json' } }, '{}').catch((error) => error.message),
    got: () => new Promise((resolve) => getPlain('http://enrolment/students/S2', (message) => resolve(read(message)))),
    fromTheDepths: () => { const deeper = (left) => (left === 0 ? fetch(`${url}/students/S1`).then(({ status }) => status) : deeper(left - 1)); return deeper(600); },
    aborted: async () => { try { await fetch(`${url}/students/S1`, { signal: AbortSignal.abort() }); } catch (error) { return error.name; } },
    secret: () => fetch(`${url}/students/S1`, { headers: { Authorization: 'Bearer x' } }),
    notGranted: () => fetch(`${url}/students/S1/marks/17`),
    otherMethod: () => axios.delete(`${url}/students`),
    otherService: () => fetch('https://other/things'),
    unknown: async () => { try { await fetch('https://api.weather.example:8443/v1/cities/42'); } catch (error) { return [error instanceof HostError, error.code, error.message]; } },
  },
};
";

fn person(id: &str, school: &str, status: &str) -> Value {
    json!({ "studentId": id, "school": school, "status": status })
}

#[tokio::test]
async fn services_are_asked_by_name_and_by_address() {
    let host = TestHost::start(module(ASKS, "embedded", ROUTES)).await;
    let riverside = person("S1", "Riverside", "ENROLLED");
    let hillcrest = person("S2", "Hillcrest", "LEFT");
    let cases = [
        ("byName", json!([200, true, riverside, "application/json"])),
        (
            "fetched",
            json!([true, 200, "OK", "application/json", riverside]),
        ),
        ("literal", hillcrest.clone()),
        ("absent", json!([false, 404, "Not Found"])),
        (
            "echoed",
            json!([
                "GET",
                "/enrolment/_echo/a%20b?q=1&q=%C3%BC&flag=",
                "text/x",
                "1"
            ]),
        ),
        ("put", json!([200, { "school": "Moved" }])),
        ("bytes", json!([200, [91, 49, 93]])),
        ("together", json!(["Riverside", "Hillcrest"])),
        ("ofNode", riverside.clone()),
        ("axiosGet", json!([200, riverside, "application/json"])),
        (
            "axiosClient",
            json!([
                "/enrolment/_echo/x?a=1&b%5B%5D=2&b%5B%5D=3",
                "tests",
                "yes",
                "application/json, text/plain, */*"
            ]),
        ),
        (
            "axiosPost",
            json!([201, { "id": "S11", "school": "New" }, { "id": "S11", "school": "New" }]),
        ),
        (
            "axiosFails",
            json!([
                true,
                "Request failed with status code 404",
                "ERR_BAD_REQUEST",
                404
            ]),
        ),
        ("axiosIntercepted", json!("intercepted 404")),
        ("requested", json!({ "status": 200, "body": riverside })),
        ("requestedWithOptions", json!({ "status": 200, "body": {} })),
        ("got", json!({ "status": 200, "body": hillcrest })),
        ("fromTheDepths", json!(200)),
        ("aborted", json!("AbortError")),
    ];
    for (field, expected) in cases {
        let answer = host.query(&format!("{{ {field} }}")).await;
        assert_eq!(answer["data"][field], expected, "{field}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_granted_is_told_with_what_to_write() {
    let host = TestHost::start(module(ASKS, "embedded", r#""GET /students/{id}""#)).await;
    let message = async |field: &str| {
        let answer = host.query(&format!("{{ {field} }}")).await;
        answer["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        message("notGranted").await,
        "`GET /students/S1/marks/17` of service `enrolment` is not granted to module `script`"
    );
    assert_eq!(
        message("otherMethod").await,
        "`DELETE /students` of service `enrolment` is not granted to module `script`"
    );
    assert_eq!(
        message("otherService").await,
        "`GET /things` of service `other` is not granted to module `script`"
    );
    assert_eq!(
        message("secret").await,
        "a resolver cannot send the header `authorization`: leave it out, and set `bearer`, `basic` or `header` in [http.enrolment], or `forward = [\"authorization\"]` for the caller's own token"
    );
    // What to write is for whoever reads the log.
    for remedy in [
        "http.enrolment = [\"GET /students/{id}\", \"GET /students/{id}/marks/{id2}\"]",
        "http.enrolment = [\"GET /students/{id}\", \"DELETE /students\"]",
        "http.other = [\"GET /things\"]",
    ] {
        let remedy =
            format!("write in mayfly.toml, and build again:\n[modules.script.grants]\n{remedy}");
        host.logged(&[&remedy.escape_debug().to_string()]).await;
    }
    let unknown = host.query("{ unknown }").await;
    assert_eq!(
        unknown["data"]["unknown"],
        json!([
            true,
            "denied",
            "no service that module `script` is granted is at https://api.weather.example:8443; write in mayfly.toml, and build again:\n[http.weather]\nbase = \"https://api.weather.example:8443\"\n\n[modules.script.grants]\nhttp.weather = [\"GET /v1/cities/{id}\"]"
        ]),
        "{unknown}"
    );
}

#[tokio::test]
async fn an_address_below_the_base_of_a_service_is_that_service() {
    let embedded = Embedded::start(None).await;
    let base = format!("http://{}/enrolment", embedded.http);
    let code = format!(
        "const base = '{base}';\nexport const resolvers = {{\n  Query: {{\n    below: async () => (await fetch(`${{base}}/students/S2`)).json(),\n    beside: async () => fetch('http://{}/elsewhere/students/S2'),\n  }},\n}};\n",
        embedded.http
    );
    let host = TestHost::start(module(&code, &base, ROUTES)).await;
    let answer = host.query("{ below }").await;
    assert_eq!(
        answer["data"]["below"],
        person("S2", "Hillcrest", "LEFT"),
        "{answer}"
    );
    let beside = host.query("{ beside }").await;
    assert!(
        beside
            .to_string()
            .contains("no service that module `script` is granted is at http://127.0.0.1"),
        "{beside}"
    );
}

#[tokio::test]
async fn the_address_of_a_service_that_stands_outside_of_the_file_is_not_in_the_component() {
    let app = module(
        "export const resolvers = {\n  Query: {\n    one: async () => (await fetch('https://enrolment/students/S1')).json(),\n  },\n};\n",
        "https://in-the-file.internal",
        r#""GET /students/{id}""#,
    );
    let has = |app: &TestApp, text: &str| {
        let component = std::fs::read(app.path().join("build/script.wasm")).unwrap();
        component
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(has(&app, "in-the-file.internal"));
    assert!(!has(&app, "other.internal"), "nothing of it is granted");
    let outside = built(app.configured(
        "base = \"https://in-the-file.internal\"",
        "base = { env = \"ENROLMENT_BASE\", default = \"https://outside.internal\" }",
    ));
    assert!(!has(&outside, "outside.internal"));
}

#[tokio::test]
async fn a_worker_that_is_not_granted_is_denied() {
    let code = "import { worker } from 'mayfly';\nexport const resolvers = { Query: { one: () => worker('legacy').call('GetAssessments', { id: 1 }) } };";
    let app = script(
        "module.mjs",
        code,
        "scalar Any\ntype Query { one: Any @script }",
        "",
    );
    let host = TestHost::start(built(app)).await;
    let answer = host.query("{ one }").await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "DENIED",
        "{answer}"
    );
}
