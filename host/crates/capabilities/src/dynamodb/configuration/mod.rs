//! `[dynamodb]`: what the client connects to, and how hard; and what of it modules are granted.

mod grants;

use std::path::Path;
use std::time::Duration;

use mayfly_config::reader::{Table, count, millis};
use mayfly_config::{Config, Endpoint, ReadSections, Sections};

use super::DynamoDbCapability;

pub use grants::{Action, BoundKey, KeyPart, TableGrant, TableGrants};

/// `[dynamodb]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `endpoint`.
    pub endpoint: Endpoint,
    /// `region`; none leaves it to the default chain of the SDK.
    pub region: Option<String>,
    /// `max_in_flight`: requests under way at once, at most.
    pub max_in_flight: usize,
    /// `answer_memory`: what answers may take on their way to guests, in bytes; more of them wait. Default 256 MiB.
    pub answer_memory_bytes: u64,
    /// `coalesce`: whether concurrent gets are joined into one `BatchGetItem` (which needs its own IAM permission).
    pub coalesce: bool,
    /// `timeout`: for one call, retries included; the invocation's deadline may be sooner.
    pub timeout: Duration,
    /// `attempt_timeout`: for one send of a read; then it is sent again. Default 1 s.
    pub attempt_timeout: Duration,
    /// `max_attempts`: sends of one request, the first included.
    pub max_attempts: u32,
}

impl Section {
    fn read(mut table: Table<'_>) -> Self {
        let endpoint = match table.text_at("endpoint") {
            None => Endpoint::Vendor,
            Some((_, text)) if text == "embedded" => Endpoint::Embedded,
            Some((at, text)) => {
                if !text.starts_with("http://") && !text.starts_with("https://") {
                    let key = table.key("endpoint");
                    table.problem_at(at, format!("`{key}` must be \"embedded\" or a URL such as \"http://127.0.0.1:8000\""));
                }
                Endpoint::At(text)
            }
        };
        let config = Self {
            endpoint,
            region: table.text("region"),
            max_in_flight: count(table.number("max_in_flight", 64, 1..=10_000)),
            answer_memory_bytes: table.size("answer_memory", 256 << 20, 64 << 20..=1 << 40),
            coalesce: table.flag("coalesce", true),
            timeout: table.time(
                "timeout",
                Duration::from_secs(5),
                millis(10)..=Duration::from_secs(300),
            ),
            attempt_timeout: table.time(
                "attempt_timeout",
                Duration::from_secs(1),
                millis(10)..=Duration::from_secs(300),
            ),
            max_attempts: u32::try_from(table.number("max_attempts", 3, 1..=10)).unwrap_or(3),
        };
        table.finish();
        config
    }
}

impl ReadSections for DynamoDbCapability {
    fn read(&self, _: &Path, file: &mut Table<'_>, sections: &mut Sections) {
        if let Some(table) = file.table("dynamodb") {
            sections.set(Section::read(table));
        }
    }

    fn read_grants(&self, table: &mut Table<'_>, _: &Sections, grants: &mut Sections) {
        grants.set(TableGrants::read(table));
    }

    fn check(&self, config: &Config, file: &Table<'_>) {
        for module in &config.modules {
            let (name, granted) = (&module.name, module.grants.get::<TableGrants>());
            let Some(granted) = granted.filter(|granted| !granted.0.is_empty()) else {
                continue;
            };
            if config.sections.get::<Section>().is_none() {
                file.problem(format!(
                    "`modules.{name}.grants.dynamodb` grants tables, but there is no [dynamodb]; add it"
                ));
            }
            if config.callers.is_none() && granted.need_callers() {
                file.problem(format!(
                    "`modules.{name}.grants.dynamodb` binds keys to callers, and every caller is anonymous; add [callers]"
                ));
            }
        }
    }

    fn uses_embedded(&self, sections: &Sections) -> bool {
        let section = sections.get::<Section>();
        section.is_some_and(|section| section.endpoint == Endpoint::Embedded)
    }
}
