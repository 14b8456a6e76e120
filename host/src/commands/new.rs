//! `mayfly new`: an app to begin with.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use mayfly_config::Config;
use mayfly_runtime::capability::{Capabilities, readers};
use mayfly_telemetry::output;

use super::Exit;
use crate::build::sdk::carried::{NEW_ANY, NEW_CPP, NEW_JS, NEW_RUST, NEW_TS};
use crate::build::sdk::{Language, lock_file, write_sdk};
use crate::codegen::typescript;

/// What files of a new app say in place of its name.
const NAME: &str = "APP";

/// What an editor checks `mayfly.toml` by, as the first line of that file and the settings of editors name it.
const SCHEMA: &str = "mayfly.schema.json";

/// The module of a new app.
const MODULE: &str = "greetings";

/// The types of the module of a new app in TypeScript, and the schema that they are made of.
const TYPES: (&str, &str) = ("modules/greetings/schema.ts", "schema.graphql");

/// What the module of a new app is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Template {
    /// Rust
    Rust,
    /// C++
    Cpp,
    /// JavaScript
    Js,
    /// TypeScript
    Ts,
}

impl Template {
    /// The language whose SDK it takes.
    fn language(self) -> Language {
        match self {
            Self::Rust => Language::Rust,
            Self::Cpp => Language::Cpp,
            Self::Js | Self::Ts => Language::Js,
        }
    }

    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust => NEW_RUST,
            Self::Cpp => NEW_CPP,
            Self::Js => NEW_JS,
            Self::Ts => NEW_TS,
        }
    }
}

/// Create an app to begin with: a schema, one module with one resolver, and data for it.
///
/// The directory has to be empty or new. It gets the SDK of the language too, so that nothing but libraries of the public registry is
/// fetched to build it.
#[derive(clap::Args)]
pub struct New {
    /// The app's directory, which is created
    #[arg(value_name = "APP")]
    app: PathBuf,
    /// The language of its module
    #[arg(long, value_enum)]
    lang: Template,
}

impl New {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let app = &self.app;
        let place = app.display();
        if !is_empty(app)? {
            bail!("{place} is not empty; name an empty directory or a new one");
        }
        let name = app.canonicalize().ok();
        let name = name.as_deref().unwrap_or(app).file_name();
        let name = name.map_or_else(|| NAME.into(), |name| name.to_string_lossy());
        for (path, text) in NEW_ANY.iter().chain(self.lang.files()) {
            let text = if path.ends_with(".md") || path.ends_with(".toml") {
                text.replace(NAME, &one_line(&name))
            } else {
                (*text).to_owned()
            };
            write(&app.join(path), &text)?;
        }
        let description = Config::describe(&readers(capabilities));
        write(&app.join(SCHEMA), &description.schema())?;
        if self.lang == Template::Rust {
            write(&app.join("Cargo.lock"), &lock_file(MODULE))?;
        }
        if self.lang == Template::Ts {
            let (types, schema) = TYPES;
            let sdl = fs::read_to_string(app.join(schema))?;
            write(&app.join(types), &typescript(&sdl, None)?)?;
        }
        let language = self.lang.language();
        write_sdk(language, &app.join("sdk").join(language.as_str()))?;
        output::print(format_args!(
            "created {place}; next: `mayfly build {place}`, then `mayfly serve {place}`"
        ));
        Ok(Exit::Done)
    }
}

/// Whether there is nothing in a directory, or no directory.
fn is_empty(directory: &Path) -> anyhow::Result<bool> {
    match fs::read_dir(directory) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", directory.display())),
    }
}

/// A name of a directory as text of a comment or a heading, which ends with its line.
fn one_line(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}
