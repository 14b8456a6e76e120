//! Key conditions of queries: `pk = :pk AND begins_with(sk, :start)`.
//!
//! DynamoDB's grammar knows no OR and no NOT here, so that every term must hold. Text that is not read to its last character
//! according to this grammar is no key condition:
//!
//! ```text
//! condition = term { AND term }
//! term      = "(" condition ")" | begins_with "(" name "," value ")" | name BETWEEN value AND value | name operator value
//! name      = #placeholder | attribute        value = :placeholder        operator = "=" | "<" | "<=" | ">" | ">="
//! ```

/// The deepest nesting of parentheses that is read; nobody writes more than one.
const MAX_DEPTH: usize = 8;

/// A key condition, as far as it says what is equal to what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyCondition<'a>(Vec<(&'a str, &'a str)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// An attribute, or a word of the grammar.
    Word(&'a str),
    /// `#placeholder`.
    Name(&'a str),
    /// `:placeholder`.
    Value(&'a str),
    /// An operator, a parenthesis or a comma.
    Sign(&'a str),
}

impl<'a> KeyCondition<'a> {
    /// Reads a condition; none when it is not one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut reader = Reader {
            tokens: tokens(text)?,
            at: 0,
            equalities: Vec::new(),
        };
        reader.condition(0)?;
        (reader.at == reader.tokens.len()).then_some(Self(reader.equalities))
    }

    /// Names and values, as they are written, of which the condition demands that they are equal.
    pub(super) fn equalities(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    equalities: Vec<(&'a str, &'a str)>,
}

impl<'a> Reader<'a> {
    fn condition(&mut self, depth: usize) -> Option<()> {
        self.term(depth)?;
        while self.takes_word("and") {
            self.term(depth)?;
        }
        Some(())
    }

    fn term(&mut self, depth: usize) -> Option<()> {
        if self.takes_sign("(") {
            if depth == MAX_DEPTH {
                return None;
            }
            self.condition(depth + 1)?;
            return self.sign(")");
        }
        if self.tokens.get(self.at + 1) == Some(&Token::Sign("(")) {
            if !self.takes_word("begins_with") {
                return None;
            }
            self.sign("(")?;
            self.name()?;
            self.sign(",")?;
            self.value()?;
            return self.sign(")");
        }
        let name = self.name()?;
        if self.takes_word("between") {
            self.value()?;
            if !self.takes_word("and") {
                return None;
            }
            return self.value().map(drop);
        }
        if self.takes_sign("=") {
            let value = self.value()?;
            self.equalities.push((name, value));
            return Some(());
        }
        if !["<", "<=", ">", ">="]
            .into_iter()
            .any(|sign| self.takes_sign(sign))
        {
            return None;
        }
        self.value().map(drop)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).copied()?;
        self.at += 1;
        Some(token)
    }

    fn name(&mut self) -> Option<&'a str> {
        match self.next()? {
            Token::Word(name) | Token::Name(name) => Some(name),
            _ => None,
        }
    }

    fn value(&mut self) -> Option<&'a str> {
        match self.next()? {
            Token::Value(value) => Some(value),
            _ => None,
        }
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.takes_sign(sign).then_some(())
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let taken = matches!(self.tokens.get(self.at), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(taken);
        taken
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let taken = matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(taken);
        taken
    }
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let following = rest.strip_prefix(first).unwrap_or_default();
        let length = match first {
            '(' | ')' | ',' | '=' => 1,
            '<' | '>' => 1 + usize::from(following.starts_with('=')),
            '#' | ':' => 1 + word_length(following),
            _ => word_length(rest),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '#' | ':' if length == 1 => return None,
            '#' => Token::Name(token),
            ':' => Token::Value(token),
            '(' | ')' | ',' | '=' | '<' | '>' => Token::Sign(token),
            _ if length == 0 => return None,
            _ => Token::Word(token),
        });
        rest = after.trim_start();
    }
    Some(tokens)
}

/// How many bytes of letters, digits and underscores the text begins with.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::KeyCondition;

    fn read(text: &str) -> Option<Vec<(&str, &str)>> {
        Some(KeyCondition::parse(text)?.equalities().collect())
    }

    #[test]
    fn what_must_be_equal_is_found_wherever_it_stands() {
        assert_eq!(read("PK = :k"), Some(vec![("PK", ":k")]));
        assert_eq!(
            read("  (#p=:k)and(begins_with ( SK , :s )) "),
            Some(vec![("#p", ":k")])
        );
        assert_eq!(
            read("SK BETWEEN :a AND :b AND PK = :k"),
            Some(vec![("PK", ":k")])
        );
        assert_eq!(
            read("PK = :k AND SK = :s"),
            Some(vec![("PK", ":k"), ("SK", ":s")])
        );
        assert_eq!(read("SK >= :s and PK=:k"), Some(vec![("PK", ":k")]));
        assert_eq!(read("PK < :k"), Some(vec![]));
        // A word of the grammar may be an attribute; what DynamoDB thinks of it is DynamoDB's.
        assert_eq!(read("begins_with = :k"), Some(vec![("begins_with", ":k")]));
    }

    #[test]
    fn what_could_mean_something_else_is_no_key_condition() {
        for text in [
            "",
            "PK",
            "PK = ",
            "PK = :k OR SK = :s",
            "NOT PK = :k",
            "PK = :k AND",
            "PK = :k, SK = :s",
            "PK <> :k",
            "PK == :k",
            "PK = :k)",
            "(PK = :k",
            "PK = PK",
            ":k = PK",
            ":k = :k",
            "PK.x = :k",
            "PK[0] = :k",
            "PK IN (:k)",
            "attribute_exists(PK) AND PK = :k",
            "size(PK) = :k",
            "PK = :k -- AND SK = :s",
            "PK = :k\0",
            "PK = :",
            "# = :k",
            "PK = :k AND (SK = :s OR SK = :t)",
            "\"PK\" = :k",
            "ＰＫ = :k",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let nested = |depth: usize| format!("{}PK = :k{}", "(".repeat(depth), ")".repeat(depth));
        assert!(
            read(&nested(8)).is_some()
                && read(&nested(9)).is_none()
                && read(&nested(100_000)).is_none()
        );
    }
}
