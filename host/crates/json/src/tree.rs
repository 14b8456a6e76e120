//! A text as values that can be looked at in any order.
//!
//! The tree is the text and a list: eight bytes for each value and key, in the order of the text. A value knows where it begins and
//! how many entries it takes, so the next one is found without looking into it. Nothing is decoded before somebody asks.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use crate::error::{Error, ErrorKind, Malformed};
use crate::limits::Limits;
use crate::scanner::{RawString, Scanner};
use crate::walk::Visit;

/// Keys of an object that are compared with each other one by one; of larger ones the hashes are sorted.
const COMPARED: usize = 8;

/// A text that was read; `null` by default.
#[derive(Debug, Clone, Default)]
pub struct Tree<'j> {
    text: Cow<'j, str>,
    nodes: Vec<Node>,
}

/// A value or a key.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The byte it begins at.
    at: u32,
    /// How many nodes it is made of, itself included.
    span: u32,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// What it is, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "text",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// A value of a tree; `null` by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Value<'t> {
    text: &'t str,
    /// This value and everything below it, at least.
    nodes: &'t [Node],
}

impl<'j> Tree<'j> {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// The first reason to refuse it.
    pub fn read(text: impl Into<Cow<'j, str>>, limits: Limits) -> Result<Self, Error> {
        let text = text.into();
        match nodes(&text, limits) {
            Ok(nodes) => Ok(Self { text, nodes }),
            Err(malformed) => Err(malformed.in_text(&text)),
        }
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value {
            text: &self.text,
            nodes: &self.nodes,
        }
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it takes, in bytes: its list, and its text where it is its own.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let text = match &self.text {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.capacity(),
        };
        text + self.nodes.capacity() * size_of::<Node>()
    }

    /// How many values and keys there are.
    #[must_use]
    pub fn values(&self) -> usize {
        self.nodes.len()
    }
}

impl<'t> Value<'t> {
    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.text.as_bytes().get(self.at()) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// `true` or `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.text.as_bytes().get(self.at()) == Some(&b't'))
    }

    /// The digits of a number, as they were written.
    #[must_use]
    pub fn as_number(self) -> Option<&'t str> {
        (self.kind() == Kind::Number).then(|| self.raw())
    }

    /// A number that is a whole one and fits.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        self.as_number()?.parse().ok()
    }

    /// A number as a double.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        self.as_number()?.parse().ok()
    }

    /// A string, borrowed when it holds no escape.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'t, str>> {
        self.as_raw_string().map(RawString::value)
    }

    /// A string as it is in the text.
    #[must_use]
    pub fn as_raw_string(self) -> Option<RawString<'t>> {
        (self.kind() == Kind::String)
            .then(|| self.scanner().string().ok())
            .flatten()
    }

    /// The text it was read from.
    #[must_use]
    pub fn raw(self) -> &'t str {
        let mut scanner = self.scanner();
        let start = scanner.at;
        match scanner.skip() {
            Ok(()) => scanner.slice(start, scanner.at),
            // The text was read before.
            Err(_) => "null",
        }
    }

    /// The elements of an array.
    #[must_use]
    pub fn elements(self) -> Option<Elements<'t>> {
        (self.kind() == Kind::Array).then(|| Elements(self.below()))
    }

    /// The members of an object, in the order they were written in.
    #[must_use]
    pub fn members(self) -> Option<Members<'t>> {
        (self.kind() == Kind::Object).then(|| Members(self.below()))
    }

    /// A member of an object.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'t>> {
        self.members()?
            .find(|(key, _)| key.is(name))
            .map(|(_, value)| value)
    }

    /// How many values and keys it is made of, itself included.
    #[must_use]
    pub fn values(self) -> usize {
        self.nodes.first().map_or(0, |node| node.span as usize)
    }

    fn at(self) -> usize {
        self.nodes
            .first()
            .map_or(usize::MAX, |node| node.at as usize)
    }

    fn scanner(self) -> Scanner<'t> {
        let mut scanner = Scanner::new(self.text, Limits::MAX_DEPTH);
        scanner.at = self.at();
        scanner
    }

    fn below(self) -> Self {
        let nodes = self.nodes.get(1..self.values()).unwrap_or_default();
        Self { nodes, ..self }
    }

    /// Takes the first of several values.
    fn take(&mut self) -> Option<Self> {
        let (first, rest) = self.nodes.split_at_checked(self.values())?;
        if first.is_empty() {
            return None;
        }
        self.nodes = rest;
        Some(Self {
            nodes: first,
            ..*self
        })
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.raw())
    }
}

/// The elements of an array; none by default.
#[derive(Debug, Clone, Default)]
pub struct Elements<'t>(Value<'t>);

impl<'t> Iterator for Elements<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take()
    }
}

/// The members of an object; none by default.
#[derive(Debug, Clone, Default)]
pub struct Members<'t>(Value<'t>);

impl<'t> Iterator for Members<'t> {
    type Item = (RawString<'t>, Value<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.0.take()?.as_raw_string()?;
        Some((key, self.0.take()?))
    }
}

fn nodes(text: &str, limits: Limits) -> Result<Vec<Node>, Malformed> {
    // Bytes are counted in 32 bits.
    let most_bytes = limits.bytes.min(u32::MAX as usize);
    if text.len() > most_bytes {
        return Err(Malformed {
            at: most_bytes,
            problem: ErrorKind::TooLong(most_bytes),
        });
    }
    let mut builder = Builder {
        text,
        nodes: Vec::with_capacity(most_values(text).min(limits.values)),
        open: Vec::new(),
        most: limits.values,
    };
    let mut scanner = Scanner::new(text, limits.depth);
    scanner.walk(&mut builder)?;
    scanner.end()?;
    Ok(builder.nodes)
}

/// How many values and keys a text has at most, counted in one quick look at its bytes: each but the first stands behind one of these
/// bytes, and takes two bytes with it. Bytes inside strings count too.
#[must_use]
pub fn most_values(text: &str) -> usize {
    let before = text
        .bytes()
        .filter(|byte| matches!(byte, b',' | b'[' | b'{' | b':'))
        .count();
    (before + 1).min(text.len() / 2 + 1)
}

struct Builder<'j> {
    text: &'j str,
    nodes: Vec<Node>,
    /// The arrays and objects under way, by their node.
    open: Vec<usize>,
    most: usize,
}

impl Builder<'_> {
    fn add(&mut self, at: usize) -> Result<(), Malformed> {
        if self.nodes.len() >= self.most {
            return Err(Malformed {
                at,
                problem: ErrorKind::TooManyValues(self.most),
            });
        }
        // The text is no longer than 32 bits can say.
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.nodes.push(Node { at, span: 1 });
        Ok(())
    }
}

impl Visit for Builder<'_> {
    fn key(&mut self, at: usize) -> Result<(), Malformed> {
        self.add(at)
    }

    fn value(&mut self, at: usize) -> Result<(), Malformed> {
        self.add(at)
    }

    fn open(&mut self) {
        self.open.push(self.nodes.len().saturating_sub(1));
    }

    fn close(&mut self, object: bool) -> Result<(), Malformed> {
        let Some(index) = self.open.pop() else {
            return Ok(());
        };
        let span = self.nodes.len() - index;
        if let Some(node) = self.nodes.get_mut(index) {
            node.span = u32::try_from(span).unwrap_or(u32::MAX);
        }
        let nodes = self.nodes.get(index..).unwrap_or_default();
        let closed = Value {
            text: self.text,
            nodes,
        };
        if object && let Some(at) = duplicate(closed) {
            return Err(Malformed {
                at,
                problem: ErrorKind::DuplicateKey,
            });
        }
        Ok(())
    }
}

/// Where an object has a key for the second time.
fn duplicate(object: Value<'_>) -> Option<usize> {
    // A key and a value each: one member is no two.
    if object.values() < 5 {
        return None;
    }
    let place = |inner: &str| inner.as_ptr() as usize - object.text.as_ptr() as usize - 1;
    let mut few = [""; COMPARED];
    let mut count = 0;
    let mut escaped = false;
    for (key, _) in object.members()? {
        if let Some(slot) = few.get_mut(count) {
            *slot = key.inner();
        }
        escaped |= key.escaped;
        count += 1;
    }
    if let Some(keys) = few.get(..count)
        && !escaped
    {
        return keys.iter().enumerate().find_map(|(index, key)| {
            let before = keys.get(..index).unwrap_or_default();
            before.contains(key).then(|| place(key))
        });
    }
    // Keyed, so that nobody can make keys whose hashes are the same.
    let hasher = RandomState::new();
    let mut hashes = Vec::with_capacity(count);
    hashes.extend(
        object
            .members()?
            .map(|(key, _)| (hasher.hash_one(key.value()), place(key.inner()))),
    );
    hashes.sort_unstable();
    let pairs = hashes.iter().zip(hashes.iter().skip(1));
    pairs
        .filter(|(one, other)| one.0 == other.0)
        .map(|(_, other)| other.1)
        .min()
}
