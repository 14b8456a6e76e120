//! Files that somebody else wrote: regular ones, of a bounded size. A pipe or a device in place of one would be waited for, or read,
//! for ever.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::units::show_bytes;

/// The largest file of text that is read, in bytes: a configuration or a schema.
const MAX_TEXT_BYTES: u64 = 16 << 20;

/// Reads a file of at most this many bytes.
///
/// # Errors
///
/// What the system says, or that it is not a regular file, or a larger one.
pub fn read_bytes(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(file)?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() {
            "it is a directory"
        } else {
            "it is not a regular file"
        };
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut bytes = Vec::new();
    File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let what = format!("it is larger than {}", show_bytes(most));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

/// Reads a file of text.
///
/// # Errors
///
/// As [`read_bytes`], and where it is not UTF-8.
pub fn read_text(file: &Path) -> io::Result<String> {
    String::from_utf8(read_bytes(file, MAX_TEXT_BYTES)?).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not UTF-8 text; save it as UTF-8",
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn what_is_no_file_of_a_bounded_size_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let refused = |file: &Path| read_bytes(file, 4).unwrap_err().to_string();
        assert_eq!(refused(directory.path()), "it is a directory");
        assert_eq!(refused(Path::new("/dev/zero")), "it is not a regular file");
        std::os::unix::fs::symlink("/dev/zero", path("link")).unwrap();
        assert_eq!(refused(&path("link")), "it is not a regular file");
        fs::write(path("large"), "12345").unwrap();
        assert_eq!(refused(&path("large")), "it is larger than 4 B");
        fs::write(path("fits"), "1234").unwrap();
        assert_eq!(read_bytes(&path("fits"), 4).unwrap(), b"1234");
        fs::write(path("utf-16"), b"\xff\xfea\0").unwrap();
        let told = read_text(&path("utf-16")).unwrap_err().to_string();
        assert_eq!(told, "it is not UTF-8 text; save it as UTF-8");
    }
}
