//! Values of `mayfly.toml` with which the plan fits into less memory.
//!
//! Every value that the plan depends on is made smaller by the same share, down to what an app needs at the least: how many there
//! may be of something by the share itself, what one request or invocation may use by its square root, for a smaller machine serves
//! fewer requests before it serves smaller ones. The largest share that fits is looked for.

use std::fmt::Write as _;

use mayfly_config::{Config, Module, SqlServer};

use super::MemoryPlan;
use crate::http::BYTES_PER_BODY_BYTE;

/// Operations at once that are left, unless the configuration has fewer.
const LEAST_OPERATIONS: u64 = 16;

/// Connections of clients that are left: some for each operation, since not all who are connected ask.
const LEAST_CONNECTIONS: u64 = 4 * LEAST_OPERATIONS;

/// Steps between nothing and everything.
const STEPS: u32 = 4_096;

/// One value that the plan depends on.
struct Setting {
    /// The table it is in, as its header names it.
    table: String,
    key: &'static str,
    kind: Kind,
    now: u64,
    least: u64,
    set: Set,
}

/// Writes a value into a configuration.
type Set = Box<dyn Fn(&mut Config, u64)>;

/// How a value is made smaller, and written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// How many there may be.
    Count,
    /// Bytes that many share.
    SharedBytes,
    /// Bytes of one request, answer or invocation.
    EachBytes,
}

impl MemoryPlan {
    /// What to write into `mayfly.toml` so that the plan takes at most `limit_bytes`; `plan` makes the plan of a configuration.
    ///
    /// # Errors
    ///
    /// The least that a plan of this app takes, when that is more.
    pub fn fit(
        config: &Config,
        limit_bytes: u64,
        plan: impl Fn(&Config) -> Self,
    ) -> Result<String, u64> {
        let settings = settings(config);
        let with = |step: u32| {
            let mut smaller = config.clone();
            for setting in &settings {
                (setting.set)(&mut smaller, setting.at(step));
            }
            plan(&smaller).total_bytes()
        };
        let least = with(0);
        if least > limit_bytes {
            return Err(least);
        }
        let (mut fits, mut above) = (0, STEPS);
        while above - fits > 1 {
            let middle = fits.midpoint(above);
            if with(middle) <= limit_bytes {
                fits = middle;
            } else {
                above = middle;
            }
        }
        Ok(written(&settings, fits))
    }
}

/// The values that are smaller at a step, table by table.
fn written(settings: &[Setting], step: u32) -> String {
    let mut text = String::new();
    let mut table = "";
    for setting in settings {
        let value = setting.at(step);
        if value == setting.now {
            continue;
        }
        if setting.table != table {
            let gap = if table.is_empty() { "" } else { "\n" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{gap}[{}]", setting.table);
            table = &setting.table;
        }
        let _ = match setting.kind {
            Kind::Count => writeln!(text, "{} = {value}", setting.key),
            _ => writeln!(text, "{} = \"{}\"", setting.key, exact(value)),
        };
    }
    text
}

/// A size that reads back as the same number of bytes.
fn exact(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{} KiB", bytes >> 10)
    }
}

impl Setting {
    /// The value at a step.
    fn at(&self, step: u32) -> u64 {
        let share = f64::from(step) / f64::from(STEPS);
        let share = match self.kind {
            Kind::Count | Kind::SharedBytes => share,
            Kind::EachBytes => share.sqrt(),
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number is a number, and it is rounded anyway"
        )]
        let smaller = (self.now as f64 * share) as u64;
        let rounded = match self.kind {
            Kind::Count => smaller,
            _ if smaller >= 8 << 20 => smaller >> 20 << 20,
            _ => smaller >> 16 << 16,
        };
        // What is below the least already stays.
        rounded.max(self.least).min(self.now)
    }
}

fn setting(
    table: impl Into<String>,
    key: &'static str,
    kind: Kind,
    (now, least): (u64, u64),
    set: impl Fn(&mut Config, u64) + 'static,
) -> Setting {
    Setting {
        table: table.into(),
        key,
        kind,
        now,
        least,
        set: Box::new(set),
    }
}

/// Every value that the plan depends on, table by table.
fn settings(config: &Config) -> Vec<Setting> {
    let mut settings = of_the_server(config);
    settings.push(setting(
        "limits",
        "response",
        Kind::EachBytes,
        (config.limits.response_bytes as u64, 256 << 10),
        |config, bytes| config.limits.response_bytes = size(bytes),
    ));
    settings.push(setting(
        "limits",
        "plan",
        Kind::EachBytes,
        (config.limits.plan_bytes as u64, 256 << 10),
        |config, bytes| config.limits.plan_bytes = size(bytes),
    ));
    settings.push(setting(
        "operation",
        "exchanged",
        Kind::EachBytes,
        (config.operation.exchanged_bytes as u64, 512 << 10),
        |config, bytes| config.operation.exchanged_bytes = size(bytes),
    ));
    let modules = config.modules.iter().enumerate();
    settings.extend(modules.flat_map(|(index, module)| of_a_module(index, module)));
    let backends = config.sqlserver.iter().enumerate();
    settings.extend(backends.map(|(index, backend)| of_a_backend(index, backend)));
    settings.extend(config.dynamodb.iter().map(|dynamodb| {
        setting(
            "dynamodb",
            "answer_memory",
            Kind::SharedBytes,
            (dynamodb.answer_memory_bytes, 64 << 20),
            |config, bytes| {
                if let Some(dynamodb) = &mut config.dynamodb {
                    dynamodb.answer_memory_bytes = bytes;
                }
            },
        )
    }));
    settings
}

fn of_the_server(config: &Config) -> Vec<Setting> {
    let server = &config.server;
    let of_server =
        |key, kind, range, set: fn(&mut Config, u64)| setting("server", key, kind, range, set);
    let caps = config.modules.iter().map(|module| module.memory_bytes);
    let largest_cap = caps.max().unwrap_or(1 << 20);
    let least_body = 64 << 10;
    vec![
        of_server(
            "guest_memory",
            Kind::SharedBytes,
            (server.guest_memory_bytes, largest_cap),
            |config, bytes| config.server.guest_memory_bytes = bytes,
        ),
        of_server(
            "max_operations",
            Kind::Count,
            (server.max_operations as u64, LEAST_OPERATIONS),
            |config, number| config.server.max_operations = size(number),
        ),
        of_server(
            "max_connections",
            Kind::Count,
            (server.max_connections as u64, LEAST_CONNECTIONS),
            |config, number| config.server.max_connections = size(number),
        ),
        // Two of the largest answers fit: `response` is at least a quarter of this.
        of_server(
            "answer_memory",
            Kind::SharedBytes,
            (server.answer_memory_bytes, 1 << 20),
            |config, bytes| config.server.answer_memory_bytes = bytes,
        ),
        // The largest body has to fit into the memory of requests when it is alone; both shrink by the same share, so it does.
        of_server(
            "request_memory",
            Kind::SharedBytes,
            (
                server.request_memory_bytes,
                least_body * BYTES_PER_BODY_BYTE,
            ),
            |config, bytes| config.server.request_memory_bytes = bytes,
        ),
        of_server(
            "max_body",
            Kind::SharedBytes,
            (server.max_body_bytes as u64, least_body),
            |config, bytes| config.server.max_body_bytes = size(bytes),
        ),
        of_server(
            "plan_cache",
            Kind::SharedBytes,
            (server.plan_cache_bytes as u64, 1 << 20),
            |config, bytes| config.server.plan_cache_bytes = size(bytes),
        ),
        of_server(
            "live_versions",
            Kind::Count,
            (server.live_versions as u64, 3),
            |config, number| config.server.live_versions = size(number),
        ),
    ]
}

fn of_a_module(index: usize, module: &Module) -> [Setting; 3] {
    let of_module = |key, now: usize, set: fn(&mut Module, usize)| {
        let table = format!("modules.{}.limits", header(&module.name));
        let range = (now as u64, 256 << 10);
        setting(table, key, Kind::EachBytes, range, move |config, bytes| {
            if let Some(module) = config.modules.get_mut(index) {
                set(module, size(bytes));
            }
        })
    };
    let budget = &module.budget;
    [
        of_module("unread", budget.unread_bytes, |module, bytes| {
            module.budget.unread_bytes = bytes;
        }),
        of_module(
            "guest_to_host",
            budget.guest_to_host_bytes,
            |module, bytes| {
                module.budget.guest_to_host_bytes = bytes;
            },
        ),
        of_module("output", budget.output_bytes, |module, bytes| {
            module.budget.output_bytes = bytes;
        }),
    ]
}

fn of_a_backend(index: usize, backend: &SqlServer) -> Setting {
    let least = (backend.min_connections as u64).max(2);
    setting(
        format!("sqlserver.{}", header(&backend.name)),
        "max_connections",
        Kind::Count,
        (backend.max_connections as u64, least),
        move |config, number| {
            if let Some(backend) = config.sqlserver.get_mut(index) {
                backend.max_connections = size(number);
            }
        },
    )
}

/// A name as a table's header has it.
fn header(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
