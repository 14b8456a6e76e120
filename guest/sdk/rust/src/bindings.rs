//! What `wit/` says, as Rust: generated. The rest of the crate wraps it, and the `resolvers!` macro exports it. In this repository the
//! directory is a link to the one that the host reads too.

#![allow(
    unsafe_code,
    unused_imports,
    missing_docs,
    clippy::all,
    reason = "generated code"
)]
#![allow(
    clippy::pedantic,
    clippy::restriction,
    rustdoc::all,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "resolver",
    pub_export_macro: true,
});
