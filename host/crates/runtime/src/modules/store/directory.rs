//! Directories that only this user writes to.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

/// Who may do what with a directory of the store: its owner everything, others nothing.
const PRIVATE: u32 = 0o700;

/// Writing by the group and by others.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The user and group of new files are the directory's.
const SET_ID: u32 = 0o6_000;

/// What a directory was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// This user's alone, or new.
    Private,
    /// Others could write to it.
    WritableByOthers,
}

/// Makes a directory that only this user writes to, or makes sure that it is one. Volumes are mounted with permissions of their own
/// (Kubernetes gives everything on them to a group): those of a directory that is this user's are put right.
pub(super) fn make_private(directory: &Path) -> io::Result<Before> {
    let named = |error: io::Error| match error.kind() {
        // There is something of that name, and it is not, or does not lead to, a directory.
        io::ErrorKind::AlreadyExists => {
            let message = format!("{} is not a directory", directory.display());
            io::Error::new(io::ErrorKind::NotADirectory, message)
        }
        _ => error,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(directory)
        .map_err(named)?;
    let metadata = fs::metadata(directory)?;
    if metadata.uid() != user() {
        let message = format!(
            "{} belongs to user {}, not to {}",
            directory.display(),
            metadata.uid(),
            user()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    if metadata.mode() & (WRITABLE_BY_OTHERS | SET_ID) == 0 {
        return Ok(Before::Private);
    }
    let tightened = fs::set_permissions(directory, Permissions::from_mode(PRIVATE));
    match (tightened, is_writable_by_others(&metadata)) {
        (Ok(()), true) => Ok(Before::WritableByOthers),
        (_, false) => Ok(Before::Private),
        (Err(error), true) => {
            let message = format!(
                "{} may be written by others, and that cannot be changed ({error}); run chmod go-w on it",
                directory.display()
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
        }
    }
}

/// Whether others than the owner may write to a file or directory.
pub(super) fn is_writable_by_others(metadata: &Metadata) -> bool {
    metadata.mode() & WRITABLE_BY_OTHERS != 0
}

/// The user this process runs as.
pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    fn mode(directory: &Path) -> u32 {
        fs::metadata(directory).unwrap().mode() & 0o7_777
    }

    #[test]
    fn what_a_volume_changed_is_put_right() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("store");
        assert_eq!(make_private(&directory).unwrap(), Before::Private);
        let table = [
            (0o700, 0o700, Before::Private),
            (0o755, 0o755, Before::Private),
            (0o770, 0o700, Before::WritableByOthers),
            (0o777, 0o700, Before::WritableByOthers),
            (0o2_750, 0o700, Before::Private),
            (0o2_770, 0o700, Before::WritableByOthers),
        ];
        for (found, left, before) in table {
            fs::set_permissions(&directory, Permissions::from_mode(found)).unwrap();
            assert_eq!(make_private(&directory).unwrap(), before, "{found:o}");
            assert_eq!(mode(&directory), left, "{found:o}");
        }
    }
}
