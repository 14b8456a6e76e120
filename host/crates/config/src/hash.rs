//! The SHA-256 of a credential, which is all that is kept of it.

use crate::key::Key;
use crate::reader::Table;

/// A hash, which does not show: it is of no use to who reads it, and nobody needs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Sha256Hash(pub [u8; 32]);

impl std::fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Sha256Hash {
    /// The hash at a key; `what` is what was hashed, and `command` computes it.
    pub(crate) fn read(
        table: &mut Table<'_>,
        key: Key<'_>,
        what: &str,
        command: &str,
    ) -> Option<Self> {
        let is_there = table.has(key.name);
        let text = table.required(key, &format!("the output of `{command}`"));
        let hash = from_hex(&text);
        if hash.is_none() && is_there {
            let key = table.key(key.name);
            table.problem(format!(
                "`{key}` must be the SHA-256 of the {what}, 64 hexadecimal digits; `{command}` computes it"
            ));
        }
        hash.map(Self)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    // As many pairs of digits as there are bytes, and no sign, which `from_str_radix` would take.
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        let pair = text.get(2 * index..2 * index + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(hash)
}
