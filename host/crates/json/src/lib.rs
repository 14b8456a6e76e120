//! JSON from outside: the one way in which text of clients, guests, backends, tokens and other people's files is read.
//!
//! [`Scanner`] gives out slices of a text and allocates nothing; guests' answers are completed with it. [`Tree`] is for whoever has
//! to look at values more than once or by name: eight bytes a value beside the text. [`read`] is for types of the host's own.
//!
//! Invariants: every text is bounded in bytes, depth and values *while* it is read; nothing recurses, so no text overflows a stack;
//! no key has a meaning of its own; numbers keep their digits; a string with half of a surrogate pair and an object with the same key
//! twice are refused. Reading takes time in proportion to the text.
//!
//! Not built on `jiter`: it brings 14 more crates, bignums and a table of cached strings, takes the same key twice, and what it skips it
//! does not give back as the text it was, by which answers are completed without decoding them. Into values it reads 1.3 MB of rows
//! about as fast (a tree takes 1.05 of its time), small requests too (1.07), and numbers and escaped strings slower (0.67 and 0.77).

mod error;
mod layer;
mod limits;
mod scanner;
mod string;
mod tree;
mod typed;
mod walk;

pub use error::{Error, ErrorKind, Malformed};
pub use layer::{Members, length, string};
pub use limits::Limits;
pub use scanner::{RawString, Scanner};
pub use string::{quoted, write_string};
pub use tree::{Elements, Kind, Tree, Value, most_values};
pub use typed::read;
