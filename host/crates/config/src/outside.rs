//! Values that come from outside `mayfly.toml`: `{ env = "NAME" }` in the environment, with a `default` if one is wanted, and
//! `{ file = "/run/secrets/NAME" }` in a file, whose last end of line is not part of it.
//!
//! Every value may come from outside: texts, and what is written as text, such as sizes; numbers and truth values too. They are read
//! whenever the configuration is, so that a secret may change while the host runs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env::VarError;
use std::io;
use std::path::{Path, PathBuf};

use crate::file::read_bytes;
use crate::units::show_bytes;

/// The largest file that is read as a value, in bytes: a long key has a few thousand.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// What a variable of the environment holds.
pub(crate) type Environment<'a> = dyn Fn(&str) -> Result<String, VarError> + 'a;

/// Where such values come from.
pub(crate) struct Outside<'a> {
    /// The app's directory, which files are relative to.
    pub root: &'a Path,
    /// Looks up a variable of the environment.
    pub environment: &'a Environment<'a>,
    /// Whether a value that is not there is a problem. Without it, nothing is said of what depends on it.
    pub required: bool,
    /// The files that were named.
    pub files: RefCell<BTreeSet<PathBuf>>,
}

/// A secret, as far as it is known.
pub enum Given {
    /// The key is not there.
    Nothing,
    /// The key is there; the problem was reported, unless nobody needs it now.
    Unknown,
    /// This.
    Text(String),
}

/// What was found outside.
pub(crate) enum Found {
    Value(String),
    /// There is none, and why.
    Nothing(String),
    /// What is wrong with where to look.
    Mistake(String),
}

impl Outside<'_> {
    /// Looks for what a variable or a file holds, of which one should be named.
    pub fn find(&self, variable: Option<&str>, file: Option<&str>) -> Found {
        match (variable, file) {
            (Some(_), Some(_)) => Found::Mistake("has both `env` and `file`; keep one".to_owned()),
            (Some(name), None) => match (self.environment)(name) {
                Ok(text) => Found::Value(text),
                Err(VarError::NotPresent) => Found::Nothing(format!(
                    "reads the environment variable {name}, which is not set; set it"
                )),
                Err(VarError::NotUnicode(_)) => Found::Mistake(format!(
                    "reads the environment variable {name}, which is not UTF-8 text"
                )),
            },
            (None, Some(file)) => self.read(&self.root.join(file)),
            (None, None) => Found::Mistake("names neither a variable nor a file".to_owned()),
        }
    }

    fn read(&self, path: &Path) -> Found {
        self.files.borrow_mut().insert(path.to_path_buf());
        let shown = path.display();
        match read_bytes(path, MAX_FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Found::Nothing(format!("reads {shown}, which does not exist; create it"))
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Found::Mistake(format!(
                "reads {shown}, which is larger than {}; name a file that holds the value alone",
                show_bytes(MAX_FILE_BYTES)
            )),
            Err(error) => Found::Nothing(format!("reads {shown}, which cannot be read: {error}")),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Found::Value(without_last_line_end(text)),
                Err(_) => Found::Mistake(format!("reads {shown}, which is not UTF-8 text")),
            },
        }
    }
}

/// Editors and `echo` end a file with a line end, which is not part of a password.
fn without_last_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn a_variable_that_is_not_set_is_not_one_that_is_no_text() {
        let outside = Outside {
            root: Path::new(""),
            environment: &|name| {
                Err(match name {
                    "BYTES" => VarError::NotUnicode(OsString::new()),
                    _ => VarError::NotPresent,
                })
            },
            required: true,
            files: RefCell::default(),
        };
        assert!(matches!(
            outside.find(Some("BYTES"), None),
            Found::Mistake(why) if why == "reads the environment variable BYTES, which is not UTF-8 text"
        ));
        assert!(matches!(
            outside.find(Some("UNSET"), None),
            Found::Nothing(why) if why == "reads the environment variable UNSET, which is not set; set it"
        ));
    }
}
