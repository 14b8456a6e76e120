//! Endpoints in this process, and clients for them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig,
};
use mayfly_embedded::{Counters, Embedded, Options, Switches};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// A connection as the host's pool has it.
pub type Sql = Client<Compat<TcpStream>>;

/// What a test waits for at most before it fails.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The seed of the sample application.
pub fn sample_seed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/apps/students/seed")
}

/// Endpoints with the sample's data.
pub async fn sample() -> Embedded {
    Embedded::start(Options {
        seed: Some(sample_seed()),
        ..Options::default()
    })
    .await
    .unwrap()
}

/// Endpoints with one database `Test` made by a script.
pub async fn with_script(script: &str) -> Embedded {
    let seed = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(seed.path().join("sqlserver")).unwrap();
    std::fs::write(seed.path().join("sqlserver/Test.sql"), script).unwrap();
    Embedded::start(Options {
        seed: Some(seed.path().to_owned()),
        ..Options::default()
    })
    .await
    .unwrap()
}

/// The settings of a client.
pub fn config(embedded: &Embedded, user: &str, password: &str, database: &str) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(embedded.addresses().sqlserver.port());
    config.authentication(AuthMethod::sql_server(user, password));
    config.database(database);
    config.encryption(EncryptionLevel::NotSupported);
    config
}

/// Connects with these settings.
pub async fn try_connect(config: Config) -> tiberius::Result<Sql> {
    let stream = TcpStream::connect(config.get_addr()).await?;
    stream.set_nodelay(true)?;
    Client::connect(config, stream.compat_write()).await
}

/// Connects to the only database.
pub async fn connect(embedded: &Embedded) -> Sql {
    try_connect(config(embedded, "mayfly", "mayfly", ""))
        .await
        .unwrap()
}

/// Runs a batch to its end.
pub async fn run(client: &mut Sql, sql: &str) -> tiberius::Result<Vec<Vec<tiberius::Row>>> {
    client.simple_query(sql).await?.into_results().await
}

/// Sets switches as a test's JSON has them, through the same reading as the control endpoint.
pub fn set_faults(embedded: &Embedded, switches: serde_json::Value) {
    let switches: Switches = serde_json::from_value(switches).unwrap();
    embedded.faults().set(switches);
}

/// Waits until the counters are as a test wants them.
pub async fn until(embedded: &Embedded, wanted: impl Fn(&Counters) -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !wanted(&embedded.status().get()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited
        .await
        .unwrap_or_else(|_| panic!("the counters stayed at {:#?}", embedded.status().get()));
}

/// The number and text of a server error.
pub fn server_error<T: std::fmt::Debug>(result: tiberius::Result<T>) -> (u32, String) {
    match result {
        Err(tiberius::error::Error::Server(error)) => (error.code(), error.message().to_owned()),
        other => panic!("expected an error of the server, got {other:?}"),
    }
}

/// A DynamoDB client that tries each request once and gives up after a few seconds.
pub fn dynamodb(embedded: &Embedded) -> aws_sdk_dynamodb::Client {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(Duration::from_secs(5))
        .build();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", embedded.addresses().dynamodb))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}
