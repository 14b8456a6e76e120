//! A component that nobody trusts: through the host's loader, its compiler's process included, and if it is let in, through one
//! invocation.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mayfly_config::Module;
use mayfly_runtime::modules::{ComponentBytes, Effort, Version};
use mayfly_runtime::sandbox::Outcome;

use crate::under_test::UnderTest;

/// What the app wants handled, and every candidate says it handles.
const FIELD: &str = "Query.run";

/// The module whose version a candidate would be.
const NAME: &str = "candidate";

/// Long enough for a component that does anything sensible, and short for the many that loop.
const DEADLINE: Duration = Duration::from_millis(100);

/// What an invocation is asked: a program, for what is left of an interpreter.
const PROGRAM: &str = "allocate 100000\nkeep 5000\nsend 3 10\ntake\nlog 10\nbegin\nanswer 1 100\n";

/// What became of a candidate.
pub(crate) enum Fate {
    /// The loader refused it, and said why.
    Refused,
    /// It was let in, and an invocation of it ended.
    Ran(Box<Outcome>),
}

/// Loads bytes as a component and invokes it.
///
/// # Errors
///
/// What the host did that it must not do, whatever it was given.
pub(crate) fn try_out(host: &'static UnderTest, bytes: &[u8]) -> Result<Fate, String> {
    let directory = tempfile::TempDir::new().expect("a directory");
    let file = directory.path().join("candidate.wasm");
    fs::write(&file, bytes).expect("a file written");
    let component = ComponentBytes::read(&file)?;
    let module = Module {
        name: NAME.to_owned(),
        component: file,
        deadline: DEADLINE,
        ..host.module()
    };
    let loaded = host.finish(load(host, &component, &module))?;
    // What was compiled of it is of no further use to anybody.
    host.app.loader.artifacts.remove(component.digest());
    let version = match loaded {
        Err(refusal) if refusal.trim().is_empty() => {
            return Err("it was refused without a word".to_owned());
        }
        Err(_) => {
            host.at_rest()?;
            return Ok(Fate::Refused);
        }
        Ok(version) => version,
    };
    let cap_bytes = usize::try_from(module.memory_bytes).expect("a cap");
    let invocation = host.invoke(&version.prepared, module, PROGRAM.to_owned(), None);
    let outcome = host.finish(invocation)?.expect("nobody dropped it");
    drop(version);
    let live = host.app.loader.live_versions.taken(NAME);
    if live > 0 {
        return Err(format!("{live} versions are still in memory"));
    }
    if outcome.peak_memory_bytes > cap_bytes {
        return Err(format!(
            "it held {} bytes, more than its cap of {cap_bytes}",
            outcome.peak_memory_bytes
        ));
    }
    host.at_rest()?;
    Ok(Fate::Ran(Box::new(outcome)))
}

async fn load(
    host: &UnderTest,
    component: &ComponentBytes,
    module: &Module,
) -> Result<Version, String> {
    let wanted = BTreeSet::from([FIELD.to_owned()]);
    let module = Arc::new(module.clone());
    let loaded = host
        .app
        .loader
        .load(module, component, &wanted, Effort::Full, &|_| ())
        .await;
    loaded.map_err(|refusal| refusal.to_string())
}
