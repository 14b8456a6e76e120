//! `[dynamodb]`: what the client connects to, and how hard; and what of it modules are granted.

mod grants;

use std::path::Path;
use std::time::Duration;

use mayfly_config::reader::{Key, Table, count, millis};
use mayfly_config::{Config, Endpoint, ReadSections, Sections};

use super::DynamoDbCapability;

pub use grants::{Action, BoundKey, KeyPart, TableGrant, TableGrants};

/// `[dynamodb]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub endpoint: Endpoint,
    /// `region`; none leaves it to the SDK.
    pub region: Option<String>,
    pub max_in_flight: usize,
    /// `answer_memory`.
    pub answer_memory_bytes: u64,
    pub coalesce: bool,
    pub timeout: Duration,
    pub attempt_timeout: Duration,
    pub max_attempts: u32,
}

const ENDPOINT: Key<'_> = Key::new(
    "endpoint",
    "`embedded`, or a URL such as `http://127.0.0.1:8000`.",
)
.or("AWS");
const ANSWER_MEMORY: Key<'_> = Key::new(
    "answer_memory",
    "What answers may take on their way to guests; more of them wait.",
);
const COALESCE: Key<'_> = Key::new(
    "coalesce",
    "Whether concurrent gets are joined into one `BatchGetItem`, which needs its own IAM permission.",
);
const TIMEOUT: Key<'_> = Key::new(
    "timeout",
    "The time one call has, retries included; the invocation's deadline may be sooner.",
);
const ATTEMPT_TIMEOUT: Key<'_> = Key::new(
    "attempt_timeout",
    "The time one send of a read has; then it is sent again.",
);

impl Section {
    fn read(mut table: Table<'_>) -> Self {
        let endpoint = match table.text_at(ENDPOINT) {
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
            region: table.text(
                Key::new("region", "The AWS region.").or("what the SDK's default chain finds"),
            ),
            max_in_flight: count(table.number(
                Key::new("max_in_flight", "Requests under way at once."),
                64,
                1..=10_000,
            )),
            answer_memory_bytes: table.size(ANSWER_MEMORY, 256 << 20, 64 << 20..=1 << 40),
            coalesce: table.flag(COALESCE, true),
            timeout: table.time(
                TIMEOUT,
                Duration::from_secs(5),
                millis(10)..=Duration::from_secs(300),
            ),
            attempt_timeout: table.time(
                ATTEMPT_TIMEOUT,
                Duration::from_secs(1),
                millis(10)..=Duration::from_secs(300),
            ),
            max_attempts: u32::try_from(table.number(
                Key::new("max_attempts", "Sends of one request, the first included."),
                3,
                1..=10,
            ))
            .unwrap_or(3),
        };
        table.finish();
        config
    }
}

impl ReadSections for DynamoDbCapability {
    fn read(&self, _: &Path, file: &mut Table<'_>, sections: &mut Sections) {
        if let Some(table) = file.table(Key::new(
            "dynamodb",
            "What the client of DynamoDB connects to, and how hard.",
        )) {
            sections.set(Section::read(table));
        }
    }

    fn read_grants(&self, table: &mut Table<'_>, sections: &Sections, grants: &mut Sections) {
        let is_reachable = sections.get::<Section>().is_some();
        grants.set(TableGrants::read(table, is_reachable));
    }

    fn check(&self, config: &Config, file: &Table<'_>) {
        for module in &config.modules {
            let (name, granted) = (&module.name, module.grants.get::<TableGrants>());
            let Some(granted) = granted.filter(|granted| !granted.0.is_empty()) else {
                continue;
            };
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
