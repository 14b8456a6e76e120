//! The memory plan: the most this process may hold, line by line, and whether the machine has it.
//!
//! Every line is a product of two limits that are enforced elsewhere, each named with the key that changes it. The sum is what no
//! guest, client or backend can make the process exceed; what the process itself takes is measured, once everything is loaded.

mod clients;
mod fit;
mod resident;
mod used;

pub use clients::{
    ADMIN_ANSWER_BYTES, ADMIN_BODIES, ADMIN_BODY_BYTES, ADMIN_BYTES, ADMIN_CONNECTIONS,
    ADMIN_QUEUE, ADMIN_REQUESTS, ADMIN_UNREAD_BYTES, BYTES_PER_BODY_BYTE, CODER_BYTES,
    CONNECTION_BYTES, coders, largest_request_bytes,
};
pub use resident::resident_bytes;
pub use used::{InUse, Part, PlanLine};

use std::fs;
use std::path::{Path, PathBuf};

use mayfly_config::{Config, Module};
use mayfly_runtime::capability::MemoryLine;
use mayfly_runtime::imports::HELD_PER_BYTE;
use mayfly_telemetry::names;
use metrics::gauge;

use crate::serving::app::App;
use mayfly_runtime::modules::Version;
use mayfly_runtime::sandbox::Capacity;

/// Log lines on their way and metrics, in bytes.
const TELEMETRY_BYTES: u64 = 16 << 20;

/// What the allocator keeps or cannot use of what the host's own buffers take: a quarter.
const SLACK_DIVISOR: u64 = 4;

/// The most this process may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryPlan {
    /// The parts.
    pub lines: Vec<PlanLine>,
}

/// What the machine allows the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLimit {
    /// In bytes.
    pub bytes: u64,
    /// Who says so.
    pub source: &'static str,
}

impl MemoryPlan {
    /// The plan of an app. `own_bytes` is what the process itself takes, as `resident_bytes` gave it once everything was loaded.
    #[must_use]
    pub fn of(config: &Config, app: &App, own_bytes: u64) -> Self {
        Self::with_capacity(config, app, app.sandbox.capacity(), own_bytes)
    }

    /// The plan of a host that is started with a configuration; everything but that is of `app`, which was loaded with another one.
    #[must_use]
    pub fn of_another(config: &Config, app: &App, own_bytes: u64) -> Self {
        let caps = config.modules.iter().map(|module| module.memory_bytes);
        let capacity = Capacity::for_caps(caps, config.server.guest_memory_bytes);
        Self::with_capacity(config, app, capacity, own_bytes)
    }

    fn with_capacity(config: &Config, app: &App, capacity: Capacity, own_bytes: u64) -> Self {
        let mut lines = vec![line("this process, measured", own_bytes, None)];
        lines.extend(guest_lines(config, capacity, Code::of(app)));
        let mut buffers = buffer_lines(config, capacity);
        let capabilities = app.surroundings.capabilities.iter();
        let of_capabilities = capabilities.flat_map(|capability| capability.memory(config));
        buffers.extend(of_capabilities.map(PlanLine::from));
        let slack = buffers.iter().map(|line| line.bytes).sum::<u64>() / SLACK_DIVISOR;
        lines.extend(buffers);
        lines.push(line(
            "what the allocator keeps of these buffers",
            slack,
            None,
        ));
        if let Some(trusted) = app.documents.trusted() {
            // The process was measured with them.
            let again = "the documents of the manifest when it is read again, and its text";
            lines.push(line(again, 2 * trusted.held_bytes(), None));
        }
        let admin = "requests of operators, and what is kept to answer them";
        lines.push(line(admin, ADMIN_BYTES, None));
        lines.push(line("log lines and metrics", TELEMETRY_BYTES, None));
        Self { lines }
    }

    /// Shows the plan to operators, and warns when the machine does not have it.
    pub fn tell(&self) {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
        gauge!(names::PLAN_BYTES).set(self.total_bytes() as f64);
        if let Some(objection) = MemoryLimit::here().and_then(|limit| self.objection(&limit)) {
            tracing::warn!("{objection}; `mayfly check` shows the plan, and values that fit");
        }
    }

    /// The sum, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.lines.iter().map(|line| line.bytes).sum()
    }

    /// Why the plan does not fit, with what to do about it; none when it does.
    #[must_use]
    pub fn objection(&self, limit: &MemoryLimit) -> Option<String> {
        let total = self.total_bytes();
        if total <= limit.bytes {
            return None;
        }
        let mut largest: Vec<_> = self
            .lines
            .iter()
            .filter_map(|line| Some((line.bytes, line.key?)))
            .collect();
        largest.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        let keys: Vec<_> = largest
            .iter()
            .take(3)
            .map(|(_, key)| format!("`{key}`"))
            .collect();
        Some(format!(
            "the plan is {} above the {}; lower {}, or give the process more",
            show(total - limit.bytes),
            limit.source,
            keys.join(", ")
        ))
    }
}

/// What one version of each module takes, in bytes.
#[derive(Clone, Copy)]
struct Code {
    components: u64,
    /// What was compiled of them.
    compiled: u64,
}

impl Code {
    fn of(app: &App) -> Self {
        let sum =
            |bytes: fn(&Version) -> u64| app.versions.values().map(|version| bytes(version)).sum();
        Self {
            components: sum(|version| version.component_bytes as u64),
            compiled: sum(Version::code_bytes),
        }
    }
}

fn guest_lines(config: &Config, capacity: Capacity, code: Code) -> Vec<PlanLine> {
    let slots = capacity.slots;
    let live = config.server.live_versions as u64;
    vec![
        line(
            "memory caps of guests",
            capacity.memory_bytes,
            Some("server.guest_memory"),
        )
        .measured_by(Part::GuestMemory),
        line(
            format!("stacks of {slots} invocations"),
            capacity.stack_bytes(),
            Some("server.guest_memory"),
        )
        .measured_by(Part::Stacks),
        line(
            format!("the host's structures of {slots} invocations"),
            capacity.instance_bytes(),
            Some("server.guest_memory"),
        )
        .measured_by(Part::Structures),
        line(
            format!("memory kept ready for those of {slots} invocations that do not run"),
            capacity.kept_bytes(),
            Some("server.guest_memory"),
        ),
        line(
            format!("code of {live} live versions of each module"),
            code.compiled * live,
            Some("server.live_versions"),
        )
        .measured_by(Part::Code),
        line(
            "a version of each module that is being loaded: its component, and its code once more",
            code.components + code.compiled,
            None,
        ),
    ]
}

fn buffer_lines(config: &Config, capacity: Capacity) -> Vec<PlanLine> {
    let server = &config.server;
    // Invocations share the guest memory by their caps, so the module that may have the most for its cap decides.
    let guests = capacity.memory_bytes;
    let at_once = |module: &Module| guests.div_ceil(module.memory_bytes.max(1));
    let most = |of: fn(&Module) -> usize| {
        let modules = config.modules.iter().map(|module| {
            (
                at_once(module) * of(module) as u64,
                at_once(module),
                of(module),
            )
        });
        modules.max().unwrap_or_default()
    };
    let (unread, unread_by, unread_each) = most(|module| module.budget.unread_bytes);
    let (handed, handed_by, handed_each) = most(|module| {
        HELD_PER_BYTE * module.budget.guest_to_host_bytes + module.budget.output_bytes
    });
    let operations = server.max_operations as u64;
    let operation =
        config.operation.exchanged_bytes as u64 + 2 * config.limits.response_bytes as u64;
    let plan = config.limits.plan_bytes as u64;
    let compressed = if server.compression {
        coders() as u64
    } else {
        0
    };
    let connections = (server.max_connections + ADMIN_CONNECTIONS) as u64;
    vec![
        line(
            format!(
                "answers that {unread_by} guests have not taken, {} each",
                show(unread_each as u64)
            ),
            unread,
            Some("modules.NAME.limits.unread"),
        ),
        line(
            format!(
                "what {handed_by} guests hand over and answer, {} each",
                show(handed_each as u64)
            ),
            handed,
            Some("modules.NAME.limits.guest_to_host"),
        ),
        line(
            format!(
                "what {operations} operations exchange and respond, {} each",
                show(operation)
            ),
            operations * operation,
            Some("server.max_operations"),
        ),
        line(
            format!(
                "plans of {operations} operations that are not kept, {} each",
                show(plan)
            ),
            operations * plan,
            Some("limits.plan"),
        ),
        line(
            "requests, from their first byte until they are answered",
            server
                .request_memory_bytes
                .max(largest_request_bytes(server.max_body_bytes)),
            Some("server.request_memory"),
        )
        .measured_by(Part::Requests),
        line(
            "answers that clients have not read",
            server
                .answer_memory_bytes
                .max(2 * config.limits.response_bytes as u64),
            Some("server.answer_memory"),
        )
        .measured_by(Part::Answers),
        line(
            format!(
                "compressing {compressed} answers, {} each",
                show(CODER_BYTES)
            ),
            compressed * CODER_BYTES,
            Some("server.compression"),
        ),
        line(
            format!("buffers of {connections} connections"),
            connections * CONNECTION_BYTES,
            Some("server.max_connections"),
        )
        .measured_by(Part::Connections),
        line(
            "documents that clients name by their hash",
            if config.documents.persisted_queries {
                config.documents.persisted_memory_bytes
            } else {
                0
            },
            Some("documents.persisted_memory"),
        ),
        line(
            "rate limit usage of each caller",
            config.rate_limits.held_bytes(),
            Some("rate_limits.buckets"),
        ),
        line(
            "plans and documents",
            server.plan_cache_bytes as u64,
            Some("server.plan_cache"),
        )
        .measured_by(Part::Plans),
    ]
}

fn line(what: impl Into<String>, bytes: u64, key: Option<&'static str>) -> PlanLine {
    MemoryLine::new(what, bytes, key).into()
}

fn show(bytes: u64) -> String {
    mayfly_config::units::show_bytes(bytes)
}

impl MemoryLimit {
    /// The least of what the control group and the machine allow this process; none when neither says.
    #[must_use]
    pub fn here() -> Option<Self> {
        [control_group(), machine()]
            .into_iter()
            .flatten()
            .min_by_key(|limit| limit.bytes)
    }
}

/// What the control group of this process allows, or one around it.
fn control_group() -> Option<MemoryLimit> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = groups.lines().filter_map(|group| {
        let mut fields = group.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
        match controllers {
            "" => least(Path::new("/sys/fs/cgroup"), path, "memory.max"),
            "memory" => least(
                Path::new("/sys/fs/cgroup/memory"),
                path,
                "memory.limit_in_bytes",
            ),
            _ => None,
        }
    });
    limits.min().map(|bytes| MemoryLimit {
        bytes,
        source: "memory limit of the control group",
    })
}

/// The least number in a file of a group and of those around it.
fn least(root: &Path, path: &str, file: &str) -> Option<u64> {
    let mut group: PathBuf = root.join(path);
    let mut least = None;
    loop {
        // The word `max` is no number, and no limit.
        let here = fs::read_to_string(group.join(file))
            .ok()
            .and_then(|text| text.trim().parse::<u64>().ok());
        least = least.into_iter().chain(here).min();
        if group == root || !group.pop() {
            return least;
        }
    }
}

fn machine() -> Option<MemoryLimit> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(MemoryLimit {
        bytes: kib << 10,
        source: "memory of the machine",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> MemoryPlan {
        let lines = vec![
            line("this process", 10 << 20, None),
            line("guests", 100 << 20, Some("server.guest_memory")),
            line("operations", 50 << 20, Some("server.max_operations")),
        ];
        MemoryPlan { lines }
    }

    #[test]
    fn a_plan_that_does_not_fit_says_by_how_much_and_what_to_lower() {
        let limit = |mib: u64| MemoryLimit {
            bytes: mib << 20,
            source: "memory of the machine",
        };
        assert_eq!(plan().objection(&limit(160)), None);
        let objection = "the plan is 32 MiB above the memory of the machine; lower `server.guest_memory`, `server.max_operations`, \
                         or give the process more";
        assert_eq!(plan().objection(&limit(128)).as_deref(), Some(objection));
    }

    #[test]
    fn the_machine_has_a_limit() {
        assert!(MemoryLimit::here().is_some_and(|limit| limit.bytes > 64 << 20));
    }
}
