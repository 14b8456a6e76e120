//! `mayfly invoke`: one field, asked as an operation asks it, and what it cost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use mayfly_config::{Limits, units};
use mayfly_error::Error;
use mayfly_graphql::{
    Answers, Binding, Engine, Invocation, PARENTS, PathStep, Question, Request, Resolve,
};
use mayfly_json::{Kind, Limits as JsonLimits, Tree, Value};
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::{output, start_command_log};

use super::{Exit, show_progress};
use crate::embedded::{EmbeddedProcess, surroundings};
use crate::resolve::Resolver;
use crate::serving::app::App;
use mayfly_runtime::imports::{Allowance, Caller, Operation};
use mayfly_runtime::sandbox::Outcome;

/// Run one field of one module once, and show its answer and its cost.
///
/// Arguments, parents and the answer are checked and completed as `serve` does it.
///
/// Example: mayfly invoke guest/apps/students Query.student --args '{"id": "S1"}'
#[derive(clap::Args)]
pub struct Invoke {
    /// The app's directory (the current one when left out), and the field, such as Query.student
    #[arg(value_names = ["APP", "TYPE.FIELD"], num_args = 1..=2, required = true)]
    target: Vec<String>,
    /// The field's arguments, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: String,
    /// A parent, a JSON object with what the field needs; may be given several times
    #[arg(long, value_name = "JSON")]
    parent: Vec<String>,
    /// What to select of the answer, such as 'id name'; by default everything that the module itself answers
    #[arg(long, value_name = "FIELDS")]
    select: Option<String>,
    /// The caller's claims, a JSON object, as a token would carry them; `sub` is the caller's id
    #[arg(long, value_name = "JSON", default_value = "{}")]
    claims: String,
}

impl Invoke {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        start_command_log("warn,guest=info");
        tokio::runtime::Runtime::new()?.block_on(self.invoke(capabilities))
    }

    async fn invoke(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let arguments = object("--args", &self.args)?;
        let claims = object("--claims", &self.claims)?;
        let parents = self.parent.iter().map(|json| object("--parent", json));
        let parents: Vec<_> = parents.collect::<anyhow::Result<_>>()?;
        let (directory, field) = match self.target.as_slice() {
            [directory, field] => (directory.as_str(), field.clone()),
            other => (".", other.concat()),
        };
        let config = capability::load(Path::new(directory), capabilities)?;
        let embedded = EmbeddedProcess::start_for(&config).await?;
        let surroundings = surroundings(capabilities, embedded.as_ref());
        let app = Arc::new(App::load(&config, &surroundings, &show_progress).await?);
        let question = question(&app, &field, self.select.as_deref(), &parents)?;
        let operation = Operation {
            trace_id: format!("{:032x}", rand::random::<u128>()),
            caller: Caller::with_claims(claims.text().to_owned()),
            variables: None,
            allowance: Allowance::new(config.operation),
        };
        let stage = Stage {
            resolver: Resolver::new(app, operation),
            parents: format!("[{}]", self.parent.join(",")),
            failed: AtomicBool::new(false),
        };
        ask(question, arguments, config.limits, &stage).await
    }
}

/// Asks, and prints the answers.
async fn ask(
    question: Question,
    arguments: Tree<'static>,
    limits: Limits,
    stage: &Stage,
) -> anyhow::Result<Exit> {
    let Question {
        schema,
        document,
        keys,
    } = question;
    let engine = Engine::new(Arc::new(schema), without_bounds(limits), 0);
    let request = Request {
        query: document,
        variables: Some(arguments),
        ..Request::default()
    };
    let prepared = engine.prepare(&request).map_err(|errors| {
        let messages = errors.errors().iter();
        let messages: Vec<_> = messages.map(|error| error.error.to_string()).collect();
        anyhow::anyhow!("{}", messages.join("\n"))
    })?;
    let response = engine.execute(prepared, stage).await;
    let response = String::from_utf8_lossy(&response);
    let response = read(&response).context("the engine's response is not JSON")?;
    for answer in answers(response.root(), &keys) {
        output::print(answer);
    }
    Ok(if stage.failed.load(Ordering::Relaxed) {
        Exit::ResolverFailed
    } else {
        Exit::Done
    })
}

/// The answers of a response, one for each parent.
fn answers<'r>(response: Value<'r>, keys: &[String]) -> Vec<Value<'r>> {
    let data = response.get("data").unwrap_or_default();
    match keys {
        [key] => vec![data.get(key).unwrap_or_default()],
        [list, key] => {
            let parents = data.get(list).and_then(Value::elements).unwrap_or_default();
            parents
                .map(|parent| parent.get(key).unwrap_or_default())
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The limits of an operation, without those that are about what clients send: this one is the operator's.
fn without_bounds(limits: Limits) -> Limits {
    Limits {
        tokens: usize::MAX,
        nesting: 200,
        expansion: 10_000_000,
        depth: 60,
        complexity: u64::MAX >> 1,
        ..limits
    }
}

fn read(json: &str) -> anyhow::Result<Tree<'static>> {
    Ok(Tree::read(
        json.to_owned(),
        JsonLimits::of_bytes(json.len()),
    )?)
}

fn object(flag: &str, json: &str) -> anyhow::Result<Tree<'static>> {
    let tree = read(json).with_context(|| format!("{flag} is not JSON"))?;
    if tree.root().kind() != Kind::Object {
        bail!("{flag} must be a JSON object");
    }
    Ok(tree)
}

/// How to ask the field that is named.
fn question(
    app: &App,
    field: &str,
    selected: Option<&str>,
    parents: &[Tree<'_>],
) -> anyhow::Result<Question> {
    let Some((type_name, field_name)) = field.split_once('.') else {
        bail!("`{field}` is not a field; write it as Type.field, such as Query.student");
    };
    let schema = app.engine.schema();
    let mut bindings = schema.bindings();
    let binding = bindings
        .find(|binding| *binding.type_name == *type_name && *binding.field_name == *field_name);
    let Some(binding) = binding else {
        let known = schema
            .bindings()
            .map(|binding| format!("{}.{}", binding.type_name, binding.field_name));
        bail!(
            "no module answers `{field}`; the fields are {}",
            known.collect::<Vec<_>>().join(", ")
        );
    };
    let question = schema
        .question(type_name, field_name, selected)
        .map_err(|problems| {
            let messages: Vec<_> = problems
                .into_iter()
                .map(|problem| problem.message)
                .collect();
            anyhow::anyhow!("{}", messages.join("; "))
        })?
        .with_context(|| format!("the schema has no field `{field}`"))?;
    let wants_parents = question.keys.len() > 1;
    if wants_parents && parents.is_empty() {
        bail!("`{field}` needs a parent: --parent '{}'", example(&binding));
    }
    if !wants_parents && !parents.is_empty() {
        bail!("`{field}` has no parent; leave --parent out");
    }
    Ok(question)
}

/// A parent with what the field needs.
fn example(binding: &Binding) -> String {
    let needs: Vec<_> = binding
        .needs
        .iter()
        .map(|need| format!("\"{need}\": …"))
        .collect();
    format!("{{{}}}", needs.join(", "))
}

/// Answers with the app's module and the parents that were given, and says what each call cost and what is wrong.
struct Stage {
    resolver: Resolver,
    /// A JSON list.
    parents: String,
    /// Whether anything was wrong.
    failed: AtomicBool,
}

impl Resolve for Stage {
    fn max_batch(&self, module: &str) -> usize {
        self.resolver.max_batch(module)
    }

    fn max_depth(&self, module: &str) -> usize {
        self.resolver.max_depth(module)
    }

    async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
        if *invocation.module == *PARENTS {
            return Ok(vec![Ok(self.parents.clone())]);
        }
        let outcome = self.resolver.invoke(invocation).await?;
        show_cost(&outcome);
        outcome.answers
    }

    fn report(&self, error: &Error, _: &str, _: &str, _: &str, path: &[PathStep]) {
        self.failed.store(true, Ordering::Relaxed);
        let place = match path.get(1..) {
            Some(rest) if !rest.is_empty() => format!("{}: ", crate::resolve::show(rest)),
            _ => String::new(),
        };
        output::fail(format_args!(
            "{place}{} ({}{})",
            error.log_message(),
            error.code(),
            details(error)
        ));
    }
}

/// What a guest said of its error beside the message, as clients read it.
fn details(error: &Error) -> String {
    let mut details = String::new();
    if let Some(reason) = error.reason() {
        details.push_str(", reason ");
        details.push_str(reason);
    }
    if let Some(beside) = error.beside() {
        details.push_str(", ");
        details.push_str(beside);
    }
    details
}

fn show_cost(outcome: &Outcome) {
    let timing = outcome.timing;
    output::tell(format_args!(
        "instantiated in {:?}, ran for {:?}; {} peak memory, {} host calls, {} given to the guest",
        timing.instantiate,
        timing.run,
        units::show_bytes(outcome.peak_memory_bytes as u64),
        outcome.usage.host_calls,
        units::show_bytes(outcome.usage.host_to_guest_bytes)
    ));
}
