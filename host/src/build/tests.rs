//! What is refused, and that files are replaced only when they change. Real guests are built by the tests of the whole.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;

#[test]
fn a_module_that_lists_no_fields_is_refused_with_a_remedy() {
    let empty_module = b"\0asm\x01\0\0\0";
    let message = Component::from_core(empty_module).unwrap_err().to_string();
    assert_eq!(message, "it lists no fields; list its resolvers with `mayfly_guest::resolvers!` at the root of the crate");
    assert_eq!(Component::from_core(b"hello").unwrap_err().to_string(), "it is not WebAssembly");
}

#[test]
fn a_module_that_lists_fields_but_exports_nothing_is_refused() {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let section = b"\x0dmayfly:fieldsQuery.a\n";
    module.extend([0, u8::try_from(section.len()).unwrap()]);
    module.extend(section);
    let error = Component::from_core(&module).unwrap_err();
    assert!(format!("{error:#}").contains("mayfly_guest::resolvers!"), "{error:#}");
}

#[test]
fn a_file_is_replaced_only_when_its_bytes_change() {
    let directory = std::env::temp_dir().join(format!("mayfly-build-{}", std::process::id()));
    let file = directory.join("deep/module.wasm");
    assert!(replace(&file, b"one").unwrap());
    assert!(!replace(&file, b"one").unwrap());
    assert!(replace(&file, b"two").unwrap());
    assert_eq!(fs::read(&file).unwrap(), b"two");
    assert_eq!(fs::read_dir(directory.join("deep")).unwrap().count(), 1, "no temporary file stays");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_directory_without_a_crate_is_named() {
    let message =
        build_module(Path::new("/nowhere"), Path::new("x.wasm"), &Toolchain::Rustup, &mut |_| {}).unwrap_err().to_string();
    assert_eq!(message, "no crate at /nowhere/Cargo.toml");
}
