//! The bare drivers, as a careful user would use them, and the host's pools, asking for the same.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use mayfly_capabilities::Borrower;
use mayfly_capabilities::dynamodb::configuration as dynamodb;
use mayfly_capabilities::dynamodb::{Chain, DynamoDb, ReadOptions};
use mayfly_capabilities::sql::configuration as sql;
use mayfly_capabilities::sql::{SqlServer, SqlSession};
use mayfly_config::Config;
use mayfly_runtime::capability;
use mayfly_runtime::imports::{RowBudget, RowsLeft};
use tiberius::numeric::Decimal;
use tiberius::time::chrono::NaiveDateTime;
use tiberius::{AuthMethod, EncryptionLevel, Query};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

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

type Tds = tiberius::Client<Compat<TcpStream>>;

/// Someone to measure.
pub(super) struct Contender {
    pub(super) name: &'static str,
    /// The bare driver that a pool is compared with.
    pub(super) beside: Option<&'static str>,
    /// Whether its cost above the bare driver's is held to the target.
    pub(super) held: bool,
    workers: Vec<Worker>,
    client: Option<DynamoDb>,
}

/// Makes one call after the other.
enum Worker {
    BareGet(Client),
    PoolGet(DynamoDb),
    BareQuery(Box<Tds>, Rows),
    PoolQuery(SqlServer, Rows),
}

/// How many rows a query has.
#[derive(Clone, Copy)]
enum Rows {
    One,
    Twenty,
}

/// All contenders; each has answered rightly.
pub(super) async fn all(
    dynamodb_at: SocketAddr,
    sqlserver_at: SocketAddr,
) -> anyhow::Result<Vec<Contender>> {
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
    let (get, one, twenty) = (
        "aws-sdk-dynamodb, GetItem",
        "tiberius, 1 row",
        "tiberius, 20 rows",
    );
    let mut contenders = vec![
        contender(
            get,
            None,
            (0..CALLS_AT_ONCE).map(|_| Worker::BareGet(client.clone())),
        ),
        contender(
            "pool, get",
            Some(get),
            (0..CALLS_AT_ONCE).map(|_| Worker::PoolGet(apart.clone())),
        ),
    ];
    for (bare, pooled, rows) in [
        (one, "pool, query of 1 row", Rows::One),
        (twenty, "pool, query of 20 rows", Rows::Twenty),
    ] {
        let mut workers = Vec::new();
        for _ in 0..CALLS_AT_ONCE {
            workers.push(Worker::BareQuery(
                Box::new(bare_connection(sqlserver_at).await?),
                rows,
            ));
        }
        contenders.push(contender(bare, None, workers));
        contenders.push(contender(
            pooled,
            Some(bare),
            (0..CALLS_AT_ONCE).map(|_| Worker::PoolQuery(pool.clone(), rows)),
        ));
    }
    for (name, client) in [
        ("64 gets at once, each alone", apart),
        ("64 gets at once, joined", joined),
    ] {
        let mut contender = contender(
            name,
            None,
            (0..GETS_AT_ONCE).map(|_| Worker::PoolGet(client.clone())),
        );
        contender.client = Some(client);
        contenders.push(contender);
    }
    Ok(contenders)
}

fn contender(
    name: &'static str,
    beside: Option<&'static str>,
    workers: impl IntoIterator<Item = Worker>,
) -> Contender {
    // Twenty rows cost their JSON too, which the bare driver does not write: that is reported, and not the pool's own cost.
    let held = beside.is_some_and(|bare| !bare.contains("20"));
    Contender {
        name,
        beside,
        held,
        workers: workers.into_iter().collect(),
        client: None,
    }
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

async fn bare_connection(address: SocketAddr) -> anyhow::Result<Tds> {
    let mut config = tiberius::Config::new();
    config.host(address.ip());
    config.port(address.port());
    config.database("School");
    config.authentication(AuthMethod::sql_server("mayfly", "mayfly"));
    config.encryption(EncryptionLevel::NotSupported);
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    Ok(Tds::connect(config, socket.compat_write()).await?)
}

impl Contender {
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
            Self::BareQuery(client, rows) => {
                let mut query = Query::new(rows.text());
                query.bind(rows.id(student));
                let answer = query
                    .query(&mut **client)
                    .await?
                    .into_first_result()
                    .await?;
                ensure!(answer.len() == rows.count(), "{} rows", answer.len());
                // What is read has a use.
                for row in &answer {
                    let (id, score, at) = (
                        row.get::<&str, _>(0),
                        row.get::<Decimal, _>(1),
                        row.get::<NaiveDateTime, _>(2),
                    );
                    ensure!(
                        score.is_some()
                            && at.is_some()
                            && id.is_some_and(|id| id.starts_with(&format!("A-S{student}-")))
                    );
                }
            }
            Self::PoolQuery(server, rows) => {
                let rows_left = RowBudget::new(RowsLeft::new(u32::MAX), RowsLeft::new(u32::MAX));
                let session =
                    SqlSession::new(server, Borrower::host(), MAX_ANSWER_BYTES, rows_left);
                let answer = session
                    .query(
                        rows.name(),
                        &format!(r#"{{"id":"{}"}}"#, rows.id(student)),
                        deadline,
                    )
                    .await?;
                let found = answer.matches(&format!(r#""id":"A-S{student}-"#)).count();
                ensure!(found == rows.count(), "{found} rows: {answer}");
            }
        }
        Ok(())
    }
}

impl Rows {
    fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Twenty => 20,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Twenty => "twenty",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::One => "SELECT id, score, taken_at FROM Assessments WHERE id = @P1",
            Self::Twenty => {
                "SELECT id, score, taken_at FROM Assessments WHERE student_id = @P1 ORDER BY id"
            }
        }
    }

    /// Of the assessment, or of the student with twenty of them.
    fn id(self, student: usize) -> String {
        match self {
            Self::One => format!("A-S{student}-01"),
            Self::Twenty => format!("S{student}"),
        }
    }
}
