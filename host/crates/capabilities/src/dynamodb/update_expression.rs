//! Update expressions, as far as they say which attributes are written, and with what.
//!
//! ```text
//! update = { SET path = operand … | REMOVE path | ADD path value | DELETE path value }, each with further ones behind commas
//! path   = name { "." name | "[" digits "]" }        name = #placeholder | attribute        value = :placeholder
//! ```

/// One write of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Write<'a> {
    /// The top-level attribute, as it is written.
    pub(super) name: &'a str,
    /// The attribute is removed.
    pub(super) removes: bool,
    /// The placeholder that becomes the whole of it; none where the value is made in another way.
    pub(super) value: Option<&'a str>,
}

/// The writes of an update; none when its text is not understood to its last character.
pub(super) fn writes(text: &str) -> Option<Vec<Write<'_>>> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
    };
    let mut writes = Vec::new();
    while let Some(clause) = reader.next() {
        let clause = Clause::of(clause)?;
        loop {
            writes.push(reader.write(clause)?);
            if !reader.eat(",") {
                break;
            }
        }
        if reader
            .peek()
            .is_some_and(|token| Clause::of(token).is_none())
        {
            return None;
        }
    }
    Some(writes)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    Set,
    Remove,
    /// `ADD` and `DELETE`, whose value stands behind the path.
    Change,
}

impl Clause {
    fn of(token: &str) -> Option<Self> {
        match token.to_ascii_uppercase().as_str() {
            "SET" => Some(Self::Set),
            "REMOVE" => Some(Self::Remove),
            "ADD" | "DELETE" => Some(Self::Change),
            _ => None,
        }
    }
}

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn write(&mut self, clause: Clause) -> Option<Write<'a>> {
        let name = self.next().filter(|token| is_name(token))?;
        let mut whole = true;
        while self.peek().is_some_and(|token| matches!(token, "." | "[")) {
            whole = false;
            let closing = self.next() == Some("[");
            self.next()?;
            if closing && !self.eat("]") {
                return None;
            }
        }
        let removes = clause == Clause::Remove;
        let value = match clause {
            Clause::Remove => None,
            Clause::Change => {
                self.next().filter(|token| token.starts_with(':'))?;
                None
            }
            Clause::Set => {
                if !self.eat("=") {
                    return None;
                }
                self.operand()?
            }
        };
        Some(Write {
            name,
            removes: removes && whole,
            value: value.filter(|_| whole),
        })
    }

    /// Reads what an attribute is set to: the placeholder, where it is nothing else. Each part of it is one operand; two of them
    /// have a sign between, so that what comes after the last is a comma or another clause.
    fn operand(&mut self) -> Option<Option<&'a str>> {
        let start = self.at;
        loop {
            self.term()?;
            if !self.eat("+") && !self.eat("-") {
                break;
            }
        }
        let only = self.tokens.get(start..self.at)?;
        Some(match only {
            [value] if value.starts_with(':') => Some(*value),
            _ => None,
        })
    }

    fn term(&mut self) -> Option<()> {
        let first = self.next()?;
        if first == "(" {
            return self.inside();
        }
        if first.starts_with(':') {
            return Some(());
        }
        if !is_name(first) {
            return None;
        }
        if self.eat("(") {
            return self.inside();
        }
        while self.peek().is_some_and(|token| matches!(token, "." | "[")) {
            let closing = self.next() == Some("[");
            self.next()?;
            if closing && !self.eat("]") {
                return None;
            }
        }
        Some(())
    }

    /// Steps behind the bracket that closes one just read.
    fn inside(&mut self) -> Option<()> {
        let mut open = 1;
        while open > 0 {
            match self.next()? {
                "(" => open += 1,
                ")" => open -= 1,
                _ => {}
            }
        }
        Some(())
    }
}

fn is_name(token: &str) -> bool {
    token
        .bytes()
        .next()
        .is_some_and(|byte| byte == b'#' || byte == b'_' || byte.is_ascii_alphabetic())
}

/// Words, placeholders, digits and signs; none when something else is in the text.
fn tokens(text: &str) -> Option<Vec<&str>> {
    let mut tokens = Vec::new();
    let blank = |character: char| character.is_ascii_whitespace();
    let mut rest = text.trim_start_matches(blank);
    while let Some(first) = rest.chars().next() {
        let length = if matches!(first, ',' | '=' | '(' | ')' | '+' | '-' | '.' | '[' | ']') {
            1
        } else {
            let inside = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let word = rest
                .char_indices()
                .skip(1)
                .find(|(_, character)| !inside(*character))
                .map_or(rest.len(), |(end, _)| end);
            if !(inside(first) || (matches!(first, '#' | ':') && word > 1)) {
                return None;
            }
            word
        };
        let (token, behind) = rest.split_at_checked(length)?;
        tokens.push(token);
        rest = behind.trim_start_matches(blank);
    }
    Some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<Vec<String>> {
        let show = |write: Write<'_>| match (write.removes, write.value) {
            (true, _) => format!("-{}", write.name),
            (false, Some(value)) => format!("{}={value}", write.name),
            (false, None) => format!("{}=?", write.name),
        };
        Some(writes(text)?.into_iter().map(show).collect())
    }

    #[test]
    fn every_write_is_found_with_what_it_writes() {
        for (text, found) in [
            ("SET a = :a", vec!["a=:a"]),
            ("set #o=:b, c = if_not_exists(c, :c)", vec!["#o=:b", "c=?"]),
            (
                "SET a = b + :n REMOVE #o, d[0] ADD e :e DELETE f :f",
                vec!["a=?", "-#o", "d=?", "e=?", "f=?"],
            ),
            ("SET a.b[1].#c = :v", vec!["a=?"]),
            ("SET a = (:v)", vec!["a=?"]),
            (
                "SET a = list_append(a, :v) - :w, owner = :o",
                vec!["a=?", "owner=:o"],
            ),
            ("SET a = b", vec!["a=?"]),
        ] {
            assert_eq!(
                shown(text),
                Some(found.into_iter().map(str::to_owned).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_no_update() {
        for text in [
            "SET",
            "SET a",
            "SET a =",
            "SET a = :a owner = :b",
            "owner = :b",
            "SET a = :a,",
            "SET a = :a; SET b = :b",
            "SET a = f(:a",
            "SET a[0 = :a",
            "ADD a",
            "SET :a = :b",
            "SET a = :a :b",
            "SET a \u{2028}= :a",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(shown(""), Some(Vec::new()));
    }
}
