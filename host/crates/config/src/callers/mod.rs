//! `[callers]`: whose word on callers the host takes, and whether anybody may call.
//!
//! The keys of an issuer may stand in `[callers]` itself, which then is the issuer named `default`, or in `[callers.issuers.NAME]`
//! each.

mod api_keys;
mod expiry;
mod issuer;

use std::path::{Path, PathBuf};

use http::HeaderName;

pub use api_keys::ApiKey;
pub use issuer::{Audience, Issuer, TokenKey, url as key_set_location};

use crate::key::Key;
use crate::reader::Table;

const ANONYMOUS: Key<'_> = Key::new(
    "anonymous",
    "Whether callers without a token or an API key are let in anonymously; otherwise they are refused.",
);
const ISSUERS: Key<'_> = Key::new(
    "issuers",
    "An issuer of tokens, by a name for the log. One may be in `[callers]` itself; its name is `default`.",
);
const API_KEYS: Key<'_> = Key::new(
    "api_keys",
    "A caller with an API key, by a name for the log.",
);
const API_KEY_HEADER: Key<'_> =
    Key::new("api_key_header", "The header with the API key.").or("x-api-key");

/// `[callers]`. Without this section every caller is anonymous, and tokens are not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callers {
    /// Whose tokens are believed.
    pub issuers: Vec<Issuer>,
    pub api_keys: Vec<ApiKey>,
    pub api_key_header: HeaderName,
    pub anonymous: bool,
}

impl Callers {
    /// The files of keys and certificates it names.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.issuers.iter().flat_map(Issuer::files)
    }

    pub(crate) fn read(root: &Path, mut table: Table<'_>) -> Self {
        let mut issuers: Vec<_> = Issuer::in_callers(root, &mut table).into_iter().collect();
        for (name, inner) in table.tables(ISSUERS) {
            if issuers.iter().any(|issuer| issuer.name == name) {
                inner.problem(format!(
                    "`{}` has the name of the issuer in `[callers]` itself; choose another name",
                    inner.path
                ));
            }
            issuers.push(Issuer::read(root, name, inner));
        }
        let keys = table.tables(API_KEYS);
        let callers = Self {
            api_keys: api_keys::read(keys),
            api_key_header: api_key_header(&mut table),
            anonymous: table.flag(ANONYMOUS, false),
            issuers,
        };
        callers.check(&mut table);
        table.finish();
        callers
    }

    fn check(&self, table: &mut Table<'_>) {
        if table.has("required") {
            table.ignore("required");
            table.problem(format!(
                "`{}` is now `anonymous`, its opposite; remove it if it was true, or write anonymous = true if it was false",
                table.key("required")
            ));
        }
        if self.issuers.is_empty() && self.api_keys.is_empty() && !self.anonymous {
            table.problem(format!(
                "`{}` names no issuer and no API key, so nobody could call; add [callers.issuers.NAME] or [callers.api_keys.NAME]",
                table.path
            ));
        }
        for (index, issuer) in self.issuers.iter().enumerate() {
            let before = self.issuers.iter().take(index);
            let same = before.into_iter().find(|other| other.takes_same(issuer));
            if let Some(same) = same {
                table.problem(format!(
                    "the issuers `{}` and `{}` accept the same tokens; remove one",
                    same.name, issuer.name
                ));
            }
        }
    }
}

fn api_key_header(table: &mut Table<'_>) -> HeaderName {
    let default = HeaderName::from_static("x-api-key");
    let Some((at, text)) = table.text_at(API_KEY_HEADER) else {
        return default;
    };
    // A token and a key in the same header could be taken for one another.
    let name = text.parse().ok();
    name.filter(|name| *name != http::header::AUTHORIZATION)
        .unwrap_or_else(|| {
            let key = table.key(API_KEY_HEADER.name);
            table.problem_at(
                at,
                format!("`{key}` must be the name of a header other than Authorization, such as \"x-api-key\""),
            );
            default
        })
}
