//! ADO.NET connection strings, as the operator's other programs use them.
//!
//! Pairs `key=value` between `;`, keys in any case with or without spaces, values in single or double quotes where they hold a `;`,
//! a quote doubled for itself. Problems name keys of the list below and never anything else of the string: a password with an
//! unquoted `;` looks like a key.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::backends::Encryption;
use crate::secret::Secret;

/// What a connection string says; what it leaves out is none.
#[derive(Debug, Default)]
pub(crate) struct ConnectionString {
    /// `host:port`.
    pub address: Option<String>,
    pub database: Option<String>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub encryption: Option<Encryption>,
    pub ca_file: Option<String>,
    pub host_name_in_certificate: Option<String>,
    pub connect_timeout: Option<Duration>,
    pub max_connections: Option<u64>,
    pub min_connections: Option<u64>,
}

/// The port of SQL Server where the string names none.
const DEFAULT_PORT: u16 = 1433;

/// Names without spaces, in lower case, and the one that stands for all of their meaning.
const KEYS: [(&str, &str); 39] = [
    ("server", "Server"),
    ("datasource", "Server"),
    ("addr", "Server"),
    ("address", "Server"),
    ("networkaddress", "Server"),
    ("database", "Database"),
    ("initialcatalog", "Database"),
    ("userid", "User ID"),
    ("uid", "User ID"),
    ("user", "User ID"),
    ("username", "User ID"),
    ("password", "Password"),
    ("pwd", "Password"),
    ("encrypt", "Encrypt"),
    ("trustservercertificate", "TrustServerCertificate"),
    ("trustservercertificateca", "TrustServerCertificateCA"),
    ("hostnameincertificate", "HostNameInCertificate"),
    ("connecttimeout", "Connect Timeout"),
    ("connectiontimeout", "Connect Timeout"),
    ("timeout", "Connect Timeout"),
    ("maxpoolsize", "Max Pool Size"),
    ("minpoolsize", "Min Pool Size"),
    ("integratedsecurity", "Integrated Security"),
    ("trusted_connection", "Integrated Security"),
    ("pooling", "Pooling"),
    // What is the pool's own business or says nothing here.
    ("applicationname", ""),
    ("app", ""),
    ("workstationid", ""),
    ("wsid", ""),
    ("persistsecurityinfo", ""),
    ("multipleactiveresultsets", ""),
    ("packetsize", ""),
    ("enlist", ""),
    ("connectretrycount", ""),
    ("connectretryinterval", ""),
    ("typesystemversion", ""),
    ("loadbalancetimeout", ""),
    ("connectionlifetime", ""),
    ("asynchronousprocessing", ""),
];

impl ConnectionString {
    /// Reads a string, or tells everything that is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut values: BTreeMap<&'static str, String> = BTreeMap::new();
        for (number, (key, value)) in pairs(text)
            .map_err(|problem| vec![problem])?
            .into_iter()
            .enumerate()
        {
            let plain: String = key
                .chars()
                .filter(|c| !c.is_whitespace())
                .flat_map(char::to_lowercase)
                .collect();
            match KEYS.iter().find(|(name, _)| *name == plain) {
                None => problems.push(format!(
                    "key {} is none that is known here; remove it, or put the value before it in quotes if it holds a `;`",
                    number + 1
                )),
                Some((_, "")) => {}
                Some((_, name)) => {
                    if values.insert(name, value).is_some() {
                        problems.push(format!("`{name}` is given twice, perhaps under two names; keep one"));
                    }
                }
            }
        }
        let string = Self::read(&mut values, &mut problems);
        if problems.is_empty() {
            Ok(string)
        } else {
            Err(problems)
        }
    }

    fn read(values: &mut BTreeMap<&'static str, String>, problems: &mut Vec<String>) -> Self {
        let mut refuse = |key: &'static str, refused: bool, remedy: &str| {
            if values
                .remove(key)
                .is_some_and(|value| is_true(&value) == refused)
            {
                problems.push(format!("`{key}` {remedy}"));
            }
        };
        refuse(
            "TrustServerCertificate",
            true,
            "accepts any certificate; remove it, and name the server's CA in `ca_file`",
        );
        refuse(
            "Integrated Security",
            true,
            "is not known here; use `User ID` and `Password` of a SQL Server login",
        );
        refuse("Pooling", false, "cannot be off; remove it");
        let address = values.remove("Server").and_then(|server| {
            address(&server)
                .map_err(|problem| problems.push(problem))
                .ok()
        });
        let encryption = values.remove("Encrypt").and_then(|value| {
            match value.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "mandatory" => Some(Encryption::Required),
                "false" | "no" | "optional" => Some(Encryption::Off),
                _ => {
                    problems.push(
                        "`Encrypt` must be true or false; `strict` is not known here".to_owned(),
                    );
                    None
                }
            }
        });
        let mut number = |key: &'static str| {
            let value = values.remove(key)?;
            let number = value.trim().parse::<u64>().ok();
            if number.is_none() {
                problems.push(format!("`{key}` must be a whole number"));
            }
            number
        };
        let connect_timeout = number("Connect Timeout").map(Duration::from_secs);
        let (max_connections, min_connections) = (number("Max Pool Size"), number("Min Pool Size"));
        for key in ["Server", "Database", "User ID", "Password"] {
            let there = if key == "Server" {
                address.is_some() || !problems.is_empty()
            } else {
                values.contains_key(key)
            };
            if !there {
                problems.push(format!("lacks `{key}`; add it"));
            }
        }
        Self {
            address,
            database: values.remove("Database"),
            user: values.remove("User ID"),
            password: values.remove("Password").map(Secret::new),
            encryption,
            ca_file: values.remove("TrustServerCertificateCA"),
            host_name_in_certificate: values.remove("HostNameInCertificate"),
            connect_timeout,
            max_connections,
            min_connections,
        }
    }
}

fn is_true(value: &str) -> bool {
    ["true", "yes", "sspi"]
        .iter()
        .any(|word| value.trim().eq_ignore_ascii_case(word))
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
            port.trim()
                .parse()
                .map_err(|_| "`Server` has no port behind its `,`".to_owned())?,
        ),
        None => (server, DEFAULT_PORT),
    };
    if host.contains('\\') {
        return Err(
            "`Server` names an instance, whose port is not known here; write `Server=host,port`"
                .to_owned(),
        );
    }
    match host {
        "" => Err("`Server` names no host; write `Server=host,port`".to_owned()),
        "." | "(local)" => Ok(format!("localhost:{port}")),
        host if host.contains(':') && !host.starts_with('[') => {
            Err("`Server` names a protocol other than TCP; write `Server=host,port`".to_owned())
        }
        host => Ok(format!("{host}:{port}")),
    }
}

/// Keys and values.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
    while !rest.is_empty() {
        let number = pairs.len() + 1;
        let (key, after) = key(rest).ok_or_else(|| {
            format!("pair {number} has no `=`; put the value before it in quotes if it holds a `;`")
        })?;
        let after = after.trim_start();
        let (value, after) = match after.chars().next() {
            Some(quote @ ('\'' | '"')) => quoted(after, quote).ok_or_else(|| {
                format!("the value of pair {number} has a quote that never ends; close it")
            })?,
            // Some drivers take braces for quotes, others do not.
            Some('{') => {
                return Err(format!(
                    "the value of pair {number} begins with `{{`; put it in quotes"
                ));
            }
            _ => {
                let end = after.find(';').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim_end().to_owned(), after)
            }
        };
        let after = after.trim_start();
        if !after.is_empty() && !after.starts_with(';') {
            return Err(format!(
                "the value of pair {number} goes on after its quotes; put all of it in quotes"
            ));
        }
        pairs.push((key, value));
        rest = after.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
    }
    Ok(pairs)
}

/// The key, and what is behind its `=`. A doubled `=` is part of the key.
fn key(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            ';' => return None,
            '=' if characters.next_if(|(_, next)| *next == '=').is_none() => {
                return Some((key.trim().to_owned(), text.get(at + 1..)?));
            }
            character => key.push(character),
        }
    }
    None
}

/// The value in quotes, and what is behind them.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            value.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            value.push(quote);
        } else {
            return Some((value, text.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests;
