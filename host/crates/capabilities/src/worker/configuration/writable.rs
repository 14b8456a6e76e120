//! Where workers may write: nowhere from which one of them could get at more.

use std::path::{Component, Path, PathBuf};

use mayfly_config::reader::Table;
use mayfly_config::{Config, FILE};

use super::{Place, Section};

/// Tells of places that hold what the host reads or runs, and of places inside others.
pub(super) fn check(config: &Config, file: &Table<'_>) {
    let workers = config.sections.get::<Section>().into_iter();
    let all: Vec<(String, PathBuf)> = workers
        .flat_map(|section| &section.workers)
        .flat_map(|worker| match &worker.place {
            Place::Local(local) => {
                let key = format!("workers.{}.writable", mayfly_config::key(&worker.name));
                let paths = local.writable.iter();
                paths.map(|path| (key.clone(), normal(path))).collect()
            }
            Place::Remote(_) => Vec::new(),
        })
        .collect();
    let components = config.modules.iter().map(|module| module.component.clone());
    let read: Vec<PathBuf> = [config.root.join(FILE), config.schema.clone()]
        .into_iter()
        .chain(components)
        .map(|path| normal(&path))
        .collect();
    for (key, path) in &all {
        let shown = path.display();
        if let Some(held) = read.iter().find(|read| read.starts_with(path)) {
            file.problem(format!(
                "`{key}`: {shown} is or holds {}, which the host reads; give the processes a directory of their own",
                held.display()
            ));
        }
        let around = all
            .iter()
            .find(|(_, other)| other != path && path.starts_with(other));
        if let Some((other_key, other)) = around {
            file.problem(format!(
                "`{key}`: {shown} is inside {} (`{other_key}`), where a process could put a link in its place; leave out the inner one",
                other.display()
            ));
        }
    }
}

/// A path without what leads up again, so that paths can be compared.
fn normal(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
