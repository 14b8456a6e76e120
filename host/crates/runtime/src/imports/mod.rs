//! What guests may call: one file per WIT interface that is the host's own, over one per-invocation [`Calls`]; those that reach
//! something outside are of [capabilities](crate::capability).
//!
//! Grants and budgets are checked here, before any work begins ([`Granted`]). A guest gets a typed error whenever it can react; a trap
//! says that it broke the contract.

mod access;
mod backends;
mod budget;
mod caller;
mod calls;
mod clock;
mod context;
mod log;
mod pending;
mod random;
mod rows;

pub use access::{Asker, Granted};
pub use backends::{Access, Backends};
pub use budget::{Allowance, HELD_PER_BYTE, LogLeft, Reached, Usage};
pub use caller::{Caller, Credential};
pub use calls::{Calls, Failure, Operation, Origin, SHOWN_BYTES};
pub use pending::{Answer, Call, Pending};
pub use rows::{RowBudget, RowsLeft};

use wasmtime::component::{HasSelf, Linker};

/// The generated bindings.
pub mod bindings {
    #![allow(
        missing_docs,
        clippy::all,
        reason = "generated; the WIT files hold the documentation"
    )]
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package mayfly:runtime;
            world resolver {
                import mayfly:resolver/context@0.1.0;
                import mayfly:resolver/pending@0.1.0;
                import mayfly:resolver/log@0.1.0;
                import mayfly:resolver/clock@0.1.0;
                import mayfly:resolver/random@0.1.0;
                export mayfly:resolver/handler@0.1.0;
            }
        ",
        imports: {
            "mayfly:resolver/pending.[method]pending.take": async | trappable,
            "mayfly:resolver/pending.wait-any": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: {
            "mayfly:resolver/pending.pending": crate::imports::pending::Pending,
        },
        require_store_data_send: true,
    });
}

/// Makes the host's own imports available, answered by the [`Calls`] that `calls` finds in the store's data.
///
/// # Errors
///
/// When an import is defined twice.
pub fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    calls: fn(&mut T) -> &mut Calls,
) -> wasmtime::Result<()> {
    bindings::Resolver::add_to_linker::<T, HasSelf<Calls>>(linker, calls)
}
