//! The text of a rule in words.

/// A word, and the byte it begins at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Word<'t> {
    pub at: usize,
    pub kind: WordKind<'t>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum WordKind<'t> {
    Name(&'t str),
    /// What is between two quotes.
    Text(&'t str),
    Number(&'t str),
    /// `&&`, `||`, `==`, `!=`, `!`, `(`, `)`, `[`, `]`, `.`, `,`.
    Sign(&'static str),
    End,
}

/// Two signs before one, as far as they begin alike.
const SIGNS: [&str; 11] = ["&&", "||", "==", "!=", "!", "(", ")", "[", "]", ".", ","];

/// The words of a text, with its end as the last; or what is wrong, and where.
pub(super) fn words(text: &str) -> Result<Vec<Word<'_>>, (usize, String)> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            words.push(Word {
                at,
                kind: WordKind::End,
            });
            return Ok(words);
        };
        let (kind, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let name = taken(rest, |c| c.is_ascii_alphanumeric() || c == '_');
                (WordKind::Name(name), name.len())
            }
            '0'..='9' | '-' => {
                let number = taken(rest, |c| c.is_ascii_digit() || c == '-');
                if number.parse::<i64>().is_err() {
                    return Err((at, format!("{number:?} is not a whole number")));
                }
                (WordKind::Number(number), number.len())
            }
            '\'' | '"' => {
                let inside = rest.get(1..).unwrap_or_default();
                let Some(end) = inside.find(first) else {
                    return Err((at, format!("a text that begins with {first} is not closed")));
                };
                (
                    WordKind::Text(inside.get(..end).unwrap_or_default()),
                    end + 2,
                )
            }
            _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some(sign) => (WordKind::Sign(sign), sign.len()),
                None => return Err((at, unknown_sign(first))),
            },
        };
        words.push(Word { at, kind });
        rest = rest.get(length..).unwrap_or_default();
    }
}

fn taken(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn unknown_sign(sign: char) -> String {
    let meant = match sign {
        '=' => "; write ==",
        '&' => "; write &&",
        '|' => "; write ||",
        _ => "",
    };
    format!("unexpected {sign:?} in a rule{meant}")
}

impl std::fmt::Display for WordKind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) | Self::Number(name) => write!(f, "\"{name}\""),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::Sign(sign) => write!(f, "\"{sign}\""),
            Self::End => f.write_str("the end"),
        }
    }
}
