//! What the host shows a service to be let in: one header, whose value never shows anywhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use mayfly_config::Secret;
use mayfly_config::reader::{Given, Key, Table};

/// A header with a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The header.
    pub name: HeaderName,
    /// Its value.
    pub value: Secret,
}

const BEARER: Key<'_> = Key::new(
    "bearer",
    "A token that lets the host in, sent as `Authorization: Bearer`. At most one of `bearer`, `basic` and `header`.",
);
const BASIC: Key<'_> = Key::new(
    "basic",
    "A user and a password that let the host in, sent as `Authorization: Basic`.",
);
const HEADER: Key<'_> = Key::new(
    "header",
    "A header that lets the host in, such as `x-api-key`.",
);

impl Credentials {
    /// Reads `bearer`, `basic = { user, password }` or `header = { name, value }`, of which one may be there.
    pub(super) fn read(table: &mut Table<'_>) -> Option<Self> {
        let ways = ["bearer", "basic", "header"];
        let said = ways.into_iter().filter(|key| table.has(key)).count();
        if said > 1 {
            table.problem(format!(
                "`{}` has several of `bearer`, `basic` and `header`; keep one",
                table.path
            ));
        }
        let bearer = secret(table, BEARER).map(|token| (AUTHORIZATION, format!("Bearer {token}")));
        let basic = basic(table);
        let header = header(table);
        let (name, value) = bearer.or(basic).or(header)?;
        if HeaderValue::from_str(&value).is_err() {
            table.problem(format!(
                "`{}`: the credentials hold a character that no header may have, such as a line break; remove it",
                table.path
            ));
            return None;
        }
        Some(Self {
            name,
            value: Secret::new(value),
        })
    }
}

fn secret(table: &mut Table<'_>, key: Key<'_>) -> Option<String> {
    match table.secret(key) {
        Given::Text(text) => Some(text),
        Given::Unknown | Given::Nothing => None,
    }
}

fn basic(table: &mut Table<'_>) -> Option<(HeaderName, String)> {
    let mut basic = table.table(BASIC)?;
    let user = basic.required(Key::new("user", "The user."), "\"mayfly\"");
    if !basic.has("password") {
        basic.problem(format!(
            "`{}` lacks `password`; add password = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}",
            basic.path
        ));
    }
    if user.contains(':') {
        basic.problem(format!("`{}.user` must not contain a colon", basic.path));
    }
    let password = secret(
        &mut basic,
        Key::new("password", "The password.").or("required"),
    );
    basic.finish();
    let encoded = STANDARD.encode(format!("{user}:{}", password?));
    Some((AUTHORIZATION, format!("Basic {encoded}")))
}

fn header(table: &mut Table<'_>) -> Option<(HeaderName, String)> {
    let mut header = table.table(HEADER)?;
    let name = header.required(Key::new("name", "The header's name."), "\"x-api-key\"");
    if !header.has("value") {
        header.problem(format!(
            "`{}` lacks `value`; add value = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}",
            header.path
        ));
    }
    let value = secret(&mut header, Key::new("value", "Its value.").or("required"));
    let parsed = HeaderName::from_bytes(name.as_bytes());
    if parsed.is_err() && !name.is_empty() {
        header.problem(format!("`{}.name` is not a name of a header", header.path));
    }
    header.finish();
    Some((parsed.ok()?, value?))
}
