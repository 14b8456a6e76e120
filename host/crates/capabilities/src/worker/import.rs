//! `worker`: grants by worker and method, then the host's pool of that worker.

use mayfly_error::{CallCode, CallError, shortened};
use mayfly_json::{Limits, Tree};
use mayfly_runtime::imports::{Asker, Calls, HELD_PER_BYTE, Pending, SHOWN_BYTES};
use wasmtime::component::Resource;

use super::WorkerCapability;
use super::bindings::mayfly::resolver::worker as wit;
use super::client::Request;
use super::configuration::MethodGrants;
use crate::holders::Borrower;

impl wit::Host for Calls {
    fn call(
        &mut self,
        worker: String,
        method: String,
        arguments: String,
    ) -> wasmtime::Result<Resource<Pending>> {
        // Held as the guest gave them, as a frame, and while they are looked at.
        let weight = worker.len() + method.len() + HELD_PER_BYTE * arguments.len();
        self.begin::<WorkerCapability, _>(
            weight,
            |asker| {
                granted(asker, &worker, &method)?;
                Ok(method)
            },
            |granted, method| {
                let clients = granted.backend();
                let Some(client) = clients.get(&worker).cloned() else {
                    let message = format!("there is no worker `{worker}`");
                    return Err(CallError::new(CallCode::NotFound, message));
                };
                is_json(&method, &worker, &arguments)?;
                let request = Request {
                    method,
                    arguments,
                    borrower: Borrower::of(&granted.module().name, granted.trace_id()),
                };
                let (most, deadline) = (granted.most_bytes(), granted.deadline());
                Ok(client.call(request, most, deadline))
            },
        )
    }
}

/// Checks the grant.
fn granted(asker: &Asker<'_>, worker: &str, method: &str) -> Result<(), CallError> {
    let granted = asker.module.grants.get::<MethodGrants>();
    if granted.is_some_and(|granted| granted.has(worker, method)) {
        return Ok(());
    }
    let name = &asker.module.name;
    let shown = |text: &str| shortened(text, SHOWN_BYTES).into_owned();
    let (method, worker) = (shown(method), shown(worker));
    let detail = format!(
        "module `{name}` may not call `{method}` of worker `{worker}`; add \"{method}\" to `modules.{name}.grants.workers.{worker}`"
    );
    Err(CallError::new(
        CallCode::Denied,
        format!("`{method}` of worker `{worker}` is not granted"),
    )
    .with_detail(detail))
}

/// What is not a value of its own could change the frame it is put into.
fn is_json(method: &str, worker: &str, arguments: &str) -> Result<(), CallError> {
    let read = Tree::read(arguments, Limits::of_bytes(arguments.len()));
    read.map(drop).map_err(|error| {
        let message = format!("{method} of worker `{worker}`: the arguments are refused: {error}");
        CallError::new(CallCode::Invalid, message)
    })
}
