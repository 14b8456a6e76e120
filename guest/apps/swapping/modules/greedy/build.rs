//! Lets the module begin with more memory than guests are linked with.

fn main() {
    println!("cargo:rustc-link-arg-cdylib=--initial-memory=9437184");
}
