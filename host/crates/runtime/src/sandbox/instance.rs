//! One invocation: an instance in a store of its own, called once.
//!
//! [`Instance::call`] consumes the instance, so that using it again cannot be written. Whatever happens (an answer, a trap, a
//! time-out, the caller going away) the store is dropped, and with it the guest's memory, its pending calls and its handles.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use mayfly_config::{ErrorStyle, Module};
use mayfly_error::Error;
use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::data::Data;
use super::engine::Sandbox;
use super::memory::MemoryCap;
use super::{Prepared, appsync, trap};
use crate::Deadline;
use crate::imports::bindings::Resolver;
use crate::imports::bindings::exports::mayfly::resolver::handler::Invocation;
use crate::imports::bindings::mayfly::resolver::types::Error as GuestError;
use crate::imports::{Backends, Calls, Operation, Origin, Reached, Usage};

/// What is asked of a guest.
pub struct Request {
    /// The module, with its limits and grants.
    pub module: Arc<Module>,
    /// SHA-256 of its component, 64 hexadecimal digits.
    pub version: String,
    /// The backends its imports reach.
    pub backends: Arc<Backends>,
    /// The operation it is part of.
    pub operation: Arc<Operation>,
    /// The object type with the field.
    pub type_name: Arc<str>,
    pub field_name: Arc<str>,
    /// The field's arguments: a JSON object.
    pub arguments: String,
    /// The parents, a JSON object each.
    pub parents: Vec<String>,
    /// Paths selected below the field.
    pub selection: Arc<[String]>,
}

/// How long the steps of an invocation took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timing {
    /// Waiting for memory and a place.
    pub wait: Duration,
    /// Instantiating.
    pub instantiate: Duration,
    /// Running, host calls included.
    pub run: Duration,
}

/// What became of an invocation.
#[derive(Debug)]
pub struct Outcome {
    /// One answer per parent, or why there is none at all.
    pub answers: Result<Vec<Result<String, Error>>, Error>,
    /// Times.
    pub timing: Timing,
    /// The most memory the guest held, tables included, in bytes.
    pub peak_memory_bytes: usize,
    /// Calls, bytes and lines used.
    pub usage: Usage,
}

/// The guest was still running at its deadline.
#[derive(Debug, thiserror::Error)]
#[error("the deadline has passed")]
struct DeadlinePassed;

impl Sandbox {
    /// Runs one invocation, from waiting for memory to dropping the instance.
    pub async fn invoke(&self, prepared: &Prepared, request: Request) -> Outcome {
        let started = Instant::now();
        let deadline = Deadline::since(started, request.module.deadline)
            .no_later_than(request.operation.allowance.deadline());
        let module = request.module.clone();
        let (admission, admitted) = {
            let mut admission = pin!(self.admit(&module));
            // Mostly there is room, and then no time passes.
            match admission.as_mut().now_or_never() {
                Some(admission) => (Ok(admission), started),
                None => {
                    let waited = tokio::time::timeout_at(deadline.at(), admission).await;
                    (waited, Instant::now())
                }
            }
        };
        let permits = match admission {
            Ok(Ok(permits)) => permits,
            Ok(Err(closed)) => {
                return Outcome::without_instance(Error::Internal(closed.to_string()), started);
            }
            Err(_) => {
                let error = deadline_exceeded(&module, deadline.total());
                return Outcome::without_instance(error, started);
            }
        };
        let instance = Instance::new(self, request, deadline);
        let outcome = instance.call(prepared, admitted).await;
        drop(permits);
        outcome
    }

    /// Makes one instance and drops it without calling it: whether it fits the pool, its cap and its time.
    ///
    /// # Errors
    ///
    /// Why no instance can be made.
    pub async fn rehearse(&self, prepared: &Prepared, request: Request) -> Result<(), Error> {
        let deadline = Deadline::since(Instant::now(), request.module.deadline);
        let module = request.module.clone();
        let Ok(permits) = tokio::time::timeout_at(deadline.at(), self.admit(&module)).await else {
            return Err(Error::DeadlineExceeded {
                module: module.name.clone(),
                deadline: module.deadline,
            });
        };
        let permits = permits.map_err(|closed| Error::Internal(closed.to_string()))?;
        let mut instance = Instance::new(self, request, deadline);
        let made = tokio::time::timeout_at(
            deadline.at(),
            prepared.instantiate_async(&mut instance.store),
        )
        .await;
        let made = match made {
            Err(_) => Err(instance.deadline_exceeded()),
            Ok(made) => made
                .map(|_| ())
                .map_err(|error| instance.failure(&error, false)),
        };
        drop(permits);
        made
    }
}

/// A store made for one invocation.
struct Instance {
    store: Store<Data>,
    invocation: Invocation,
    module: Arc<Module>,
    deadline: Deadline,
}

impl Instance {
    fn new(sandbox: &Sandbox, request: Request, deadline: Deadline) -> Self {
        let Request {
            module,
            version,
            backends,
            operation,
            type_name,
            field_name,
            arguments,
            parents,
            selection,
        } = request;
        let invocation = Invocation {
            type_name: type_name.to_string(),
            field_name: field_name.to_string(),
            arguments,
            parents,
        };
        let origin = Origin {
            version,
            type_name,
            field_name,
        };
        let calls = Calls::new(
            module.clone(),
            origin,
            backends,
            operation,
            selection,
            deadline,
        );
        let data = Data {
            calls,
            memory: MemoryCap::new(module.memory_bytes, &module.budget),
            wasi: None,
        };
        let mut store = Store::new(sandbox.engine(), data);
        store.limiter(|data| &mut data.memory);
        store.set_hostcall_fuel(module.budget.guest_to_host_bytes);
        store.set_max_component_handles(module.budget.handles as usize);
        store.set_epoch_deadline(1);
        // A guest that computes gives way at every tick, and ends at its deadline even when no timer gets to run.
        store.epoch_deadline_callback(|context| {
            if context.data().calls.deadline().has_passed() {
                return Err(DeadlinePassed.into());
            }
            Ok(UpdateDeadline::Yield(1))
        });
        Self {
            store,
            invocation,
            module,
            deadline,
        }
    }

    /// Instantiates and calls, and gives everything back.
    async fn call(mut self, prepared: &Prepared, admitted: Instant) -> Outcome {
        let parents = self.invocation.parents.len().max(1);
        let mut instantiated = None;
        let run = async {
            let resolver: Resolver = prepared.instantiate_async(&mut self.store).await?;
            instantiated = Some(Instant::now());
            resolver
                .mayfly_resolver_handler()
                .call_resolve(&mut self.store, &self.invocation)
                .await
        };
        let result = tokio::time::timeout_at(self.deadline.at(), run).await;
        let ended = Instant::now();
        let answers = match result {
            Err(_) => Err(self.deadline_exceeded()),
            Ok(Err(error)) => Err(self.failure(&error, instantiated.is_some())),
            Ok(Ok(answers)) if answers.len() == parents => self.check_output(&answers).map(|()| {
                let answers = answers.into_iter().enumerate();
                answers
                    .map(|(parent, answer)| answer.map_err(|error| self.guest_error(parent, error)))
                    .collect()
            }),
            Ok(Ok(answers)) => Err(Error::InvalidOutput {
                module: self.module.name.clone(),
                message: format!(
                    "{} answers for {parents} parents; return one per parent",
                    answers.len()
                ),
            }),
        };
        let data = self.store.data();
        let instantiated = instantiated.unwrap_or(ended);
        Outcome {
            answers,
            timing: Timing {
                wait: admitted - self.deadline.began(),
                instantiate: instantiated - admitted,
                run: ended - instantiated,
            },
            peak_memory_bytes: data.memory.held_bytes,
            usage: data.calls.usage(),
        }
    }

    /// Whether the answer is within its budget.
    fn check_output(&self, answers: &[Result<String, GuestError>]) -> Result<(), Error> {
        let output_bytes: usize = answers.iter().flatten().map(String::len).sum();
        let most = self.module.budget.output_bytes;
        if output_bytes > most {
            Err(self.reached("bytes of answer", most, "limits.output"))
        } else {
            Ok(())
        }
    }

    fn deadline_exceeded(&self) -> Error {
        deadline_exceeded(&self.module, self.deadline.total())
    }

    fn reached(&self, what: &'static str, limit: usize, key: &'static str) -> Error {
        Reached {
            what,
            limit: limit as u64,
            key,
        }
        .into_error(&self.module.name)
    }

    /// What a trap, or a failed instantiation, was.
    fn failure(&self, error: &wasmtime::Error, instantiated: bool) -> Error {
        let memory = self.store.data().memory;
        if error.downcast_ref::<DeadlinePassed>().is_some() {
            return self.deadline_exceeded();
        }
        // A guest that was refused memory aborts, or goes on to use what it was not given; it divides by zero for other reasons.
        let for_want_of_memory = match error.downcast_ref() {
            Some(trap) => matches!(trap, Trap::UnreachableCodeReached | Trap::MemoryOutOfBounds),
            None => !instantiated,
        };
        if memory.refused_bytes > 0 && for_want_of_memory {
            return Error::OutOfMemory {
                module: self.module.name.clone(),
                cap_bytes: memory.cap_bytes as u64,
                asked_bytes: memory.refused_bytes as u64,
            };
        }
        let budget = self.module.budget;
        let text = format!("{error:#}");
        let of_system = |cause: &(dyn std::error::Error + 'static)| cause.is::<std::io::Error>();
        if !instantiated && error.chain().any(of_system) {
            return Error::Internal(format!("an instance cannot be made: {text}"));
        }
        // wasmtime has no types for its own limits. Lending a handle to a call takes one, too.
        if matches!(error.downcast_ref(), Some(ResourceTableError::Full))
            || text.contains("store handle limit exceeded")
        {
            return self.reached("handles", budget.handles as usize, "limits.handles");
        }
        if text.contains("fuel allocated for hostcalls has been exhausted") {
            return self.reached(
                "bytes handed to the host at once",
                budget.guest_to_host_bytes,
                "limits.guest_to_host",
            );
        }
        Error::GuestTrapped {
            module: self.module.name.clone(),
            trap: trap::describe(error),
        }
    }

    /// The error that a guest answered for a parent; one that it passes on from a call is reported as what it was.
    fn guest_error(&self, parent: usize, error: GuestError) -> Error {
        let module = self.module.name.clone();
        let calls = &self.store.data().calls;
        let passed_on = calls
            .failure_with(&error.code, &error.message)
            .or_else(|| calls.failure(&error.code))
            .map(|failure| (failure.detail.clone(), failure.is_backend_timeout));
        // The host's own words are for the log; a guest that has words of its own means them to be read.
        let in_the_words_of_the_host = calls
            .failure_with(&error.code, &error.message)
            .or_else(|| calls.refusal_with(&error.message))
            .map(|failure| failure.detail.clone());
        match (error.code.as_str(), passed_on) {
            ("denied", Some((detail, _))) => Error::Denied { module, detail },
            ("unavailable" | "throttled", Some((detail, _)))
            | ("deadline", Some((detail, true))) => Error::BackendUnavailable { detail },
            ("deadline", Some(_)) => self.deadline_exceeded(),
            ("budget", Some((remedy, _))) => Error::BudgetExceeded {
                module,
                remedy: remedy
                    .strip_prefix(&error.message)
                    .map_or(&*remedy, |rest| rest.trim_start_matches("; "))
                    .to_owned(),
                reached: shortened(error.message, 4_096),
            },
            _ => Error::GuestError {
                beside: (self.module.javascript.errors == ErrorStyle::AppSync)
                    .then(|| appsync::members(&error.code, calls.error_details(parent))),
                reason: shortened(error.code, appsync::REASON_BYTES),
                message: shortened(error.message, 4_096),
                retryable: error.retryable,
                passed_on: in_the_words_of_the_host,
            },
        }
    }
}

fn deadline_exceeded(module: &Module, deadline: Duration) -> Error {
    Error::DeadlineExceeded {
        module: module.name.clone(),
        deadline,
    }
}

impl Outcome {
    fn without_instance(error: Error, started: Instant) -> Self {
        let timing = Timing {
            wait: started.elapsed(),
            ..Timing::default()
        };
        Self {
            answers: Err(error),
            timing,
            peak_memory_bytes: 0,
            usage: Usage::default(),
        }
    }
}

/// The text up to a number of bytes, cut between characters.
fn shortened(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
    }
    text
}
