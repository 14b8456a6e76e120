//! Modules of guest/hostile/refused, which the gate lets through to nobody: a host that is told to serve one does not start.

use mayfly_tests::{TestApp, mayfly};

/// What is said of a module with this deadline when it is served beside those of guest/hostile; `path` is that of the module of tests.
pub fn refused(path: &str, deadline: &str) -> String {
    let module = path.rsplit("::").next().unwrap().replace('_', "-");
    let app = TestApp::hostile().with_configuration(&format!(
        "[modules.{module}]\ncomponent = \"{module}.wasm\"\nsource = \"refused/{module}.wat\"\nmemory = \"8 MiB\"\ndeadline = \"{deadline}\"\n"
    ));
    let built = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(built.status.code(), Some(0), "{built:?}");
    let listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let served = mayfly()
        .arg("serve")
        .arg(app.path())
        .args(listen)
        .args(["--log-format", "text"])
        .output()
        .unwrap();
    assert_eq!(served.status.code(), Some(3), "{served:?}");
    let said = String::from_utf8(served.stderr).unwrap();
    let start = format!("module `{module}`: instantiate: module `{module}`: ");
    let reason = said
        .lines()
        .find_map(|line| line.split_once(&start))
        .unwrap_or_else(|| panic!("{said}"))
        .1;
    reason.to_owned()
}
