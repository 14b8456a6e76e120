//! What the process is told: arguments and two environment variables.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Settings of the endpoints.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Directory with the first data; left out: nothing in DynamoDB, one empty database `master`, no documents.
    #[arg(long, value_name = "DIR")]
    pub seed: Option<PathBuf>,
    /// Directory that keeps the data; seeded when it is new. Left out: the data is gone when the process ends.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where DynamoDB listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub dynamodb: SocketAddr,
    /// Where SQL Server listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub sqlserver: SocketAddr,
    /// Where services over HTTP listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub http: SocketAddr,
    /// Where fault switches and counters are; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub control: SocketAddr,
    /// PEM file with the certificate of SQL Server, its chain behind it. With it every connection is encrypted, without it none.
    #[arg(long, value_name = "FILE", requires = "sqlserver_key")]
    pub sqlserver_certificate: Option<PathBuf>,
    /// PEM file with the key of that certificate.
    #[arg(long, value_name = "FILE", requires = "sqlserver_certificate")]
    pub sqlserver_key: Option<PathBuf>,
    /// The user SQL Server lets in.
    #[arg(
        long,
        env = "MAYFLY_EMBEDDED_USER",
        default_value = "mayfly",
        hide = true
    )]
    pub user: String,
    /// Its password.
    #[arg(
        long,
        env = "MAYFLY_EMBEDDED_PASSWORD",
        default_value = "mayfly",
        hide = true,
        hide_env_values = true
    )]
    pub password: String,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            seed: None,
            data: None,
            dynamodb: free,
            sqlserver: free,
            http: free,
            control: free,
            sqlserver_certificate: None,
            sqlserver_key: None,
            user: "mayfly".into(),
            password: "mayfly".into(),
        }
    }
}

/// The endpoints have no security to speak of, so they listen where only this machine reaches them.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| {
        format!("`{text}` is not an address; write IP:PORT, for example 127.0.0.1:0")
    })?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!("`{text}` is not a loopback address; use 127.0.0.1"))
    }
}
