//! The imports of every module of the host, as they are written: who knows whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mayfly_tests::repository;
use syn::visit::{self, Visit};
use syn::{ItemMod, UseTree};

/// A module: its crate, then the modules inside one another.
type Module = Vec<String>;

/// Which modules each module names.
struct Imports(BTreeMap<Module, BTreeSet<Module>>);

/// The crates of the host, by their names in code, and where their sources are.
fn crates() -> BTreeMap<String, PathBuf> {
    let host = repository().join("host");
    let mut packages = vec![host.clone(), host.join("embedded")];
    let crates = fs::read_dir(host.join("crates")).unwrap();
    packages.extend(crates.map(|entry| entry.unwrap().path()));
    let packages = packages.into_iter().filter_map(|package| {
        let manifest = fs::read_to_string(package.join("Cargo.toml")).ok()?;
        let name = manifest.split("name = \"").nth(1)?.split('"').next()?;
        Some((name.replace('-', "_"), package.join("src")))
    });
    packages.collect()
}

/// Every file below a directory with the module it is.
fn modules(name: &str, directory: &Path, found: &mut BTreeMap<Module, PathBuf>) {
    let mut open = vec![(vec![name.to_owned()], directory.to_path_buf())];
    while let Some((module, directory)) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let below = || module.iter().cloned().chain([stem.clone()]).collect();
            if path.is_dir() {
                open.push((below(), path));
            } else if path.extension().is_none_or(|extension| extension != "rs") {
                // A page, a picture.
            } else if matches!(stem.as_str(), "mod" | "lib" | "main") {
                found.insert(module.clone(), path);
            } else if stem != "tests" {
                found.insert(below(), path);
            }
        }
    }
}

/// The paths that a file names, tests inside it left out.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut open = vec![(Vec::new(), &item.tree)];
        while let Some((mut path, tree)) = open.pop() {
            match tree {
                UseTree::Path(inner) => {
                    path.push(inner.ident.to_string());
                    open.push((path, &inner.tree));
                }
                UseTree::Group(group) => {
                    open.extend(group.items.iter().map(|tree| (path.clone(), tree)));
                }
                UseTree::Name(name) => {
                    path.push(name.ident.to_string());
                    self.0.push(path);
                }
                UseTree::Rename(name) => {
                    path.push(name.ident.to_string());
                    self.0.push(path);
                }
                UseTree::Glob(_) => self.0.push(path),
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string());
        self.0.push(names.collect());
        visit::visit_path(self, path);
    }
}

impl Imports {
    fn read() -> Self {
        let crates = crates();
        let mut files = BTreeMap::new();
        for (name, source) in &crates {
            modules(name, source, &mut files);
        }
        let mut imports = BTreeMap::new();
        for (module, file) in &files {
            let text = fs::read_to_string(file).unwrap();
            let mut paths = Paths::default();
            paths.visit_file(&syn::parse_file(&text).unwrap());
            let known = paths.0.into_iter().filter_map(|path| {
                let mut named = absolute(module, &path, &crates)?;
                while !files.contains_key(&named) {
                    named.pop()?;
                }
                (named != *module).then_some(named)
            });
            imports.insert(module.clone(), known.collect());
        }
        Self(imports)
    }

    /// Modules side by side in one parent, and which of them know which, with what is below them.
    fn beside(&self, parent: &[String]) -> BTreeMap<String, BTreeSet<String>> {
        let child = |module: &Module| {
            let child = module.get(parent.len())?;
            module.starts_with(parent).then(|| child.clone())
        };
        let mut beside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, known) in &self.0 {
            let Some(one) = child(module) else { continue };
            let others = known.iter().filter_map(child);
            let others = others.filter(|other| *other != one);
            beside.entry(one.clone()).or_default().extend(others);
        }
        beside
    }
}

/// The module or item that a path names, from its crate on; none of other libraries.
fn absolute(
    module: &Module,
    path: &[String],
    crates: &BTreeMap<String, PathBuf>,
) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    let mut from = match first.as_str() {
        "crate" => vec![module.first()?.clone()],
        "self" => module.clone(),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            let mut from = module.clone();
            from.truncate(module.len().checked_sub(up)?);
            from.extend_from_slice(path.get(up..)?);
            return Some(from);
        }
        name if crates.contains_key(name) => vec![first.clone()],
        _ => return None,
    };
    from.extend_from_slice(rest);
    Some(from)
}

/// What can be reached from somewhere.
fn reached(graph: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for next in graph.get(at).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}

#[test]
fn nothing_imports_in_a_circle() {
    let imports = Imports::read();
    assert!(imports.0.len() > 300, "{} modules", imports.0.len());
    let parents: BTreeSet<&[String]> = imports
        .0
        .keys()
        .flat_map(|module| (0..module.len()).map(|length| &module[..length]))
        .collect();
    let mut circles = Vec::new();
    for parent in parents {
        let beside = imports.beside(parent);
        for name in beside.keys() {
            if reached(&beside, name).contains(name) {
                circles.push(format!("{}::{name}", parent.join("::")));
            }
        }
    }
    assert!(circles.is_empty(), "in circles: {circles:#?}");
}

#[test]
fn the_layers_of_the_graphql_engine_know_those_below_them_only() {
    let layers = ["syntax", "schema", "validation", "plan", "execution"];
    let beside = Imports::read().beside(&["mayfly_graphql".to_owned()]);
    for (number, layer) in layers.iter().enumerate() {
        let known = reached(&beside, layer);
        for above in &layers[number + 1..] {
            assert!(!known.contains(*above), "{layer} knows {above}");
        }
    }
}
