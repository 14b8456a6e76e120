//! Texts of SQL that stand in a module's code, with their places: whoever builds is told which are no statement yet.

use super::source_map::Lines;

/// What is in a bundle that uses a library which sends SQL.
const LIBRARIES: &str = "mayfly/sql/";

/// How statements begin, and what follows somewhere in each.
const BEGINNINGS: [(&str, &str); 7] = [
    ("select", "from"),
    ("with", "select"),
    ("insert", "into"),
    ("update", "set"),
    ("delete", "from"),
    ("merge", "using"),
    ("exec", ""),
];

/// Whether a bundle sends SQL at all.
pub(super) fn are_sent(code: &str) -> bool {
    code.contains(LIBRARIES)
}

/// Every text that reads like a statement and is written in one piece, with its place.
pub(super) fn find(code: &str, lines: &Lines) -> Vec<(String, String)> {
    if !are_sent(code) {
        return Vec::new();
    }
    let mut found: Vec<(String, String)> = Vec::new();
    for (at, quote) in code.match_indices(['"', '\'', '`']) {
        let Some(text) = code.get(at + 1..).filter(|rest| begins(rest)) else {
            continue;
        };
        let Some(text) = literal(text, quote).filter(|text| is_statement(text)) else {
            continue;
        };
        let line = code.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let place = lines.place(line).unwrap_or_default();
        if !found.iter().any(|(_, known)| *known == text) {
            found.push((place, text));
        }
    }
    found
}

/// Whether a text begins as a statement does, perhaps after some space.
fn begins(rest: &str) -> bool {
    let mut rest = rest.trim_start();
    while let Some(after) = rest.strip_prefix("\\n") {
        rest = after.trim_start();
    }
    let word: String = rest
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    BEGINNINGS
        .iter()
        .any(|(verb, _)| word == *verb || (*verb == "exec" && word == "execute"))
}

fn is_statement(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
    let Some(first) = words.find(|word| !word.is_empty()) else {
        return false;
    };
    let second = BEGINNINGS
        .iter()
        .find(|(verb, _)| first.starts_with(verb))
        .map(|(_, second)| *second);
    match second {
        Some("") => words.clone().count() > 0,
        Some(second) => words.any(|word| word == second),
        None => false,
    }
}

/// The text of a literal whose quote was read; none when it is put together of several, or ends nowhere.
fn literal(rest: &str, quote: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = rest.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                '\n' => {}
                // Rare in SQL, and a text with one is told of when it is sent.
                'u' | 'x' => return None,
                other => text.push(other),
            },
            '$' if quote == "`" && characters.peek() == Some(&'{') => return None,
            '\n' if quote != "`" => return None,
            c if quote.starts_with(c) => return Some(text),
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_with_their_places_and_other_texts_are_not() {
        let lines = Lines {
            sources: vec!["src/a.js".to_owned()],
            numbers: vec![0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6],
            mappings: String::new(),
        };
        let code = "// mayfly/sql/mssql.cjs\nq(`\n  SELECT 1 FROM a WHERE b = 'x\\'`);\nq(\"select the best\", \"update x set y = @y\");\nq(`select * from ${table}`, 'deleted from');\nq(\"\\n  delete from a where b = \\\"c\\\"\")";
        let found = find(code, &lines);
        let found: Vec<_> = found
            .iter()
            .map(|(place, text)| (place.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("src/a.js:2", "\n  SELECT 1 FROM a WHERE b = 'x'"),
                ("src/a.js:4", "update x set y = @y"),
                ("src/a.js:6", "\n  delete from a where b = \"c\""),
            ]
        );
        assert!(find("q('select 1 from a')", &lines).is_empty());
    }
}
