//! Write Mayfly resolvers in Rust: plain functions over serde types.
//!
//! ```no_run
//! use mayfly_guest::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct StudentArguments {
//!     id: String,
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(rename_all = "camelCase")]
//! struct Student {
//!     id: String,
//!     name: String,
//!     reading_level: String,
//! }
//!
//! async fn student(arguments: StudentArguments) -> Result<Option<Student>> {
//!     let key = object! { PK: format!("STUDENT#{}", arguments.id), SK: "PROFILE" };
//!     dynamodb::table("Students").get(key).await
//! }
//!
//! fn greeting(student: Student) -> Result<String> {
//!     Ok(format!("Hello, {}!", student.name))
//! }
//!
//! mayfly_guest::resolvers! {
//!     Query.student => student,
//!     Student.greeting => greeting,
//! }
//! # fn main() {}
//! ```
//!
//! # How a guest lives
//!
//! A fresh instance serves one invocation: one field, for one or more parent objects of one operation. Nothing is kept after it,
//! so there is nothing to clean up, and a `static` never holds anything from another request.
//!
//! # Reading on
//!
//! - [`resolvers!`]: which function answers which field, the shapes a function may have, batches.
//! - [`dynamodb`], [`sql`], [`http`] and [`worker`]: the backends. Calls are sent at once; see [`Call`] for how they overlap.
//! - [`context`], [`clock`], [`random`] and [`log`]: what else the host offers.
//! - [`Error`]: what `?` does, and what clients see.
//!
//! # Numbers
//!
//! Values cross to the host as JSON text with all their digits. In here plain `serde_json` reads them, so a number that fits
//! neither `i64`, `u64` nor `f64` loses digits. That is why SQL decimals arrive as strings: keep them as `String` where every digit
//! matters.

mod arena;
#[doc(hidden)]
pub mod bindings;
mod call;
pub mod clock;
pub mod context;
pub mod dynamodb;
mod error;
mod executor;
pub mod http;
mod join;
mod json;
pub mod log;
mod object;
pub mod random;
mod resolver;
pub mod sql;
pub mod time;
pub mod worker;

pub use call::Call;
pub use error::{Error, Result, codes};
pub use executor::block_on;
pub use join::{join, join_all, try_join};
pub use json::Json;
pub use object::{IntoJson, Object};
pub use resolver::NoArguments;

/// What nearly every module needs: `use mayfly_guest::prelude::*;`.
pub mod prelude {
    pub use crate::time::{Date, Timestamp};
    pub use crate::{Call, Error, NoArguments, Object, Result, codes, join, join_all, try_join};
    pub use crate::{clock, context, dynamodb, http, random, sql, worker};
    pub use crate::{debug, error, info, object, resolvers, trace, warn};
    pub use serde::{Deserialize, Serialize};
}

#[doc(hidden)]
pub mod __private {
    //! What the expansion of [`resolvers!`](crate::resolvers) names.
    pub use crate::bindings::exports::mayfly::resolver::handler::{Guest, Invocation};
    pub use crate::bindings::mayfly::resolver::types::Error as WireError;
    pub use crate::resolver::{Answer, Batch, Resolver, refuse, section, serve};
}
