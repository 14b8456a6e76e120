//! Holds a rule against a caller, the arguments, and one parent.
//!
//! With what is missing, or of another kind than what it is compared with, a comparison is neither true nor false, nor is its
//! opposite; only what is true lets anybody see anything.

use std::borrow::Cow;
use std::cmp::Ordering;

use mayfly_json::{Kind, Limits, Tree, Value};

use super::rule::{Expression, Operand};
use super::viewer::{Viewer, ViewerKind, Words};
use super::{Guard, Rule};

/// The most of a parent's field that is looked at, in bytes.
const FIELD_BYTES: usize = 64 << 10;

/// The most elements of a list that is looked through: a client chooses how long an argument is, and it may be looked through for each
/// of many parents.
const MAX_ITEMS: usize = 1_000;

/// From here on several whole numbers are the same double: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What a rule is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'f> {
    pub viewer: &'f Viewer,
    /// The arguments, an object; none where there are none.
    pub arguments: Option<Value<'f>>,
    /// The JSON of the parent's fields that are compared, by name.
    pub parent: &'f dyn Fn(&str) -> Option<&'f str>,
}

/// What is compared.
enum Datum<'d> {
    Text(Cow<'d, str>),
    /// One that may be written as a number, too.
    Id(Cow<'d, str>),
    Number(Cow<'d, str>),
    Flag(bool),
    List(Vec<Datum<'d>>),
    /// An element of a list that nothing can be compared with: null, an object, or a list.
    Unknown,
}

impl Guard {
    /// Whether all rules hold.
    pub(crate) fn allows<'f>(&'f self, facts: Facts<'f>) -> bool {
        self.rules.iter().all(|rule| rule.holds(facts))
    }
}

impl Rule {
    fn holds<'f>(&'f self, facts: Facts<'f>) -> bool {
        decide(&self.expression, facts) == Some(true)
    }
}

/// Whether an expression holds; none when nobody can say.
fn decide<'f>(expression: &'f Expression, facts: Facts<'f>) -> Option<bool> {
    match expression {
        Expression::All(parts) => {
            let mut all = Some(true);
            for part in parts {
                match decide(part, facts) {
                    Some(true) => {}
                    Some(false) => return Some(false),
                    None => all = None,
                }
            }
            all
        }
        Expression::Any(parts) => {
            let mut any = Some(false);
            for part in parts {
                match decide(part, facts) {
                    Some(false) => {}
                    Some(true) => return Some(true),
                    None => any = None,
                }
            }
            any
        }
        Expression::Not(inner) => decide(inner, facts).map(|holds| !holds),
        Expression::Equal(left, right) => {
            let (left, right) = (datum(left, facts)?, datum(right, facts)?);
            is_equal(&left, &right)
        }
        Expression::In(left, right) => {
            let (left, right) = (datum(left, facts)?, datum(right, facts)?);
            let items = match right {
                Datum::List(items) => items,
                // A claim with one value is often written without a list.
                one => vec![one],
            };
            let mut is_among = Some(false);
            for item in &items {
                match is_equal(&left, item) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => is_among = None,
                }
            }
            is_among
        }
    }
}

fn is_equal(left: &Datum<'_>, right: &Datum<'_>) -> Option<bool> {
    use Datum::{Flag, Id, Number, Text};
    match (left, right) {
        (Text(left) | Id(left), Text(right) | Id(right)) => Some(left == right),
        (Id(id), Number(number)) | (Number(number), Id(id)) => Some(id == number),
        (Number(left), Number(right)) => same_number(left, right),
        (Flag(left), Flag(right)) => Some(left == right),
        _ => None,
    }
}

/// Whether two numbers are the same, as JSON writes them; none where a double does not tell them apart.
fn same_number(left: &str, right: &str) -> Option<bool> {
    if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
        return Some(left == right);
    }
    let (left, right) = (left.parse::<f64>().ok()?, right.parse::<f64>().ok()?);
    if left.abs() >= EXACT || right.abs() >= EXACT {
        return None;
    }
    left.partial_cmp(&right).map(Ordering::is_eq)
}

fn datum<'f>(operand: &'f Operand, facts: Facts<'f>) -> Option<Datum<'f>> {
    let viewer = facts.viewer;
    let list = |words: &'f Words| {
        let texts = words.texts.iter().map(|text| Datum::Text(text.into()));
        let others = words.has_others.then_some(Datum::Unknown);
        Datum::List(texts.chain(others).collect())
    };
    Some(match operand {
        Operand::Caller(_) => Datum::Text(Cow::Borrowed(match viewer.kind {
            ViewerKind::Anonymous => "anonymous",
            ViewerKind::UserPool | ViewerKind::Token => "token",
            ViewerKind::ApiKey => "api_key",
        })),
        Operand::UserPool => Datum::Flag(viewer.kind == ViewerKind::UserPool),
        Operand::Groups(_) => list(&viewer.groups),
        Operand::Scopes(_) => list(&viewer.scopes),
        Operand::Claim { path, .. } => {
            let claims = viewer.claims.as_ref()?.root();
            let claim = path
                .iter()
                .try_fold(claims, |value, name| value.get(name))?;
            of_value(claim, false)?
        }
        Operand::Argument { path, is_id, .. } => {
            let value = path
                .iter()
                .try_fold(facts.arguments?, |value, name| value.get(name))?;
            of_value(value, *is_id)?
        }
        Operand::Parent { field, is_id, .. } => of_text((facts.parent)(field)?, *is_id)?,
        Operand::Text { text, .. } => Datum::Text(text.into()),
        Operand::Number { digits, .. } => Datum::Number(digits.into()),
        Operand::Flag { value, .. } => Datum::Flag(*value),
        Operand::List { items, .. } => {
            let items = items.iter().map(|item| datum(item, facts));
            Datum::List(items.collect::<Option<_>>()?)
        }
    })
}

fn of_value(value: Value<'_>, is_id: bool) -> Option<Datum<'_>> {
    Some(match value.kind() {
        Kind::String if is_id => Datum::Id(value.as_str()?),
        Kind::String => Datum::Text(value.as_str()?),
        Kind::Number if is_id => Datum::Id(Cow::Borrowed(value.as_number()?)),
        Kind::Number => Datum::Number(Cow::Borrowed(value.as_number()?)),
        Kind::Array => {
            let elements = value.elements()?;
            if elements.clone().nth(MAX_ITEMS).is_some() {
                return None;
            }
            let items = elements.map(|item| match item.kind() {
                // It is equal to nothing, and a client chooses what there is in it to read.
                Kind::Array => Datum::Unknown,
                _ => of_value(item, is_id).unwrap_or(Datum::Unknown),
            });
            Datum::List(items.collect())
        }
        _ => Datum::Flag(value.as_bool()?),
    })
}

/// What a module wrote, of which nothing is checked yet.
fn of_text(text: &str, is_id: bool) -> Option<Datum<'static>> {
    let tree = Tree::read(text, Limits::of_bytes(FIELD_BYTES)).ok()?;
    of_value(tree.root(), is_id).map(Datum::into_owned)
}

impl Datum<'_> {
    fn into_owned(self) -> Datum<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Text(text) => Datum::Text(own(text)),
            Self::Id(text) => Datum::Id(own(text)),
            Self::Number(text) => Datum::Number(own(text)),
            Self::Flag(flag) => Datum::Flag(flag),
            Self::List(items) => Datum::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Unknown => Datum::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::read;
    use super::*;

    fn holds(rule: &str, claims: &str) -> Option<bool> {
        let viewer = Viewer::with_claims(ViewerKind::Token, claims);
        let facts = Facts {
            viewer: &viewer,
            arguments: None,
            parent: &|field| match field {
                "id" => Some("7"),
                "schools" => Some(r#"["north","south"]"#),
                "broken" => Some("{"),
                _ => None,
            },
        };
        let mut expression = read(rule).ok()?;
        expression.comparisons(&mut |_, left, right| {
            for operand in [left, right] {
                if let Operand::Parent { field, is_id, .. } = operand {
                    *is_id = &**field == "id";
                }
            }
        });
        decide(&expression, facts)
    }

    #[test]
    fn what_is_missing_decides_nothing_nor_does_its_opposite() {
        let claims = r#"{"sub":"ann","age":7,"admin":true,"school":"north","none":null,
            "groups":["staff"],"cognito:groups":["night"],"scope":"read write","deep":{"er":"x"},
            "mixed":["a",7,null]}"#;
        for (rule, expected) in [
            ("claims.sub == 'ann'", Some(true)),
            ("claims.sub != 'ann'", Some(false)),
            ("claims.sub == 'bob'", Some(false)),
            ("claims.nothing == 'ann'", None),
            ("claims.nothing != 'ann'", None),
            ("!(claims.nothing == 'ann')", None),
            ("claims.none != 'ann'", None),
            ("claims.nothing == 'ann' || claims.sub == 'ann'", Some(true)),
            ("claims.nothing == 'ann' && claims.sub == 'ann'", None),
            (
                "claims.nothing == 'ann' && claims.sub == 'bob'",
                Some(false),
            ),
            ("claims.age == 7", Some(true)),
            ("claims.age == '7'", None),
            ("claims.admin == true", Some(true)),
            ("claims.admin == 'true'", None),
            ("claims.deep.er == 'x'", Some(true)),
            ("claims.deep == 'x'", None),
            ("claims.groups == 'staff'", None),
            ("claims.groups != 'staff'", None),
            ("'staff' in claims.groups", Some(true)),
            ("'north' in claims.school", Some(true)),
            ("'staff' in groups && 'night' in groups", Some(true)),
            ("'day' in groups", Some(false)),
            ("'read' in scopes", Some(true)),
            ("'rea' in scopes", Some(false)),
            ("claims.school in ['north', 'east']", Some(true)),
            ("claims.age in [1, 7]", Some(true)),
            ("claims.age in ['x']", None),
            ("!(claims.age in ['x'])", None),
            ("'a' in claims.mixed", Some(true)),
            ("'b' in claims.mixed", None),
            ("!('b' in claims.mixed)", None),
            ("!(claims.sub in parent.schools)", Some(true)),
            ("claims.age == parent.id", Some(true)),
            ("claims.school in parent.schools", Some(true)),
            ("claims.sub in parent.schools", Some(false)),
            ("claims.sub == parent.broken", None),
            ("claims.sub == parent.missing", None),
            ("caller == 'token'", Some(true)),
        ] {
            assert_eq!(holds(rule, claims), expected, "{rule}");
        }
        let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
        let many = format!(
            r#"{{"most":[{}],"more":[{}]}}"#,
            many.get(1..).unwrap_or_default().join(","),
            many.join(",")
        );
        assert_eq!(holds("7 in claims.most", &many), Some(true));
        assert_eq!(holds("7 in claims.more", &many), None);
        assert_eq!(holds("!(7 in claims.more)", &many), None);
        // The same claim twice is no claim, and whoever has none is nobody.
        assert_eq!(
            holds("claims.sub == 'ann'", r#"{"sub":"ann","sub":"ann"}"#),
            None
        );
        assert_eq!(holds("'a' in groups", "{}"), Some(false));
    }

    #[test]
    fn numbers_that_a_double_does_not_tell_apart_decide_nothing() {
        for (left, right, expected) in [
            ("7", "7.0", Some(true)),
            ("7", "7.5", Some(false)),
            ("0.0", "-0.0", Some(true)),
            ("9007199254740993", "9007199254740993", Some(true)),
            ("9007199254740993", "9007199254740992", Some(false)),
            ("9007199254740993", "9007199254740992.0", None),
            ("9007199254740993", "9.007199254740993e15", None),
            ("-9007199254740993", "-9007199254740992.0", None),
            ("1.5", "9007199254740993", None),
            ("1e400", "1e400", None),
        ] {
            assert_eq!(same_number(left, right), expected, "{left} {right}");
            assert_eq!(same_number(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn groups_and_scopes_that_are_not_all_texts_do_not_say_who_is_not_among_them() {
        for claims in [
            r#"{"groups":["staff",7],"scope":["read",null]}"#,
            r#"{"groups":["staff",["x"]],"scope":"read","scp":{}}"#,
            r#"{"groups":"staff","cognito:groups":7,"scope":"read","scp":[{}]}"#,
            r#"{"groups":["staff"],"cognito:groups":null,"scope":"read","scp":true}"#,
        ] {
            assert_eq!(holds("'staff' in groups", claims), Some(true), "{claims}");
            assert_eq!(holds("'banned' in groups", claims), None, "{claims}");
            assert_eq!(holds("!('banned' in groups)", claims), None, "{claims}");
            assert_eq!(holds("'read' in scopes", claims), Some(true), "{claims}");
            assert_eq!(holds("!('write' in scopes)", claims), None, "{claims}");
        }
        // The same claim twice, or claims that are not read, are not the claims of somebody without groups.
        let twice = r#"{"groups":["banned"],"groups":[]}"#;
        assert_eq!(holds("!('banned' in groups)", twice), None);
    }

    #[test]
    fn lists_within_a_list_are_not_looked_into() {
        let inner = format!("[{}1]", "1,".repeat(20));
        let text = format!("[{}{inner}]", format!("{inner},").repeat(999));
        let tree = Tree::read(text.as_str(), Limits::of_bytes(text.len())).ok();
        let items = match tree.as_ref().and_then(|tree| of_value(tree.root(), false)) {
            Some(Datum::List(items)) => items,
            _ => Vec::new(),
        };
        assert_eq!(items.len(), 1_000);
        assert!(items.iter().all(|item| matches!(item, Datum::Unknown)));
        let claims = r#"{"mixed":[["a"],"b"]}"#;
        assert_eq!(holds("'b' in claims.mixed", claims), Some(true));
        assert_eq!(holds("'a' in claims.mixed", claims), None);
    }
}
