//! The keys of connection strings that drivers of SQL Server know, and what each means here.
//!
//! Those that are not supported are listed too, so that a problem can name them: nothing that is not on this list is ever repeated.

/// A key under all of its names.
pub(super) struct Key {
    /// As problems name it.
    pub name: &'static str,
    /// Without spaces, in lower case.
    aliases: &'static [&'static str],
    pub meaning: Meaning,
}

/// What a key means here.
pub(super) enum Meaning {
    /// Its value is used.
    Used,
    /// It says nothing here: the pool's own business, or how another driver does what is always done.
    Ignored,
    /// It asks for what is not there, unless its value is one of these.
    Unsupported {
        /// Values, in lower case, that ask for nothing.
        harmless: &'static [&'static str],
        /// What is wrong, and what to do instead.
        problem: &'static str,
    },
}

impl Key {
    /// The key that is written so, in any case, with or without spaces.
    pub(super) fn named(written: &str) -> Option<&'static Self> {
        let plain: String = written
            .chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect();
        KEYS.iter()
            .find(|key| key.aliases.contains(&plain.as_str()))
    }

    /// What is wrong with this value.
    pub(super) fn problem(&self, value: &str) -> Option<String> {
        let Meaning::Unsupported { harmless, problem } = self.meaning else {
            return None;
        };
        let value = value.trim().to_ascii_lowercase();
        (!harmless.contains(&value.as_str())).then(|| format!("`{}` {problem}", self.name))
    }
}

const fn used(name: &'static str, aliases: &'static [&'static str]) -> Key {
    Key {
        name,
        aliases,
        meaning: Meaning::Used,
    }
}

const fn ignored(aliases: &'static [&'static str]) -> Key {
    Key {
        name: "",
        aliases,
        meaning: Meaning::Ignored,
    }
}

const fn unsupported(
    name: &'static str,
    aliases: &'static [&'static str],
    harmless: &'static [&'static str],
    problem: &'static str,
) -> Key {
    Key {
        name,
        aliases,
        meaning: Meaning::Unsupported { harmless, problem },
    }
}

const OFF: &[&str] = &["", "false", "no", "disabled"];
const ON: &[&str] = &["", "true", "yes"];

const KEYS: [Key; 37] = [
    used(
        "Server",
        &["server", "datasource", "addr", "address", "networkaddress"],
    ),
    used("Database", &["database", "initialcatalog"]),
    used("User ID", &["userid", "uid", "user", "username"]),
    used("Password", &["password", "pwd"]),
    used("Encrypt", &["encrypt"]),
    used("TrustServerCertificateCA", &["trustservercertificateca"]),
    used("HostNameInCertificate", &["hostnameincertificate"]),
    used(
        "Connect Timeout",
        &["connecttimeout", "connectiontimeout", "timeout"],
    ),
    used("Max Pool Size", &["maxpoolsize"]),
    used("Min Pool Size", &["minpoolsize"]),
    used("Application Name", &["applicationname", "app"]),
    used("ApplicationIntent", &["applicationintent"]),
    used(
        "Connection Lifetime",
        &["connectionlifetime", "loadbalancetimeout"],
    ),
    ignored(&["workstationid", "wsid"]),
    ignored(&["persistsecurityinfo"]),
    ignored(&["multipleactiveresultsets"]),
    ignored(&["packetsize"]),
    ignored(&["enlist", "transactionbinding"]),
    ignored(&["connectretrycount", "connectretryinterval"]),
    ignored(&["typesystemversion"]),
    ignored(&["asynchronousprocessing", "async"]),
    ignored(&["connectionreset", "poolblockingperiod"]),
    // All addresses of a server are tried beside each other in any case.
    ignored(&[
        "multisubnetfailover",
        "transparentnetworkipresolution",
        "ipaddresspreference",
    ]),
    unsupported(
        "TrustServerCertificate",
        &["trustservercertificate"],
        OFF,
        "accepts any certificate; remove it, and name the server's CA in `ca_file`",
    ),
    unsupported(
        "Integrated Security",
        &["integratedsecurity", "trusted_connection"],
        OFF,
        "is not supported; use `User ID` and `Password` of a SQL Server login",
    ),
    unsupported(
        "Authentication",
        &["authentication"],
        &["", "notspecified", "sqlpassword", "sql password"],
        "is supported as SqlPassword only; use `User ID` and `Password` of a SQL Server login",
    ),
    unsupported("Pooling", &["pooling"], ON, "cannot be off; remove it"),
    unsupported(
        "Network Library",
        &["networklibrary", "network", "net"],
        &["", "dbmssocn"],
        "is supported as dbmssocn (TCP) only; remove it",
    ),
    unsupported(
        "Command Timeout",
        &["commandtimeout"],
        &[""],
        "is not supported; remove it, and set `deadline` of the modules that call",
    ),
    unsupported(
        "Failover Partner",
        &["failoverpartner", "failoverpartnerspn"],
        &[""],
        "is not supported; remove it, and name the listener of an availability group in `Server`",
    ),
    unsupported(
        "AttachDbFilename",
        &["attachdbfilename", "extendedproperties", "initialfilename"],
        &[""],
        "is not supported; attach the database on the server, and name it in `Database`",
    ),
    unsupported(
        "Column Encryption Setting",
        &["columnencryptionsetting"],
        OFF,
        "is not supported, so columns of Always Encrypted cannot be read; remove it",
    ),
    unsupported(
        "Enclave Attestation Url",
        &["enclaveattestationurl", "attestationprotocol"],
        &["", "none", "notspecified"],
        "is not supported, so columns of Always Encrypted cannot be read; remove it",
    ),
    unsupported(
        "Current Language",
        &["currentlanguage", "language"],
        &[""],
        "is not supported; remove it, and set the default language of the login on the server",
    ),
    unsupported(
        "Server Certificate",
        &["servercertificate"],
        &[""],
        "is not supported; remove it, and name the server's CA in `ca_file`",
    ),
    unsupported(
        "Server SPN",
        &["serverspn"],
        &[""],
        "is for Windows authentication, which is not supported; remove it",
    ),
    unsupported(
        "User Instance",
        &["userinstance", "contextconnection", "replication"],
        OFF,
        "is not supported; remove it",
    ),
];
