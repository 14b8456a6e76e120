//! Values of `mayfly.toml` with which the plan fits into less memory.
//!
//! Every value that the plan depends on is made smaller by the same share, down to what an app needs at the least: how many there
//! may be of something by the share itself, what one request or invocation may use by its square root, for a smaller machine serves
//! fewer requests before it serves smaller ones. The largest share that fits is looked for.

use std::fmt::Write as _;

use mayfly_config::{Config, Module};
use mayfly_runtime::capability::{Capabilities, Kind, Setting};

use super::BYTES_PER_BODY_BYTE;
use super::MemoryPlan;

/// Operations at once that are left, unless the configuration has fewer.
const LEAST_OPERATIONS: u64 = 16;

/// Connections of clients that are left: some for each operation, since not all who are connected ask.
const LEAST_CONNECTIONS: u64 = 4 * LEAST_OPERATIONS;

/// Steps between nothing and everything.
const STEPS: u32 = 4_096;

impl MemoryPlan {
    /// What to write into `mayfly.toml` so that the plan takes at most `limit_bytes`; `plan` makes the plan of a configuration.
    ///
    /// # Errors
    ///
    /// The least that a plan of this app takes, when that is more.
    pub fn fit(
        config: &Config,
        capabilities: Capabilities,
        limit_bytes: u64,
        plan: impl Fn(&Config) -> Self,
    ) -> Result<String, u64> {
        let settings = settings(config, capabilities);
        let with = |step: u32| {
            let mut smaller = config.clone();
            for setting in &settings {
                (setting.set)(&mut smaller, value_at(setting, step));
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
        let value = value_at(setting, step);
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

/// The value of a setting at a step.
fn value_at(setting: &Setting, step: u32) -> u64 {
    let share = f64::from(step) / f64::from(STEPS);
    let share = match setting.kind {
        Kind::Count | Kind::SharedBytes => share,
        Kind::EachBytes => share.sqrt(),
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number is a number, and it is rounded anyway"
    )]
    let smaller = (setting.now as f64 * share) as u64;
    let rounded = match setting.kind {
        Kind::Count => smaller,
        _ if smaller >= 8 << 20 => smaller >> 20 << 20,
        _ => smaller >> 16 << 16,
    };
    // What is below the least already stays.
    rounded.max(setting.least).min(setting.now)
}

/// Every value that the plan depends on, table by table.
fn settings(config: &Config, capabilities: Capabilities) -> Vec<Setting> {
    let mut settings = of_the_server(config);
    settings.push(Setting::new(
        "limits",
        "response",
        Kind::EachBytes,
        (config.limits.response_bytes as u64, 256 << 10),
        |config, bytes| config.limits.response_bytes = size(bytes),
    ));
    settings.push(Setting::new(
        "limits",
        "plan",
        Kind::EachBytes,
        (config.limits.plan_bytes as u64, 256 << 10),
        |config, bytes| config.limits.plan_bytes = size(bytes),
    ));
    settings.push(Setting::new(
        "operation",
        "exchanged",
        Kind::EachBytes,
        (config.operation.exchanged_bytes as u64, 512 << 10),
        |config, bytes| config.operation.exchanged_bytes = size(bytes),
    ));
    let modules = config.modules.iter().enumerate();
    settings.extend(modules.flat_map(|(index, module)| of_a_module(index, module)));
    let of_capabilities = capabilities.iter();
    settings.extend(of_capabilities.flat_map(|capability| capability.settings(config)));
    settings
}

fn of_the_server(config: &Config) -> Vec<Setting> {
    let server = &config.server;
    let of_server =
        |key, kind, range, set: fn(&mut Config, u64)| Setting::new("server", key, kind, range, set);
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
        let table = format!("modules.{}.limits", mayfly_config::key(&module.name));
        let range = (now as u64, 256 << 10);
        Setting::new(table, key, Kind::EachBytes, range, move |config, bytes| {
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

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
