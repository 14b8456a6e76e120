//! `mayfly.toml`: every key, its meaning, its check.
//!
//! Reading gives a [`Config`] whose values are all good, or every problem at once, each with its line and a remedy. Nothing is
//! opened here but the file itself. This crate is a leaf: it knows no other layer.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]

mod callers;
mod canary;
mod compile_priority;
mod cors;
mod description;
mod documents;
mod embedded;
mod endpoint;
pub mod file;
mod hash;
mod javascript;
mod key;
mod limits;
mod modules;
mod not_toml;
mod operation;
mod outside;
mod probe;
mod problem;
mod rate_limits;
pub mod reader;
mod resolution;
mod scalar;
mod secret;
mod sections;
mod server;
mod tls;
pub mod units;
mod values;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::env::VarError;
use std::path::{Path, PathBuf};

pub use callers::{ApiKey, Audience, Callers, Issuer, TokenKey, key_set_location};
pub use canary::{Canary, CanaryKey, Percent};
pub use compile_priority::CompilePriority;
pub use cors::{Cors, Origins};
pub use description::Description;
pub use documents::Documents;
pub use embedded::Embedded;
pub use endpoint::Endpoint;
pub use hash::Sha256Hash;
pub use javascript::{ErrorStyle, JavaScript, ScriptHandler};
pub use limits::Limits;
pub use modules::{Budget, Module};
pub use operation::Operation;
pub use probe::Probe;
pub use problem::{Problem, Problems};
pub use rate_limits::{RateLimit, RateLimits};
pub use secret::Secret;
pub use sections::{ReadSections, Section, Sections};
pub use server::{AdminToken, Clients, ErrorDetail, HostName, Role, Server};
pub use tls::Tls;

use outside::{Environment, Outside};
use reader::{Key, Source, Table};

/// The name of the file in an app's directory.
pub const FILE: &str = "mayfly.toml";

/// Who reads the tables of capabilities.
pub type Readers<'a> = &'a [&'a dyn ReadSections];

/// An app's configuration. Paths are joined to the app's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The app's directory.
    pub root: PathBuf,
    /// `schema`: the SDL file.
    pub schema: PathBuf,
    /// `[server]`.
    pub server: Server,
    /// `[callers]`.
    pub callers: Option<Callers>,
    /// `[cors]`.
    pub cors: Option<Cors>,
    /// `[documents]`.
    pub documents: Documents,
    /// `[limits]`.
    pub limits: Limits,
    /// `[rate_limits]`.
    pub rate_limits: RateLimits,
    /// `[operation]`.
    pub operation: Operation,
    /// `[modules.NAME]`, in the order written.
    pub modules: Vec<Module>,
    /// The tables of capabilities.
    pub sections: Sections,
    /// `[embedded]`.
    pub embedded: Embedded,
    /// Whether any backend is the embedded one.
    pub uses_embedded: bool,
    /// The files of keys and certificates that are named above.
    pub named_files: Vec<PathBuf>,
    /// What is in the files of keys and certificates that are named above, so that a change of one is a change of configuration.
    /// Without those that cannot be read, and empty unless it was loaded from a directory.
    pub named: BTreeMap<PathBuf, Vec<u8>>,
    /// The files that values were read from, with `{ file = "…" }`, whether they are there or not.
    pub value_files: BTreeSet<PathBuf>,
}

/// What is said of the file as a whole.
const FILE_DOC: &str = "The configuration of an app, in its directory. Unknown keys are errors. Every value but a table or a list may \
                        come from outside the file: `{ env = \"NAME\" }` from an environment variable, `{ file = \"/run/secrets/NAME\" }` from a file; `default` is used if it is missing. Secrets must.";

/// The largest file of keys or certificates that is looked at, in bytes.
const MAX_NAMED_BYTES: u64 = 16 << 20;

impl Config {
    /// Reads the configuration of the app in `root`, with values from this process's environment and the files it names.
    ///
    /// # Errors
    ///
    /// Every problem of the file, or the one that keeps it from being read.
    pub fn load(root: &Path, readers: Readers<'_>) -> Result<Self, Problems> {
        let mut config = Self::parse_with(root, &read_file(root)?, readers, &environment, true)?;
        let files = config.named_files.iter();
        config.named = files
            .filter_map(|file| {
                Some((
                    file.to_owned(),
                    file::read_bytes(file, MAX_NAMED_BYTES).ok()?,
                ))
            })
            .collect();
        Ok(config)
    }

    /// Reads what the configuration of the app in `root` says of building it: values that are outside and are not there, secrets
    /// above all, are left out.
    ///
    /// # Errors
    ///
    /// Every problem of the file, or the one that keeps it from being read.
    pub fn load_for_build(root: &Path, readers: Readers<'_>) -> Result<Self, Problems> {
        Self::parse_with(root, &read_file(root)?, readers, &environment, false)
    }

    /// Reads a configuration from its text; `environment` answers `{ env = "NAME" }`.
    ///
    /// # Errors
    ///
    /// Every problem of the text.
    pub fn parse(
        root: &Path,
        text: &str,
        readers: Readers<'_>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Problems> {
        let environment = |name: &str| environment(name).ok_or(VarError::NotPresent);
        Self::parse_with(root, text, readers, &environment, true)
    }

    /// Every key that a configuration may have, those of capabilities included.
    #[must_use]
    pub fn describe(readers: Readers<'_>) -> Description {
        let root = Path::new("");
        let source = Source {
            file: root,
            text: "",
            problems: RefCell::default(),
            outside: Outside {
                root,
                environment: &|_| Err(VarError::NotPresent),
                required: false,
                files: RefCell::default(),
            },
            description: Some(RefCell::default()),
        };
        if let Some((file, _)) = Table::described(&source, String::new(), FILE_DOC, false) {
            Self::read(root, file, readers);
        }
        source
            .description
            .map(RefCell::into_inner)
            .unwrap_or_default()
    }

    fn parse_with(
        root: &Path,
        text: &str,
        readers: Readers<'_>,
        environment: &Environment<'_>,
        required: bool,
    ) -> Result<Self, Problems> {
        let file = root.join(FILE);
        let source = Source {
            file: &file,
            text,
            problems: RefCell::default(),
            outside: Outside {
                root,
                environment,
                required,
                files: RefCell::default(),
            },
            description: None,
        };
        let document = toml::de::DeTable::parse(text).map_err(|error| {
            let (at, message) = not_toml::explain(text, &error);
            source.problem(at, message);
            Problems(source.problems.take())
        })?;
        let table = Table::new(&source, String::new(), 0, document.get_ref());
        let mut config = Self::read(root, table, readers);
        config.value_files = source.outside.files.take();
        let mut problems = source.problems.take();
        if problems.is_empty() {
            return Ok(config);
        }
        problems.sort_by_key(|problem| problem.line);
        Err(Problems(problems))
    }

    fn read(root: &Path, mut file: Table<'_>, readers: Readers<'_>) -> Self {
        let schema = root.join(file.required(
            Key::new("schema", "The SDL file, relative to the app."),
            "\"schema.graphql\"",
        ));
        let server = Server::read(
            root,
            file.table(Key::new(
                "server",
                "Addresses, and what the process as a whole may use.",
            )),
        );
        let callers = file
            .table(Key::new(
                "callers",
                "Whose tokens and API keys the host accepts. Without this section everybody may call anonymously, and tokens are ignored.",
            ))
            .map(|table| Callers::read(root, table));
        let cors = file
            .table(Key::new(
                "cors",
                "Which pages of other origins may use this server from a browser; none without this table.",
            ))
            .map(Cors::read);
        let documents = Documents::read(
            root,
            file.table(Key::new(
                "documents",
                "Which documents clients may run, and how they may name them.",
            )),
        );
        let limits = Limits::read(file.table(Key::new(
            "limits",
            "How large, deep and costly one document and its response may be.",
        )));
        let rate_limits = file.table(Key::new(
            "rate_limits",
            "How much each caller, API key and address may ask for in a given time; nobody is limited without this table. Each process counts \
             for itself: with several, the limits add up.",
        ));
        let rate_limits = RateLimits::read(rate_limits, &limits);
        let mut sections = Sections::default();
        for reader in readers {
            reader.read(root, &mut file, &mut sections);
        }
        let modules = file.tables(Key::new(
            "modules",
            "A component, what it may reach, and what one invocation of it may use.",
        ));
        let is_only_one = modules.len() == 1;
        let modules: Vec<_> = modules
            .into_iter()
            .map(|module| Module::read(root, module, (readers, &sections), is_only_one))
            .collect();
        let longest = modules
            .iter()
            .map(|module| module.deadline)
            .max()
            .unwrap_or_default();
        let operation = Operation::read(
            file.table(Key::new(
                "operation",
                "What all invocations of one operation may use together.",
            )),
            longest,
        );
        let embedded = Embedded::read(
            root,
            file.table(Key::new(
                "embedded",
                "The endpoints that `mayfly-embedded` serves for trying an app out.",
            )),
        );
        let mut config = Self {
            root: root.to_path_buf(),
            schema,
            server,
            callers,
            cors,
            documents,
            limits,
            rate_limits,
            operation,
            modules,
            uses_embedded: readers.iter().any(|reader| reader.uses_embedded(&sections)),
            named_files: readers
                .iter()
                .flat_map(|reader| reader.named_files(&sections))
                .collect(),
            sections,
            embedded,
            named: BTreeMap::new(),
            value_files: BTreeSet::new(),
        };
        config
            .named_files
            .extend(config.callers.iter().flat_map(Callers::files));
        let certificates = [&config.server.tls, &config.server.admin_tls];
        config
            .named_files
            .extend(certificates.into_iter().flatten().flat_map(Tls::files));
        config.named_files.extend(config.documents.manifest.clone());
        config.check_together(&file);
        readers
            .iter()
            .for_each(|reader| reader.check(&config, &file));
        file.finish();
        config
    }

    /// What only shows when sections are seen together.
    fn check_together(&self, file: &Table<'_>) {
        if self.modules.is_empty() {
            file.problem("the file declares no module; add [modules.NAME] with component = \"build/NAME.wasm\"".to_owned());
        }
        self.check_headers_for_guests(file);
        for module in &self.modules {
            if module.memory_bytes > self.server.guest_memory_bytes {
                file.problem(format!(
                    "`modules.{}.memory` is above `server.guest_memory` ({}), so it could never run; lower the one or raise the other",
                    module.name,
                    units::show_bytes(self.server.guest_memory_bytes)
                ));
            }
        }
    }

    /// API keys are credentials, which guests never have.
    fn check_headers_for_guests(&self, file: &Table<'_>) {
        let Some(callers) = self
            .callers
            .as_ref()
            .filter(|callers| !callers.api_keys.is_empty())
        else {
            return;
        };
        let header = callers.api_key_header.as_str();
        if self.server.guest_headers.iter().any(|name| name == header) {
            file.problem(format!(
                "`server.guest_headers` has {header:?}, the header with the API key, which guests would read; remove it"
            ));
        }
    }

    /// The files, beside `mayfly.toml` and the schema, that a change of changes the configuration.
    pub fn watched_files(&self) -> impl Iterator<Item = &Path> {
        let named = self.named_files.iter();
        named.chain(&self.value_files).map(PathBuf::as_path)
    }

    /// The directory for versions of modules.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join(&self.server.store)
    }
}

/// A name as a header of a table, or a key, has it: in quotes where it has to be.
#[must_use]
pub fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

fn read_file(root: &Path) -> Result<String, Problems> {
    let file = root.join(FILE);
    file::read_text(&file).map_err(|error| {
        let message = format!("cannot be read ({error}); an app is a directory with a {FILE}");
        Problems(vec![Problem::of_file(&file, message)])
    })
}

/// A variable of this process's environment.
fn environment(name: &str) -> Result<String, VarError> {
    std::env::var(name)
}
