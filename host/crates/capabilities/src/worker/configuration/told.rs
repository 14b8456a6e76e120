//! What a module's code is told about workers when it is built: the names of all, their assemblies, and the methods it is granted.

use std::ffi::OsStr;
use std::path::Path;

use mayfly_json::quoted;

use super::Section;
use super::grants::MethodGrants;
use super::worker::{Place, Worker};

/// The workers as JSON, as `edge-js` in JavaScript reads them: of each its name, the file name of its assembly or null, and the granted
/// methods.
pub(super) fn told(section: &Section, granted: Option<&MethodGrants>) -> String {
    let workers = section.workers.iter().map(|worker| {
        let methods = granted.and_then(|granted| granted.0.get(&worker.name));
        let methods: Vec<_> = methods
            .into_iter()
            .flatten()
            .map(|name| quoted(name))
            .collect();
        let assembly = assembly(worker).map_or_else(|| "null".into(), quoted);
        format!(
            "[{},{assembly},[{}]]",
            quoted(&worker.name),
            methods.join(",")
        )
    });
    let workers: Vec<_> = workers.collect();
    format!("[{}]", workers.join(","))
}

fn assembly(worker: &Worker) -> Option<&str> {
    let Place::Local(local) = &worker.place else {
        return None;
    };
    let path = local.program.assembly().map(Path::file_name)?;
    path.and_then(OsStr::to_str)
}
