//! Versions of the module `marked`: the same code with another mark, and so another digest and other answers.

use std::fs;

use crate::built::{built, repository};

/// The mark that the built component has.
const MARK: &[u8; 24] = b"good-version-00000000000";

/// The mark of a version: how it answers the probe (`good`, `sick`, `trap`, `fail`, `grow`, `spin`, `slow`), and a number.
#[must_use]
pub fn mark(kind: &str, number: usize) -> String {
    let mark = format!("{kind}-version-{number:011}");
    assert_eq!(mark.len(), MARK.len());
    mark
}

/// The component with this mark.
#[must_use]
pub fn marked(mark: &str) -> Vec<u8> {
    let mut component = component("marked");
    let places: Vec<_> = component
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, bytes)| bytes == MARK)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "the component holds its mark");
    for at in places {
        component[at..at + MARK.len()].copy_from_slice(mark.as_bytes());
    }
    component
}

/// A built component of the app for swapping.
#[must_use]
pub fn component(name: &str) -> Vec<u8> {
    built();
    fs::read(repository().join(format!("guest/apps/swapping/build/{name}.wasm")))
        .expect("a component that was built")
}

/// The same component with a custom section more: new bytes, the same code.
#[must_use]
pub fn renamed(mut component: Vec<u8>, number: u64) -> Vec<u8> {
    const NAME: &[u8] = b"number";
    let contents = [&[NAME.len() as u8], NAME, &number.to_le_bytes()].concat();
    component.extend([0, contents.len() as u8]);
    component.extend(contents);
    component
}
