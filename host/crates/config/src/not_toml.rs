//! What is said of a text that is not TOML: the parser's reason, with what stands there and, for the usual mistakes, what to write instead.

/// As much of a line is shown, in characters.
const SHOWN: usize = 40;

/// The byte where the mistake is, and the message.
pub(crate) fn explain(text: &str, error: &toml::de::Error) -> (usize, String) {
    let at = error.span().map_or(0, |span| span.start);
    let line = line(text, at);
    let rest = shown(line.get(at - begin(text, at)..).unwrap_or_default());
    let message = match error.message() {
        "duplicate key" if line.trim_start().starts_with('[') => {
            format!(
                "{} is there already; write its keys in one place",
                shown(line)
            )
        }
        "duplicate key" => {
            let key = error.span().and_then(|span| text.get(span)).unwrap_or(rest);
            format!("`{key}` is there already; leave one of them")
        }
        _ if rest.is_empty() && line.trim_end().ends_with('=') => {
            format!("`{}` has no value; write one behind it", shown(line))
        }
        _ if rest == "null" => "there is no null; leave the key out".to_owned(),
        _ if matches!(rest, "True" | "False") => {
            format!("`{rest}` is no value; write {}", rest.to_ascii_lowercase())
        }
        reason if reason.starts_with("string values must be quoted") => {
            let plain = rest.trim_matches(is_quote);
            format!("`{rest}` is no value; write texts in quotes, such as \"{plain}\"")
        }
        reason if reason.starts_with("missing escaped value") => format!(
            "`{}`: a backslash is written \\\\, or as it is between single quotes",
            shown(line)
        ),
        reason => {
            let reason = reason.strip_suffix(", expected nothing").unwrap_or(reason);
            format!("`{}`: {reason}", shown(line))
        }
    };
    (at, message)
}

/// Quotes as word processors write them, and those that TOML has.
fn is_quote(character: char) -> bool {
    matches!(character, '“' | '”' | '„' | '‘' | '’' | '"' | '\'')
}

fn begin(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

fn line(text: &str, at: usize) -> &str {
    let rest = text.get(begin(text, at)..).unwrap_or_default();
    rest.lines().next().unwrap_or_default()
}

/// What is shown of a line: no comment, and not too much.
fn shown(line: &str) -> &str {
    let before_comment = line.split(" #").next().unwrap_or_default().trim();
    let end = before_comment.char_indices().nth(SHOWN);
    end.map_or(before_comment, |(end, _)| &before_comment[..end])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn each_mistake_is_shown_with_what_to_write() {
        for (text, expected) in [
            (
                "a = 1\nschema = ",
                "2: `schema =` has no value; write one behind it",
            ),
            (
                "schema = schema.graphql # the file",
                "1: `schema.graphql` is no value; write texts in quotes, such as \"schema.graphql\"",
            ),
            (
                "schema = “schema.graphql”",
                "1: `“schema.graphql”` is no value; write texts in quotes, such as \"schema.graphql\"",
            ),
            (
                "schema = \"a",
                "1: `schema = \"a`: invalid basic string, expected `\"`",
            ),
            (
                "\n[modules.a",
                "2: `[modules.a`: unclosed table, expected `]`",
            ),
            (
                "a = 1 b = 2",
                "1: `a = 1 b = 2`: unexpected key or value, expected newline, `#`",
            ),
            (
                "[modules.a]\nshare = 1\nshare = 2",
                "3: `share` is there already; leave one of them",
            ),
            (
                "[a.grants]\nsql = [\"x\"]\n\n[a.grants] # more\nsql = [\"y\"]",
                "4: [a.grants] is there already; write its keys in one place",
            ),
            ("watch = True", "1: `True` is no value; write true"),
            (
                "watch = null # none",
                "1: there is no null; leave the key out",
            ),
            ("port = 09", "1: `port = 09`: unexpected leading zero"),
            (
                r#"ca = "C:\certificates""#,
                r#"1: `ca = "C:\certificates"`: a backslash is written \\, or as it is between single quotes"#,
            ),
        ] {
            let error = toml::de::DeTable::parse(text).unwrap_err();
            let (at, message) = explain(text, &error);
            let line = text[..at].lines().count() + usize::from(text[..at].ends_with('\n'));
            assert_eq!(format!("{}: {message}", line.max(1)), expected, "{text}");
        }
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let text = format!("schema = {}", "ä".repeat(1_000));
        let error = toml::de::DeTable::parse(&text).unwrap_err();
        let (_, message) = explain(&text, &error);
        assert!(
            message.starts_with(&format!("`{}` is no value", "ä".repeat(SHOWN))),
            "{message}"
        );
    }
}
