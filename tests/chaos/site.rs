//! A host, its backends in a process of their own, and a proxy before each.

use std::time::Duration;

use mayfly_tests::{Embedded, TestApp, TestHost};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::proxy::{Plan, Proxy};

/// Longer than any request may take: a request without an answer by then is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything under test, and what spoils it.
pub struct Site {
    pub host: TestHost,
    pub dynamodb: Proxy,
    pub sqlserver: Proxy,
    pub http: Proxy,
    client: Client,
    backends: Mutex<Option<Embedded>>,
    /// What the backends keep when they are killed.
    data: TempDir,
}

/// What is left open, anywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Leftovers {
    /// Of the host, by metric; all should be 0.
    pub host: Vec<(&'static str, f64)>,
    /// Requests and transactions at the servers.
    pub servers: [i64; 4],
    /// SQL connections: as the host, the proxy and the server count them.
    pub connections: [i64; 3],
}

/// What the host has in use at any moment, and nothing of when nobody asks anything.
const IN_USE: [&str; 10] = [
    "mayfly_operations ",
    "mayfly_operations_waiting",
    "mayfly_slots_in_use",
    "mayfly_pool_in_use{backend=\"school\"}",
    "mayfly_pool_waiting{backend=\"school\"}",
    "mayfly_pool_in_use{backend=\"dynamodb\"}",
    "mayfly_pool_waiting{backend=\"dynamodb\"}",
    "mayfly_pool_in_use{backend=\"http.enrolment\"}",
    "mayfly_pool_waiting{backend=\"http.enrolment\"}",
    "mayfly_http_circuit_open{service=\"enrolment\"}",
];

impl Site {
    /// Starts everything, and waits until it answers.
    pub async fn start() -> Self {
        let data = TempDir::new().unwrap();
        let backends = Embedded::keeping(data.path()).await;
        let (dynamodb, sqlserver, http) = (
            Proxy::start(backends.dynamodb).await,
            Proxy::start(backends.sqlserver).await,
            Proxy::start(backends.http).await,
        );
        let app = TestApp::chaos()
            .configured("endpoint = \"embedded\"", &format!("endpoint = \"http://{}\"", dynamodb.address))
            .configured(
                "address = \"embedded\"",
                &format!(
                    "address = \"{}\"\nencryption = \"off\"\nuser = \"mayfly\"\npassword = {{ env = \"SCHOOL\" }}",
                    sqlserver.address
                ),
            )
            .configured("base = \"embedded\"", &format!("base = \"http://{}/enrolment\"", http.address))
            .configured("[embedded]\nseed = \"../apps/students/seed\"\n", "");
        let environment = [
            ("SCHOOL", "mayfly"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
        ];
        let host = TestHost::start_with(app, &environment).await;
        host.ready().await;
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        Self {
            host,
            dynamodb,
            sqlserver,
            http,
            client,
            backends: Mutex::new(Some(backends)),
            data,
        }
    }

    /// Posts an operation; the status and the body, or how the exchange failed.
    pub async fn post(&self, operation: &str) -> Result<(u16, Value), String> {
        let request = self
            .client
            .post(format!("http://{}/graphql", self.host.graphql))
            .header("content-type", "application/json");
        let response = request
            .body(json!({ "query": operation }).to_string())
            .send()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let status = response.status().as_u16();
        let text = response
            .text()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let body = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        Ok((status, body))
    }

    /// Replaces the fault switches of the backends; nothing to replace while they are being started again.
    pub async fn switch(&self, faults: &Value) {
        if let Some(backends) = &*self.backends.lock().await {
            let put = self
                .client
                .put(format!("http://{}/faults", backends.control))
                .header("content-type", "application/json");
            let answer = put.body(faults.to_string()).send().await.unwrap();
            assert!(
                answer.status().is_success(),
                "{faults}: {}",
                answer.text().await.unwrap()
            );
        }
    }

    /// Kills the backends and starts them again, with the data they had.
    pub async fn restart(&self) {
        let mut running = self.backends.lock().await;
        if let Some(backends) = running.take() {
            backends.kill().await;
        }
        let backends = Embedded::keeping(self.data.path()).await;
        self.dynamodb.redirect(backends.dynamodb);
        self.sqlserver.redirect(backends.sqlserver);
        self.http.redirect(backends.http);
        *running = Some(backends);
    }

    /// Takes every fault away.
    pub async fn lift(&self) {
        self.switch(&json!({})).await;
        self.dynamodb.strike_all(Plan::Pass);
        self.sqlserver.strike_all(Plan::Pass);
        self.http.strike_all(Plan::Pass);
    }

    /// What is open now.
    pub async fn leftovers(&self) -> Leftovers {
        let metrics = self.host.admin("/metrics").await.text;
        let value = |name: &str| {
            let line = metrics
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap_or_else(|| panic!("no {name} in {metrics}"));
            line.rsplit(' ')
                .next()
                .and_then(|value| value.parse::<f64>().ok())
                .unwrap()
        };
        let status = match &*self.backends.lock().await {
            Some(backends) => {
                let answer = self
                    .client
                    .get(format!("http://{}/status", backends.control))
                    .send()
                    .await
                    .unwrap();
                serde_json::from_str(&answer.text().await.unwrap()).unwrap()
            }
            None => Value::Null,
        };
        let count = |backend: &str, name: &str| status[backend][name].as_i64().unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "a number of connections")]
        let pooled = value("mayfly_pool_size{backend=\"school\"}") as i64;
        Leftovers {
            host: IN_USE.iter().map(|name| (*name, value(name))).collect(),
            servers: [
                count("sqlserver", "running"),
                count("sqlserver", "openTransactions"),
                count("dynamodb", "inFlight"),
                count("http", "inFlight"),
            ],
            connections: [
                pooled,
                i64::try_from(self.sqlserver.open()).unwrap(),
                count("sqlserver", "connections"),
            ],
        }
    }
}

impl Leftovers {
    /// Whether nothing is open but the idle connections of the pool, which all sides count alike.
    pub fn none(&self, max_connections: i64) -> bool {
        let [pooled, carried, served] = self.connections;
        self.host.iter().all(|(_, value)| *value == 0.0)
            && self.servers == [0, 0, 0, 0]
            && (1..=max_connections).contains(&pooled)
            && (carried, served) == (pooled, pooled)
    }
}
