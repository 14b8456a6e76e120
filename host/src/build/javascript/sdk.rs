//! The files of the SDK, which modules import by name and which are bundled with them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache;

/// A file of the SDK: where it lies, and what is in it.
macro_rules! file {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../../guest/sdk/js/sdk/", $name)),
        )
    };
}

const FILES: [(&str, &str); 42] = [
    // Says to bundlers that what is not used can be left out.
    (
        "package.json",
        r#"{"type": "module", "sideEffects": false}"#,
    ),
    file!("index.js"),
    file!("aws/choices.js"),
    file!("aws/client3.js"),
    file!("aws/converter2.js"),
    file!("aws/document.js"),
    file!("aws/dynamodb2.cjs"),
    file!("aws/errors.js"),
    file!("aws/items.js"),
    file!("aws/lib3.js"),
    file!("aws/sdk2.cjs"),
    file!("aws/values.js"),
    file!("edge/edge-js.cjs"),
    file!("http/axios.cjs"),
    file!("http/node-fetch.cjs"),
    file!("node/absent.cjs"),
    file!("node/arguments.js"),
    file!("node/assert.cjs"),
    file!("node/assert_strict.cjs"),
    file!("node/buffer.js"),
    file!("node/console.cjs"),
    file!("node/crypto.js"),
    file!("node/diagnostics_channel.js"),
    file!("node/events.cjs"),
    file!("node/globals.js"),
    file!("node/http.js"),
    file!("node/https.js"),
    file!("node/os.js"),
    file!("node/path.js"),
    file!("node/perf_hooks.js"),
    file!("node/process.cjs"),
    file!("node/querystring.js"),
    file!("node/string_decoder.js"),
    file!("node/timers.js"),
    file!("node/timers_promises.js"),
    file!("node/tty.js"),
    file!("node/url.js"),
    file!("node/util.js"),
    file!("node/util_types.js"),
    file!("sql/mssql.cjs"),
    file!("sql/tedious.cjs"),
    file!("sql/values.cjs"),
];

/// For editors: `mayfly build` needs no types.
const TYPES: [(&str, &str); 2] = [file!("globals.d.ts"), file!("index.d.ts")];

/// What `mayfly sdk` writes.
pub(super) fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.into_iter().chain(TYPES)
}

/// What can be imported, and the file that answers for it.
const IMPORTS: [(&str, &str); 13] = [
    ("mayfly", "index.js"),
    ("aws-sdk", "aws/sdk2.cjs"),
    ("aws-sdk/clients/dynamodb", "aws/dynamodb2.cjs"),
    ("@aws-sdk/client-dynamodb", "aws/client3.js"),
    ("@aws-sdk/lib-dynamodb", "aws/lib3.js"),
    ("@aws-sdk/util-dynamodb", "aws/values.js"),
    ("edge", "edge/edge-js.cjs"),
    ("edge-js", "edge/edge-js.cjs"),
    ("axios", "http/axios.cjs"),
    ("cross-fetch", "http/node-fetch.cjs"),
    ("mssql", "sql/mssql.cjs"),
    ("node-fetch", "http/node-fetch.cjs"),
    ("tedious", "sql/tedious.cjs"),
];

/// Modules of Node that there are, as `NAME` and as `node:NAME`, and their files. Those whose CommonJS export is a function or a global
/// are files of CommonJS, so that `require` gives it.
const NODE: [(&str, &str); 23] = [
    ("assert", "assert.cjs"),
    ("assert/strict", "assert_strict.cjs"),
    ("buffer", "buffer.js"),
    ("console", "console.cjs"),
    ("crypto", "crypto.js"),
    ("diagnostics_channel", "diagnostics_channel.js"),
    ("events", "events.cjs"),
    ("http", "http.js"),
    ("https", "https.js"),
    ("os", "os.js"),
    ("path", "path.js"),
    ("path/posix", "path.js"),
    ("perf_hooks", "perf_hooks.js"),
    ("process", "process.cjs"),
    ("querystring", "querystring.js"),
    ("string_decoder", "string_decoder.js"),
    ("sys", "util.js"),
    ("timers", "timers.js"),
    ("timers/promises", "timers_promises.js"),
    ("tty", "tty.js"),
    ("url", "url.js"),
    ("util", "util.js"),
    ("util/types", "util_types.js"),
];

/// Whether a name can be imported.
pub(super) fn gives(name: &str) -> bool {
    let mut names = IMPORTS.iter().chain(&NODE).map(|(name, _)| *name);
    names.any(|known| known == name)
}

/// Globals that are bundled where a module names them.
const GLOBALS: &str = "node/globals.js";

/// Has esbuild find the SDK.
pub(super) fn give(command: &mut Command) -> anyhow::Result<()> {
    let directory = lay()?;
    let mut alias = |import: &str, file: &Path| {
        command.arg(format!("--alias:{import}={}", file.display()));
    };
    for (import, file) in IMPORTS {
        alias(import, &directory.join(file));
    }
    for (name, file) in NODE {
        let file = directory.join("node").join(file);
        alias(name, &file);
        alias(&format!("node:{name}"), &file);
    }
    command.arg(format!("--inject:{}", directory.join(GLOBALS).display()));
    Ok(())
}

/// What the directory of the files is called, before the digest of what is in them.
const NAME: &str = "javascript-sdk";

/// A text with `mayfly` for every path that leads to the files: where they are differs by machine.
pub(super) fn without_place(text: &str) -> String {
    let mut parts = text.split(NAME);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let path = replaced
            .rfind(|character: char| character.is_whitespace() || "\"'`".contains(character))
            .map_or(0, |at| at + 1);
        replaced.truncate(path);
        replaced.push_str("mayfly");
        replaced.push_str(
            part.find('/')
                .and_then(|slash| part.get(slash..))
                .unwrap_or(part),
        );
    }
    replaced
}

/// Where the files are.
fn lay() -> anyhow::Result<PathBuf> {
    let directory = cache::directory(NAME, &FILES)?;
    let _alone = cache::lock(&directory)?;
    cache::lay(&directory, &FILES)?;
    Ok(directory)
}

/// Writes more files beside those of the SDK, and says where.
pub(super) fn lay_beside(files: &[(String, String)]) -> anyhow::Result<PathBuf> {
    let directory = lay()?;
    let _alone = cache::lock(&directory)?;
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, contents)| (name.as_str(), contents.as_str()))
        .collect();
    cache::lay(&directory, &files)?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_files_lie_is_not_told() {
        assert_eq!(
            without_place(
                "// ../../home/me/.cache/mayfly/javascript-sdk-0123456789abcdef/aws/sdk2.cjs\n\"/x/javascript-sdk-0123456789abcdef/index.js\"(exports)"
            ),
            "// mayfly/aws/sdk2.cjs\n\"mayfly/index.js\"(exports)"
        );
        assert_eq!(without_place("a b"), "a b");
    }
}
