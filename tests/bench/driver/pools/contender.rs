//! The bare drivers, as a careful user would use them, and the host's pools, asking for the same.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use mayfly_capabilities::dynamodb::configuration as dynamodb;
use mayfly_capabilities::dynamodb::{Chain, DynamoDb, ReadOptions};
use mayfly_capabilities::sql::SqlServer;
use mayfly_capabilities::sql::configuration as sql;
use mayfly_config::Config;
use mayfly_runtime::capability;
use tokio::task::JoinSet;

use super::Backends;
use super::query::{self, Rows, Tds};
use super::service::{BareClient, PoolClient};

/// Calls under way, of all contenders but those whose gets may be joined: as many as the pool has connections.
const CALLS_AT_ONCE: usize = 8;
/// Gets under way where they may be joined.
pub(super) const GETS_AT_ONCE: usize = 64;
/// No call takes so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer is larger.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Students in the sample data.
const STUDENTS: usize = 1000;

/// The pools' configuration.
const CONFIG: &str = r#"
schema = "schema.graphql"

[modules.none]
component = "none.wasm"

[dynamodb]
endpoint = "embedded"
region = "us-east-1"

[http.enrolment]
base = "embedded"
max_connections = 8

[sqlserver.school]
address = "embedded"
database = "School"
user = "mayfly"
password = { env = "PASSWORD" }
max_connections = 8

[statements.one]
backend = "school"
text = "SELECT id, score, taken_at FROM Assessments WHERE id = @id"
access = "read"
parameters = { id = "nvarchar(64)" }
columns = { id = "nvarchar(64)", score = "decimal(5,2)", taken_at = "datetime2" }

[statements.twenty]
backend = "school"
text = "SELECT id, score, taken_at FROM Assessments WHERE student_id = @id ORDER BY id"
access = "read"
parameters = { id = "nvarchar(64)" }
columns = { id = "nvarchar(64)", score = "decimal(5,2)", taken_at = "datetime2" }
"#;

/// Someone to measure.
pub(super) struct Contender {
    pub(super) name: &'static str,
    /// The bare driver that a pool is compared with.
    pub(super) beside: Option<&'static str>,
    /// What its cost beside the bare driver's is held to.
    pub(super) target: Option<Target>,
    workers: Vec<Worker>,
    client: Option<DynamoDb>,
}

/// The most that a pool's CPU for a call may be.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// This much above the bare driver's.
    OwnMicros(f64),
    /// This many times the bare client's.
    Times(f64),
}

/// What a pool may cost by itself.
const OWN: Target = Target::OwnMicros(10.0);
/// What a call of a service may cost, which has more around it than its bare client: turns, circuit, attempts, the answer as JSON.
const SERVICE: Target = Target::Times(1.3);

/// Makes one call after the other.
enum Worker {
    BareGet(Client),
    PoolGet(DynamoDb),
    BareQuery(Box<Tds>, Rows),
    PoolQuery(SqlServer, Rows),
    BareService(Box<BareClient>),
    PoolService(PoolClient),
}

/// All contenders.
pub(super) async fn all(backends: &Backends) -> anyhow::Result<Vec<Contender>> {
    let (dynamodb_at, sqlserver_at) = (backends.dynamodb, backends.sqlserver);
    let config = Config::parse(
        Path::new("."),
        CONFIG,
        &capability::readers(mayfly_capabilities::ALL),
        &|_| Some("mayfly".to_owned()),
    )
    .map_err(anyhow::Error::msg)?;
    let settings = config.sections.get::<dynamodb::Section>();
    let mut settings = settings
        .context("the configuration names DynamoDB")?
        .clone();
    settings.coalesce = false;
    let apart = DynamoDb::connect(&settings, Some(dynamodb_at), Chain::Whole).await;
    settings.coalesce = true;
    let joined = DynamoDb::connect(&settings, Some(dynamodb_at), Chain::Whole).await;
    let section = config.sections.get::<sql::Section>();
    let section = section.context("the configuration names SQL Server")?;
    let school = section.backends.first().context("and a server")?;
    let problem =
        |problems: Vec<mayfly_capabilities::sql::StatementProblem>| anyhow::anyhow!("{problems:?}");
    let pool = SqlServer::new(school, Some(sqlserver_at), &section.statements).map_err(problem)?;
    let client = bare_client(dynamodb_at);
    let get = "aws-sdk-dynamodb, GetItem";
    let mut contenders = vec![
        Contender::bare(
            get,
            (0..CALLS_AT_ONCE).map(|_| Worker::BareGet(client.clone())),
        ),
        Contender::pool(
            "pool, get",
            get,
            Some(OWN),
            (0..CALLS_AT_ONCE).map(|_| Worker::PoolGet(apart.clone())),
        ),
    ];
    // Twenty rows cost their JSON too, which the bare driver does not write: that is reported, and not the pool's own cost.
    for (bare, pooled, target, rows) in [
        (
            "tiberius, 1 row",
            "pool, query of 1 row",
            Some(OWN),
            Rows::One,
        ),
        (
            "tiberius, 20 rows",
            "pool, query of 20 rows",
            None,
            Rows::Twenty,
        ),
    ] {
        let mut workers = Vec::new();
        for _ in 0..CALLS_AT_ONCE {
            workers.push(Worker::BareQuery(
                Box::new(query::connect(sqlserver_at).await?),
                rows,
            ));
        }
        contenders.push(Contender::bare(bare, workers));
        contenders.push(Contender::pool(
            pooled,
            bare,
            target,
            (0..CALLS_AT_ONCE).map(|_| Worker::PoolQuery(pool.clone(), rows)),
        ));
    }
    let bare = BareClient::new(backends.http);
    let pooled = PoolClient::all(&config, backends.http, CALLS_AT_ONCE, MAX_ANSWER_BYTES)?;
    let hyper = "hyper, GET of a service";
    contenders.push(Contender::bare(
        hyper,
        (0..CALLS_AT_ONCE).map(|_| Worker::BareService(Box::new(bare.clone()))),
    ));
    contenders.push(Contender::pool(
        "pool, GET of a service",
        hyper,
        Some(SERVICE),
        pooled.map(Worker::PoolService),
    ));
    for (name, client) in [
        ("64 gets at once, each alone", apart),
        ("64 gets at once, joined", joined),
    ] {
        let mut contender = Contender::bare(
            name,
            (0..GETS_AT_ONCE).map(|_| Worker::PoolGet(client.clone())),
        );
        contender.client = Some(client);
        contenders.push(contender);
    }
    Ok(contenders)
}

/// As the host makes its client, but for the retries.
fn bare_client(address: SocketAddr) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new(
            "embedded", "embedded", None, None, "bench",
        ));
    Client::from_conf(config.build())
}

impl Contender {
    /// Compared with nobody.
    fn bare(name: &'static str, workers: impl IntoIterator<Item = Worker>) -> Self {
        Self {
            name,
            beside: None,
            target: None,
            workers: workers.into_iter().collect(),
            client: None,
        }
    }

    fn pool(
        name: &'static str,
        beside: &'static str,
        target: Option<Target>,
        workers: impl IntoIterator<Item = Worker>,
    ) -> Self {
        Self {
            beside: Some(beside),
            target,
            ..Self::bare(name, workers)
        }
    }

    /// Requests sent to DynamoDB since the start, where they are counted.
    pub(super) fn requests(&self) -> Option<u64> {
        Some(
            self.client
                .as_ref()?
                .status()
                .requests
                .iter()
                .map(|(_, count)| count)
                .sum(),
        )
    }

    /// Every worker makes calls for some time; how long each took.
    pub(super) async fn load(&mut self, duration: Duration) -> anyhow::Result<Vec<Duration>> {
        let end = Instant::now() + duration;
        let mut running = JoinSet::new();
        for (index, mut worker) in self.workers.drain(..).enumerate() {
            running.spawn(async move {
                let mut latencies = Vec::new();
                // Another student each time, so that no two workers ask for the same.
                let mut student = index * 7;
                while Instant::now() < end {
                    student = student % STUDENTS + 1;
                    let began = Instant::now();
                    worker.call(student).await?;
                    latencies.push(began.elapsed());
                }
                Ok::<_, anyhow::Error>((worker, latencies))
            });
        }
        let mut all = Vec::new();
        while let Some(ended) = running.join_next().await {
            let (worker, latencies) = ended??;
            self.workers.push(worker);
            all.extend(latencies);
        }
        Ok(all)
    }
}

impl Worker {
    /// One call, and whether its answer is the one asked for.
    async fn call(&mut self, student: usize) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        match self {
            Self::BareGet(client) => {
                let request = client
                    .get_item()
                    .table_name("Students")
                    .key("PK", AttributeValue::S(format!("STUDENT#S{student}")))
                    .key("SK", AttributeValue::S("PROFILE".to_owned()));
                let answer = request.send().await?;
                let id = answer.item().and_then(|item| item.get("id")?.as_s().ok());
                ensure!(
                    id.is_some_and(|id| *id == format!("S{student}")),
                    "another student: {id:?}"
                );
            }
            Self::PoolGet(client) => {
                let key = format!(r#"{{"PK":"STUDENT#S{student}","SK":"PROFILE"}}"#);
                let item = client
                    .get("Students", &key, &ReadOptions::default(), deadline)
                    .await?;
                ensure!(
                    item.contains(&format!(r#""id":"S{student}""#)),
                    "another student: {item}"
                );
            }
            Self::BareQuery(client, rows) => query::by_driver(client, *rows, student).await?,
            Self::PoolQuery(server, rows) => {
                query::by_pool(server, *rows, student, MAX_ANSWER_BYTES, deadline).await?;
            }
            Self::BareService(client) => client.get(student).await?,
            Self::PoolService(client) => client.get(student, deadline).await?,
        }
        Ok(())
    }
}
