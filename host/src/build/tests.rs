//! What is refused, and that files are replaced only when they change. Real guests are built by the tests of the whole.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;

#[test]
fn a_module_that_lists_no_fields_is_refused_with_a_remedy() {
    let empty_module = b"\0asm\x01\0\0\0";
    let message = Component::new(empty_module.to_vec())
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "it lists no fields; list its resolvers with the SDK, or write the section `mayfly:fields` (`Query.field`, one per line)"
    );
    assert_eq!(
        Component::new(b"hello".to_vec()).unwrap_err().to_string(),
        "it is not WebAssembly"
    );
}

#[test]
fn a_module_that_lists_fields_but_exports_nothing_is_refused() {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let section = b"\x0dmayfly:fieldsQuery.a\n";
    module.extend([0, u8::try_from(section.len()).unwrap()]);
    module.extend(section);
    let error = Component::new(module).unwrap_err();
    assert!(
        format!("{error:#}").contains("mayfly:resolver/handler@0.1.0"),
        "{error:#}"
    );
}

#[test]
fn a_file_is_replaced_only_when_its_bytes_change() {
    let directory = std::env::temp_dir().join(format!("mayfly-build-{}", std::process::id()));
    let file = directory.join("deep/module.wasm");
    assert!(replace(&file, b"one").unwrap());
    assert!(!replace(&file, b"one").unwrap());
    assert!(replace(&file, b"two").unwrap());
    assert_eq!(fs::read(&file).unwrap(), b"two");
    assert_eq!(
        fs::read_dir(directory.join("deep")).unwrap().count(),
        1,
        "no temporary file stays"
    );
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_source_that_is_none_is_named_with_what_would_be_one() {
    let refused = |source: &Path| {
        let source = ModuleSource::new(source, Path::new("x.wasm"));
        let built = build_modules(&[source], &mut |_| {});
        assert!(built.reports.is_empty());
        built.failures.first().unwrap().to_string()
    };
    assert_eq!(refused(Path::new("/nowhere")), "no source at /nowhere");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert!(
        refused(&here)
            .ends_with("contains no source; a Rust crate has a Cargo.toml, JavaScript has a package.json, C++ has .cpp files")
    );
    assert!(
        refused(&here.join("main.rs")).ends_with(
            "is not a source; give a directory, or a .js, .ts, .cpp, .wat or .wasm file"
        )
    );
}
