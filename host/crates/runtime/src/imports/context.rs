//! `context`: what is known about the operation.

use mayfly_json::{Kind, Limits, Tree};

use super::bindings::mayfly::resolver::context as wit;
use super::calls::Calls;

/// Bytes of what a guest says of one error, at most.
const DETAIL_BYTES: usize = 4_096;

impl wit::Host for Calls {
    fn trace_id(&mut self) -> wasmtime::Result<String> {
        Ok(self.operation.trace_id.clone())
    }

    fn caller(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.operation.caller.id.clone())
    }

    fn claims(&mut self) -> wasmtime::Result<String> {
        let claims = &self.operation.caller.claims;
        Ok(if claims.is_empty() {
            "{}".to_owned()
        } else {
            claims.clone()
        })
    }

    fn header(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let headers = &self.operation.caller.headers;
        Ok(headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.clone()))
    }

    fn selection(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.selection.to_vec())
    }

    fn variables(&mut self) -> wasmtime::Result<String> {
        let variables = self.operation.variables.as_ref();
        Ok(variables.map_or("{}", Tree::text).to_owned())
    }

    fn error_details(&mut self, parent: u32, details: String) -> wasmtime::Result<()> {
        let is_object = |text: &str| {
            Tree::read(text, Limits::of_bytes(DETAIL_BYTES))
                .is_ok_and(|tree| tree.root().kind() == Kind::Object)
        };
        // One for each parent, and no more than the guest may hand over.
        if details.len() <= DETAIL_BYTES
            && is_object(&details)
            && self
                .usage
                .receive(details.len(), &self.module.budget)
                .is_ok()
        {
            self.error_details.retain(|(known, _)| *known != parent);
            self.error_details.push((parent, details));
        }
        Ok(())
    }

    fn time_left_ms(&mut self) -> wasmtime::Result<u64> {
        let left = self.deadline.remaining();
        Ok(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }
}
