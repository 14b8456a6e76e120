//! Updates replace the program's file while it runs: it goes on compiling with itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use mayfly_tests::versions::{mark, marked};
use mayfly_tests::{TestApp, TestHost, built};

use super::{WITH_TOKEN, store, version};

/// Another name of the program, in a directory of its own.
fn named(directory: &Path, name: &str) -> std::path::PathBuf {
    let (own, program) = (built().join("mayfly"), directory.join(name));
    // A link costs nothing, and there are none between file systems.
    if fs::hard_link(&own, &program).is_err() {
        fs::copy(&own, &program).unwrap();
    }
    program
}

#[tokio::test]
async fn a_host_whose_program_was_replaced_or_deleted_compiles_with_itself() {
    let directory = tempfile::tempdir().unwrap();
    let program = named(directory.path(), "mayfly-0.1.0");
    let app = TestApp::swapping().with_configuration(WITH_TOKEN);
    // Not even what other tests compiled: the name of the program is no matter at the start either.
    fs::remove_dir_all(store(&app, "compiled")).unwrap();
    let host = TestHost::start_program(app, Command::new(&program)).await;
    assert_eq!(host.times_logged("compiling module"), 2);

    let other = directory.path().join("other");
    fs::write(&other, "#!/bin/sh\necho no such option >&2\nexit 2\n").unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&other, &program).unwrap();
    for number in 1..=2 {
        let answer = host.push("marked", marked(&mark("good", number))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(version(&host).await, mark("good", number));
        // The second is compiled when nothing is there any more.
        let _ = fs::remove_file(&program);
    }
}
