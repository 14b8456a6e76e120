//! The user a worker runs as: a name, or numbers as `1001:1001`.

use std::fs;

/// Who a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl User {
    /// Looks a user up.
    pub(in crate::worker) fn find(text: &str) -> Result<Self, String> {
        if let Some((uid, gid)) = text.split_once(':') {
            let numbers = uid.parse().ok().zip(gid.parse().ok());
            let (uid, gid) = numbers.ok_or_else(|| {
                format!("`{text}` is neither a name nor numbers such as \"1001:1001\"")
            })?;
            return Ok(Self { uid, gid });
        }
        let users = fs::read_to_string("/etc/passwd").map_err(|error| {
            format!("/etc/passwd cannot be read: {error}; write numbers such as \"1001:1001\"")
        })?;
        Self::named(text, &users).ok_or_else(|| {
            format!("there is no user `{text}`; add one (`useradd --system {text}`), or write numbers such as \"1001:1001\"")
        })
    }

    fn named(name: &str, users: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some(name);
            let uid = fields.nth(1).filter(|_| is_it)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_user_has_a_name_or_numbers() {
        let users = "root:x:0:0:root:/root:/bin/sh\nlegacy:x:998:997::/:/usr/sbin/nologin\n";
        let legacy = User { uid: 998, gid: 997 };
        assert_eq!(User::named("legacy", users), Some(legacy));
        assert_eq!(User::named("legac", users), None);
        assert_eq!(User::find("998:997"), Ok(legacy));
        assert!(User::find("998:").is_err());
        assert_eq!(
            User::find("no-such-user").unwrap_err(),
            "there is no user `no-such-user`; add one (`useradd --system no-such-user`), or write numbers such as \"1001:1001\""
        );
    }
}
