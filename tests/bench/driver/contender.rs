//! Who is measured: the command that starts each server, and what it is asked.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::workload::Question;

/// The peer whose CPU and latency are the ones to beat.
pub(crate) const DERIVED: &str = "async-graphql, derived";

/// The peer nobody can go below.
pub(crate) const FLOOR: &str = "axum + serde_json (floor)";

/// The variant of Mayfly whose ratios are the targets.
pub(crate) const TARGET: &str = "mayfly, host calls (in memory)";

/// Mayfly with the sample app, and the same app in Node.
pub(crate) const SAMPLE_APP: &str = "mayfly";
pub(crate) const MERCURIUS: &str = "mercurius, AWS SDK, mssql";

/// Where the Node peers are.
pub(crate) const NODE_DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");

/// The app with both variants of Mayfly.
pub(crate) const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bench");

/// The same by host calls, with a module in JavaScript.
pub(crate) const JAVASCRIPT_APP: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bench/javascript");

/// The sample app.
const STUDENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/apps/students");

/// A server to measure.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) question: Question,
    pub(crate) environment: Vec<(&'static str, &'static str)>,
    /// The npm packages it needs.
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

/// The contenders of workload B. Both use the same backends; the app is written to `output`, with their addresses.
pub(crate) fn of_sample_app(
    programs: &Path,
    output: &Path,
    (dynamodb, sqlserver): (SocketAddr, SocketAddr),
) -> anyhow::Result<Vec<Contender>> {
    let app = output.join("students");
    let text = fs::read_to_string(format!("{STUDENTS}/mayfly.toml"))
        .context("the sample app has a configuration")?;
    let backend = format!(
        "address = \"{sqlserver}\"\nencryption = \"off\"\nuser = \"mayfly\"\npassword = {{ env = \"SCHOOL\" }}"
    );
    let text = text
        .replace("schema = \"", &format!("schema = \"{STUDENTS}/"))
        .replace("component = \"", &format!("component = \"{STUDENTS}/"))
        .replace(
            "endpoint = \"embedded\"",
            &format!("endpoint = \"http://{dynamodb}\""),
        )
        .replace("address = \"embedded\"", &backend)
        .replace("[embedded]\nseed = \"seed\"\n", "");
    fs::create_dir_all(&app)?;
    fs::write(app.join("mayfly.toml"), text)?;
    let mut mayfly = mayfly(
        SAMPLE_APP,
        programs,
        &app.display().to_string(),
        Question::Sample,
        true,
    );
    mayfly.environment = vec![
        ("SCHOOL", "mayfly"),
        ("AWS_ACCESS_KEY_ID", "embedded"),
        ("AWS_SECRET_ACCESS_KEY", "embedded"),
    ];
    let mut peer = node(MERCURIUS, "mssql", Kind::Shared);
    peer.arguments
        .extend([dynamodb.to_string(), sqlserver.to_string()]);
    peer.question = Question::Sample;
    peer.has_backend = true;
    Ok(vec![mayfly, peer])
}

/// The app of workload A in a directory of its own, with more configuration: two hosts cannot share what they store.
pub(crate) fn own_app(directory: &Path, configuration: &str) -> anyhow::Result<PathBuf> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    let (directory, source) = (directory.canonicalize()?, Path::new(APP).canonicalize()?);
    for name in ["schema.graphql", "build", "modules", "seed"] {
        symlink(source.join(name), directory.join(name))?;
    }
    let text = fs::read_to_string(source.join("mayfly.toml"))?;
    fs::write(
        directory.join("mayfly.toml"),
        format!("{text}\n{configuration}"),
    )?;
    Ok(directory)
}

/// All contenders of workload A, from the least to the most work.
pub(crate) fn all(programs: &Path, peers: &Path, output: &Path) -> anyhow::Result<Vec<Contender>> {
    let app = own_app(&output.join("embedded"), "")?.display().to_string();
    let contenders = vec![
        rust(FLOOR, peers, "floor"),
        mayfly(
            "mayfly, data in the guest",
            programs,
            APP,
            Question::Report("report"),
            false,
        ),
        in_memory(TARGET, programs, (APP, "reportByHostCalls")),
        in_memory(
            "mayfly, JavaScript (in memory)",
            programs,
            (JAVASCRIPT_APP, "report"),
        ),
        mayfly(
            "mayfly, host calls (embedded)",
            programs,
            &app,
            Question::Report("reportByHostCalls"),
            true,
        ),
        rust(DERIVED, peers, "derived"),
        rust("async-graphql, dynamic", peers, "dynamic"),
        node("mercurius, JIT", "mercurius", Kind::Shared),
        node("graphql-yoga", "graphql-yoga", Kind::Shared),
        node("Apollo Server", "@apollo/server", Kind::Shared),
        node("isolated-vm, fresh isolate", "isolated-vm", Kind::Isolated),
    ];
    Ok(contenders)
}

fn rust(name: &'static str, program: &Path, subcommand: &str) -> Contender {
    Contender {
        name,
        kind: Kind::Shared,
        program: program.to_path_buf(),
        arguments: vec![subcommand.to_owned()],
        question: Question::Report("report"),
        environment: Vec::new(),
        package: None,
        has_backend: false,
    }
}

fn mayfly(
    name: &'static str,
    programs: &Path,
    app: &str,
    question: Question,
    has_backend: bool,
) -> Contender {
    let arguments = [
        "serve",
        app,
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
    ];
    Contender {
        name,
        kind: Kind::Mayfly,
        program: programs.join("mayfly"),
        arguments: arguments.map(str::to_owned).to_vec(),
        question,
        environment: Vec::new(),
        package: None,
        has_backend,
    }
}

impl Contender {
    /// Mayfly with an app whose modules may be swapped.
    pub(crate) fn swapping(
        programs: &Path,
        app: &Path,
        token: &'static str,
        question: Question,
    ) -> Self {
        let mut contender = mayfly(
            "mayfly, swapping",
            programs,
            &app.display().to_string(),
            question,
            true,
        );
        contender.environment = vec![("BENCH_ADMIN_TOKEN", token)];
        contender
    }
}

/// Everything of Mayfly but the drivers of its pools: their calls are answered in the process.
fn in_memory(name: &'static str, programs: &Path, (app, field): (&str, &'static str)) -> Contender {
    Contender {
        name,
        kind: Kind::Mayfly,
        program: programs.join("bench-mayfly"),
        arguments: vec![app.to_owned()],
        question: Question::Report(field),
        environment: Vec::new(),
        package: None,
        has_backend: false,
    }
}

fn node(name: &'static str, package: &'static str, kind: Kind) -> Contender {
    let script = match package {
        "@apollo/server" => "apollo.js",
        "graphql-yoga" => "yoga.js",
        "isolated-vm" => "isolated-vm.js",
        "mssql" => "sample-app.js",
        _ => "mercurius.js",
    };
    // isolated-vm does not run with the start-up snapshot of Node 20 and later; it changes nothing for the others.
    let arguments = vec![
        "--no-node-snapshot".to_owned(),
        format!("{NODE_DIRECTORY}/{script}"),
    ];
    Contender {
        name,
        kind,
        program: PathBuf::from("node"),
        arguments,
        question: Question::Report("report"),
        environment: Vec::new(),
        package: Some(package),
        has_backend: false,
    }
}
