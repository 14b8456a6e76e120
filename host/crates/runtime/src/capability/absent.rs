//! What answers for interfaces of the world that no capability of this program serves.
//!
//! The engine of JavaScript imports every interface, whatever its module uses; so each has to be there.

use mayfly_error::{CallCode, CallError};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use crate::imports::Pending;
use crate::sandbox::Data;

/// The interface of workers, and its one function.
const WORKER: (&str, &str) = ("mayfly:resolver/worker@0.1.0", "call");

/// Defines interfaces that are not defined yet: every call of them is denied.
pub(super) fn link(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    let (interface, function) = WORKER;
    // An error says that a capability serves it.
    let Ok(mut instance) = linker.instance(interface) else {
        return Ok(());
    };
    instance.func_wrap(
        function,
        |mut store: StoreContextMut<'_, Data>,
         (worker, method, _): (String, String, String)|
         -> wasmtime::Result<(Resource<Pending>,)> {
            let message = format!("method `{method}` of worker `{worker}` is not granted");
            let refused = CallError::new(CallCode::Denied, message);
            Ok((store.data_mut().calls().refuse(refused)?,))
        },
    )
}
