//! The archive that users install: what is in it, that it is the same each time, and that it runs anywhere for a user without rights.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mayfly_tests::versions::renamed;
use mayfly_tests::{TestApp, TestHost, built, repository};
use serde_json::{Value, json};

/// A user who owns nothing.
const NOBODY: &str = "65534";

/// Makes an archive of the programs under test.
fn make(out: &Path) -> PathBuf {
    let output = Command::new(built().join("dist"))
        .current_dir(repository())
        .arg("--programs")
        .arg(built())
        .arg("--out")
        .arg(out)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let archives = fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut archives = archives.filter(|path| path.extension().is_some_and(|end| end == "gz"));
    archives.next().expect("an archive")
}

/// One archive for all tests.
fn archive() -> &'static Path {
    static ARCHIVE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = ARCHIVE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = make(directory.path());
        (directory, path)
    });
    path
}

/// Unpacks it into a bare directory, which anybody may look into; gives the one directory in it.
fn unpacked(directory: &Path) -> PathBuf {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new("tar")
        .arg("--extract")
        .arg("--file")
        .arg(archive())
        .arg("--directory")
        .arg(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut entries = fs::read_dir(directory).unwrap();
    entries.next().unwrap().unwrap().path()
}

#[test]
fn the_archive_has_everything_and_nothing_of_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let root = unpacked(directory.path());
    for file in [
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "THIRD-PARTY-NOTICES.txt",
        "Containerfile",
        "docs/getting-started.md",
        "share/mayfly/mayfly.schema.json",
        "share/mayfly/mayfly.service",
        "share/mayfly/page.html",
        "share/mayfly/toolchain.sh",
        "share/mayfly/sample/build/students.wasm",
        "share/mayfly/sample/mayfly.toml",
        "share/mayfly/sdk/rust/SHA256SUMS",
        "share/mayfly/javascript-engine.wasm",
        "share/mayfly/sdk/cpp/mayfly.hpp",
        "share/mayfly/sdk/js/index.d.ts",
        "share/mayfly/wit/world.wit",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    let state = fs::read_dir(root.join("share/mayfly/state")).unwrap();
    assert_eq!(state.count(), 0, "the Containerfile copies it");
    for program in ["mayfly", "mayfly-embedded"] {
        let bytes = fs::read(root.join("bin").join(program)).unwrap();
        // A program with its symbols has a section of this name.
        let named = bytes.windows(8).any(|window| window == b".symtab\0");
        assert!(!named, "{program} is stripped");
    }
    let listed = Command::new("tar")
        .args(["--list", "--verbose", "--numeric-owner", "--file"])
        .arg(archive())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for line in listed.lines() {
        assert!(line.contains(" 0/0 "), "of nobody: {line}");
        assert!(
            line.contains(" 2023-11-1"),
            "of the time that was asked for: {line}"
        );
        assert!(!line.contains("/.mayfly/"), "{line}");
    }
}

#[test]
fn the_same_programs_give_the_same_archive() {
    let directory = tempfile::tempdir().unwrap();
    let again = make(directory.path());
    assert!(fs::read(again).unwrap() == fs::read(archive()).unwrap());
}

#[test]
fn completions_are_scripts_that_their_shell_takes() {
    let directory = tempfile::tempdir().unwrap();
    let completions = unpacked(directory.path()).join("share/mayfly/completions");
    for file in ["mayfly.bash", "_mayfly", "mayfly.fish"] {
        let text = fs::read_to_string(completions.join(file)).unwrap();
        assert!(text.contains("allow-breaking"), "{file}");
    }
    let checked = Command::new("bash")
        .arg("-n")
        .arg(completions.join("mayfly.bash"))
        .status()
        .unwrap();
    assert!(checked.success());
}

#[test]
fn the_bill_of_materials_names_what_is_in_the_programs() {
    let directory = tempfile::tempdir().unwrap();
    let root = unpacked(directory.path());
    let text = fs::read_to_string(root.join("share/mayfly/sbom.cdx.json")).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["bomFormat"], "CycloneDX");
    let components = list["components"].as_array().unwrap();
    let names: BTreeSet<&str> = components
        .iter()
        .map(|component| component["name"].as_str().unwrap())
        .collect();
    for name in ["mayfly", "wasmtime", "tiberius", "rusqlite", "wit-bindgen"] {
        assert!(names.contains(name), "{name}");
    }
    for name in ["insta", "proptest", "reqwest"] {
        assert!(!names.contains(name), "{name} is for tests only");
    }
    let references: BTreeSet<&str> = components
        .iter()
        .map(|component| component["bom-ref"].as_str().unwrap())
        .collect();
    assert_eq!(
        references.len(),
        components.len(),
        "each has a name of its own"
    );
    for component in components {
        let of_registry = component["purl"]
            .as_str()
            .unwrap()
            .starts_with("pkg:cargo/");
        assert_eq!(of_registry, component["hashes"].is_array(), "{component}");
        assert!(component["licenses"].is_array(), "{component}");
    }
    let notices = fs::read_to_string(root.join("THIRD-PARTY-NOTICES.txt")).unwrap();
    for component in components {
        if component["hashes"].is_array() {
            let line = format!(
                "\n{} {}: ",
                component["name"].as_str().unwrap(),
                component["version"].as_str().unwrap()
            );
            assert!(notices.contains(&line), "{line}");
        }
    }
}

/// A command that runs as a user without rights, where this user may become one.
fn without_rights() -> Vec<&'static str> {
    if rustix::process::geteuid().is_root() {
        vec![
            "setpriv",
            "--reuid",
            NOBODY,
            "--regid",
            NOBODY,
            "--clear-groups",
            "--no-new-privs",
        ]
    } else {
        vec!["env"]
    }
}

/// Gives an app to that user.
fn give(app: &Path) {
    if rustix::process::geteuid().is_root() {
        let owner = format!("{NOBODY}:{NOBODY}");
        let given = Command::new("chown").args(["-R", &owner]).arg(app).status();
        assert!(given.unwrap().success());
    }
}

fn unprivileged(program: &Path) -> Command {
    let words = without_rights();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(program).current_dir("/");
    // Nothing of this user's.
    command.env("HOME", "/nonexistent");
    command
}

#[tokio::test]
async fn a_user_without_rights_serves_the_sample_deploys_and_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let root = unpacked(directory.path());
    let app = TestApp::empty();
    let copied = Command::new("cp")
        .arg("-R")
        .arg(root.join("share/mayfly/sample/."))
        .arg(app.path())
        .status();
    assert!(copied.unwrap().success());
    let app = app.with_configuration("[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n");
    give(app.path());
    let program = root.join("bin/mayfly");
    let query = r#"{ student(id: "S1") { name assessments(type: FLUENCY) { id } } }"#;

    let host = TestHost::start_program(app, unprivileged(&program)).await;
    let first = host.query(query).await;
    assert_eq!(
        first["data"]["student"]["name"],
        json!("Ben Berg"),
        "{first}"
    );
    let component = fs::read(host.app.path().join("build/students.wasm")).unwrap();
    let pushed = host.push("students", renamed(component, 7)).await;
    assert_eq!(pushed.status, 200, "{}", pushed.text);
    let active = host.module("students").await["active"].clone();
    let app = host.stopped().await;

    let host = TestHost::start_program(app, unprivileged(&program)).await;
    assert_eq!(
        host.module("students").await["active"]["version"],
        active["version"]
    );
    assert_eq!(host.query(query).await, first);
}

/// What the unit grants: a file system that can be read, one directory that can be written, no rights and no way to more of them.
const HARDENED: &str = "\
    mount --bind \"$STATE_DIRECTORY\" \"$STATE_DIRECTORY\"\n\
    mount -o remount,bind,ro /\n\
    if touch \"$APP/forbidden\" 2>/dev/null; then exit 9; fi\n\
    exec \"$@\"";

#[tokio::test]
async fn a_server_that_may_write_to_its_state_directory_alone_deploys_and_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let root = unpacked(directory.path());
    let state = tempfile::tempdir().unwrap();
    give(state.path());
    let app = TestApp::empty();
    let copied = Command::new("cp")
        .arg("-R")
        .arg(root.join("share/mayfly/sample/."))
        .arg(app.path())
        .status();
    assert!(copied.unwrap().success());
    // As the unit says it to whoever writes an app.
    let app = app.with_configuration(
        "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\nstore = { env = \"STATE_DIRECTORY\", default = \".mayfly\" }\n",
    );
    let all = fs::Permissions::from_mode(0o755);
    fs::set_permissions(app.path(), all).unwrap();
    let command = |app: &TestApp| {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--", "sh", "-ec", HARDENED, "sh"])
            .args(without_rights())
            .env("APP", app.path())
            .env("STATE_DIRECTORY", state.path())
            .env("TMPDIR", state.path());
        if rustix::process::geteuid().is_root() {
            command.args(["--bounding-set=-all", "--inh-caps=-all"]);
        }
        command.arg(root.join("bin/mayfly"));
        command
    };
    let allowed = Command::new("unshare")
        .args(["--mount", "--", "sh", "-ec", HARDENED, "sh", "true"])
        .env("APP", app.path())
        .env("STATE_DIRECTORY", state.path())
        .status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("not shown here: mounting is not allowed");
        return;
    }
    let start = command(&app);
    let host = TestHost::start_program(app, start).await;
    let component = fs::read(host.app.path().join("build/students.wasm")).unwrap();
    let pushed = host.push("students", renamed(component, 8)).await;
    assert_eq!(pushed.status, 200, "{}", pushed.text);
    let active = host.module("students").await["active"].clone();
    let app = host.stopped().await;
    let start = command(&app);
    let host = TestHost::start_program(app, start).await;
    assert_eq!(
        host.module("students").await["active"]["version"],
        active["version"]
    );
    assert!(!host.app.path().join(".mayfly").exists());
}

#[test]
fn an_unpacked_program_makes_and_checks_an_app_anywhere() {
    let directory = tempfile::tempdir().unwrap();
    let root = unpacked(directory.path());
    let place = tempfile::tempdir().unwrap();
    give(place.path());
    let app = place.path().join("app");
    let output = unprivileged(&root.join("bin/mayfly"))
        .arg("new")
        .arg(&app)
        .args(["--lang", "cpp"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // Without a compiler, the program names the script beside itself.
    let output = unprivileged(&root.join("bin/mayfly"))
        .arg("build")
        .arg(&app)
        .env("PATH", "/usr/bin/nowhere:/bin/nowhere")
        .output();
    let said = match output {
        Ok(output) => String::from_utf8(output.stderr).unwrap(),
        // `setpriv` itself is looked up along the path.
        Err(_) => String::from_utf8(
            Command::new(root.join("bin/mayfly"))
                .arg("build")
                .arg(&app)
                .env("PATH", "/nowhere")
                .output()
                .unwrap()
                .stderr,
        )
        .unwrap(),
    };
    let script = root.join("share/mayfly/toolchain.sh");
    assert!(said.contains(script.to_str().unwrap()), "{said}");
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = repository().join("host/dist/files/mayfly.service");
    let text = fs::read_to_string(&unit).unwrap();
    for line in [
        "ReadOnlyPaths=/",
        "NoNewPrivileges=yes",
        "User=mayfly",
        "CapabilityBoundingSet=",
        // Requests under way outlive the first signal, and the server outlives its workers.
        "KillMode=mixed",
        "Delegate=memory pids",
        "OOMPolicy=continue",
    ] {
        assert!(text.lines().any(|there| there == line), "{line}");
    }
    let Ok(output) = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=30"])
        .arg(&unit)
        .output()
    else {
        println!("not shown here: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "exposure above 3.0: {said}");
    // What systemd does not know it names, and leaves out. The program is not installed here.
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().join("mayfly.service");
    fs::write(&here, text.replace("/opt/mayfly/bin/mayfly", "/bin/true")).unwrap();
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&here)
        .output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("mayfly.service"), "{said}");
}

/// A directory with Node alone on the path, and the shell that npm runs.
fn node_alone(directory: &Path) -> PathBuf {
    let programs = directory.join("programs");
    fs::create_dir(&programs).unwrap();
    for name in ["node", "npm", "sh"] {
        let path = std::env::var_os("PATH").unwrap();
        let mut places = std::env::split_paths(&path).map(|place| place.join(name));
        let found = places.find(|place| place.is_file()).unwrap();
        std::os::unix::fs::symlink(found.canonicalize().unwrap(), programs.join(name)).unwrap();
    }
    programs
}

#[test]
fn a_developer_in_javascript_needs_node_alone() {
    let directory = tempfile::tempdir().unwrap();
    let root = unpacked(directory.path());
    let work = tempfile::tempdir().unwrap();
    let app = work.path().join("app");
    let programs = node_alone(work.path());
    let run = |arguments: &[&str]| {
        let output = Command::new(root.join("bin/mayfly"))
            .args(arguments)
            .env("PATH", &programs)
            .env("MAYFLY_CACHE_DIR", work.path().join("cache"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let place = app.to_str().unwrap();
    run(&["new", place, "--lang", "js"]);
    let said = run(&["build", place]);
    assert!(!said.contains("compiling the JavaScript engine"), "{said}");
    assert!(app.join("build/greetings.wasm").is_file());
}
