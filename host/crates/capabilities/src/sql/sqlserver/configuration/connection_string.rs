//! ADO.NET connection strings, as the operator's other programs use them.
//!
//! Pairs `key=value` between `;`, keys in any case with or without spaces, values in single or double quotes where they hold a `;`,
//! a quote doubled for itself. Problems name keys of a list and never anything else of the string: a password with an unquoted `;`
//! looks like a key.

mod keys;
mod pairs;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use mayfly_config::Secret;

use super::client::{ApplicationIntent, Encryption};
use keys::{Key, Meaning};
use pairs::pairs;

/// What a connection string says; what it leaves out is none.
#[derive(Debug, Default)]
pub(super) struct ConnectionString {
    /// `host:port`.
    pub address: Option<String>,
    pub database: Option<String>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub encryption: Option<Encryption>,
    pub ca_file: Option<String>,
    pub host_name_in_certificate: Option<String>,
    pub connect_timeout: Option<Duration>,
    pub max_age: Option<Duration>,
    pub max_connections: Option<u64>,
    pub min_connections: Option<u64>,
    pub application_name: Option<String>,
    pub application_intent: Option<ApplicationIntent>,
}

/// The port of SQL Server where the string names none.
const DEFAULT_PORT: u16 = 1433;

impl ConnectionString {
    /// Reads a string, or tells everything that is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut values = Values::default();
        for (number, (written, value)) in (1..).zip(pairs(text).map_err(|problem| vec![problem])?) {
            let Some(key) = Key::named(&written) else {
                problems.push(format!(
                    "key {number} is unknown; remove it, or put the value before it in quotes if it holds a `;`"
                ));
                continue;
            };
            problems.extend(key.problem(&value));
            let is_used = matches!(key.meaning, Meaning::Used);
            if is_used && values.0.insert(key.name, value).is_some() {
                problems.push(format!(
                    "`{}` is given twice, perhaps under two names; keep one",
                    key.name
                ));
            }
        }
        let string = values.read(&mut problems);
        if problems.is_empty() {
            Ok(string)
        } else {
            Err(problems)
        }
    }
}

/// The values of the keys that are used.
#[derive(Default)]
struct Values(BTreeMap<&'static str, String>);

impl Values {
    fn read(mut self, problems: &mut Vec<String>) -> ConnectionString {
        let named = self.0.contains_key("Server");
        let address = self.parsed("Server", problems, address);
        let encryption = self.word("Encrypt", problems, |word| match word {
            "true" | "yes" | "mandatory" => Ok(Encryption::Required),
            "false" | "no" | "optional" => Ok(Encryption::Off),
            _ => Err("must be true or false; `strict` is not supported"),
        });
        let application_intent = self.word("ApplicationIntent", problems, |word| match word {
            "readonly" => Ok(ApplicationIntent::ReadOnly),
            "readwrite" => Ok(ApplicationIntent::ReadWrite),
            _ => Err("must be ReadOnly or ReadWrite"),
        });
        let seconds = self.number("Connect Timeout", problems, 1..=120);
        let lifetime = self.number("Connection Lifetime", problems, 0..=86_400);
        let max_connections = self.number("Max Pool Size", problems, 1..=1_000);
        let min_connections = self.number("Min Pool Size", problems, 0..=1_000);
        for key in ["Database", "User ID", "Password"] {
            if !self.0.contains_key(key) {
                problems.push(lacks(key));
            }
        }
        if !named {
            problems.push(lacks("Server"));
        }
        ConnectionString {
            address,
            database: self.0.remove("Database"),
            user: self.0.remove("User ID"),
            password: self.0.remove("Password").map(Secret::new),
            encryption,
            ca_file: self.0.remove("TrustServerCertificateCA"),
            host_name_in_certificate: self.0.remove("HostNameInCertificate"),
            connect_timeout: seconds.map(Duration::from_secs),
            // ADO.NET writes 0 for no limit of its own.
            max_age: lifetime
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs),
            max_connections,
            min_connections,
            application_name: self.0.remove("Application Name"),
            application_intent,
        }
    }

    /// The value of a key as `parse` reads it; problems are reported.
    fn parsed<T>(
        &mut self,
        key: &str,
        problems: &mut Vec<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.0.remove(key)?;
        parse(value.trim())
            .map_err(|problem| problems.push(format!("`{key}` {problem}")))
            .ok()
    }

    /// A word in any case.
    fn word<T>(
        &mut self,
        key: &str,
        problems: &mut Vec<String>,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        self.parsed(key, problems, |value| {
            parse(&value.to_ascii_lowercase()).map_err(str::to_owned)
        })
    }

    fn number(
        &mut self,
        key: &str,
        problems: &mut Vec<String>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        self.parsed(key, problems, |value| {
            let number = value.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| {
                format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                )
            })
        })
    }
}

fn lacks(key: &str) -> String {
    format!("lacks `{key}`; add it")
}

/// `[tcp:]host[,port]` as `host:port`.
fn address(server: &str) -> Result<String, String> {
    let server = server.trim();
    let server = server
        .strip_prefix("tcp:")
        .or_else(|| server.strip_prefix("TCP:"))
        .unwrap_or(server);
    let (host, port) = match server.split_once(',') {
        Some((host, port)) => (
            host.trim(),
            port.trim().parse().map_err(|_| {
                "has no valid port after its comma; write `Server=host,port`".to_owned()
            })?,
        ),
        None => (server, DEFAULT_PORT),
    };
    if host.contains('\\') {
        return Err(
            "names an instance, which is not supported; write `Server=host,port`".to_owned(),
        );
    }
    match host {
        "" => Err("names no host; write `Server=host,port`".to_owned()),
        "." | "(local)" => Ok(format!("localhost:{port}")),
        host if host.contains(':') && !host.starts_with('[') => {
            Err("names a protocol other than TCP; write `Server=host,port`".to_owned())
        }
        host => Ok(format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests;
