//! The seal at the end of an artifact's file: what it was made of and for, and that it is whole.
//!
//! It finds what a disk does to a file, and what people do to it by mistake. It keeps nobody out who may write to the directory: that
//! is what the directory's permissions are for.

use sha2::{Digest, Sha256};

/// The first bytes of a seal, with the version of this format.
pub(super) const MARK: [u8; 8] = *b"mayfly\0\x01";

/// Bytes of a SHA-256.
const HASH_BYTES: usize = 32;

/// Size of a seal, in bytes.
pub(super) const SEAL_BYTES: usize = MARK.len() + HASH_BYTES;

/// The seal of an artifact whose file has this name, which says what it was made of and for.
pub(super) fn seal(name: &str, artifact: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update(artifact);
    let mut seal = [0; SEAL_BYTES];
    let (mark, hash) = seal.split_at_mut(MARK.len());
    mark.copy_from_slice(&MARK);
    hash.copy_from_slice(&hasher.finalize());
    seal
}

/// The artifact in a file of this name; none when the file is not what was written under that name.
pub(super) fn unseal(name: &str, mut file: Vec<u8>) -> Option<Vec<u8>> {
    let length = file.len().checked_sub(SEAL_BYTES)?;
    let (artifact, found) = file.split_at_checked(length)?;
    if found != seal(name, artifact) {
        return None;
    }
    file.truncate(length);
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(name: &str, artifact: &[u8]) -> Vec<u8> {
        [artifact, &seal(name, artifact)].concat()
    }

    #[test]
    fn what_was_sealed_is_given_back() {
        for artifact in [&b""[..], b"code"] {
            let found = unseal("a", sealed("a", artifact));
            assert_eq!(found.as_deref(), Some(artifact));
        }
    }

    #[test]
    fn any_bit_that_differs_and_any_byte_that_lacks_breaks_it() {
        let whole = sealed("a", b"code");
        for at in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            if let Some(byte) = damaged.get_mut(at / 8) {
                *byte ^= 1 << (at % 8);
            }
            assert_eq!(unseal("a", damaged), None, "bit {at}");
        }
        for length in 0..whole.len() {
            let cut = whole.iter().copied().take(length).collect();
            assert_eq!(unseal("a", cut), None, "{length} bytes");
        }
        assert_eq!(unseal("b", whole), None, "another name");
    }
}
