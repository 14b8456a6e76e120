//! Who may use the admin API: `admin_token`, `[server.admin_tokens.NAME]` and `admin_hosts` of `[server]`.
//!
//! Of a token only the SHA-256 is kept, whichever way it was configured.

use sha2::{Digest, Sha256};

use crate::hash::Sha256Hash;
use crate::key::Key;
use crate::outside::Given;
use crate::reader::Table;

/// Tokens shorter than this are guessed.
const TOKEN_CHARACTERS: usize = 16;

pub(super) const HOSTS: Key<'_> = Key::new(
    "admin_hosts",
    "The names operators may use for the admin address, each with or without a port, besides `localhost` and addresses.",
)
.or("none");
const TOKEN: Key<'_> = Key::new(
    "admin_token",
    "A token of the admin API with the name `default` and the role `deploy`; at least 16 characters.",
)
.or("none: without any token nobody may change modules");
const TOKENS: Key<'_> = Key::new("admin_tokens", "A token of the admin API, by its name.");
const ROLE: Key<'_> = Key::new(
    "role",
    "What its bearer may do. `read`: look at everything; `deploy`: change what is served, too.",
)
.among(&["read", "deploy"]);
const SHA256: Key<'_> = Key::new(
    "sha256",
    "The SHA-256 of the token, 64 hexadecimal digits, as `printf %s \"$TOKEN\" | sha256sum` computes it.",
);

/// What computes the hash of a token.
const HASHING: &str = "printf %s \"$TOKEN\" | sha256sum";

/// The name of `admin_token`.
const DEFAULT: &str = "default";

/// What the bearer of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `"read"`: look at everything.
    Read,
    /// `"deploy"`: change what is served, too.
    Deploy,
}

impl Role {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
        }
    }
}

/// `[server.admin_tokens.NAME]`, or `admin_token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Its name, by which changes are attributed to its bearer.
    pub name: String,
    /// `role`: what its bearer may do.
    pub role: Role,
    /// `sha256`: the hash of the token.
    pub sha256: Sha256Hash,
}

/// Every token of the admin API.
pub(super) fn tokens(table: &mut Table<'_>) -> Vec<AdminToken> {
    let mut tokens: Vec<_> = admin_token(table).into_iter().collect();
    for (name, table) in table.tables(TOKENS) {
        if tokens.iter().any(|token| token.name == name) {
            table.problem(format!(
                "`{}` has the name of `server.admin_token`; choose another name, or remove `server.admin_token`",
                table.path
            ));
        }
        tokens.extend(named_token(name, table));
    }
    tokens
}

fn admin_token(table: &mut Table<'_>) -> Option<AdminToken> {
    let Given::Text(token) = table.secret(TOKEN) else {
        return None;
    };
    if token.len() < TOKEN_CHARACTERS {
        table.problem(format!("`server.admin_token` is shorter than {TOKEN_CHARACTERS} characters; use a long random one"));
        return None;
    }
    Some(AdminToken {
        name: DEFAULT.to_owned(),
        role: Role::Deploy,
        sha256: Sha256Hash(Sha256::digest(token).into()),
    })
}

fn named_token(name: String, mut table: Table<'_>) -> Option<AdminToken> {
    let role = role(&mut table);
    let sha256 = Sha256Hash::read(&mut table, SHA256, "token", HASHING);
    table.finish();
    Some(AdminToken {
        name,
        role: role?,
        sha256: sha256?,
    })
}

fn role(table: &mut Table<'_>) -> Option<Role> {
    let is_there = table.has(ROLE.name);
    let text = table.required(ROLE, "\"read\"");
    let known = [Role::Read, Role::Deploy];
    let role = known.into_iter().find(|role| role.as_str() == text);
    if role.is_none() && is_there {
        let key = table.key(ROLE.name);
        table.problem(format!("`{key}` must be \"read\" or \"deploy\""));
    }
    role
}
