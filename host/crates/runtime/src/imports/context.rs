//! `context`: what is known about the operation.

use super::bindings::mayfly::resolver::context as wit;
use super::calls::Calls;

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

    fn time_left_ms(&mut self) -> wasmtime::Result<u64> {
        let left = self.deadline.remaining();
        Ok(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }
}
