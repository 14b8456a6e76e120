//! `LIKE` and `PATINDEX`: `%`, `_`, `[a-z]`, `[^…]`, compared as the default collation does.

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
pub(super) struct Pattern(Vec<Step>);

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str, escape: Option<char>) -> Self {
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
        Self(steps)
    }

    /// Whether a whole text matches. Blanks behind what the pattern asks for do not count.
    pub(super) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        matches(&self.0, &chars, true)
    }

    /// Where the pattern is found, from 1; 0 if it is not. What `%` at its ends say is part of the pattern.
    pub(super) fn position(&self, text: &str) -> usize {
        let chars: Vec<char> = text.chars().collect();
        let steps = match self.0.as_slice() {
            [Step::Any, rest @ ..] => rest,
            steps => return usize::from(matches(steps, &chars, true)),
        };
        (0..=chars.len())
            .find(|from| {
                chars
                    .get(*from..)
                    .is_some_and(|rest| matches(steps, rest, true))
            })
            .map_or(0, |from| from + 1)
    }
}

/// What stands behind `[`, and how many characters it takes.
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

/// Greedy from the left, with one place to go back to: enough, because `%` takes anything.
fn matches(steps: &[Step], chars: &[char], blanks_end: bool) -> bool {
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
            None => rest.is_empty() || (blanks_end && rest.iter().all(|c| *c == ' ')),
            Some(one) => rest.first().is_some_and(|c| accepts(one, *c)),
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

fn accepts(step: &Step, c: char) -> bool {
    match step {
        Step::Any | Step::One => true,
        Step::Exactly(wanted) => collation::same(*wanted, c),
        Step::Set(ranges, negated) => {
            let within = |(from, to): &(char, char)| {
                let text = c.to_string();
                collation::same(*from, c)
                    || (collation::text_order(&from.to_string(), &text).is_le()
                        && collation::text_order(&text, &to.to_string()).is_le()
                        && from != to)
            };
            ranges.iter().any(within) != *negated
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
                Pattern::parse(pattern, None).matches(text),
                wanted,
                "{text} LIKE {pattern}"
            );
        }
        assert!(Pattern::parse("50!%", Some('!')).matches("50%"));
        assert!(!Pattern::parse("50!%", Some('!')).matches("501"));
        assert_eq!(Pattern::parse("%[0-9]%", None).position("ab3"), 3);
        assert_eq!(Pattern::parse("%z%", None).position("ab3"), 0);
    }
}
