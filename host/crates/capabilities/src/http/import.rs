//! `http`: grants by service and route, then the host's pool of that service.

use http::header::HeaderValue;
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::{Calls, Pending};
use wasmtime::component::Resource;

use super::HttpCapability;
use super::bindings::mayfly::resolver::http as wit;
use super::grants::{granted, weight};
use super::same::Origin;
use crate::holders::Borrower;

impl wit::Host for Calls {
    fn send(
        &mut self,
        service: String,
        request: wit::Request,
    ) -> wasmtime::Result<Resource<Pending>> {
        self.begin::<HttpCapability, _>(
            weight(&service, &request),
            |asker| {
                let (request, forward) = granted(asker, &service, request)?;
                Ok((request, forward, Origin::of(asker.caller)))
            },
            |granted, (mut request, forward, origin)| {
                let clients = granted.backend();
                let Some(client) = clients.get(&service).cloned() else {
                    let message = format!("there is no service `{service}`");
                    return Err(CallError::new(CallCode::NotFound, message));
                };
                request.borrower = Borrower::of(&granted.module().name, granted.trace_id());
                if forward.traceparent {
                    request.trace = traceparent(granted.trace_id());
                }
                let (most, deadline) = (granted.most_bytes(), granted.deadline());
                Ok(client.call(origin, request, most, deadline))
            },
        )
    }
}

/// The value of `traceparent` (W3C Trace Context): the operation's trace with a span of its own.
fn traceparent(trace_id: &str) -> Option<HeaderValue> {
    let span = rand::random::<u64>().max(1);
    HeaderValue::from_str(&format!("00-{trace_id}-{span:016x}-01")).ok()
}
