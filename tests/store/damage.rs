//! Files that are not what was written: compiled again, put back, or refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mayfly_tests::versions::{component, mark, marked};
use mayfly_tests::{TestApp, TestHost};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{WITH_TOKEN, compiled, files, replace, store, version};

/// What a disk, or somebody by mistake, makes of a file.
fn damages(whole: &[u8], other: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut damages = vec![
        ("of another component".to_owned(), other.to_vec()),
        ("longer".to_owned(), [whole, b"x"].concat()),
    ];
    for length in [0, 1, 4_096, whole.len() / 2, whole.len() - 1] {
        let cut = whole[..length.min(whole.len() - 1)].to_vec();
        damages.push((format!("cut to {} bytes", cut.len()), cut));
    }
    for part in 0..6 {
        let mut flipped = whole.to_vec();
        let at = (whole.len() - 1) * part / 5;
        flipped[at] ^= 1 << part;
        damages.push((format!("with a bit of byte {at} flipped"), flipped));
    }
    damages
}

#[tokio::test]
async fn what_was_compiled_and_is_damaged_is_compiled_again() {
    let mut app = TestHost::start(TestApp::swapping()).await.stopped().await;
    let kept = compiled(&app);
    let [one, other] = kept.as_slice() else {
        panic!("one file of each module: {kept:?}")
    };
    let (whole, foreign) = (fs::read(one).unwrap(), fs::read(other).unwrap());
    for (what, damaged) in damages(&whole, &foreign) {
        replace(one, &damaged);
        let host = TestHost::start(app).await;
        assert_eq!(version(&host).await, mark("good", 0), "{what}");
        host.logged(&["its compiled code cannot be used", "is damaged"])
            .await;
        assert_eq!(
            host.times_logged("compiling module"),
            1,
            "the other is not compiled: {what}"
        );
        app = host.stopped().await;
        let again = fs::read(one).unwrap();
        assert_ne!(again, damaged, "it was put right: {what}");
        let host = TestHost::start(app).await;
        assert_eq!(host.times_logged("compiling module"), 0, "{what}");
        app = host.stopped().await;
    }
}

#[tokio::test]
async fn what_others_could_have_written_is_compiled_again_and_the_store_is_private_after() {
    let mut app = TestHost::start(TestApp::swapping()).await.stopped().await;
    compiled(&app);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7_777;
    let set = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // As Kubernetes mounts a volume with an `fsGroup`.
    let directories = ["", "components", "compiled"].map(|name| store(&app, name));
    for directory in &directories {
        set(directory, 0o2_770);
        for file in files(directory).iter().filter(|file| file.is_file()) {
            set(file, 0o660);
        }
    }
    let host = TestHost::start(app).await;
    assert_eq!(version(&host).await, mark("good", 0));
    assert_eq!(host.times_logged("compiling module"), 2);
    for directory in &directories {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    app = host.stopped().await;

    // One file alone.
    set(&compiled(&app)[0], 0o620);
    let host = TestHost::start(app).await;
    host.logged(&["its compiled code cannot be used", "could be"])
        .await;
    assert_eq!(host.times_logged("compiling module"), 1);
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn a_roll_back_takes_no_component_that_is_not_what_its_name_says() {
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let next = marked(&mark("good", 1));
    assert_eq!(host.push("marked", next.clone()).await.status, 200);
    let app = host.stopped().await;
    let first = digest(&component("marked"));
    fs::write(
        store(&app, "components").join(format!("{first}.wasm")),
        marked(&mark("good", 2)),
    )
    .unwrap();
    let host = TestHost::start(app).await;
    let body = host.rollback("marked").await;
    assert_eq!(body["step"], json!("read"), "{body}");
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .ends_with("; deploy that version again"),
        "{body}"
    );
    assert_eq!(version(&host).await, mark("good", 1));
    assert_eq!(
        host.module("marked").await["active"]["digest"],
        json!(digest(&next))
    );
}

#[tokio::test]
async fn a_damaged_component_is_put_back_from_the_component_file() {
    let app = TestHost::start(TestApp::swapping()).await.stopped().await;
    let whole = component("marked");
    let kept = store(&app, "components").join(format!("{}.wasm", digest(&whole)));
    fs::write(&kept, &whole[..whole.len() / 2]).unwrap();
    let host = TestHost::start(app).await;
    assert_eq!(version(&host).await, mark("good", 0));
    host.logged(&["is damaged", "trying the component file"])
        .await;
    let app = host.stopped().await;
    assert!(fs::read(&kept).unwrap() == whole);
    drop(app);
}

#[tokio::test]
async fn a_damaged_list_of_what_was_active_is_put_back_from_its_copy() {
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let next = marked(&mark("good", 1));
    assert_eq!(host.push("marked", next.clone()).await.status, 200);
    let mut app = host.stopped().await;
    let list = store(&app, "active.json");
    let whole = fs::read_to_string(&list).unwrap();
    let damages = [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        // Another version, which is in the store too.
        whole.replace(&digest(&next), &digest(&component("marked"))),
    ];
    for damaged in damages {
        fs::write(&list, &damaged).unwrap();
        let host = TestHost::start(app).await;
        assert_eq!(version(&host).await, mark("good", 1), "{damaged}");
        host.logged(&["active.json is damaged", "using its copy"])
            .await;
        app = host.stopped().await;
        assert_eq!(fs::read_to_string(&list).unwrap(), whole);
    }
}
