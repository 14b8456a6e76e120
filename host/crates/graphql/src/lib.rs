//! The GraphQL engine: a document and variables in, the bytes of a response out.
//!
//! In the order a request goes: `syntax` parses the text within bounds, `guard` measures what it stands for, `validation` holds it
//! against the `schema`, `coercion` makes the client's values fit, `plan` prepares the operation, `execution` calls modules through
//! [`Resolve`], `completion` checks their answers, and `introspection` answers for the schema itself. `engine` ties them together.
//!
//! Imports point down, in this order: `syntax`, `auth` (rules about callers), `schema` (the tables), `coercion`, `validation`, then `sdl`, which reads a schema with
//! all of these, and `plan`, then `introspection`, `completion`, `execution`, `engine`.
//!
//! It knows nothing of WebAssembly, HTTP or backends. No input makes it panic or recurse without bound.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]

mod auth;
mod coercion;
mod completion;
mod engine;
mod excerpt;
mod execution;
mod guard;
mod introspection;
mod plan;
mod question;
mod response;
mod schema;
mod sdl;
mod syntax;
mod validation;

pub use auth::{Viewer, ViewerKind};
pub use engine::{Engine, Prepared, Request, guarded_kind};
pub use execution::{Answers, Invocation, Resolve};
pub use mayfly_config::Limits;
pub use plan::{CacheStats, Plan, Step};
pub use question::{PARENTS, Question};
pub use response::{Disclosure, PathStep, Position, RequestError, RequestErrors};
pub use schema::{Binding, Change, ChangeKind, Explanation, Schema, Severity};
pub use sdl::SchemaProblem;
pub use syntax::OperationKind;
