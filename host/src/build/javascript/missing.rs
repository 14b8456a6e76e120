//! What Node has and resolvers do not, and packages that are not installed: named when a module is built, with the place and a remedy.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::sdk;
use super::source_map::Lines;

/// What a global is called in a bundle when it is not there, so that a use is found, and fails under a name that says why.
const PREFIX: &str = "__mayfly_missing_";

/// Globals that are not there, and what to use instead.
const GLOBALS: [(&str, &str); 7] = [
    (
        "Intl",
        "format by hand, or with a library that brings its own data",
    ),
    (
        "WebAssembly",
        "write the module in a language that compiles to it",
    ),
    (
        "WebSocket",
        "a resolver ends with its answer; use the services that the module was granted",
    ),
    (
        "XMLHttpRequest",
        "use the services that the module was granted",
    ),
    (
        "Worker",
        "await calls of the host together with Promise.all",
    ),
    (
        "SharedArrayBuffer",
        "a resolver has one thread; use ArrayBuffer",
    ),
    ("Atomics", "a resolver has one thread; use plain variables"),
];

/// Modules of Node that are not there, and why. With those of the SDK they are all that Node 20 and 22 have, besides its own insides,
/// whose names begin with `_`.
const MODULES: [(&[&str], &str); 17] = [
    (
        &["fs", "fs/promises"],
        "a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server",
    ),
    (
        &["net", "tls", "dgram", "dns", "dns/promises"],
        "a resolver has no sockets; use the backends and services that it was granted",
    ),
    (&["http2"], "use the services that the module was granted"),
    (
        &["child_process"],
        "a resolver cannot start programs; do the work in the resolver",
    ),
    (
        &["cluster"],
        "every invocation already has its own instance",
    ),
    (
        &["worker_threads"],
        "await calls of the host together with Promise.all",
    ),
    (
        &[
            "stream",
            "stream/consumers",
            "stream/promises",
            "stream/web",
        ],
        "a resolver answers in one go; use arrays and async iterators",
    ),
    (
        &["zlib"],
        "a resolver cannot compress; the host compresses answers",
    ),
    (
        &["vm"],
        "use `eval` or `Function`, which stay inside the instance",
    ),
    (
        &["async_hooks", "domain"],
        "pass what is needed as arguments; an instance serves one invocation",
    ),
    (
        &["readline", "readline/promises", "repl"],
        "a resolver has no terminal; leave it out",
    ),
    (
        &["inspector", "inspector/promises", "trace_events", "v8"],
        "the engine is QuickJS; the host logs and traces each invocation",
    ),
    (
        &["module"],
        "`mayfly build` bundles everything; import it by name",
    ),
    (
        &["path/win32"],
        "there are no paths with backslashes; use `path`",
    ),
    (
        &["constants"],
        "those of `buffer` are in `buffer`; the others are of files and sockets, which a resolver does not have",
    ),
    (
        &["punycode"],
        "install the package of the same name: `npm install punycode`",
    ),
    (&["wasi"], "a resolver already is WebAssembly; leave it out"),
];

/// How esbuild begins its own remedies, and what it says of files of the SDK that have nothing below them.
const ADVICE: [&str; 4] = [
    "  You can mark the path",
    "  The package \"",
    "  The path \"",
    "✘ [ERROR] Cannot read directory",
];

/// Has esbuild give each missing global its telling name, where the module does not define one itself.
pub(super) fn define(command: &mut Command) {
    for (name, _) in GLOBALS {
        command.arg(format!("--define:{name}={PREFIX}{name}"));
    }
}

/// Uses of missing globals, a line each. One that is only asked for with `typeof` is none.
pub(super) fn find(code: &str, lines: &Lines) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (number, line) in code.lines().enumerate() {
        for (at, _) in line.match_indices(PREFIX) {
            let (before, rest) = line.split_at(at);
            let name: String = rest
                .strip_prefix(PREFIX)
                .unwrap_or_default()
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let remedy = GLOBALS.iter().find(|(global, _)| *global == name);
            if let Some((_, remedy)) = remedy
                && !before.trim_end().ends_with("typeof")
            {
                let place = lines.place(number + 1).unwrap_or_default();
                found.insert(format!("{place}: resolvers have no `{name}`: {remedy}"));
            }
        }
    }
    found.into_iter().collect()
}

/// What esbuild complains about, with remedies for packages that it did not find in place of its own, which are not for resolvers.
pub(super) fn explain(said: &str, directory: &Path) -> String {
    let mut lines: Vec<String> = said
        .lines()
        .filter(|line| !ADVICE.iter().any(|advice| line.starts_with(advice)))
        .map(as_written)
        .collect();
    lines.dedup_by(|one, other| one.is_empty() && other.is_empty());
    let mut text = lines.join("\n").trim().to_owned();
    let wanted: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.split_once("Could not resolve \"")?.1.split_once('"'))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with(['.', '/']))
        .collect();
    for wanted in wanted {
        text.push('\n');
        text.push_str(&remedy(wanted, directory));
    }
    text
}

/// A line with what the module imports in place of the file of the SDK that it was looked for in.
fn as_written(line: &str) -> String {
    const START: &str = "Could not resolve \"";
    let written = line.split_once(START).and_then(|(before, rest)| {
        let (_, original) = rest.split_once("\" (originally \"")?;
        let (original, _) = original.split_once('"')?;
        Some(format!("{before}{START}{original}\""))
    });
    written.unwrap_or_else(|| line.to_owned())
}

/// What to do without a module that is a part of Node, if this is one.
pub(super) fn remedy_of_node(wanted: &str) -> Option<String> {
    let name = wanted.strip_prefix("node:").unwrap_or(wanted);
    let known = MODULES.iter().find(|(modules, _)| modules.contains(&name));
    if let Some((_, remedy)) = known {
        return Some(format!("resolvers have no `{wanted}`: {remedy}"));
    }
    (wanted != name || name.starts_with('_'))
        .then(|| format!("resolvers have no `{wanted}`, which is a part of Node; leave it out"))
}

fn remedy(wanted: &str, directory: &Path) -> String {
    if let Some(remedy) = remedy_of_node(wanted) {
        return remedy;
    }
    let package = package(wanted);
    if package.starts_with("@aws-sdk/") || package == "aws-sdk" {
        return format!(
            "resolvers have no `{wanted}`: of AWS they reach DynamoDB; call what else they need as a service of [http], or leave it out"
        );
    }
    if package != wanted && sdk::gives(package) {
        return format!(
            "resolvers have no `{wanted}`: `{package}` is that of the SDK, which has no files below it; import `{package}`"
        );
    }
    format!(
        "package `{package}` is not installed: run `npm install {package}` in {}",
        directory.display()
    )
}

/// The package that a path is in: `@scope/name/file` is in `@scope/name`.
fn package(path: &str) -> &str {
    let names = if path.starts_with('@') { 2 } else { 1 };
    let end = path.match_indices('/').nth(names - 1);
    end.map_or(path, |(end, _)| path.get(..end).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_global_is_named_with_its_place_unless_it_is_only_asked_for() {
        let lines = Lines {
            sources: vec!["src/a.js".to_owned()],
            numbers: vec![0, 7, 0, 9],
            mappings: String::new(),
        };
        let code = "new __mayfly_missing_Intl.NumberFormat();\ntypeof __mayfly_missing_Worker;";
        assert_eq!(
            find(code, &lines),
            [
                "src/a.js:7: resolvers have no `Intl`: format by hand, or with a library that brings its own data"
            ]
        );
    }

    #[test]
    fn what_is_not_installed_has_a_remedy_in_place_of_that_of_the_bundler() {
        let said = r#"✘ [ERROR] Could not resolve "lodash/fp"

    index.js:1:14:
      1 │ import _ from 'lodash/fp';

  You can mark the path "lodash/fp" as external to exclude it from the bundle, which will remove this error.

✘ [ERROR] Could not resolve "node:fs"

  The package "node:fs" wasn't found on the file system but is built into node. You can use "--platform=node" to do that.

✘ [ERROR] Could not resolve "@aws-sdk/client-s3"

  You can mark the path "@aws-sdk/client-s3" as external.

✘ [ERROR] Cannot read directory "../sdk/http/axios.cjs": not a directory

✘ [ERROR] Could not resolve "/home/me/sdk/http/axios.cjs/lib/core" (originally "axios/lib/core")

  The path "axios/lib/core" was remapped to "/home/me/sdk/http/axios.cjs/lib/core" using the alias feature.

✘ [ERROR] Could not resolve "/home/me/sdk/aws/sdk2.cjs/clients/s3" (originally "aws-sdk/clients/s3")

✘ [ERROR] Could not resolve "./near.js""#;
        let explained = explain(said, Path::new("app"));
        for other in ["external", "--platform", "/home/me", "../sdk"] {
            assert!(!explained.contains(other), "{explained}");
        }
        for told in [
            "index.js:1:14",
            "package `lodash` is not installed: run `npm install lodash` in app",
            "resolvers have no `node:fs`: a resolver has no files; import what it needs",
            "resolvers have no `@aws-sdk/client-s3`: of AWS they reach DynamoDB",
            "resolvers have no `aws-sdk/clients/s3`: of AWS they reach DynamoDB",
            r#"Could not resolve "axios/lib/core""#,
            "resolvers have no `axios/lib/core`: `axios` is that of the SDK, which has no files below it; import `axios`",
            r#"Could not resolve "./near.js""#,
        ] {
            assert!(explained.contains(told), "{told} in {explained}");
        }
        assert_eq!(explained.matches("is not installed").count(), 1);
        assert_eq!(package("@scope/name/file/more"), "@scope/name");
    }

    /// `require('module').builtinModules` of Node 20 and 22.
    const BUILTIN: &str = "_http_agent _http_client _http_common _http_incoming _http_outgoing _http_server _stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common _tls_wrap assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix path/win32 perf_hooks process punycode querystring readline readline/promises repl stream stream/consumers stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types v8 vm wasi worker_threads zlib node:sea node:sqlite node:test node:test/reporters";

    #[test]
    fn every_module_of_node_is_there_or_is_named_as_one_that_resolvers_do_not_have() {
        for module in BUILTIN.split(' ') {
            if sdk::gives(module) {
                continue;
            }
            let name = module.strip_prefix("node:").unwrap_or(module);
            for wanted in [module.to_owned(), format!("node:{name}")] {
                let told = remedy(&wanted, Path::new("app"));
                assert!(
                    told.starts_with(&format!("resolvers have no `{wanted}`")),
                    "{told}"
                );
            }
        }
    }
}
