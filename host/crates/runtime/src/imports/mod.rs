//! What guests may call: one file per WIT interface, over one per-invocation [`Calls`].
//!
//! This is the only place that knows the WIT types, through the host's one `bindgen!`. Grants and budgets are checked here, before
//! any work begins; below are the pools, which know neither. A guest gets a typed error whenever it can react; a trap says that
//! it broke the contract.

mod backends;
mod budget;
mod calls;
mod clock;
mod context;
mod dynamodb;
mod grants;
mod log;
mod pending;
mod random;
mod sql;

pub use backends::{Answer, Call, Database, OpenTransaction, Rows, Session, Statements, Tables};
pub use budget::{Allowance, LogLeft, Reached, Usage};
pub use calls::{Backends, Caller, Calls, Failure, Operation, Origin};

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
        world: "resolver",
        imports: {
            "mayfly:resolver/pending.[method]pending.take": async | trappable,
            "mayfly:resolver/pending.wait-any": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: {
            "mayfly:resolver/pending.pending": crate::imports::pending::Pending,
            "mayfly:resolver/sql.transaction": crate::imports::sql::Transaction,
            "mayfly:resolver/sql.row-stream": crate::imports::sql::RowStream,
        },
        require_store_data_send: true,
    });
}

/// Makes every import of the world available, answered by the [`Calls`] that `calls` finds in the store's data.
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
