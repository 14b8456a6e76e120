//! dynalite: DynamoDB by other people, in Node.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command as Blocking, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use futures_util::future::join_all;
use mayfly_capabilities::dynamodb::{Chain, DynamoDb, PutRequest};
use mayfly_config::Endpoint;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::backends::soon;

/// A running dynalite with the tables `Students` and `Readings` of the embedded endpoint, ended when dropped.
pub struct Dynalite {
    address: SocketAddr,
    _child: Child,
}

impl Dynalite {
    pub async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dynalite");
        install(&folder);
        let mut child = Command::new("node")
            .arg(folder.join("serve.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node is on the path");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line())
            .await
            .expect("it says its port");
        let port: u16 = line.unwrap().expect("a line").parse().unwrap();
        let dynalite = Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            _child: child,
        };
        dynalite.seed().await;
        dynalite
    }

    pub async fn dynamodb(&self) -> DynamoDb {
        let config = mayfly_capabilities::dynamodb::configuration::Section {
            answer_memory_bytes: 256 << 20,
            endpoint: Endpoint::Embedded,
            region: None,
            max_in_flight: 64,
            coalesce: true,
            timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(10),
            max_attempts: 3,
        };
        DynamoDb::connect(&config, Some(self.address), Chain::Whole).await
    }

    async fn seed(&self) {
        self.create("Students", &[("id", ScalarAttributeType::S)])
            .await;
        self.create(
            "Readings",
            &[
                ("pk", ScalarAttributeType::S),
                ("sk", ScalarAttributeType::N),
            ],
        )
        .await;
        let students = (1..=300).map(|i| {
            (
                "Students",
                format!(r#"{{"id":"s{i}","grade":{i},"name":"n{i}"}}"#),
            )
        });
        let readings = (1..=10).map(|i| {
            (
                "Readings",
                format!(r#"{{"pk":"a","sk":{i},"v":{}}}"#, i * i),
            )
        });
        let dynamodb = &self.dynamodb().await;
        let puts = students.chain(readings).map(|(table, item)| async move {
            let request = PutRequest {
                table: table.to_owned(),
                item,
                condition: None,
            };
            dynamodb.put(&request, soon()).await.unwrap()
        });
        join_all(puts).await;
    }

    async fn create(&self, table: &str, key: &[(&str, ScalarAttributeType)]) {
        let settings = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        let mut request = aws_sdk_dynamodb::Client::from_conf(settings)
            .create_table()
            .table_name(table);
        for ((name, kind), role) in key.iter().zip([KeyType::Hash, KeyType::Range]) {
            let attribute = AttributeDefinition::builder()
                .attribute_name(*name)
                .attribute_type(kind.clone())
                .build()
                .unwrap();
            let element = KeySchemaElement::builder()
                .attribute_name(*name)
                .key_type(role)
                .build()
                .unwrap();
            request = request.attribute_definitions(attribute).key_schema(element);
        }
        request
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
    }
}

/// Installs the packages as the lock file says, unless they are there.
fn install(folder: &Path) {
    // Tests run at once, and npm would meet itself.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let written = |path: &str| {
        fs::metadata(folder.join(path))
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let installed = written("node_modules/.package-lock.json");
    if installed.is_some() && installed >= written("package-lock.json") {
        return;
    }
    let output = Blocking::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .output();
    let output = output.expect("npm, which comes with Node, is on the path");
    assert!(
        output.status.success(),
        "npm ci: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
