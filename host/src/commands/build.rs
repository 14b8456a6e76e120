//! `mayfly build`: components from source.

use anyhow::{Context, bail};
use mayfly_config::file::read_text;
use mayfly_config::{Config, Module, ScriptHandler, units};
use mayfly_graphql::Schema;
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::output;

use super::{AppDirectory, Exit};
use crate::build::javascript::{Handler, JavaScript};
use crate::build::{BuildReport, ModuleSource, build_modules};

/// Build an app's components from their sources.
///
/// Builds every module that has a `source` and writes its `component`. A source is a Rust crate, C++ (a file or a directory),
/// JavaScript or TypeScript (a file, or a directory with a package.json), or a file of WebAssembly (text or binary). Rust is built with the wasm32-unknown-unknown target of the installed Rust, or Debian's
/// rustc-web; GUEST_TOOLCHAIN=rustup or =debian forces one. C++ is built with clang, wasi-libc and libc++. JavaScript is bundled with
/// esbuild, which npm installs, and evaluated once in the engine; MAYFLY_CACHE_DIR is where both are kept.
#[derive(clap::Args)]
pub struct Build {
    #[command(flatten)]
    directory: AppDirectory,
}

impl Build {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let config =
            Config::load_for_build(&self.directory.app, &capability::readers(capabilities))?;
        let sources = config
            .modules
            .iter()
            .filter_map(|module| source(&config, capabilities, module).transpose())
            .collect::<anyhow::Result<Vec<_>>>()?;
        if sources.is_empty() {
            output::tell(format_args!(
                "nothing to build: no module of {} has a `source`",
                self.directory.app.display()
            ));
            return Ok(Exit::Done);
        }
        let mut built = build_modules(&sources, &mut |line| output::tell(line));
        let schema = schema(&config).ok();
        for report in &built.reports {
            output::print(format_args!(
                "{} ({}) handles {}",
                report.component.display(),
                units::show_bytes(report.component_bytes as u64),
                report.fields.join(", ")
            ));
            if let Some(schema) = &schema {
                tell_surplus(&config, schema, report);
            }
        }
        let Some(last) = built.failures.pop() else {
            return Ok(Exit::Done);
        };
        for failure in built.failures {
            output::fail(format_args!("{failure:#}"));
        }
        Err(last)
    }
}

/// Tells of fields that a component handles and none of its modules is asked for, which may be spelt wrongly.
fn tell_surplus(config: &Config, schema: &Schema, report: &BuildReport) {
    let modules = config.modules.iter();
    let modules: Vec<&Module> = modules
        .filter(|module| module.component == report.component)
        .collect();
    let asked: Vec<String> = modules
        .iter()
        .flat_map(|module| asked(schema, module))
        .collect();
    let Some(module) = modules.first() else {
        return;
    };
    for field in report.fields.iter().filter(|field| !asked.contains(field)) {
        output::tell(format_args!(
            "warning: module `{name}` handles `{field}`, which {file} does not give it; correct its name, or add \
             @resolve(module: \"{name}\") to the field",
            name = module.name,
            file = config.schema.display()
        ));
    }
}

/// What to build a module from, if it is built at all.
fn source<'a>(
    config: &Config,
    capabilities: Capabilities,
    module: &'a Module,
) -> anyhow::Result<Option<ModuleSource<'a>>> {
    let Some(source) = module.source.as_deref() else {
        return Ok(None);
    };
    let handler = match module.javascript.handler {
        ScriptHandler::Resolvers => Handler::Resolvers,
        ScriptHandler::AppSync => Handler::AppSync {
            batch: module.max_batch > 1,
            fields: fields(config, module)?,
        },
    };
    Ok(Some(ModuleSource {
        source,
        component: &module.component,
        javascript: JavaScript {
            name: module.name.clone(),
            memory_bytes: module.memory_bytes,
            environment: module.javascript.environment.clone(),
            reach: capability::readers(capabilities)
                .iter()
                .filter_map(|reader| reader.tell_code(&config.sections, &module.grants))
                .collect(),
            handler,
        },
    }))
}

/// The fields that the schema asks a module for. A handler of AppSync answers whichever it is attached to, and does not say them itself.
fn fields(config: &Config, module: &Module) -> anyhow::Result<Vec<String>> {
    let file = config.schema.display();
    let schema = schema(config)
        .with_context(|| format!("cannot tell which fields module `{}` answers", module.name))?;
    let fields: Vec<String> = asked(&schema, module).collect();
    if fields.is_empty() {
        bail!(
            "module `{name}` answers no field of {file}; add @resolve(module: \"{name}\") to the fields its handler answers",
            name = module.name
        );
    }
    Ok(fields)
}

/// The fields that the schema gives a module: `Type.field`.
fn asked(schema: &Schema, module: &Module) -> impl Iterator<Item = String> {
    schema
        .bindings()
        .filter(|binding| *binding.module == *module.name)
        .map(|binding| format!("{}.{}", binding.type_name, binding.field_name))
}

fn schema(config: &Config) -> anyhow::Result<Schema> {
    let file = config.schema.display();
    let text = read_text(&config.schema).with_context(|| format!("cannot read {file}"))?;
    Schema::parse(&text)
        .map_err(|_| anyhow::anyhow!("{file} has problems; `mayfly check` lists them"))
}
