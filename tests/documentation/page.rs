//! A page of Markdown: its links, headings and fenced blocks.

use std::fs;
use std::path::{Component, Path};

use mayfly_tests::repository;

/// A page, by its path from the repository's root.
#[derive(Clone)]
pub struct Page {
    pub name: String,
    pub text: String,
}

/// A fenced block.
#[derive(Clone)]
pub struct Block {
    pub language: String,
    /// What else its info string says.
    pub words: Vec<String>,
    pub text: String,
    /// The line of its fence, from 1.
    pub line: usize,
}

impl Block {
    /// Whether it is to be run.
    pub fn is_runnable(&self) -> bool {
        self.words.iter().any(|word| word == "runnable")
    }
}

/// Every page that people read.
pub fn pages() -> Vec<Page> {
    let mut names = vec![
        "README.md".to_owned(),
        "CONTRIBUTING.md".to_owned(),
        "SECURITY.md".to_owned(),
        "CHANGELOG.md".to_owned(),
    ];
    collect(Path::new("docs"), &mut names);
    names.sort();
    names.iter().map(|name| Page::read(name)).collect()
}

fn collect(directory: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(repository().join(directory)).unwrap() {
        let path = directory.join(entry.unwrap().file_name());
        if repository().join(&path).is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            names.push(path.display().to_string());
        }
    }
}

impl Page {
    pub fn read(name: &str) -> Self {
        let text = fs::read_to_string(repository().join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name: name.to_owned(),
            text,
        }
    }

    /// A path that is relative to this page, from the repository's root; the page itself when it is empty.
    pub fn relative(&self, link: &str) -> String {
        if link.is_empty() {
            return self.name.clone();
        }
        let mut path = Path::new(&self.name).parent().unwrap().to_path_buf();
        for component in Path::new(link).components() {
            match component {
                Component::ParentDir => assert!(path.pop(), "{}: {link}", self.name),
                Component::CurDir => {}
                other => path.push(other),
            }
        }
        path.display().to_string()
    }

    /// The lines outside of fenced blocks.
    fn prose(&self) -> Vec<&str> {
        let mut inside = false;
        let mut prose = Vec::new();
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push(line);
            }
        }
        prose
    }

    /// Where its links lead, those in fenced blocks and in code left out.
    pub fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        for line in self.prose() {
            // Every second part is code; a link's text may be code, so only its target is looked at.
            let mut rest = line;
            while let Some(at) = rest.find("](") {
                let is_code = rest[..at].matches('`').count() % 2 == 1;
                rest = &rest[at + 2..];
                if let Some(target) = rest.split(')').next().filter(|_| !is_code) {
                    links.push(target.to_owned());
                }
            }
        }
        links
    }

    /// The names by which its headings are linked to, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self
            .prose()
            .into_iter()
            .filter(|line| line.starts_with('#'));
        headings
            .map(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                title
                    .chars()
                    .filter_map(|c| match c {
                        ' ' => Some('-'),
                        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                        _ => None,
                    })
                    .collect()
            })
            .collect()
    }

    /// Its fenced blocks, without the indentation of the lists they stand in.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open: Option<(Block, usize)> = None;
        for (number, line) in self.text.lines().enumerate() {
            let indentation = line.len() - line.trim_start().len();
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(info)) => {
                    let mut words = info.split_whitespace().map(str::to_owned);
                    let block = Block {
                        language: words.next().unwrap_or_default(),
                        words: words.collect(),
                        text: String::new(),
                        line: number + 1,
                    };
                    open = Some((block, indentation));
                }
                (Some(_), Some(_)) => blocks.extend(open.take().map(|(block, _)| block)),
                (Some((block, indented)), None) => {
                    block
                        .text
                        .push_str(line.get(*indented..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.name);
        blocks
    }
}
