//! A worker whose processes run beside the host.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mayfly_config::Secret;
use mayfly_config::reader::{Key, Table, count, millis};

use crate::worker::supervisor::User;

/// `command` or `dotnet`, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// What is run.
    pub program: Program,
    /// `processes`: calls under way at once, each in a process of its own. Default 2.
    pub processes: usize,
    /// `memory`: resident bytes of one process and all it forked, at most. Default 512 MiB.
    pub memory_bytes: u64,
    /// `recycle_memory`: resident bytes above which a process is replaced. Default: half of `memory`.
    pub recycle_memory_bytes: u64,
    /// `address_space`: bytes of address space, where that is limited at all.
    pub address_space_bytes: Option<u64>,
    /// `max_tasks`: processes and threads of one process and all it forked, at most. Default 256.
    pub max_tasks: u64,
    /// `max_files`: files one process may have open. Default 1024.
    pub max_files: u64,
    /// `max_calls`: calls after which a process is replaced, give or take a tenth. Default 10,000.
    pub max_calls: u64,
    /// `max_age`: the time after which a process is replaced, give or take a tenth. Default 1 h.
    pub max_age: Duration,
    /// `start_timeout`: the time to hello. Default 10 s.
    pub start_timeout: Duration,
    /// `environment`: all of it.
    pub environment: Vec<(String, Secret)>,
    /// `directory`: where it is run. Default: the app's.
    pub directory: PathBuf,
    /// `user`: who runs it, where that is not the host's own user.
    pub user: Option<User>,
    /// `writable`: where it may write.
    pub writable: Vec<PathBuf>,
    /// `restrict_files`: whether it is shut out of files.
    pub restrict_files: bool,
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// `command`: a program and its arguments.
    Command(Vec<String>),
    /// `dotnet`: an assembly, which the worker program for .NET loads.
    DotNet {
        assembly: PathBuf,
        /// `dotnet_host`: the worker program, where it is not the host's own.
        host: Option<PathBuf>,
    },
}

impl Program {
    /// Variables that it is always given.
    pub(in crate::worker) fn environment(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Command(_) => &[],
            Self::DotNet { .. } => &QUIET_MONO,
        }
    }

    /// The assembly that it loads, as far as that is known.
    pub(super) fn assembly(&self) -> Option<&Path> {
        match self {
            Self::Command(words) => words.iter().map(Path::new).find(|word| {
                word.extension()
                    .is_some_and(|end| end.eq_ignore_ascii_case("dll"))
            }),
            Self::DotNet { assembly, .. } => Some(assembly),
        }
    }
}

/// Mono looks at a crash with a debugger for seconds, and leaves a report in the working directory.
const QUIET_MONO: [(&str, &str); 2] = [
    ("MONO_DEBUG", "no-gdb-backtrace"),
    ("MONO_CRASH_NOFILE", "1"),
];

const COMMAND: Key<'_> = Key::new(
    "command",
    "A program and its arguments. A name without a slash is looked for in the host's PATH, one with a slash in the app's directory.",
)
.or("required, unless `dotnet` or `address` is set");
const DOTNET: Key<'_> = Key::new(
    "dotnet",
    "An assembly whose methods are called, in place of `command`. It runs on Mono, or on .NET where there is no Mono.",
);
const DOTNET_HOST: Key<'_> = Key::new(
    "dotnet_host",
    "With `dotnet`: the program that loads the assembly.",
)
.or("the one that came with the host");
const PROCESSES: Key<'_> = Key::new(
    "processes",
    "Calls under way at once, each in a process of its own.",
);
const MEMORY: Key<'_> = Key::new(
    "memory",
    "Resident memory of one process and all it forked; above that it is ended.",
);
const RECYCLE_MEMORY: Key<'_> = Key::new(
    "recycle_memory",
    "Resident memory above which a process is replaced after its call.",
)
.or("half of `memory`");
const ADDRESS_SPACE: Key<'_> = Key::new(
    "address_space",
    "Address space of one process. Not for runtimes that reserve much more than they use, such as .NET and Node.",
)
.or("no limit");
const MAX_TASKS: Key<'_> = Key::new(
    "max_tasks",
    "Processes and threads of one process and all it forked; above that it is ended.",
);
const MAX_FILES: Key<'_> = Key::new("max_files", "Files one process may have open.");
const MAX_CALLS: Key<'_> = Key::new(
    "max_calls",
    "Calls after which a process is replaced, give or take a tenth. With 1 no call finds what another one left.",
);
const MAX_AGE: Key<'_> = Key::new(
    "max_age",
    "The time after which a process is replaced, give or take a tenth.",
);
const START_TIMEOUT: Key<'_> = Key::new(
    "start_timeout",
    "The time a process has until it says hello.",
);
const ENVIRONMENT: Key<'_> = Key::new(
    "environment",
    "The environment of the processes: these variables and nothing else of the host's.",
);
const VARIABLE: Key<'_> = Key::new("VARIABLE", "The value of a variable.");
const DIRECTORY: Key<'_> = Key::new("directory", "Where the processes run. Relative to the app.")
    .or("the app's directory");
const USER: Key<'_> = Key::new(
    "user",
    "Who runs the processes: a name, or numbers such as `1001:1001`. The host has to be root for it.",
)
.or("the host's own user");
const WRITABLE: Key<'_> = Key::new(
    "writable",
    "Files and directories that the processes may write. Relative to the app.",
)
.or("none");
const RESTRICT_FILES: Key<'_> = Key::new(
    "restrict_files",
    "Whether the processes are shut out of the host's store and secrets, and of writing elsewhere than `writable`, with Landlock. \
     `false` needs `user`.",
);

/// The keys that are about processes of this machine.
pub(super) const OF_PROCESSES: [&str; 17] = [
    "command",
    "dotnet",
    "dotnet_host",
    "processes",
    "memory",
    "recycle_memory",
    "address_space",
    "max_tasks",
    "max_files",
    "max_calls",
    "max_age",
    "start_timeout",
    "environment",
    "directory",
    "user",
    "writable",
    "restrict_files",
];

/// This many calls take no longer than a start does.
const FEW_CALLS: u64 = 10;

/// The least memory that anything runs in, in bytes.
const LEAST_BYTES: u64 = 4 << 20;

impl Local {
    /// Reads the keys about processes. `is_remote` says that they are out of place.
    pub(super) fn read(root: &Path, table: &mut Table<'_>, is_remote: bool) -> Self {
        let day = Duration::from_secs(86_400);
        let most_bytes = 1 << 40;
        let program = program(root, table, is_remote);
        let memory_bytes = table.size(MEMORY, 512 << 20, LEAST_BYTES..=most_bytes);
        let recycle = table.size(RECYCLE_MEMORY, memory_bytes / 2, 1 << 20..=most_bytes);
        let address_space = table.has("address_space");
        let address_space_bytes = table.size(ADDRESS_SPACE, most_bytes, LEAST_BYTES..=most_bytes);
        let local = Self {
            program,
            processes: count(table.number(PROCESSES, 2, 1..=256)),
            memory_bytes,
            recycle_memory_bytes: recycle,
            address_space_bytes: address_space.then_some(address_space_bytes),
            max_tasks: table.number(MAX_TASKS, 256, 1..=100_000),
            max_files: table.number(MAX_FILES, 1_024, 8..=1_000_000),
            max_calls: table.number(MAX_CALLS, 10_000, 1..=1_000_000_000),
            max_age: table.time(MAX_AGE, Duration::from_secs(3_600), millis(100)..=day * 30),
            start_timeout: table.time(
                START_TIMEOUT,
                Duration::from_secs(10),
                millis(10)..=Duration::from_secs(300),
            ),
            environment: environment(table),
            directory: table
                .text(DIRECTORY)
                .map_or_else(|| root.to_path_buf(), |path| root.join(path)),
            user: user(table),
            writable: {
                let paths = table.texts(WRITABLE).into_iter();
                paths.map(|(_, path)| root.join(path)).collect()
            },
            restrict_files: table.flag(RESTRICT_FILES, true),
        };
        local.check(table);
        local
    }

    fn check(&self, table: &Table<'_>) {
        if self.recycle_memory_bytes > self.memory_bytes {
            table.problem(format!(
                "`{}` is above `{}`, so a process is ended before it is replaced; lower it",
                table.key("recycle_memory"),
                table.key("memory")
            ));
        }
        if !self.restrict_files && self.user.is_none() {
            table.problem(format!(
                "`{}` lets the processes reach the store and whatever else the host's user may; add `user`, or remove it",
                table.key("restrict_files")
            ));
        }
    }

    /// Processes there may be beside those that are called: successors, and those that are ending.
    #[must_use]
    pub fn successors(&self) -> usize {
        match self.warm_successors() {
            0 => self.processes.div_ceil(4),
            warm => warm,
        }
    }

    /// Those of them that are kept ready: where processes take few calls, each needs one that can go on when it is done.
    pub(in crate::worker) fn warm_successors(&self) -> usize {
        if self.max_calls <= FEW_CALLS {
            self.processes
        } else {
            0
        }
    }
}

fn program(root: &Path, table: &mut Table<'_>, is_remote: bool) -> Program {
    let (has_command, has_dotnet) = (table.has("command"), table.has("dotnet"));
    if has_command && has_dotnet {
        table.problem(format!(
            "`{}` has both `command` and `dotnet`; keep one",
            table.path
        ));
    }
    if !is_remote && !has_command && !has_dotnet {
        table.problem(format!(
            "`{}` has neither a program to run nor the address of a worker; add command = [\"PROGRAM\", \"ARGUMENT\"], dotnet = \"ASSEMBLY.dll\" or address = \"host:port\"",
            table.path
        ));
    }
    let at = table.at;
    let command: Vec<String> = table
        .texts(COMMAND)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    if has_command && command.first().is_none_or(String::is_empty) {
        table.problem_at(at, format!("`{}` has no program", table.key("command")));
    }
    let assembly = table.text(DOTNET).map(|path| root.join(path));
    let host = table.text(DOTNET_HOST).map(|path| root.join(path));
    if command.iter().any(|text| text.contains('\0')) {
        table.problem(format!("`{}` holds a zero byte", table.key("command")));
    }
    match assembly {
        Some(assembly) => Program::DotNet { assembly, host },
        None => Program::Command(command),
    }
}

fn environment(table: &mut Table<'_>) -> Vec<(String, Secret)> {
    let Some(variables) = table.table(ENVIRONMENT) else {
        return Vec::new();
    };
    let path = variables.path.clone();
    let mut all = Vec::new();
    for (name, at, value) in variables.into_texts(VARIABLE) {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            table.problem_at(
                at,
                format!("`{path}` has a variable that no environment can hold; remove `=` and zero bytes"),
            );
        } else {
            all.push((name, Secret::new(value)));
        }
    }
    all
}

fn user(table: &mut Table<'_>) -> Option<User> {
    let (at, text) = table.text_at(USER)?;
    User::find(&text)
        .map_err(|problem| {
            let key = table.key("user");
            table.problem_at(at, format!("`{key}`: {problem}"));
        })
        .ok()
}
