//! `LIKE` and `PATINDEX`: `%`, `_`, `[a-z]`, `[^…]`, compared as the default collation does, or by characters.

use super::collation;

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// `%`.
    Any,
    /// `_`.
    One,
    /// A character that stands for itself.
    Exactly(char),
    /// `[…]`: its ranges, and whether it is `[^…]`.
    Set(Vec<(char, char)>, bool),
}

/// A pattern that has been read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    steps: Vec<Step>,
    compares: Compares,
}

/// How a pattern's characters are compared with a text's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compares {
    /// As the default collation does.
    Default,
    /// Each is itself only.
    Exactly,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str, escape: Option<char>, compares: Compares) -> Self {
        let mut steps = Vec::new();
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            at += 1;
            if Some(c) == escape
                && let Some(&next) = chars.get(at)
            {
                steps.push(Step::Exactly(next));
                at += 1;
                continue;
            }
            steps.push(match c {
                '%' => Step::Any,
                '_' => Step::One,
                '[' => match set(chars.get(at..).unwrap_or_default()) {
                    Some((step, length)) => {
                        at += length;
                        step
                    }
                    // A bracket that is never closed matches nothing.
                    None => Step::Set(Vec::new(), false),
                },
                _ => Step::Exactly(c),
            });
        }
        Self { steps, compares }
    }

    /// Whether a whole text matches. Blanks behind what the pattern asks for do not count.
    pub(super) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.fits(&self.steps, &chars)
    }

    /// Where the pattern is found, from 1; 0 if it is not. What `%` at its ends say is part of the pattern.
    pub(super) fn position(&self, text: &str) -> usize {
        let chars: Vec<char> = text.chars().collect();
        let steps = match self.steps.as_slice() {
            [Step::Any, rest @ ..] => rest,
            steps => return usize::from(self.fits(steps, &chars)),
        };
        (0..=chars.len())
            .find(|from| {
                chars
                    .get(*from..)
                    .is_some_and(|rest| self.fits(steps, rest))
            })
            .map_or(0, |from| from + 1)
    }

    /// Greedy from the left, with one place to go back to: enough, because `%` takes anything.
    fn fits(&self, steps: &[Step], chars: &[char]) -> bool {
        let (mut step, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            let rest = chars.get(at..).unwrap_or_default();
            let fits = match steps.get(step) {
                Some(Step::Any) => {
                    back = Some((step + 1, at));
                    step += 1;
                    continue;
                }
                None => rest.iter().all(|c| *c == ' '),
                Some(one) => rest.first().is_some_and(|c| one.accepts(*c, self.compares)),
            };
            match (fits, steps.get(step)) {
                (true, None) => return true,
                (true, Some(_)) => {
                    step += 1;
                    at += 1;
                }
                (false, _) => match back {
                    Some((again, from)) if from < chars.len() => {
                        back = Some((again, from + 1));
                        step = again;
                        at = from + 1;
                    }
                    _ => return false,
                },
            }
        }
    }
}

/// What follows `[`, and how many characters it takes.
fn set(chars: &[char]) -> Option<(Step, usize)> {
    let negated = chars.first() == Some(&'^');
    let mut at = usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        let from = *chars.get(at)?;
        if from == ']' && !ranges.is_empty() {
            return Some((Step::Set(ranges, negated), at + 1));
        }
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(&to)) if to != ']' => {
                ranges.push((from, to));
                at += 3;
            }
            _ => {
                ranges.push((from, from));
                at += 1;
            }
        }
    }
}

impl Step {
    fn accepts(&self, c: char, compares: Compares) -> bool {
        let same = |wanted: char| match compares {
            Compares::Default => collation::same(wanted, c),
            Compares::Exactly => wanted == c,
        };
        match self {
            Self::Any | Self::One => true,
            Self::Exactly(wanted) => same(*wanted),
            Self::Set(ranges, negated) => {
                let between = |from: char, to: char| match compares {
                    Compares::Default => {
                        let text = c.to_string();
                        collation::text_order(&from.to_string(), &text).is_le()
                            && collation::text_order(&text, &to.to_string()).is_le()
                    }
                    Compares::Exactly => (from..=to).contains(&c),
                };
                let within =
                    |(from, to): &(char, char)| same(*from) || (from != to && between(*from, *to));
                ranges.iter().any(within) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_the_server_says() {
        let cases = [
            ("abc", "A%", true),
            ("abc", "_b_", true),
            ("abc", "[a-c]bc", true),
            ("abc", "[^a-c]bc", false),
            ("a%c", "a[%]c", true),
            ("abc", "a[%]c", false),
            ("a]c", "a[]]c", true),
            ("abc  ", "abc", true),
            ("abc", "abc ", false),
            ("aXbXc", "%x%x%", true),
            ("", "%", true),
            ("5", "[0-9]", true),
            ("-", "[a-]", true),
            ("a[c", "a[c", false),
        ];
        for (text, pattern, wanted) in cases {
            assert_eq!(
                Pattern::parse(pattern, None, Compares::Default).matches(text),
                wanted,
                "{text} LIKE {pattern}"
            );
        }
        assert!(Pattern::parse("50!%", Some('!'), Compares::Default).matches("50%"));
        assert!(!Pattern::parse("50!%", Some('!'), Compares::Default).matches("501"));
        assert_eq!(
            Pattern::parse("%[0-9]%", None, Compares::Default).position("ab3"),
            3
        );
        assert_eq!(
            Pattern::parse("%z%", None, Compares::Default).position("ab3"),
            0
        );
    }

    #[test]
    fn characters_that_are_compared_exactly_are_themselves_only() {
        let matches = |text: &str, pattern: &str| {
            Pattern::parse(pattern, None, Compares::Exactly).matches(text)
        };
        assert!(matches("abc", "a%") && !matches("abc", "A%"));
        assert!(matches("b", "[a-c]") && !matches("B", "[a-c]") && !matches("B", "[^A-C]"));
    }
}
