//! T-SQL cut into tokens, as far as an operator's statement needs it.
//!
//! Owns: where strings, comments and quoted names begin and end, so that nothing inside them is taken for a parameter or keyword.
//! It does not know grammar; `template` looks at neighbouring tokens.

/// A piece of a statement. The texts of all tokens, joined, are the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space or a comment.
    Blank,
    /// `'…'` or `N'…'`.
    Text,
    /// `[…]` or `"…"`.
    Quoted,
    /// A keyword or a plain name, `#temp` included.
    Word,
    /// `@name`.
    Variable,
    /// `@@name`.
    Global,
    /// One character of anything else; a number is one for each digit, which nobody minds.
    Symbol,
}

impl Token<'_> {
    /// Whether it is this keyword, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these keywords.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// The name it stands for; empty for what is not a name.
    pub(super) fn name(&self) -> &str {
        match self.kind {
            Kind::Word => self.text,
            Kind::Quoted => self
                .text
                .get(1..self.text.len().saturating_sub(1))
                .unwrap_or_default(),
            _ => "",
        }
    }

    /// Whether it is this character.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }
}

/// Cuts a statement; the error names what never ends.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = scan(rest, first)?;
        let (token, after) = rest.split_at(length);
        tokens.push(Token { kind, text: token });
        rest = after;
    }
    Ok(tokens)
}

/// The kind and the length in bytes of the token at the start of `rest`.
fn scan(rest: &str, first: char) -> Result<(Kind, usize), &'static str> {
    if first.is_whitespace() {
        return Ok((Kind::Blank, run(rest, char::is_whitespace)));
    }
    if rest.starts_with("--") {
        return Ok((Kind::Blank, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return block_comment(rest)
            .map(|length| (Kind::Blank, length))
            .ok_or("an unclosed comment");
    }
    let quoted = |skip: usize, close: char, kind: Kind, what: &'static str| {
        closing(rest.get(skip..).unwrap_or_default(), close)
            .map(|length| (kind, skip + length))
            .ok_or(what)
    };
    match first {
        '\'' => quoted(1, '\'', Kind::Text, "an unclosed string"),
        'N' | 'n' if rest.get(1..2) == Some("'") => {
            quoted(2, '\'', Kind::Text, "an unclosed string")
        }
        '[' => quoted(1, ']', Kind::Quoted, "an unclosed name in brackets"),
        '"' => quoted(1, '"', Kind::Quoted, "an unclosed name in quotes"),
        '@' if rest.starts_with("@@") => Ok((
            Kind::Global,
            2 + run(rest.get(2..).unwrap_or_default(), in_name),
        )),
        '@' => Ok((
            Kind::Variable,
            1 + run(rest.get(1..).unwrap_or_default(), in_name),
        )),
        _ if first.is_alphabetic() || first == '_' || first == '#' => {
            Ok((Kind::Word, run(rest, in_name)))
        }
        _ => Ok((Kind::Symbol, first.len_utf8())),
    }
}

fn in_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '@' | '#' | '$')
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character))
        .unwrap_or(text.len())
}

/// Where the quote that opened ends, its closing character included. A doubled one stands for itself.
fn closing(text: &str, close: char) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == close && characters.next_if(|(_, next)| *next == close).is_none() {
            return Some(at + close.len_utf8());
        }
    }
    None
}

/// The length of a comment; they nest in T-SQL.
fn block_comment(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0usize;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
    None
}

#[cfg(test)]
mod tests;
