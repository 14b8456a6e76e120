//! What cannot be built is refused with the place and a remedy, and nothing of whoever builds is in what was built.

use std::fs;

use mayfly_tests::mayfly;

use super::{build, built, refused, script};

const SCHEMA: &str = "type Query { f: Int @script }";

fn refusal(code: &str) -> String {
    refused(&script("module.js", code, SCHEMA, ""))
}

fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "lacks {part:?}: {said}");
    }
}

#[test]
fn code_that_is_not_javascript_is_shown_where() {
    assert_says(
        &refusal("export const resolvers = {\n  Query: {,\n};"),
        &["module.js:2:10", "cannot be bundled"],
    );
}

#[test]
fn a_module_without_its_export_is_told_what_to_write() {
    assert_says(
        &refusal("export const other = 1;"),
        &["it exports no `resolvers`", "export const resolvers = {"],
    );
    assert_says(
        &refusal("export const resolvers = { Query: { f: 5 } };"),
        &["`resolvers.Query.f` must be a function"],
    );
    assert_says(
        &refusal("export const resolvers = {};"),
        &["`resolvers` has no field"],
    );
}

#[test]
fn what_node_has_and_resolvers_do_not_is_named_with_place_and_remedy() {
    assert_says(
        &refusal(
            "import { readFileSync } from 'node:fs';\nexport const resolvers = { Query: { f: () => readFileSync('/etc/passwd') } };",
        ),
        &[
            "module.js:1:",
            "Could not resolve \"node:fs\"",
            "resolvers have no `node:fs`: a resolver has no files",
        ],
    );
    // All of a file at once, from a package too.
    let app = script(
        "module/index.js",
        "const net = require('net');\nconst reads = require('reads');\nconst { exec } = require('node:child_process');\nmodule.exports.resolvers = { Query: { f: () => [net, reads, exec].length } };",
        SCHEMA,
        "",
    )
    .with_file("module/package.json", b"{}")
    .with_file("module/node_modules/reads/package.json", b"{ \"name\": \"reads\", \"version\": \"1.0.0\" }")
    .with_file("module/node_modules/reads/index.js", b"module.exports = require('fs/promises').readFile;")
    .configured("module/index.js", "module");
    assert_says(
        &refused(&app),
        &[
            "index.js:1:",
            "Could not resolve \"net\"",
            "resolvers have no `net`: a resolver has no sockets; use the backends and services that it was granted",
            "index.js:3:",
            "resolvers have no `node:child_process`: a resolver cannot start programs; do the work in the resolver",
            "node_modules/reads/index.js:1:",
            "resolvers have no `fs/promises`: a resolver has no files; import what it needs, or read it from DynamoDB or SQL Server",
        ],
    );
    // Also what Node has and few know, not as packages to install.
    let told = refusal(
        "const all = [require('v8'), require('node:module'), require('inspector'), require('domain'), require('node:repl')];\nexports.resolvers = { Query: { f: () => all.length } };",
    );
    assert_says(
        &told,
        &[
            "resolvers have no `v8`: the engine is QuickJS",
            "resolvers have no `node:module`: `mayfly build` bundles everything",
            "resolvers have no `inspector`: the engine is QuickJS",
            "resolvers have no `domain`: pass what is needed as arguments",
            "resolvers have no `node:repl`: a resolver has no terminal",
        ],
    );
    assert!(!told.contains("npm install"), "{told}");
    assert_says(
        &refusal(
            "const addon = require('./build/addon.node'); export const resolvers = { Query: { f: () => addon } };",
        ),
        &["module.js:1:", "addon.node"],
    );
    let app = script(
        "module.js",
        "export const resolvers = {\n  Query: {\n    f: () => new Intl.NumberFormat('de').format(1),\n  },\n};\nif (typeof Worker !== 'undefined') throw new Error('no');",
        SCHEMA,
        "",
    );
    let output = build(&app);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_says(
        &said,
        &["warning: module.js:3: resolvers have no `Intl`: format by hand"],
    );
    assert!(!said.contains("Worker"), "{said}");
}

#[test]
fn a_top_level_that_throws_loops_or_allocates_is_refused() {
    assert_says(
        &refusal(
            "const limits = undefined;\n\nconst most = limits.most;\nexport const resolvers = { Query: { f: () => most } };",
        ),
        &["TypeError", "module.js:3", "cannot be built"],
    );
    let told = refusal(
        "throw new Error('two\\nlines');\nexport const resolvers = { Query: { f: () => 1 } };",
    );
    assert_says(&told, &["Error: two\nlines\n    at", "module.js:1"]);
    assert_eq!(told.matches("lines").count(), 1, "{told}");
    assert_says(
        &refusal("for (;;);\nexport const resolvers = { Query: { f: () => 1 } };"),
        &["its top level ran for more than 10 s; do the work in a resolver"],
    );
    assert_says(
        &refusal(
            "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20));\nexport const resolvers = { Query: { f: () => 1 } };",
        ),
        &[
            "its top level needs more memory than the module may have: raise `memory` in its section",
        ],
    );
    let large = "const words = new Uint8Array(65 << 20).fill(1);\nexport const resolvers = { Query: { f: () => words[0] } };";
    assert_says(
        &refused(&script("module.js", large, SCHEMA, "memory = \"128 MiB\"")),
        &[
            "what its top level leaves in memory makes it larger than the 64 MiB that a component may have: load less there",
        ],
    );
    assert_says(
        &refusal(
            "const rows = []; for (let i = 0; ; i++) rows.push({ i });\nexport const resolvers = { Query: { f: () => 1 } };",
        ),
        &["its top level needs more memory than the module may have"],
    );
    assert_says(
        &refusal(
            "await new Promise(() => {});\nexport const resolvers = { Query: { f: () => 1 } };",
        ),
        &["the module's top level waits for a promise that nothing settles"],
    );
    assert_says(
        &refusal(
            "import { dynamodb } from 'mayfly';\nconst settings = await dynamodb.table('Settings').get({ id: 1 });\nexport const resolvers = { Query: { f: () => settings } };",
        ),
        &[
            "the host cannot be called at the top level of a module",
            "module.js:2",
        ],
    );
    // Whoever catches it would keep the failure in the component.
    let told = refusal(
        "import { dynamodb } from 'mayfly';\nlet settings = {};\ndynamodb.table('Settings').get({ id: 1 }).then((found) => { settings = found; }, () => {});\nexport const resolvers = { Query: { f: () => settings } };",
    );
    let what = "the host cannot be called at the top level of a module";
    assert_says(&told, &[what, "module.js:3"]);
    assert_eq!(told.matches(what).count(), 1, "{told}");
    assert_says(
        &refusal(
            "const id = crypto.randomUUID();\nexport const resolvers = { Query: { f: () => id } };",
        ),
        &["would be the same in every invocation"],
    );
}

#[test]
fn values_from_outside_are_refused_in_the_environment_of_a_module() {
    for outside in ["{ env = \"TOKEN\" }", "{ file = \"/run/secrets/token\" }"] {
        let app = script(
            "module.js",
            "export const resolvers = { Query: { f: () => 1 } };",
            SCHEMA,
            &format!("[modules.script.environment]\nTOKEN = {outside}"),
        );
        let output = build(&app);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert_says(
            &String::from_utf8(output.stderr).unwrap(),
            &[
                "modules.script.environment.TOKEN",
                "becomes part of its component",
            ],
        );
    }
}

#[test]
fn a_placeholder_in_the_environment_of_a_module_is_told_as_a_mistake() {
    let app = script(
        "module.js",
        "export const resolvers = { Query: { f: () => 1 } };",
        SCHEMA,
        "[modules.script.environment]\nTABLE = \"${TABLE_NAME}\"",
    );
    assert_says(
        &String::from_utf8(build(&app).stderr).unwrap(),
        &[
            "`modules.script.environment.TABLE`: \"${TABLE_NAME}\" is not replaced; write the text itself",
        ],
    );
}

#[test]
fn nothing_of_the_environment_of_whoever_builds_is_in_the_component() {
    let secret = format!("{:032x}", rand::random::<u128>());
    let app = script(
        "module.js",
        "const AWS = require('aws-sdk'); const { log } = require('mayfly'); exports.resolvers = { Query: { f: () => [Object.keys(process.env), AWS, log].length } };",
        SCHEMA,
        "environment = { SHOWN = \"in-the-component\" }",
    );
    let output = mayfly()
        .arg("build")
        .arg(app.path())
        .env("SECRET_OF_THE_BUILDER", &secret)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let component = fs::read(app.path().join("build/script.wasm")).unwrap();
    let has = |text: &str| {
        component
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(has("in-the-component"), "the configured environment is");
    for text in [
        secret.as_str(),
        "SECRET_OF_THE_BUILDER",
        app.path().to_str().unwrap(),
        "mayfly-cache",
    ] {
        assert!(!has(text), "{text} is in the component");
    }
}

#[test]
fn the_same_source_gives_the_same_component_and_is_not_evaluated_again() {
    let app = built(script(
        "module.js",
        "const random = Math.random(); export const resolvers = { Query: { f: () => random } };",
        SCHEMA,
        "",
    ));
    let component = app.path().join("build/script.wasm");
    let first = fs::read(&component).unwrap();
    let again = build(&app);
    assert!(
        !String::from_utf8_lossy(&again.stderr).contains("evaluating"),
        "{again:?}"
    );
    fs::remove_dir_all(app.path().join("build")).unwrap();
    let anew = build(&app);
    assert!(
        String::from_utf8_lossy(&anew.stderr).contains("evaluating"),
        "{anew:?}"
    );
    assert!(fs::read(&component).unwrap() == first, "another component");
}

#[test]
fn common_js_in_a_package_of_es_modules_says_what_to_change() {
    for (code, name) in [
        ("exports.resolvers = { Query: { f: () => 1 } };", "exports"),
        ("module.exports = { resolvers: {} };", "module"),
    ] {
        let app = script("module/index.js", code, SCHEMA, "")
            .with_file("module/package.json", br#"{ "type": "module" }"#)
            .configured("module/index.js", "module");
        assert_says(
            &refused(&app),
            &[
                &format!("{name} is not defined"),
                "remove `\"type\": \"module\"` from its package.json",
            ],
        );
    }
}

#[test]
fn a_directory_with_a_manifest_is_a_module_with_its_packages_recorded() {
    let app = script(
        "module/index.js",
        "import { double } from 'doubling'; export const resolvers = { Query: { f: () => double(2) } };",
        SCHEMA,
        "",
    )
    .with_file("module/package.json", br#"{ "name": "m", "scripts": { "postinstall": "exit 1" } }"#)
    .with_file(
        "module/node_modules/doubling/package.json",
        br#"{ "name": "doubling", "version": "1.2.3", "main": "lib.js" }"#,
    )
    .with_file(
        "module/node_modules/doubling/lib.js",
        b"exports.double = (number) => number * 2;",
    )
    .configured("module/index.js", "module");
    let app = built(app);
    let component = fs::read(app.path().join("build/script.wasm")).unwrap();
    assert!(
        component
            .windows(b"doubling 1.2.3\n".len())
            .any(|window| window == b"doubling 1.2.3\n")
    );
}

#[test]
fn a_module_that_fails_keeps_no_other_from_being_built_and_surplus_fields_are_told() {
    let code = "export const resolvers = { Query: { a: () => 1, b: () => 2 } };";
    let more = "[modules.broken]\ncomponent = \"build/broken.wasm\"\nsource = \"broken.js\"";
    let schema = "type Query { a: Int @script }";
    let app = script("module.js", code, schema, more).with_file("broken.js", b"export const");
    let output = build(&app);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (told, problems) = (text(&output.stdout), text(&output.stderr));
    assert!(told.contains("script.wasm"), "{told}");
    assert!(app.path().join("build/script.wasm").is_file());
    assert_says(
        &problems,
        &[
            "warning: module `script` handles `Query.b`, which ",
            "does not give it; correct its name, or add @resolve(module: \"script\") to the field",
            "broken.js cannot be bundled",
        ],
    );
}
