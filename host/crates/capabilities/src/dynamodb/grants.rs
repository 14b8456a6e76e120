//! Grants on tables: by table, by action, and by the caller's own key.
//!
//! A bound key is made of the operator's text and the caller's verified claims. Whatever keeps it from being made (an anonymous
//! caller, a claim that is missing, empty or no plain value) is a denial: there is no key, so there is nothing to reach.

use crate::dynamodb::configuration::{Action, BoundKey, KeyPart, TableGrant, TableGrants};
use mayfly_config::Module;
use mayfly_error::{CallCode, CallError, shortened};
use mayfly_json::{Kind, Limits, Tree};
use mayfly_runtime::imports::{Caller, SHOWN_BYTES};

use super::partition::Partition;
use super::request::TransactItem;

/// A table and an action that were granted.
pub(super) struct TableAccess<'a> {
    module: &'a str,
    table: &'a str,
    action: Action,
    grant: &'a TableGrant,
}

impl<'a> TableAccess<'a> {
    /// Checks the grant for an action on a table.
    pub(super) fn of(
        module: &'a Module,
        table: &'a str,
        action: Action,
    ) -> Result<Self, CallError> {
        if let Some(grant) = module
            .grants
            .get::<TableGrants>()
            .and_then(|grants| grants.0.get(table))
            .filter(|grant| grant.actions.contains(&action))
        {
            return Ok(Self {
                module: &module.name,
                table,
                action,
                grant,
            });
        }
        let (name, action) = (&module.name, action.as_str());
        let table = shortened(table, SHOWN_BYTES);
        let detail = format!(
            "module `{name}` may not `{action}` in table `{table}`; add \"{action}\" to `modules.{name}.grants.dynamodb.{table}`"
        );
        Err(CallError::new(
            CallCode::Denied,
            format!("`{action}` in table `{table}` is not granted"),
        )
        .with_detail(detail))
    }

    /// The partition of the caller, in the table or in one of its indexes; none where the key is not bound.
    pub(super) fn partition(
        &self,
        index: Option<&str>,
        caller: &Caller,
    ) -> Result<Option<Partition>, CallError> {
        let own = index.and_then(|index| self.grant.index_keys.get(index));
        let Some(key) = own.or(self.grant.key.as_ref()) else {
            return Ok(None);
        };
        self.bound(key, caller).map(Some)
    }

    /// What the caller may write, by the keys of the table and of all its indexes that are bound.
    pub(super) fn write_bounds(&self, caller: &Caller) -> Result<WriteBounds, CallError> {
        let indexes = self
            .grant
            .index_keys
            .values()
            .map(|key| self.bound(key, caller))
            .collect::<Result<_, _>>()?;
        Ok(WriteBounds {
            module: self.module.to_owned(),
            table: self.table.to_owned(),
            action: self.action,
            key: self.partition(None, caller)?,
            indexes,
        })
    }

    fn bound(&self, key: &BoundKey, caller: &Caller) -> Result<Partition, CallError> {
        let value = value(key, caller).map_err(|problem| self.denied(problem))?;
        Ok(Partition {
            attribute: key.attribute.clone(),
            value,
        })
    }

    fn denied(&self, problem: String) -> CallError {
        let (module, table, action) = (self.module, self.table, self.action.as_str());
        let detail = format!(
            "module `{module}` may `{action}` in table `{table}` by the caller's own key only, and {problem}"
        );
        CallError::new(
            CallCode::Denied,
            format!("`{action}` in table `{table}` is not granted to this caller"),
        )
        .with_detail(detail)
    }
}

/// What a caller may write of a table.
pub(super) struct WriteBounds {
    module: String,
    table: String,
    action: Action,
    /// The partition every key has to be in.
    key: Option<Partition>,
    /// The partitions of indexes: what is written goes into these, or in none of the index.
    indexes: Vec<Partition>,
}

impl WriteBounds {
    /// Refuses a write that reaches beyond.
    pub(super) fn check(&self, write: &TransactItem) -> Result<(), CallError> {
        let denied = |partition: &Partition| {
            let (module, table) = (&self.module, &self.table);
            Err(denied_key(module, table, self.action, &partition.attribute))
        };
        if let Some(key) = &self.key
            && !key.has_write(write)?
        {
            return denied(key);
        }
        for index in &self.indexes {
            if !index.keeps_write(write)? {
                return denied(index);
            }
        }
        Ok(())
    }
}

/// The error of a request that reaches beyond the caller's partition.
pub(super) fn denied_key(module: &str, table: &str, action: Action, attribute: &str) -> CallError {
    let action = action.as_str();
    let detail = format!(
        "module `{module}` may `{action}` in table `{table}` by the caller's own `{attribute}` only, but asked for another or not clearly for that one; see `modules.{module}.grants.dynamodb.{table}`"
    );
    CallError::new(
        CallCode::Denied,
        format!("`{action}` in table `{table}` is granted for the caller's own key only"),
    )
    .with_detail(detail)
}

/// The value a bound key has for a caller, or why it has none.
fn value(key: &BoundKey, caller: &Caller) -> Result<String, String> {
    if caller.claims.is_empty() {
        return Err("the caller is anonymous".to_owned());
    }
    let claims = Tree::read(
        caller.claims.as_str(),
        Limits::of_bytes(caller.claims.len()),
    )
    .map_err(|_| "the claims are not an object".to_owned())?;
    let mut value = String::new();
    let mut parts = key.parts.iter().peekable();
    while let Some(part) = parts.next() {
        let name = match part {
            KeyPart::Text(text) => {
                value.push_str(text);
                continue;
            }
            KeyPart::Claim(name) => name,
        };
        let Some(claim) = claims.root().get(name) else {
            return Err(format!("the token has no claim `{name}`"));
        };
        let claim = match claim.kind() {
            Kind::Number => claim.raw().to_owned(),
            Kind::String => claim.as_str().unwrap_or_default().into_owned(),
            _ => String::new(),
        };
        if claim.is_empty() {
            return Err(format!("the claim `{name}` is neither text nor a number"));
        }
        if let Some(KeyPart::Text(next)) = parts.peek()
            && parts.len() > 1
            && format!("{claim}{next}").find(next.as_str()) != Some(claim.len())
        {
            // Of "a#b" + "#" + "c" and "a" + "#" + "b#c" the same key would be made.
            return Err(format!(
                "the claim `{name}` contains the `{next}` that follows it in the key"
            ));
        }
        value.push_str(&claim);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(pattern: &str, claims: &str) -> Result<String, String> {
        let key = BoundKey::parse(pattern)?;
        value(
            &key,
            &Caller {
                claims: claims.to_owned(),
                ..Caller::default()
            },
        )
    }

    #[test]
    fn a_key_is_made_of_text_and_claims() {
        let made = |pattern, claims| key_of(pattern, claims).unwrap_or_else(|problem| problem);
        assert_eq!(
            made("PK = STUDENT#{claims.sub}", r#"{"sub":"ann"}"#),
            "STUDENT#ann"
        );
        assert_eq!(
            made(
                "PK={claims.org}#{claims.n}!",
                r#"{"org":"north","n":12345678901234567890}"#
            ),
            "north#12345678901234567890!"
        );
        // A single claim may hold anything: nothing else can be mistaken for it.
        assert_eq!(
            made("PK = STUDENT#{claims.sub}#X", r#"{"sub":"a#b#X"}"#),
            "STUDENT#a#b#X#X"
        );
        assert_eq!(
            made("PK = {claims.https://x/y}", r#"{"https://x/y":"z"}"#),
            "z"
        );
    }

    #[test]
    fn a_key_that_cannot_be_made_says_why() {
        let table = [
            ("", "the caller is anonymous"),
            ("{}", "the token has no claim `sub`"),
            (
                r#"{"sub":""}"#,
                "the claim `sub` is neither text nor a number",
            ),
            (
                r#"{"sub":null}"#,
                "the claim `sub` is neither text nor a number",
            ),
            (
                r#"{"sub":true}"#,
                "the claim `sub` is neither text nor a number",
            ),
            (
                r#"{"sub":["ann"]}"#,
                "the claim `sub` is neither text nor a number",
            ),
            (
                r#"{"sub":{"id":"ann"}}"#,
                "the claim `sub` is neither text nor a number",
            ),
        ];
        for (claims, problem) in table {
            assert_eq!(
                key_of("PK = STUDENT#{claims.sub}", claims),
                Err(problem.to_owned()),
                "{claims}"
            );
        }
    }

    #[test]
    fn two_callers_never_make_the_same_key() {
        let pattern = "PK = {claims.a}##{claims.b}";
        let held = Err("the claim `a` contains the `##` that follows it in the key".to_owned());
        assert_eq!(
            key_of(pattern, r##"{"a":"x","b":"#y"}"##),
            Ok("x###y".to_owned())
        );
        assert_eq!(key_of(pattern, r##"{"a":"x#","b":"y"}"##), held);
        assert_eq!(key_of(pattern, r#"{"a":"x##y","b":"z"}"#), held);
    }
}
