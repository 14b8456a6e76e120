//! What Node has and resolvers do not: named when a module is built, with the place and a remedy.

use std::collections::BTreeSet;
use std::process::Command;

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

/// Modules of Node that are not there, and why.
const MODULES: [(&str, &str); 16] = [
    (
        "fs",
        "a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server",
    ),
    (
        "fs/promises",
        "a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server",
    ),
    (
        "net",
        "a resolver has no sockets; use the backends and services that it was granted",
    ),
    (
        "tls",
        "a resolver has no sockets; use the backends and services that it was granted",
    ),
    (
        "dgram",
        "a resolver has no sockets; use the backends and services that it was granted",
    ),
    (
        "dns",
        "a resolver has no sockets; use the backends and services that it was granted",
    ),
    ("http2", "use the services that the module was granted"),
    (
        "child_process",
        "a resolver cannot start programs; do the work in the resolver",
    ),
    ("cluster", "every invocation already has its own instance"),
    (
        "worker_threads",
        "await calls of the host together with Promise.all",
    ),
    ("os", "a resolver cannot see the machine; leave it out"),
    (
        "stream",
        "a resolver answers in one go; use arrays and async iterators",
    ),
    (
        "zlib",
        "a resolver cannot compress; the host compresses answers",
    ),
    (
        "vm",
        "use `eval` or `Function`, which stay inside the instance",
    ),
    (
        "async_hooks",
        "pass what is needed as arguments; an instance serves one invocation",
    ),
    ("readline", "a resolver has no terminal; leave it out"),
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

/// What to add to esbuild's complaints about modules of Node.
pub(super) fn remedies(said: &str) -> String {
    let wanted: BTreeSet<&str> = said
        .lines()
        .filter_map(|line| line.split_once("Could not resolve \"")?.1.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    wanted
        .into_iter()
        .filter_map(|wanted| {
            let name = wanted.strip_prefix("node:").unwrap_or(wanted);
            let (_, remedy) = MODULES.iter().find(|(module, _)| *module == name)?;
            Some(format!("\nresolvers have no `{wanted}`: {remedy}"))
        })
        .collect()
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
    fn a_module_of_node_that_is_not_there_gets_a_remedy() {
        let said = "✘ [ERROR] Could not resolve \"node:fs\"\n\n    a.js:1:7:\n✘ [ERROR] Could not resolve \"lodash\"";
        assert_eq!(
            remedies(said),
            "\nresolvers have no `node:fs`: a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server"
        );
    }
}
