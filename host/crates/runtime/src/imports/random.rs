//! `random`.

use rand::RngCore;

use super::bindings::mayfly::resolver::random as wit;
use super::calls::Calls;

/// The most bytes one call gives: above it a guest asks again, so that no single call holds up a thread.
const MAX_BYTES: u32 = 65_536;

impl wit::Host for Calls {
    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        if length > MAX_BYTES {
            return Err(wasmtime::Error::msg(format!(
                "{length} random bytes asked for; ask for at most {MAX_BYTES} at a time"
            )));
        }
        let mut bytes = vec![0; length as usize];
        rand::rng().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> wasmtime::Result<u64> {
        Ok(rand::rng().next_u64())
    }
}
