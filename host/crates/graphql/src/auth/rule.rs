//! A rule: comparisons of what is known of the caller with texts, arguments and fields of the parent.
//!
//! ```text
//! either     = both { "||" both }
//! both       = one { "&&" one }
//! one        = "!" one | "(" either ")" | operand ( "==" | "!=" | "in" ) operand
//! operand    = "caller" | "groups" | "scopes" | "claims" step { step } | "args" step { step } | "parent" step
//!            | text | number | "true" | "false" | "[" operand { "," operand } "]"
//! step       = "." name | "[" text "]"
//! ```

use std::sync::Arc;

use super::words::{Word, WordKind, words};
use crate::syntax::suggestion::or_else;

/// What has to hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Equal(Operand, Operand),
    In(Operand, Operand),
}

/// What is compared, and the byte of the rule it begins at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// `caller`: `anonymous`, `token` or `api_key`.
    Caller(usize),
    /// `"cognito"`, which no rule can say: whether the token is of a user pool of Cognito.
    UserPool,
    Groups(usize),
    Scopes(usize),
    Claim {
        path: Vec<String>,
        at: usize,
    },
    Argument {
        path: Vec<Arc<str>>,
        is_id: bool,
        at: usize,
    },
    Parent {
        field: Arc<str>,
        is_id: bool,
        at: usize,
    },
    Text {
        text: String,
        at: usize,
    },
    Number {
        digits: String,
        at: usize,
    },
    Flag {
        value: bool,
        at: usize,
    },
    List {
        items: Vec<Operand>,
        at: usize,
    },
}

impl Operand {
    /// Where it begins.
    pub(crate) fn at(&self) -> usize {
        match self {
            Self::UserPool => 0,
            Self::Caller(at)
            | Self::Groups(at)
            | Self::Scopes(at)
            | Self::Claim { at, .. }
            | Self::Argument { at, .. }
            | Self::Parent { at, .. }
            | Self::Text { at, .. }
            | Self::Number { at, .. }
            | Self::Flag { at, .. }
            | Self::List { at, .. } => *at,
        }
    }
}

impl Expression {
    /// Every operand.
    pub(crate) fn operands(&self) -> Vec<&Operand> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::operands).collect(),
            Self::Not(inner) => inner.operands(),
            Self::Equal(left, right) | Self::In(left, right) => vec![left, right],
        }
    }

    /// Every comparison, to be checked.
    pub(crate) fn comparisons(&mut self, check: &mut impl FnMut(bool, &mut Operand, &mut Operand)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter_mut().for_each(|part| part.comparisons(check));
            }
            Self::Not(inner) => inner.comparisons(check),
            Self::Equal(left, right) => check(false, left, right),
            Self::In(left, right) => check(true, left, right),
        }
    }
}

/// What is wrong with a rule: the byte, and the message.
pub(crate) type Mistake = (usize, String);

/// The longest rule, in bytes: it is decided for every caller, and perhaps for every parent.
const MAX_BYTES: usize = 4 << 10;

/// Brackets and `!` inside one another, at most: reading recurses.
const MAX_DEPTH: usize = 32;

/// What a rule can begin a comparison with.
const ROOTS: [&str; 8] = [
    "caller", "groups", "scopes", "claims", "args", "parent", "true", "false",
];

/// Reads a rule.
pub(crate) fn read(text: &str) -> Result<Expression, Mistake> {
    if text.len() > MAX_BYTES {
        let message = format!("the rule is longer than {MAX_BYTES} bytes; write a shorter one");
        return Err((0, message));
    }
    let words = words(text)?;
    let mut reader = Reader {
        words: &words,
        next: 0,
        depth: 0,
    };
    let expression = reader.either()?;
    match reader.peek() {
        WordKind::End => Ok(expression),
        word => Err(reader.wrong(format!("expected && or || before {word}"))),
    }
}

struct Reader<'w, 't> {
    words: &'w [Word<'t>],
    next: usize,
    depth: usize,
}

impl<'t> Reader<'_, 't> {
    fn peek(&self) -> WordKind<'t> {
        self.words
            .get(self.next)
            .map_or(WordKind::End, |word| word.kind)
    }

    fn at(&self) -> usize {
        let word = self.words.get(self.next).or(self.words.last());
        word.map_or(0, |word| word.at)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.peek() == WordKind::Sign(known(sign));
        self.next += usize::from(found);
        found
    }

    fn wrong(&self, message: String) -> Mistake {
        (self.at(), message)
    }

    fn expect(&mut self, sign: &str, why: &str) -> Result<(), Mistake> {
        if self.eat(sign) {
            return Ok(());
        }
        let found = self.peek();
        Err(self.wrong(format!("expected {sign} {why}, found {found}")))
    }

    fn either(&mut self) -> Result<Expression, Mistake> {
        let mut parts = vec![self.both()?];
        while self.eat("||") {
            parts.push(self.both()?);
        }
        Ok(only(parts, Expression::Any))
    }

    fn both(&mut self) -> Result<Expression, Mistake> {
        let mut parts = vec![self.one()?];
        while self.eat("&&") {
            parts.push(self.one()?);
        }
        Ok(only(parts, Expression::All))
    }

    fn one(&mut self) -> Result<Expression, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} nested brackets and !");
            return Err(self.wrong(message));
        }
        let found = if self.eat("!") {
            Expression::Not(Box::new(self.one()?))
        } else if self.eat("(") {
            let inner = self.either()?;
            self.expect(")", "at the end of what ( begins")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(found)
    }

    fn comparison(&mut self) -> Result<Expression, Mistake> {
        let left = self.operand()?;
        if self.eat("==") {
            return Ok(Expression::Equal(left, self.operand()?));
        }
        if self.eat("!=") {
            let equal = Expression::Equal(left, self.operand()?);
            return Ok(Expression::Not(Box::new(equal)));
        }
        if self.peek() == WordKind::Name("in") {
            self.next += 1;
            return Ok(Expression::In(left, self.operand()?));
        }
        let found = self.peek();
        Err(self.wrong(format!("expected ==, != or in, found {found}")))
    }

    fn operand(&mut self) -> Result<Operand, Mistake> {
        let at = self.at();
        let word = self.peek();
        self.next += 1;
        Ok(match word {
            WordKind::Name("caller") => Operand::Caller(at),
            WordKind::Name("groups") => Operand::Groups(at),
            WordKind::Name("scopes") => Operand::Scopes(at),
            WordKind::Name("claims") => Operand::Claim {
                path: self.steps("claims")?,
                at,
            },
            WordKind::Name("args") => Operand::Argument {
                path: self.steps("args")?.into_iter().map(Arc::from).collect(),
                is_id: false,
                at,
            },
            WordKind::Name("parent") => {
                let path = self.steps("parent")?;
                let [field] = path.as_slice() else {
                    let message = "a field of the parent has no further fields in a rule";
                    return Err((at, message.to_owned()));
                };
                Operand::Parent {
                    field: Arc::from(field.as_str()),
                    is_id: false,
                    at,
                }
            }
            WordKind::Name(flag @ ("true" | "false")) => Operand::Flag {
                value: flag == "true",
                at,
            },
            WordKind::Text(text) => Operand::Text {
                text: text.to_owned(),
                at,
            },
            WordKind::Number(digits) => Operand::Number {
                digits: digits.to_owned(),
                at,
            },
            WordKind::Sign("[") => self.list(at)?,
            WordKind::Name(name) => {
                let remedy = or_else(
                    name,
                    ROOTS.into_iter(),
                    "",
                    "a rule compares caller, groups, scopes, claims, args and parent",
                );
                return Err((at, format!("unknown word \"{name}\"{remedy}")));
            }
            other => {
                let message = format!("expected something to compare, found {other}");
                return Err((at, message));
            }
        })
    }

    fn list(&mut self, at: usize) -> Result<Operand, Mistake> {
        let mut items = Vec::new();
        loop {
            let item = self.operand()?;
            if !matches!(
                item,
                Operand::Text { .. } | Operand::Number { .. } | Operand::Flag { .. }
            ) {
                return Err((
                    item.at(),
                    "a list can hold only texts and numbers".to_owned(),
                ));
            }
            items.push(item);
            if !self.eat(",") {
                break;
            }
        }
        self.expect("]", "at the end of the list")?;
        Ok(Operand::List { items, at })
    }

    /// The names behind a word, of which there is one at least.
    fn steps(&mut self, of: &str) -> Result<Vec<String>, Mistake> {
        let mut steps = Vec::new();
        loop {
            if self.eat(".") {
                let WordKind::Name(name) = self.peek() else {
                    let found = self.peek();
                    return Err(self.wrong(format!("expected a name after the dot, found {found}")));
                };
                self.next += 1;
                steps.push(name.to_owned());
            } else if self.eat("[") {
                let WordKind::Text(name) = self.peek() else {
                    let found = self.peek();
                    return Err(self.wrong(format!("expected a name in quotes, found {found}")));
                };
                self.next += 1;
                self.expect("]", "after the name")?;
                steps.push(name.to_owned());
            } else {
                break;
            }
        }
        if steps.is_empty() {
            return Err(self.wrong(format!("expected {of}.name, found {}", self.peek())));
        }
        Ok(steps)
    }
}

fn known(sign: &str) -> &'static str {
    let signs = ["&&", "||", "==", "!=", "!", "(", ")", "[", "]", ".", ","];
    signs.into_iter().find(|known| *known == sign).unwrap_or("")
}

fn only(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(part) if parts.is_empty() => part,
        Some(part) => {
            parts.push(part);
            several(parts)
        }
        None => several(parts),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn and_binds_more_than_or_and_not_more_than_both() {
        let read = |text: &str| format!("{:?}", read(text).unwrap());
        let same = |one: &str, other: &str| {
            // Places differ.
            let strip = |text: String| {
                text.chars()
                    .filter(|c| !c.is_ascii_digit())
                    .collect::<String>()
            };
            assert_eq!(strip(read(one)), strip(read(other)), "{one}");
        };
        let (a, b, c) = ("claims.a == 'x'", "'y' in groups", "caller != 'token'");
        same(
            &format!("{a} || {b} && {c}"),
            &format!("{a} || ({b} && {c})"),
        );
        same(&format!("!{a} && {b}"), &format!("(!({a})) && {b}"));
        same("claims.a != 'x'", "!(claims.a == 'x')");
        same(
            "claims[\"cognito:groups\"] == 'x'",
            "claims['cognito:groups'] == 'x'",
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, at, message) in [
            ("", 0, "expected something to compare, found the end"),
            ("groups", 6, "expected ==, != or in, found the end"),
            (
                "'a' in group",
                7,
                "unknown word \"group\"; did you mean \"groups\"?",
            ),
            (
                "'a' in roles",
                7,
                "unknown word \"roles\"; a rule compares caller, groups, scopes, claims, args and parent",
            ),
            ("claims == 'a'", 7, "expected claims.name, found \"==\""),
            (
                "claims. == 'a'",
                8,
                "expected a name after the dot, found \"==\"",
            ),
            (
                "claims[a] == 'a'",
                7,
                "expected a name in quotes, found \"a\"",
            ),
            ("claims.a = 'a'", 9, "unexpected '=' in a rule; write =="),
            (
                "claims.a == 'a' & claims.b == 'b'",
                16,
                "unexpected '&' in a rule; write &&",
            ),
            (
                "claims.a == 'a",
                12,
                "a text that begins with ' is not closed",
            ),
            (
                "(claims.a == 'a'",
                16,
                "expected ) at the end of what ( begins, found the end",
            ),
            (
                "claims.a == 'a' claims.b == 'b'",
                16,
                "expected && or || before \"claims\"",
            ),
            ("claims.a == 1-2", 12, "\"1-2\" is not a whole number"),
            (
                "claims.a in [groups]",
                13,
                "a list can hold only texts and numbers",
            ),
            (
                "parent.a.b == 'a'",
                0,
                "a field of the parent has no further fields in a rule",
            ),
        ] {
            assert_eq!(read(text), Err((at, message.to_owned())), "{text}");
        }
        let deep = format!("{}caller == 'token'", "!".repeat(100));
        assert!(
            read(&deep)
                .unwrap_err()
                .1
                .contains("more than 32 nested brackets")
        );
        let long = format!("claims.a == '{}'", "x".repeat(5_000));
        assert!(
            read(&long)
                .unwrap_err()
                .1
                .contains("longer than 4096 bytes")
        );
    }
}
