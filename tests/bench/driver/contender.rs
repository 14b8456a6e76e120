//! Who is measured: the command that starts each server, and the request it is sent.

use std::path::{Path, PathBuf};

/// The peer whose CPU and latency are the ones to beat.
pub(crate) const DERIVED: &str = "async-graphql, derived";

/// The peer nobody can go below.
pub(crate) const FLOOR: &str = "axum + serde_json (floor)";

/// The variant of Mayfly whose ratios are the targets.
pub(crate) const TARGET: &str = "mayfly, host calls (in memory)";

/// Where the Node peers are.
pub(crate) const NODE_DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");

/// The app with both variants of Mayfly.
pub(crate) const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bench");

/// A server to measure.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// The field of the query; the answer is always called `report`.
    pub(crate) field: &'static str,
    /// The npm package it needs.
    pub(crate) package: Option<&'static str>,
    /// Whether the server talks to a process on the load's core, which the load must then leave time for.
    pub(crate) has_backend: bool,
}

/// A contender that could not be measured.
pub(crate) struct Absent {
    pub(crate) name: &'static str,
    pub(crate) reason: String,
}

/// What a contender does for safety, which the picture shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Resolvers share the server's process and memory.
    Shared,
    /// Each request gets an isolate of its own, in another engine than Mayfly's.
    Isolated,
    /// Mayfly.
    Mayfly,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Isolated => "isolated",
            Self::Mayfly => "mayfly",
        }
    }
}

/// All contenders, from the least to the most work.
pub(crate) fn all(programs: &Path, peers: &Path) -> Vec<Contender> {
    vec![
        rust(FLOOR, peers, "floor"),
        mayfly("mayfly, data in the guest", programs, "report", false),
        in_memory(TARGET, programs),
        mayfly("mayfly, host calls (embedded)", programs, "reportByHostCalls", true),
        rust(DERIVED, peers, "derived"),
        rust("async-graphql, dynamic", peers, "dynamic"),
        node("mercurius, JIT", "mercurius", Kind::Shared),
        node("graphql-yoga", "graphql-yoga", Kind::Shared),
        node("Apollo Server", "@apollo/server", Kind::Shared),
        node("isolated-vm, fresh isolate", "isolated-vm", Kind::Isolated),
    ]
}

fn rust(name: &'static str, program: &Path, subcommand: &str) -> Contender {
    Contender {
        name,
        kind: Kind::Shared,
        program: program.to_path_buf(),
        arguments: vec![subcommand.to_owned()],
        field: "report",
        package: None,
        has_backend: false,
    }
}

fn mayfly(name: &'static str, programs: &Path, field: &'static str, has_backend: bool) -> Contender {
    let arguments = ["serve", APP, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json"];
    Contender {
        name,
        kind: Kind::Mayfly,
        program: programs.join("mayfly"),
        arguments: arguments.map(str::to_owned).to_vec(),
        field,
        package: None,
        has_backend,
    }
}

impl Contender {
    /// Mayfly with an app whose modules may be swapped.
    pub(crate) fn swapping(programs: &Path, app: &Path, field: &'static str) -> Self {
        let mut contender = mayfly("mayfly, swapping", programs, field, true);
        if let Some(directory) = contender.arguments.get_mut(1) {
            *directory = app.display().to_string();
        }
        contender
    }
}

/// Everything of Mayfly but the drivers of its pools: their calls are answered in the process.
fn in_memory(name: &'static str, programs: &Path) -> Contender {
    Contender {
        name,
        kind: Kind::Mayfly,
        program: programs.join("bench-mayfly"),
        arguments: vec![APP.to_owned()],
        field: "reportByHostCalls",
        package: None,
        has_backend: false,
    }
}

fn node(name: &'static str, package: &'static str, kind: Kind) -> Contender {
    let script = match package {
        "@apollo/server" => "apollo.js",
        "graphql-yoga" => "yoga.js",
        "isolated-vm" => "isolated-vm.js",
        _ => "mercurius.js",
    };
    // isolated-vm does not run with the start-up snapshot of Node 20 and later; it changes nothing for the others.
    let arguments = vec!["--no-node-snapshot".to_owned(), format!("{NODE_DIRECTORY}/{script}")];
    Contender {
        name,
        kind,
        program: PathBuf::from("node"),
        arguments,
        field: "report",
        package: Some(package),
        has_backend: false,
    }
}
