//! What a person types: one file per command.

mod admin;
mod apply;
mod build;
mod check;
mod codegen;
mod compile;
mod completions;
mod config;
mod explain;
mod invoke;
mod javascript_engine;
mod module;
mod new;
mod sdk;
mod serve;
mod snapshot;
mod status;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use mayfly_config::Problems;
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::output;

use admin::client::NotDone;

use mayfly_runtime::modules::Loading;
use mayfly_runtime::program;

/// A GraphQL server whose resolvers are WebAssembly components.
///
/// An app is a directory with a mayfly.toml, a GraphQL schema and its modules. Each field marked @resolve is answered by a
/// module, in a fresh instance with a hard memory cap, which is gone when the field is answered.
///
/// First steps: `mayfly new APP --lang rust` makes an app, `mayfly build APP` compiles its modules, `mayfly serve APP` serves it.
#[derive(Parser)]
#[command(name = "mayfly", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Exit codes: 0 done; 1 failed; 2 wrong arguments; 3 the app has problems (they are listed); \
                          4 an address is in use; 5 a resolver answered with an error (`invoke`); \
                          6 the host refused (`module`, `apply`), or something is wrong with it (`status`); 7 requests were cut off (`serve`).";

/// Runs the program: reads its arguments, does what they say, and gives the exit code.
#[must_use]
pub fn run(capabilities: Capabilities) -> ExitCode {
    program::has_commands();
    if let Some(exit) = run_of_capability(capabilities) {
        output::finish();
        return exit;
    }
    let matches = command(capabilities).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let exit = match arguments.command.run(capabilities) {
        Ok(exit) => exit,
        Err(error) => {
            output::fail(format_args!("{error:#}"));
            Exit::of(&error)
        }
    };
    output::finish();
    ExitCode::from(exit as u8)
}

/// Runs the command of a capability, when it is one: what follows its name is its own to read.
fn run_of_capability(capabilities: Capabilities) -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next()?;
    let own = own_commands(capabilities).find(|own| name == own.name)?;
    Some((own.run)(&arguments.collect::<Vec<_>>()))
}

/// The commands that capabilities bring.
fn own_commands(capabilities: Capabilities) -> impl Iterator<Item = capability::Command> {
    capabilities
        .iter()
        .filter_map(|capability| capability.command())
}

/// The commands of a program that reaches this for guests, for its help and its completions.
fn command(capabilities: Capabilities) -> clap::Command {
    own_commands(capabilities).fold(Arguments::command(), |all, own| {
        all.subcommand(clap::Command::new(own.name).about(own.about))
    })
}

/// A command of `mayfly`.
#[derive(Subcommand)]
enum Command {
    /// Serve an app: GraphQL on one address, health and metrics on another
    Serve(serve::Serve),
    /// Check an app without serving it: configuration, schema, statements, modules
    Check(check::Check),
    /// Show who answers a field and who may see it
    Explain(explain::Explain),
    /// Create an app to begin with
    New(new::New),
    /// Build an app's components from their sources
    Build(build::Build),
    /// Write an app's schema as TypeScript types, for resolvers
    Codegen(codegen::Codegen),
    /// Run one field of one module once, and show its answer and its cost
    Invoke(invoke::Invoke),
    /// Deploy versions of modules to a running host, show them, roll them back
    Module(module::Module),
    /// Reload the app of a running host: schema, statements, grants and modules, all at once
    Apply(apply::Apply),
    /// Write the SDK of a language into a directory
    Sdk(sdk::Sdk),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Describe what mayfly.toml may hold
    Config(config::Config),
    /// Show whether all is well with a running host: what changed last, what fails, who waits
    Status(status::Status),
    /// The admin API of a running host
    Admin(admin::Admin),
    /// Compile a component from standard input (what `serve` runs in a limited process)
    #[command(hide = true)]
    Compile(compile::Compile),
    /// Write the engine of modules in JavaScript (for archives)
    #[command(hide = true)]
    JavascriptEngine(javascript_engine::JavaScriptEngine),
    /// Evaluate a module's top level from standard input (what `build` runs in a limited process)
    #[command(hide = true)]
    Snapshot(snapshot::Snapshot),
}

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed for another reason.
    Failed = 1,
    /// The app has problems.
    AppHasProblems = 3,
    /// An address is in use.
    AddressInUse = 4,
    /// The resolver answered with an error.
    ResolverFailed = 5,
    /// The host did not do what it was asked.
    Refused = 6,
    /// The host ended before everything was answered.
    CutOff = 7,
}

impl Exit {
    /// The code an error ends the process with.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        if error.downcast_ref::<Problems>().is_some() {
            return Self::AppHasProblems;
        }
        if error.downcast_ref::<NotDone>().is_some() {
            return Self::Refused;
        }
        let address = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
        if address
            .into_iter()
            .any(|cause| cause.kind() == std::io::ErrorKind::AddrInUse)
        {
            return Self::AddressInUse;
        }
        Self::Failed
    }
}

impl Command {
    /// Runs the command to its end, in a program that reaches this for guests.
    ///
    /// # Errors
    ///
    /// Whatever ends it early; [`Exit::of`] says with which code.
    fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        match self {
            Self::Serve(serve) => serve.run(capabilities),
            Self::Check(check) => check.run(capabilities),
            Self::Explain(explain) => explain.run(capabilities),
            Self::New(new) => new.run(capabilities),
            Self::Build(build) => build.run(capabilities),
            Self::Codegen(codegen) => codegen.run(capabilities),
            Self::Invoke(invoke) => invoke.run(capabilities),
            Self::Module(module) => module.run(),
            Self::Apply(apply) => apply.run(),
            Self::Sdk(sdk) => sdk.run(),
            Self::Completions(completions) => completions.run(capabilities),
            Self::Config(config) => config.run(capabilities),
            Self::Status(status) => status.run(),
            Self::Admin(admin) => Ok(admin.run()),
            Self::Compile(compile) => compile.run(),
            Self::JavascriptEngine(engine) => engine.run(),
            Self::Snapshot(snapshot) => snapshot.run(),
        }
    }
}

/// The app's directory, an argument of every command.
#[derive(clap::Args)]
pub struct AppDirectory {
    /// The app's directory, with its mayfly.toml
    #[arg(value_name = "APP", default_value = ".")]
    pub app: PathBuf,
}

/// Shows that a module is being compiled; what is found compiled takes no time worth a line.
fn show_progress(loading: Loading<'_>) {
    if let Loading::Compiling(module) = loading {
        let note = if std::io::stderr().is_terminal() {
            " (once per version)"
        } else {
            ""
        };
        output::tell(format_args!("compiling module {module}{note}"));
    }
}
