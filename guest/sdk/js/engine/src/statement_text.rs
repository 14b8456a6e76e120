//! When two texts of SQL are the same statement: whatever their spaces, comments, case and names of parameters.
//!
//! A module's library sends a text; what runs is the operator's statement with the same text. So only a hash of it is kept.

/// A text, read.
pub(crate) struct StatementText {
    /// Of what the text says.
    pub(crate) hash: u64,
    /// Its parameters in the order in which they first appear. A list, as in `IN (@a, @b)`, is one parameter with several names.
    pub(crate) parameters: Vec<Vec<String>>,
}

impl StatementText {
    pub(crate) fn read(text: &str) -> Self {
        let mut tokens = tokens(text);
        while tokens.last().is_some_and(|token| token == ";") {
            tokens.pop();
        }
        let mut parameters: Vec<Vec<String>> = Vec::new();
        let mut hash = Hash::new();
        let mut rest = tokens.as_slice();
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            hash.add(token);
            if token == "in"
                && let Some((names, after)) = list(rest)
            {
                hash.add_parameter(number(&mut parameters, names));
                rest = after;
            } else if let Some(name) = name(token) {
                hash.add_parameter(number(&mut parameters, vec![name.to_owned()]));
            }
        }
        Self {
            hash: hash.0,
            parameters,
        }
    }
}

/// The place of a parameter among those that were seen.
fn number(parameters: &mut Vec<Vec<String>>, names: Vec<String>) -> usize {
    let known = parameters.iter().position(|known| *known == names);
    known.unwrap_or_else(|| {
        parameters.push(names);
        parameters.len() - 1
    })
}

/// The names of `(@a, @b, …)`, and what follows.
fn list(tokens: &[String]) -> Option<(Vec<String>, &[String])> {
    let (open, mut rest) = tokens.split_first()?;
    if open != "(" {
        return None;
    }
    let mut names = Vec::new();
    loop {
        let (token, after) = rest.split_first()?;
        names.push(name(token)?.to_owned());
        let (end, after) = after.split_first()?;
        rest = after;
        match end.as_str() {
            "," => {}
            ")" => return Some((names, rest)),
            _ => return None,
        }
    }
}

/// The name of a parameter. `@@ROWCOUNT` and its like are none.
fn name(token: &str) -> Option<&str> {
    token
        .strip_prefix('@')
        .filter(|name| !name.starts_with('@'))
}

/// Words in lower case, texts and quoted names as they are, parameters with their names, everything else by character.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = comment(rest) {
            rest = after;
            continue;
        }
        let end = match first {
            '\'' | '"' => quoted(rest, first),
            '[' => quoted(rest, ']'),
            first if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        if first.is_whitespace() {
            continue;
        }
        tokens.push(match first {
            // A name in brackets that needs none is the name.
            '[' => plain(token),
            '\'' | '"' => token.to_owned(),
            '@' if !token.starts_with("@@") => token.to_owned(),
            _ => token.to_lowercase(),
        });
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')
}

/// What follows a comment, if there is one.
fn comment(text: &str) -> Option<&str> {
    if text.starts_with("--") {
        let end = text.find('\n').unwrap_or(text.len());
        return text.get(end..);
    }
    let inner = text.strip_prefix("/*")?;
    let end = inner.find("*/").map_or(inner.len(), |end| end + 2);
    inner.get(end..)
}

/// Where a quoted text ends; its quote stands twice for itself.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != quote {
            continue;
        }
        match characters.peek() {
            Some((_, next)) if *next == quote => drop(characters.next()),
            _ => return at + c.len_utf8(),
        }
    }
    text.len()
}

fn plain(token: &str) -> String {
    let inner = token.trim_start_matches('[').trim_end_matches(']');
    let starts_well = inner.chars().next().is_some_and(char::is_alphabetic);
    if starts_well && inner.chars().all(is_word) {
        inner.to_lowercase()
    } else {
        token.to_owned()
    }
}

/// FNV-1a: it only has to tell a module's own statements apart.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, token: &str) {
        // Parameters are added by their place.
        let token = if name(token).is_some() { "@" } else { token };
        for byte in token.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn add_parameter(&mut self, place: usize) {
        self.add(&format!("parameter {place}"));
    }
}
