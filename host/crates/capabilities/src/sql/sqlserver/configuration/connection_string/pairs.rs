//! The form of a connection string: pairs, quotes, doubled quotes. Problems name pairs by their number and repeat nothing of the text.

/// Keys and values.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
    while !rest.is_empty() {
        let number = pairs.len() + 1;
        let (key, after) = key(rest).ok_or_else(|| {
            format!("pair {number} has no `=`; put the value before it in quotes if it holds a `;`")
        })?;
        let after = after.trim_start();
        let (value, after) = match after.chars().next() {
            Some(quote @ ('\'' | '"')) => quoted(after, quote).ok_or_else(|| {
                format!("the value of pair {number} has an unclosed quote; close it")
            })?,
            // Some drivers take braces for quotes, others do not.
            Some('{') => {
                return Err(format!(
                    "the value of pair {number} begins with `{{`; put it in quotes"
                ));
            }
            _ => {
                let end = after.find(';').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim_end().to_owned(), after)
            }
        };
        let after = after.trim_start();
        if !after.is_empty() && !after.starts_with(';') {
            return Err(format!(
                "the value of pair {number} continues after its closing quote; put all of it in quotes"
            ));
        }
        pairs.push((key, value));
        rest = after.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
    }
    Ok(pairs)
}

/// The key, and what is behind its `=`. A doubled `=` is part of the key.
fn key(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            ';' => return None,
            '=' if characters.next_if(|(_, next)| *next == '=').is_none() => {
                return Some((key.trim().to_owned(), text.get(at + 1..)?));
            }
            character => key.push(character),
        }
    }
    None
}

/// The value in quotes, and what is behind them.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            value.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            value.push(quote);
        } else {
            return Some((value, text.get(at + 1..)?));
        }
    }
    None
}
