//! What the documentation says is so: links lead somewhere, commands run, configuration loads, resolvers compile.
//!
//! A fenced block whose info string says `runnable` is run: `console` by a shell, `rust`, `cpp`, `js` and `ts` as modules of an app. A `toml` block is
//! configuration, and loaded, unless its info string says `cargo`. Each test also counts what it looked at, so that none passes because
//! nothing was found.

mod console;
mod page;
mod resolvers;
mod statements;

use std::path::Path;

use mayfly_config::Config;
use mayfly_runtime::capability::readers;
use mayfly_tests::repository;

use page::{Block, Page, pages};

/// The README is read by people who have not decided yet.
const README_BYTES: usize = 7_168;

fn blocks(wanted: impl Fn(&Block) -> bool) -> Vec<(Page, Block)> {
    let mut found = Vec::new();
    for page in pages() {
        for block in page.blocks().into_iter().filter(&wanted) {
            found.push((page.clone(), block));
        }
    }
    found
}

#[test]
fn the_readme_can_be_read_in_a_few_minutes() {
    let bytes = Page::read("README.md").text.len();
    assert!(
        bytes <= README_BYTES,
        "README.md has {bytes} bytes, and may have {README_BYTES}"
    );
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut followed = 0;
    for page in &pages {
        for link in page.links() {
            if link.contains("://") {
                assert!(link.starts_with("http"), "{}: {link}", page.name);
                continue;
            }
            followed += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = page.relative(file);
            assert!(
                repository().join(&target).exists(),
                "{}: the link {link} leads nowhere",
                page.name
            );
            if !anchor.is_empty() {
                let anchors = Page::read(&target).anchors();
                assert!(
                    anchors.iter().any(|there| there == anchor),
                    "{}: the link {link} names no heading; there are {anchors:?}",
                    page.name
                );
            }
        }
    }
    assert!(
        pages.len() >= 14 && followed >= 50,
        "{followed} links of {} pages",
        pages.len()
    );
}

#[test]
fn every_page_is_linked_from_another() {
    let pages = pages();
    let linked: Vec<String> = pages
        .iter()
        .flat_map(|page| {
            page.links()
                .into_iter()
                .filter(|link| !link.contains("://"))
                .map(|link| page.relative(link.split('#').next().unwrap_or_default()))
                .collect::<Vec<_>>()
        })
        .collect();
    for page in pages.iter().filter(|page| page.name != "README.md") {
        assert!(
            linked.contains(&page.name),
            "nobody finds {}: link to it",
            page.name
        );
    }
}

#[test]
fn every_configuration_loads() {
    let snippets =
        blocks(|block| block.language == "toml" && !block.words.contains(&"cargo".to_owned()));
    assert!(snippets.len() >= 5, "{} snippets", snippets.len());
    for (page, block) in snippets {
        let mut text = block.text.clone();
        // One that names a schema is a whole configuration, and is copied as it stands.
        if !text.contains("schema = ") {
            text = format!("schema = \"schema.graphql\"\n{text}");
            if !text.contains("[dynamodb]") {
                text.push_str("\n[dynamodb]\n");
            }
        }
        if !text.contains("[modules.") {
            text.push_str("\n[modules.any]\ncomponent = \"any.wasm\"\n");
        }
        let loaded = Config::parse(
            Path::new("app"),
            &text,
            &readers(mayfly_capabilities::ALL),
            &|_| Some("a secret that is long enough".to_owned()),
        );
        if let Err(problems) = loaded {
            panic!("{}:{}: {problems}", page.name, block.line);
        }
    }
}
