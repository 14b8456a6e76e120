//! The directives by which AppSync says who may see something, read where they mean the same here.
//!
//! Several at one place are alternatives, as they are there. A caller with a token is one of a user pool when the token is from Cognito.

use super::{Place, Rules};
use crate::auth::Rule;
use crate::auth::rule::{Expression, Operand};
use crate::sdl::problems::Problems;
use crate::syntax::{Directive, ValueKind};
use std::sync::Arc;

/// What it is called there.
const NAMES: [&str; 6] = [
    "aws_auth",
    "aws_cognito_user_pools",
    "aws_api_key",
    "aws_iam",
    "aws_oidc",
    "aws_lambda",
];

/// Whether a directive is one of them.
pub(super) fn is_one(directive: &Directive<'_>) -> bool {
    NAMES.contains(&directive.name.text)
}

/// The message about a field with one of them whose type has one, too.
pub(super) fn on_both(name: &str, directive: &Directive<'_>) -> String {
    let directive = directive.name.text;
    format!(
        "\"@{directive}\" on \"{name}\" replaces the rule of its type in AppSync, but would add to it here; write both as @auth(requires: \"...\")"
    )
}

/// The rule that those at a place come to.
pub(super) fn read<'x>(
    place: Place<'_>,
    directives: impl Iterator<Item = &'x Directive<'x>>,
    problems: &mut Problems,
) -> Rules {
    let (mut alternatives, mut texts) = (Vec::new(), Vec::new());
    for directive in directives.filter(|directive| is_one(directive)) {
        match meaning(directive) {
            Ok(Some((expression, text))) => {
                alternatives.push(expression);
                texts.push(text);
            }
            Ok(None) => {}
            Err(why) => problems.add(directive.at, || {
                let name = directive.name.text;
                format!("\"@{name}\" {why}")
            }),
        }
    }
    if alternatives.is_empty() {
        return Rules::new();
    }
    let expression = Expression::Any(alternatives);
    vec![Arc::new(Rule {
        expression,
        text: texts.join(" || ").into(),
        of: place.name().into(),
    })]
}

/// What one of them requires, and as people read it; none when the problem was reported.
fn meaning(directive: &Directive<'_>) -> Result<Option<(Expression, String)>, &'static str> {
    let is_user = |is: bool| {
        let value = Operand::Flag { value: is, at: 0 };
        Expression::Equal(Operand::UserPool, value)
    };
    let caller = |kind: &str| {
        let text = kind.to_owned();
        Expression::Equal(Operand::Caller(0), Operand::Text { text, at: 0 })
    };
    Ok(Some(match directive.name.text {
        "aws_auth" | "aws_cognito_user_pools" => {
            let user = is_user(true);
            match groups(directive)? {
                None => (user, "a token of a user pool of Cognito".to_owned()),
                Some(groups) => {
                    let text = format!(
                        "a token of a user pool of Cognito with one of the groups {}",
                        groups.join(", ")
                    );
                    let member = |group: String| {
                        let group = Operand::Text { text: group, at: 0 };
                        // What else a token calls groups is not what AppSync looks at.
                        let groups = Operand::Claim {
                            path: vec!["cognito:groups".to_owned()],
                            at: 0,
                        };
                        Expression::In(group, groups)
                    };
                    let any = Expression::Any(groups.into_iter().map(member).collect());
                    (Expression::All(vec![user, any]), text)
                }
            }
        }
        "aws_oidc" => (
            Expression::All(vec![caller("token"), is_user(false)]),
            "a token of an issuer other than Cognito".to_owned(),
        ),
        "aws_api_key" => (caller("api_key"), "an API key".to_owned()),
        "aws_iam" => {
            return Err(
                "lets in whoever signs requests for AWS, which is not supported here; remove it, or write @auth(requires: \"...\")",
            );
        }
        _ => {
            return Err(
                "calls a function of yours, which is not supported here; remove it, or write @auth(requires: \"...\")",
            );
        }
    }))
}

/// The groups of a directive; none when it names none.
fn groups(directive: &Directive<'_>) -> Result<Option<Vec<String>>, &'static str> {
    let Some(value) = directive.argument("cognito_groups") else {
        return Ok(None);
    };
    let texts: Vec<String> = match &value.kind {
        ValueKind::List(items) => items
            .iter()
            .filter_map(|item| match &item.kind {
                ValueKind::String(text) => Some(text.to_string()),
                _ => None,
            })
            .collect(),
        ValueKind::String(text) => vec![text.to_string()],
        _ => Vec::new(),
    };
    if texts.is_empty() {
        return Err("names no group, so AppSync lets nobody in; name one, or remove it");
    }
    Ok(Some(texts))
}
