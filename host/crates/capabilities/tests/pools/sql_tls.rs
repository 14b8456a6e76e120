//! Encryption and login: a server with a certificate of a CA for tests, over TLS in TDS packets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mayfly_capabilities::sql::SqlServer;
use mayfly_capabilities::sql::configuration::Encryption;
use mayfly_config::{Endpoint, Secret};
use mayfly_embedded::{SqlServerFaults, Stall};
use mayfly_error::CallCode;

use crate::backends::{
    Backends, PATIENCE, closed, code, eventually, session, soon, sqlserver_config, within,
};

const ONE: &str = r#"{"n": 1}"#;

/// A server with a certificate.
struct Encrypted {
    backends: Backends,
}

/// A file beside the tests: `ca.pem` signed the others until the year 2126, `other-ca.pem` none. The keys of both are lost.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pools/certificates")
        .join(name)
}

impl Encrypted {
    /// Starts a server with the certificate of a host.
    async fn start(host: &str) -> Self {
        let backends = Backends::start_with(|options| {
            options.sqlserver_certificate = Some(file(&format!("{host}.pem")));
            options.sqlserver_key = Some(file(&format!("{host}.key")));
        });
        Self {
            backends: backends.await,
        }
    }

    /// A pool that connects to `localhost`, encrypted, and trusts the server's CA.
    fn pool(
        &self,
        change: impl FnOnce(&mut mayfly_capabilities::sql::configuration::Backend),
    ) -> SqlServer {
        self.backends.sqlserver(|config| {
            config.address = Endpoint::At(format!(
                "localhost:{}",
                self.backends.embedded.addresses().sqlserver.port()
            ));
            config.encryption = Encryption::Required;
            config.ca_file = Some(file("ca.pem"));
            change(config);
        })
    }

    /// What an operator is told of a pool that cannot connect.
    async fn refusal(
        &self,
        change: impl FnOnce(&mut mayfly_capabilities::sql::configuration::Backend),
    ) -> String {
        let error = self.pool(change).check(soon()).await.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable);
        assert_eq!(
            error.message, "backend `school`: backend `school` cannot be reached",
            "clients learn no more"
        );
        let port = self
            .backends
            .embedded
            .addresses()
            .sqlserver
            .port()
            .to_string();
        error.detail.replace(&port, "PORT")
    }
}

#[tokio::test]
async fn statements_transactions_and_streams_run_over_tls_on_one_connection() {
    let server = Encrypted::start("localhost").await;
    let pool = server.pool(|_| ());
    let session = session(&pool);
    assert_eq!(
        session.query("number", ONE, soon()).await.unwrap(),
        r#"[{"n":1}]"#
    );
    let all = session.query("numbers", "", soon()).await.unwrap();
    assert!(all.ends_with(r#"{"n":5000,"text":"row 5000"}]"#));
    let transaction = session.begin();
    transaction
        .execute("add", r#"{"amount": 1}"#, soon())
        .await
        .unwrap();
    transaction.rollback(soon()).await.unwrap();
    let stream = session.stream_rows("numbers", "");
    while stream.next(1000, soon()).await.unwrap() != "[]" {}
    assert_eq!(
        session
            .query("balance", r#"{"id": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"amount":100}]"#
    );
    let counters = server.backends.sql_counters();
    assert_eq!(
        (counters.logins, counters.attentions, pool.status().size),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn a_call_that_is_cut_off_over_tls_stops_the_server_and_its_connection_is_closed() {
    let server = Encrypted::start("localhost").await;
    let pool = server.pool(|config| config.max_connections = 1);
    pool.check(soon()).await.unwrap();
    let stall = Stall {
        times: Some(1),
        matching: Some("Numbers".to_owned()),
    };
    server.backends.sql_faults(SqlServerFaults {
        stall: Some(stall),
        ..Default::default()
    });
    assert_eq!(
        code(session(&pool).query("number", ONE, within(3_000)).await),
        CallCode::Deadline
    );
    assert_eq!(
        session(&pool).query("number", ONE, soon()).await.unwrap(),
        r#"[{"n":1}]"#
    );
    eventually("it is closed", || closed(&pool, "cut_off") == 1).await;
    assert_eq!(
        (
            server.backends.sql_counters().attentions,
            server.backends.sql_counters().logins
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn a_connection_that_a_server_closed_is_noticed_over_tls_too() {
    let server = Encrypted::start("localhost").await;
    let pool = server.pool(|_| ());
    pool.check(soon()).await.unwrap();
    server.backends.sql_faults(SqlServerFaults {
        refuse: true,
        ..Default::default()
    });
    eventually("the session is gone", || {
        server.backends.sql_counters().connections == 0
    })
    .await;
    server.backends.lift();
    let recovered = async {
        while pool.check(soon()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, recovered)
        .await
        .expect("it never recovered");
    assert_eq!(
        (closed(&pool, "closed_by_server"), closed(&pool, "broken")),
        (1, 0)
    );
}

#[tokio::test]
async fn a_server_whose_ca_is_not_trusted_is_refused() {
    let server = Encrypted::start("localhost").await;
    let expected = "cannot log in to localhost:PORT: the server's certificate is not signed by a trusted CA; name a PEM file with \
                    its CA in `sqlserver.school.ca_file`";
    for ca_file in [None, Some(file("other-ca.pem"))] {
        let said = server.refusal(|config| config.ca_file = ca_file).await;
        assert!(said.ends_with(expected), "{said}");
    }
    assert_eq!(
        (
            server.backends.sql_counters().logins,
            server.backends.sql_counters().failed_logins
        ),
        (0, 0),
        "no password was sent"
    );
}

#[tokio::test]
async fn a_server_with_the_certificate_of_another_host_is_refused_unless_that_name_is_expected() {
    let server = Encrypted::start("sql.example").await;
    let said = server.refusal(|_| ()).await;
    let expected = "cannot log in to localhost:PORT: the server's certificate is for another host; connect by a name that it has, or \
                    write that in `sqlserver.school.host_name_in_certificate`";
    assert!(said.contains(expected), "{said}");
    let pool =
        server.pool(|config| config.host_name_in_certificate = Some("sql.example".to_owned()));
    pool.check(soon()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_or_database_is_told_without_the_password() {
    let server = Encrypted::start("localhost").await;
    let said = server
        .refusal(|config| config.password = Secret::new("hunter2".to_owned()))
        .await;
    assert!(said.contains("Login failed for user 'mayfly'."), "{said}");
    assert!(
        said.ends_with("correct the user or the password of `sqlserver.school`"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(server.backends.sql_counters().failed_logins, 1);
    let said = server
        .refusal(|config| config.database = "Schol".to_owned())
        .await;
    assert!(
        said.contains("correct the database of `sqlserver.school`, or let its user open it"),
        "{said}"
    );
}

#[tokio::test]
async fn encryption_is_all_or_nothing() {
    let server = Encrypted::start("localhost").await;
    let said = server
        .refusal(|config| config.encryption = Encryption::Off)
        .await;
    assert_eq!(
        said,
        "cannot log in to localhost:PORT: the server demands encryption; set `sqlserver.school.encryption` to \"required\", \
         and name the CA of its certificate in `sqlserver.school.ca_file` unless the system trusts it already"
    );
    let plain = Backends::start().await;
    let pool = plain.sqlserver(|config| config.encryption = Encryption::Required);
    let error = pool.check(soon()).await.unwrap_err();
    assert!(
        error.detail.contains("`sqlserver.school.encryption`"),
        "{}",
        error.detail
    );
    assert_eq!(
        (
            plain.sql_counters().logins,
            plain.sql_counters().failed_logins
        ),
        (0, 0),
        "no password was sent"
    );
}

#[tokio::test]
async fn a_file_of_cas_that_is_none_is_a_problem_before_anything_is_opened() {
    let files = tempfile::tempdir().unwrap();
    let problem = |file: PathBuf| {
        let mut config = sqlserver_config();
        (config.encryption, config.ca_file) = (Encryption::Required, Some(file));
        SqlServer::new(&config, Some(([127, 0, 0, 1], 1).into()), &[])
            .unwrap_err()
            .remove(0)
            .to_string()
    };
    let missing = files.path().join("missing.pem");
    assert_eq!(
        problem(missing.clone()),
        format!(
            "sqlserver.school: ca_file {} cannot be read: No such file or directory (os error 2); correct `ca_file`",
            missing.display()
        )
    );
    let empty = files.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    assert_eq!(
        problem(empty.clone()),
        format!(
            "sqlserver.school: ca_file {} contains no PEM certificate; correct `ca_file`",
            empty.display()
        )
    );
}
