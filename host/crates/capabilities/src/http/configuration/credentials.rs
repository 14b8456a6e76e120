//! What the host shows a service to be let in: one header, whose value never shows anywhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use mayfly_config::Secret;
use mayfly_config::reader::{Given, Table};

/// A header with a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The header.
    pub name: HeaderName,
    /// Its value.
    pub value: Secret,
}

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
        let bearer =
            secret(table, "bearer").map(|token| (AUTHORIZATION, format!("Bearer {token}")));
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

fn secret(table: &mut Table<'_>, key: &str) -> Option<String> {
    match table.secret(key) {
        Given::Text(text) => Some(text),
        Given::Unknown | Given::Nothing => None,
    }
}

fn basic(table: &mut Table<'_>) -> Option<(HeaderName, String)> {
    let mut basic = table.table("basic")?;
    let user = basic.required("user", "\"mayfly\"");
    if !basic.has("password") {
        basic.problem(format!(
            "`{}` lacks `password`; add password = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}",
            basic.path
        ));
    }
    if user.contains(':') {
        basic.problem(format!("`{}.user` must not contain a colon", basic.path));
    }
    let password = secret(&mut basic, "password");
    basic.finish();
    let encoded = STANDARD.encode(format!("{user}:{}", password?));
    Some((AUTHORIZATION, format!("Basic {encoded}")))
}

fn header(table: &mut Table<'_>) -> Option<(HeaderName, String)> {
    let mut header = table.table("header")?;
    let name = header.required("name", "\"x-api-key\"");
    if !header.has("value") {
        header.problem(format!(
            "`{}` lacks `value`; add value = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}",
            header.path
        ));
    }
    let value = secret(&mut header, "value");
    let parsed = HeaderName::from_bytes(name.as_bytes());
    if parsed.is_err() && !name.is_empty() {
        header.problem(format!("`{}.name` is not a name of a header", header.path));
    }
    header.finish();
    Some((parsed.ok()?, value?))
}
