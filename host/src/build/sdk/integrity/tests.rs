//! A copy that was changed in any way is noticed.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;

fn written(language: Language) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write_sdk(language, directory.path()).unwrap();
    verify(directory.path()).unwrap();
    directory
}

fn said(directory: &Path) -> String {
    format!("{:#}", verify(directory).unwrap_err())
}

#[test]
fn a_file_that_was_changed_removed_or_added_is_named_with_the_remedy() {
    for (language, file) in [
        (Language::Rust, "src/lib.rs"),
        (Language::Cpp, "mayfly.hpp"),
    ] {
        let sdk = written(language);
        let path = sdk.path().join(file);
        let original = fs::read(&path).unwrap();
        fs::write(&path, [&original[..], b" "].concat()).unwrap();
        let message = said(sdk.path());
        assert!(
            message.contains(&format!("{file} was changed")),
            "{message}"
        );
        let remedy = format!("run `mayfly sdk {} ", language.as_str());
        assert!(message.contains(&remedy), "{message}");

        fs::remove_file(&path).unwrap();
        assert!(said(sdk.path()).contains(&format!("{file} cannot be read")));

        write_sdk(language, sdk.path()).unwrap();
        verify(sdk.path()).unwrap();
        fs::write(sdk.path().join("build.rs"), "fn main() {}").unwrap();
        assert!(said(sdk.path()).contains("build.rs was added"));
    }
}

#[test]
fn a_list_that_was_changed_with_its_file_does_not_help() {
    let sdk = written(Language::Rust);
    fs::write(sdk.path().join("src/lib.rs"), "").unwrap();
    let sums = fs::read_to_string(sdk.path().join(SUMS)).unwrap();
    let changed: String = sums
        .lines()
        .map(|line| match line.strip_suffix("  src/lib.rs") {
            Some(_) => format!("{}  src/lib.rs\n", hex(b"")),
            None => format!("{line}\n"),
        })
        .collect();
    assert_ne!(sums, changed);
    fs::write(sdk.path().join(SUMS), changed).unwrap();
    let message = said(sdk.path());
    assert!(message.contains("src/lib.rs is missing from"), "{message}");
}

#[test]
fn what_cargo_leaves_is_not_taken_for_a_change() {
    let sdk = written(Language::Rust);
    fs::create_dir(sdk.path().join("target")).unwrap();
    fs::write(sdk.path().join("target/anything"), "").unwrap();
    fs::write(sdk.path().join("Cargo.lock"), "").unwrap();
    verify(sdk.path()).unwrap();
}

#[test]
fn a_link_or_a_pipe_in_place_of_a_file_is_noticed_and_not_read() {
    let sdk = written(Language::Rust);
    let file = sdk.path().join("src/lib.rs");
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("lib.rs");
    fs::rename(&file, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &file).unwrap();
    assert!(said(sdk.path()).contains("src/lib.rs cannot be read: it is not a file"));
    fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    assert!(said(sdk.path()).contains("src/lib.rs cannot be read: it is not a file"));
}

#[test]
fn nothing_but_an_earlier_sdk_of_the_language_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mine"), "").unwrap();
    let refused = write_sdk(Language::Rust, directory.path()).unwrap_err();
    assert!(refused.to_string().contains("is not empty and not an SDK"));
    let sdk = written(Language::Cpp);
    let refused = write_sdk(Language::Rust, sdk.path()).unwrap_err();
    assert!(refused.to_string().contains("is the SDK for cpp"));
}

#[test]
fn a_list_that_leads_out_of_the_directory_removes_nothing() {
    let outer = tempfile::tempdir().unwrap();
    let sdk = outer.path().join("sdk");
    write_sdk(Language::Rust, &sdk).unwrap();
    let other = outer.path().join("other");
    for path in ["../other", "/etc/hostname", "./../other"] {
        fs::write(&other, "precious").unwrap();
        fs::write(sdk.join(SUMS), format!("00  {path}\n")).unwrap();
        let refused = write_sdk(Language::Rust, &sdk).unwrap_err();
        assert!(
            format!("{refused:#}").contains("points outside"),
            "{refused:#}"
        );
        assert!(other.exists());
    }
}

#[test]
fn a_copy_of_another_version_is_held_to_its_own_list() {
    let sdk = written(Language::Rust);
    let older = "rust 0.0.1\n";
    fs::write(sdk.path().join(MARKER), older).unwrap();
    fs::write(sdk.path().join("src/lib.rs"), "").unwrap();
    let sums = fs::read_to_string(sdk.path().join(SUMS)).unwrap();
    let changed: String = sums
        .lines()
        .map(|line| match line.rsplit_once("  ").unwrap().1 {
            "src/lib.rs" => format!("{}  src/lib.rs\n", hex(b"")),
            MARKER => format!("{}  {MARKER}\n", hex(older.as_bytes())),
            _ => format!("{line}\n"),
        })
        .collect();
    fs::write(sdk.path().join(SUMS), changed).unwrap();
    verify(sdk.path()).unwrap();
    fs::write(sdk.path().join("src/call.rs"), "").unwrap();
    assert!(said(sdk.path()).contains("src/call.rs was changed"));
}
