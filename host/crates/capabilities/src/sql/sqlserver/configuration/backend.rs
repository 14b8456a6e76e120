//! `[sqlserver.NAME]`: what a pool connects to, and how hard.

use std::path::PathBuf;
use std::time::Duration;

use mayfly_config::reader::{Given, Key, Table, count, millis};
use mayfly_config::{Endpoint, Secret};

use super::client::{ApplicationIntent, Encryption};
use super::connection_string::ConnectionString;

/// `[sqlserver.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The name guests and statements use.
    pub name: String,
    /// The line of the file it begins in, from 1.
    pub line: usize,
    /// `address`, or from `connection_string`.
    pub address: Endpoint,
    /// `database`, or from `connection_string`.
    pub database: String,
    /// `user`, or from `connection_string`.
    pub user: String,
    /// `password`, or from `connection_string`.
    pub password: Secret,
    /// `encryption`, or from `connection_string`.
    pub encryption: Encryption,
    /// `ca_file`. Read when the app is loaded.
    pub ca_file: Option<PathBuf>,
    /// `host_name_in_certificate`; none where it is the host of `address`.
    pub host_name_in_certificate: Option<String>,
    pub application_name: String,
    pub application_intent: ApplicationIntent,
    pub max_connections: usize,
    pub min_connections: usize,
    pub connect_timeout: Duration,
    pub max_age: Duration,
    pub max_idle: Duration,
    pub check_after: Duration,
    pub max_uses: u64,
    pub wait_timeout: Duration,
    pub recycle_timeout: Duration,
    pub session_procedures: Vec<String>,
    /// `max_value`.
    pub max_value_bytes: usize,
}

const UNLESS_STRING: &str = "`connection_string` sets it";
const UNLESS_STRING_OR_EMBEDDED: &str = "`connection_string` sets it or `address` is `embedded`";
const CONNECTION_STRING: Key<'_> = Key::new(
    "connection_string",
    "An ADO.NET connection string, in place of `address`, `database`, `user`, `password` and `encryption`. Nothing may be set both here and \
     in it.",
);
const ADDRESS: Key<'_> = Key::new("address", "`embedded`, or `host:port`.")
    .or("required, unless `connection_string` sets it");
const DATABASE: Key<'_> = Key::new("database", "The database.").unless(UNLESS_STRING);
const USER: Key<'_> =
    Key::new("user", "The user, for SQL Server authentication.").unless(UNLESS_STRING_OR_EMBEDDED);
const PASSWORD: Key<'_> = Key::new("password", "The user's password.")
    .or("required, unless `connection_string` sets it or `address` is `embedded`");
const ENCRYPTION: Key<'_> = Key::new(
    "encryption",
    "`required`: TLS for everything, or no connection. `off`: none.",
)
.or("required; off where `address` is `embedded`");
const CA_FILE: Key<'_> = Key::new(
    "ca_file",
    "A PEM file with certificates of CAs, trusted besides those that the system trusts. Relative to the app.",
);
const HOST_NAME: Key<'_> = Key::new(
    "host_name_in_certificate",
    "The name the server's certificate must have.",
)
.or("the host of `address`");
const APPLICATION_NAME: Key<'_> = Key::new(
    "application_name",
    "What the server's views show of the connections; at most 128 characters.",
)
.or("mayfly");
const APPLICATION_INTENT: Key<'_> = Key::new(
    "application_intent",
    "What the connections are for: an availability group may send readers to a secondary.",
)
.or("read-write");
const MAX_CONNECTIONS: Key<'_> = Key::new(
    "max_connections",
    "Connections of this host to the server, those being closed included.",
);
const MIN_CONNECTIONS: Key<'_> = Key::new("min_connections", "Connections that are kept ready.");
const CONNECT_TIMEOUT: Key<'_> = Key::new(
    "connect_timeout",
    "The time for TCP, TLS and login together.",
);
const MAX_AGE: Key<'_> = Key::new("max_age", "A connection older than this is replaced.");
const MAX_IDLE: Key<'_> = Key::new("max_idle", "A connection unused for this long is closed.");
const CHECK_AFTER: Key<'_> = Key::new(
    "check_after",
    "A connection unused for this long is checked in the background.",
);
const MAX_USES: Key<'_> = Key::new("max_uses", "A connection lent this often is replaced.");
const WAIT_TIMEOUT: Key<'_> = Key::new(
    "wait_timeout",
    "How long a call waits for a connection; its deadline may be sooner.",
);
const RECYCLE_TIMEOUT: Key<'_> = Key::new(
    "recycle_timeout",
    "The time for rolling back what a call left open; a connection that takes longer is closed.",
);
const SESSION_PROCEDURES: Key<'_> = Key::new(
    "session_procedures",
    "Stored procedures that alter the session (settings, locks, context). A connection on which a statement calls one of them is closed \
     after use, as after `SET` or `USE` in a text.",
);
const MAX_VALUE: Key<'_> = Key::new(
    "max_value",
    "The largest single value a row may hold; longer ones fail the call.",
);

impl Backend {
    /// Reads its table.
    pub fn read(root: &std::path::Path, name: String, mut table: Table<'_>) -> Self {
        let line = table.line();
        let string = connection_string(&mut table);
        let connection = match &string {
            Some(string) => Connection::from_string(&mut table, string),
            None => Connection::read(&mut table),
        };
        let string = string.unwrap_or_default();
        let hour = Duration::from_secs(3_600);
        let (max, min) = (
            string.max_connections.unwrap_or(8),
            string.min_connections.unwrap_or(1),
        );
        let connect_timeout = string.connect_timeout.unwrap_or(Duration::from_secs(5));
        let max_age = string.max_age.unwrap_or(hour);
        let config = Self {
            database: connection.database,
            ca_file: table
                .text(CA_FILE)
                .or(string.ca_file)
                .map(|path| root.join(path)),
            host_name_in_certificate: table.text(HOST_NAME).or(string.host_name_in_certificate),
            application_name: application_name(&mut table, string.application_name),
            application_intent: intent(&mut table)
                .or(string.application_intent)
                .unwrap_or(ApplicationIntent::ReadWrite),
            max_connections: count(table.number(MAX_CONNECTIONS, max, 1..=1_000)),
            min_connections: count(table.number(MIN_CONNECTIONS, min, 0..=1_000)),
            connect_timeout: table.time(
                CONNECT_TIMEOUT,
                connect_timeout,
                millis(10)..=Duration::from_secs(120),
            ),
            max_age: table.time(MAX_AGE, max_age, Duration::from_secs(1)..=hour * 24),
            // Below what networks commonly forget: Azure's load balancers do after four minutes.
            max_idle: table.time(MAX_IDLE, hour / 20, Duration::from_secs(1)..=hour * 24),
            check_after: table.time(
                CHECK_AFTER,
                Duration::from_secs(30),
                Duration::from_secs(1)..=hour * 24,
            ),
            max_uses: table.number(MAX_USES, 1_000_000, 1..=u64::MAX >> 1),
            wait_timeout: table.time(
                WAIT_TIMEOUT,
                Duration::from_secs(5),
                millis(1)..=Duration::from_secs(300),
            ),
            recycle_timeout: table.time(
                RECYCLE_TIMEOUT,
                Duration::from_secs(2),
                millis(10)..=Duration::from_secs(60),
            ),
            session_procedures: table
                .texts(SESSION_PROCEDURES)
                .into_iter()
                .map(|(_, name)| name)
                .collect(),
            max_value_bytes: count(table.size(MAX_VALUE, 1 << 20, 1_024..=1 << 30)),
            name,
            line,
            address: connection.address,
            user: connection.user,
            password: connection.password,
            encryption: connection.encryption,
        };
        if config.encryption == Encryption::Off
            && (config.ca_file.is_some() || config.host_name_in_certificate.is_some())
        {
            table.problem(format!(
                "`{}` checks a certificate with encryption off; require encryption, or remove the check",
                table.path
            ));
        }
        if config.min_connections > config.max_connections {
            table.problem(format!(
                "`{}` has min_connections above max_connections; lower it",
                table.path
            ));
        }
        table.finish();
        config
    }
}

/// Where and as whom to connect.
struct Connection {
    address: Endpoint,
    database: String,
    user: String,
    password: Secret,
    encryption: Encryption,
}

impl Connection {
    fn read(table: &mut Table<'_>) -> Self {
        let address = sql_address(table);
        let embedded = address == Endpoint::Embedded;
        let user = if embedded {
            table.text(USER).unwrap_or_default()
        } else {
            table.required(USER, "\"mayfly\"")
        };
        let password = password(table, embedded);
        let encryption = encryption(table, embedded);
        Self {
            address,
            database: table.required(DATABASE, "\"School\""),
            user,
            password,
            encryption,
        }
    }

    /// What the string says; nothing may be said twice.
    fn from_string(table: &mut Table<'_>, string: &ConnectionString) -> Self {
        let own = ["address", "database", "user", "password", "encryption"];
        let also = [
            ("ca_file", string.ca_file.is_some()),
            (
                "host_name_in_certificate",
                string.host_name_in_certificate.is_some(),
            ),
            ("connect_timeout", string.connect_timeout.is_some()),
            ("max_age", string.max_age.is_some()),
            ("max_connections", string.max_connections.is_some()),
            ("min_connections", string.min_connections.is_some()),
            ("application_name", string.application_name.is_some()),
            ("application_intent", string.application_intent.is_some()),
        ];
        for key in own.into_iter().chain(
            also.into_iter()
                .filter_map(|(key, said)| said.then_some(key)),
        ) {
            if table.has(key) {
                table.problem(format!(
                    "`{}` is already set by its connection string; keep one of the two",
                    table.key(key)
                ));
            }
        }
        for key in own {
            table.ignore(key);
        }
        Self {
            address: string
                .address
                .clone()
                .map_or(Endpoint::Vendor, Endpoint::At),
            database: string.database.clone().unwrap_or_default(),
            user: string.user.clone().unwrap_or_default(),
            password: string.password.clone().unwrap_or_default(),
            encryption: string.encryption.unwrap_or(Encryption::Required),
        }
    }
}

/// `connection_string`; problems are reported here, and then nothing is missed elsewhere.
fn connection_string(table: &mut Table<'_>) -> Option<ConnectionString> {
    let text = match table.secret(CONNECTION_STRING) {
        Given::Nothing => return None,
        Given::Unknown => return Some(ConnectionString::default()),
        Given::Text(text) => text,
    };
    let string = ConnectionString::parse(&text).unwrap_or_else(|problems| {
        let key = table.key("connection_string");
        for problem in problems {
            table.problem(format!("`{key}`: {problem}"));
        }
        ConnectionString::default()
    });
    Some(string)
}

fn sql_address(table: &mut Table<'_>) -> Endpoint {
    let missing = (!table.has("address")).then(|| (table.at, String::new()));
    let Some((at, text)) = table.text_at(ADDRESS).or(missing) else {
        // The problem was reported.
        return Endpoint::At(String::new());
    };
    if text == "embedded" {
        return Endpoint::Embedded;
    }
    let port = text
        .rsplit_once(':')
        .and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>().ok())?);
    if port.is_none() {
        let key = table.key("address");
        table.problem_at(
            at,
            format!("`{key}` must be \"embedded\" or \"host:port\", such as \"db.internal:1433\""),
        );
    }
    Endpoint::At(text)
}

fn password(table: &mut Table<'_>, embedded: bool) -> Secret {
    match table.secret(PASSWORD) {
        Given::Text(password) => Secret::new(password),
        Given::Unknown => Secret::default(),
        Given::Nothing => {
            if !embedded {
                table.problem(format!(
                    "`{}` lacks `password`; add password = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}",
                    table.path
                ));
            }
            Secret::default()
        }
    }
}

fn encryption(table: &mut Table<'_>, embedded: bool) -> Encryption {
    let default = if embedded && !table.has("encryption") {
        Encryption::Off
    } else {
        Encryption::Required
    };
    let words = [("required", Encryption::Required), ("off", Encryption::Off)];
    table.word(ENCRYPTION, &words).unwrap_or(default)
}

/// Characters of an application's name that SQL Server takes.
const APPLICATION_NAME_CHARACTERS: usize = 128;

fn application_name(table: &mut Table<'_>, said: Option<String>) -> String {
    let name = table.text(APPLICATION_NAME).or(said);
    let name = name.unwrap_or_else(|| "mayfly".to_owned());
    if name.encode_utf16().count() > APPLICATION_NAME_CHARACTERS {
        let key = table.key("application_name");
        table.problem(format!(
            "`{key}` is longer than the {APPLICATION_NAME_CHARACTERS} characters that SQL Server takes; shorten it"
        ));
    }
    name
}

fn intent(table: &mut Table<'_>) -> Option<ApplicationIntent> {
    let words = [
        ("read-write", ApplicationIntent::ReadWrite),
        ("read-only", ApplicationIntent::ReadOnly),
    ];
    table.word(APPLICATION_INTENT, &words)
}
