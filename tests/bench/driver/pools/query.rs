//! A query, asked by the bare driver and through the host's pool.

use std::net::SocketAddr;

use anyhow::ensure;
use mayfly_capabilities::Borrower;
use mayfly_capabilities::sql::{SqlServer, SqlSession};
use mayfly_runtime::imports::{RowBudget, RowsLeft};
use tiberius::numeric::Decimal;
use tiberius::time::chrono::NaiveDateTime;
use tiberius::{AuthMethod, EncryptionLevel, Query};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

pub(super) type Tds = tiberius::Client<Compat<TcpStream>>;

/// How many rows a query has.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    One,
    Twenty,
}

/// A connection of the bare driver.
pub(super) async fn connect(address: SocketAddr) -> anyhow::Result<Tds> {
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

/// Asks for assessments on a connection of the bare driver.
pub(super) async fn by_driver(client: &mut Tds, rows: Rows, student: usize) -> anyhow::Result<()> {
    let mut query = Query::new(rows.text());
    query.bind(rows.id(student));
    let answer = query.query(client).await?.into_first_result().await?;
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
    Ok(())
}

/// Asks for assessments through the host's pool.
pub(super) async fn by_pool(
    server: &SqlServer,
    rows: Rows,
    student: usize,
    max_answer_bytes: usize,
    deadline: Instant,
) -> anyhow::Result<()> {
    let rows_left = RowBudget::new(RowsLeft::new(u32::MAX), RowsLeft::new(u32::MAX));
    let session = SqlSession::new(server, Borrower::host(), max_answer_bytes, rows_left);
    let id = format!(r#"{{"id":"{}"}}"#, rows.id(student));
    let answer = session.query(rows.name(), &id, deadline).await?;
    let found = answer.matches(&format!(r#""id":"A-S{student}-"#)).count();
    ensure!(found == rows.count(), "{found} rows: {answer}");
    Ok(())
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
