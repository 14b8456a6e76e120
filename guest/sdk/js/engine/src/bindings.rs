//! What `wit/` says, as Rust: generated.

#![allow(
    unsafe_code,
    unused_imports,
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    rustdoc::all,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../../../../wit",
    world: "resolver",
});

export!(Exported);

use crate::Exported;
