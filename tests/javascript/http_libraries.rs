//! `axios`, `node-fetch` and Node's `http` beside what the packages of npm and Node send and answer: addresses, types of bodies, queries,
//! redirects, what they add.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::{built, script};

/// A server that says what it was asked, sends elsewhere, begins with a byte order mark, or never answers.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever asks may leave before the answer.
            thread::spawn(move || serve(stream).ok());
        }
    });
    address
}

fn serve(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    let mut kind = Value::Null;
    let mut accept = Value::Null;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "content-type" => kind = json!(value),
            "accept" => accept = json!(value),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let echo = json!([method, target, kind, String::from_utf8_lossy(&body)]).to_string();
    let (status, location, text) = match target {
        "/moved" => ("302 Found", "/echo?moved", String::new()),
        "/kept" => ("307 Temporary Redirect", "/echo?kept", String::new()),
        "/loop" => ("302 Found", "/loop", String::new()),
        "/marked" => ("200 OK", "", "\u{feff}{\"a\":1}".to_owned()),
        "/accept" => ("200 OK", "", accept.to_string()),
        "/never" => return reader.read_to_end(&mut body).map(|_| ()),
        _ => ("200 OK", "", echo),
    };
    write!(
        &stream,
        "HTTP/1.1 {status}\r\nlocation: {location}\r\nx-one: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}

const CODE: &str = r#"
import http from 'node:http';
import { parse } from 'node:url';
import axios from 'axios';
import fetch from 'node-fetch';

const base = process.env.BASE;
const client = axios.create({ baseURL: base });
const sent = async (...values) => (await client.post('/echo', ...values)).data.slice(2);
const asked = async (params, paramsSerializer) => decodeURIComponent((await client.get('/echo', { params, paramsSerializer })).data[1]);
const failed = async (promise) => { try { return await promise; } catch (error) { return [error.name, error.code ?? error.type, error.message]; } };
const json = { headers: { 'content-type': 'application/json' } };
const lists = { a: [1, 2], b: { c: 1, d: [3] }, e: [{ f: 1 }], g: null, 'h[]': [4], i: new Date(0) };

export const resolvers = {
  Query: {
    types: async () => [await sent('a=1'), await sent(new URLSearchParams({ a: '1 2' })), await sent(Buffer.from('x')), await sent({ a: 1 }), await sent('raw', json), await sent('[1]', json), await sent({ a: [1] }, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }), await sent()],
    number: () => failed(sent(5)),
    own: async () => [await sent({ a: 1 }, { transformRequest: [(data, headers) => { headers.setContentType('text/x'); return `${data.a}!`; }] }), await sent({ a: 1 }, { transformRequest: [(data) => ({ ...data, b: 2 }), ...axios.defaults.transformRequest] }), (await client.get('/echo', { transformResponse: [(data) => typeof data] })).data],
    queries: async () => [await asked(lists), await asked(lists, { indexes: null }), await asked(lists, { indexes: true }), await asked({ a: { b: 1 } }, { dots: true }), await asked({ a: 1 }, { serialize: (params) => `z=${params.a}` }), await asked({ a: 1 }, () => 'y=9'), await asked({ a: 'x' }, { encode: (text) => text.toUpperCase() })],
    redirects: async () => [(await client.get('/moved')).data, (await client.post('/moved', { a: 1 })).data, (await client.post('/kept', { a: 1 })).data, (await client.get('/moved')).request.path, (await client.get('/moved')).request.res.responseUrl === `${base}/echo?moved`],
    refused: async () => [await failed(client.get('/moved', { maxRedirects: 0 })), await failed(client.get('/loop')), await failed(client.get('/loop', { maxRedirects: 2 }))],
    marked: async () => [(await client.get('/marked')).data, await (await fetch(`${base}/marked`)).json(), (await client.get('/marked', { responseType: 'text' })).data, (await client.get('/marked', { responseType: 'arraybuffer' })).data.length],
    ofNode: async () => { const response = await fetch(`${base}/echo`); const bytes = await response.clone().buffer(); return [Buffer.isBuffer(bytes), JSON.parse(bytes)[1], response.headers.raw()['x-one'], (await response.json())[0]]; },
    noJson: async () => (await failed((await fetch(`${base}/moved`, { redirect: 'manual' })).json()))[1],
    forms: async () => {
      const parts = { a: 1, b: [1, 2], c: { d: new Date(0) }, e: null, 'say \"x\"': true };
      const answers = [await client.postForm('/echo', parts), await client.post('/echo', { a: Buffer.from('xy') }, { headers: { 'Content-Type': 'multipart/form-data' } }), await client.putForm('/echo', { a: 1 })];
      return answers.map(({ data: [method, , type, body] }) => {
        const [, boundary] = /^multipart\/form-data; boundary=(-{26}[\da-f]{24})$/.exec(type);
        return [method, body.replaceAll(boundary, 'B')];
      });
    },
    ownForm: async () => (await client.post('/echo', { getHeaders: () => ({ 'content-type': 'multipart/form-data; boundary=B' }), getBuffer: () => Buffer.from('--B--') })).data.slice(2),
    accepts: async () => Promise.all([fetch(`${base}/accept`), globalThis.fetch(`${base}/accept`), globalThis.fetch(`${base}/accept`, { headers: { Accept: 'text/x' } })].map(async (sent) => (await sent).json()).concat((await client.get('/accept')).data)),
    constants: () => [typeof axios.VERSION, axios.HttpStatusCode.NotFound, axios.HttpStatusCode[404], axios.HttpStatusCode[413], axios.AxiosError.ERR_INVALID_URL],
    cookies: async () => {
      const { headers } = await client.get('/echo');
      return [headers['set-cookie'] ?? null, headers.getSetCookie(), (await fetch(`${base}/echo`)).headers.getSetCookie()];
    },
    options: async () => {
      const { hostname, port, host } = new URL(base);
      const parsed = parse(`${base}/echo?a=b`);
      const got = (...values) => new Promise((resolve, reject) => {
        http.get(...values, (response) => {
          let text = '';
          response.on('data', (chunk) => { text += chunk; }).on('end', () => resolve(JSON.parse(text).slice(0, 2).join(' ')));
        }).on('error', reject);
      });
      return Promise.all([
        got(parsed), got({ ...parsed }), got(Object.assign(parse(`${base}/echo`), { method: 'POST', headers: {} })), got({ host: parsed.host, hostname: parsed.hostname, path: parsed.path, port: parsed.port, protocol: parsed.protocol, auth: parsed.auth }),
        got({ hostname, port, path: '/echo' }), got({ host, port: null, path: '/echo' }), got({ hostname, port: Number(port), path: '/echo', protocol: null, method: null }), got(`${base}/echo`, {}), got(new URL(`${base}/echo`), { method: 'POST' }), got(`${base}/never`, { path: '/echo?own' }), got({ hostname, port, path: '?none' }).catch(({ code }) => code),
      ]);
    },
    listenerFails: (args) => { http.get(`${base}/echo`, () => { throw new Error('in a listener'); }); return new Promise((resolve) => { process.once('uncaughtException', ({ message }) => resolve(message)); }); },
    late: () => failed(fetch(`${base}/never`, { timeout: 20 })),
  },
};
"#;

#[tokio::test]
async fn axios_and_node_fetch_send_and_answer_what_those_of_npm_do() {
    let base = format!("http://{}", server());
    let cases = [
        (
            "types",
            json!([
                ["application/x-www-form-urlencoded", "a=1"],
                ["application/x-www-form-urlencoded;charset=utf-8", "a=1+2"],
                ["application/x-www-form-urlencoded", "x"],
                ["application/json", "{\"a\":1}"],
                ["application/json", "\"raw\""],
                ["application/json", "[1]"],
                ["application/x-www-form-urlencoded", "a%5B%5D=1"],
                ["application/x-www-form-urlencoded", ""],
            ]),
        ),
        (
            "number",
            json!([
                "AxiosError",
                "ERR_BAD_REQUEST",
                "Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream"
            ]),
        ),
        (
            "own",
            json!([
                ["text/x", "1!"],
                ["application/json", "{\"a\":1,\"b\":2}"],
                "string"
            ]),
        ),
        (
            "queries",
            json!([
                "/echo?a[]=1&a[]=2&b[c]=1&b[d][0]=3&e[0][f]=1&h[]=4&i=1970-01-01T00:00:00.000Z",
                "/echo?a=1&a=2&b[c]=1&b[d][0]=3&e[0][f]=1&h=4&i=1970-01-01T00:00:00.000Z",
                "/echo?a[0]=1&a[1]=2&b[c]=1&b[d][0]=3&e[0][f]=1&h[0]=4&i=1970-01-01T00:00:00.000Z",
                "/echo?a.b=1",
                "/echo?z=1",
                "/echo?y=9",
                "/echo?A=X",
            ]),
        ),
        (
            "redirects",
            json!([
                ["GET", "/echo?moved=", null, ""],
                ["GET", "/echo?moved=", null, ""],
                ["POST", "/echo?kept=", "application/json", "{\"a\":1}"],
                "/echo?moved",
                true
            ]),
        ),
        (
            "refused",
            json!([
                [
                    "AxiosError",
                    "ERR_BAD_RESPONSE",
                    "Request failed with status code 302"
                ],
                [
                    "AxiosError",
                    "ERR_FR_TOO_MANY_REDIRECTS",
                    "Maximum number of redirects exceeded"
                ],
                [
                    "AxiosError",
                    "ERR_FR_TOO_MANY_REDIRECTS",
                    "Maximum number of redirects exceeded"
                ],
            ]),
        ),
        ("marked", json!([{ "a": 1 }, { "a": 1 }, "{\"a\":1}", 10])),
        ("ofNode", json!([true, "/echo", ["1"], "GET"])),
        ("noJson", json!("invalid-json")),
        (
            "forms",
            json!([
                [
                    "POST",
                    "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"b[]\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"b[]\"\r\n\r\n2\r\n--B\r\nContent-Disposition: form-data; name=\"c[d]\"\r\n\r\n1970-01-01T00:00:00.000Z\r\n--B\r\nContent-Disposition: form-data; name=\"say %22x%22\"\r\n\r\ntrue\r\n--B--\r\n"
                ],
                [
                    "POST",
                    "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\nxy\r\n--B--\r\n"
                ],
                [
                    "PUT",
                    "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n"
                ],
            ]),
        ),
        (
            "ownForm",
            json!(["multipart/form-data; boundary=B", "--B--"]),
        ),
        (
            "accepts",
            json!(["*/*", "*/*", "text/x", "application/json, text/plain, */*"]),
        ),
        (
            "constants",
            json!([
                "string",
                404,
                "NotFound",
                "PayloadTooLarge",
                "ERR_INVALID_URL"
            ]),
        ),
        // The host gives no cookies to guests.
        ("cookies", json!([null, [], []])),
        (
            "options",
            json!([
                "GET /echo?a=b",
                "GET /echo?a=b",
                "POST /echo",
                "GET /echo?a=b",
                "GET /echo",
                "GET /echo",
                "GET /echo",
                "GET /echo",
                "POST /echo",
                "GET /echo?own=",
                "denied",
            ]),
        ),
        ("listenerFails", json!("in a listener")),
        (
            "late",
            json!([
                "FetchError",
                "request-timeout",
                format!("network timeout at: {base}/never")
            ]),
        ),
    ];
    let fields: Vec<&str> = cases.iter().map(|(field, _)| *field).collect();
    let schema = format!(
        "scalar Any\ntype Query {{ {}: Any @script }}",
        fields.join(": Any @script ")
    );
    let routes = ["echo", "accept", "moved", "kept", "loop", "marked", "never"]
        .map(|path| format!("\"GET /{path}\", \"POST /{path}\", \"PUT /{path}\""))
        .join(", ");
    let more = format!(
        "environment = {{ BASE = \"{base}\" }}\n[modules.script.grants]\nhttp.server = [{routes}]\n[http.server]\nbase = \"{base}\""
    );
    let host = TestHost::start(built(script("module.mjs", CODE, &schema, &more))).await;
    for (field, expected) in cases {
        let answer = host.query(&format!("{{ {field} }}")).await;
        assert_eq!(answer["data"][field], expected, "{field}: {answer}");
    }
}
