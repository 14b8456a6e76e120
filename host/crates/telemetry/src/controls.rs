//! Texts of others on a terminal: nothing in them moves the cursor, changes colours, or turns the direction of what is around them.

use std::borrow::Cow;
use std::fmt;

/// Passes text on with what a terminal would act on escaped, ends of lines included.
pub(crate) struct EscapeControls<W>(pub(crate) W);

impl<W: fmt::Write> fmt::Write for EscapeControls<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_escaped(&mut self.0, text, acts)
    }
}

/// The same text with what a terminal would act on escaped, except for ends of lines and tabs.
pub(crate) fn escape_lines(text: &str) -> Cow<'_, str> {
    escape(text, |one| acts(one) && !matches!(one, '\n' | '\t'))
}

/// A text that stays in the line it is put in.
#[must_use]
pub fn in_one_line(text: &str) -> Cow<'_, str> {
    escape(text, acts)
}

fn escape(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    // Writing to a string cannot fail.
    let _ = write_escaped(&mut escaped, text, acts);
    Cow::Owned(escaped)
}

fn write_escaped(
    writer: &mut impl fmt::Write,
    text: &str,
    acts: impl Fn(char) -> bool,
) -> fmt::Result {
    for part in text.split_inclusive(&acts) {
        let end = part.chars().next_back().filter(|end| acts(*end));
        let Some(control) = end else {
            writer.write_str(part)?;
            continue;
        };
        writer.write_str(part.trim_end_matches(control))?;
        write!(writer, "{}", control.escape_default())?;
    }
    Ok(())
}

/// Control characters, and those that embed, override or isolate a direction of text.
fn acts(one: char) -> bool {
    one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown() {
        let said = "a\u{1b}]0;title\u{7}\u{9b}2J\r\u{202e}b\n\tü\u{301} 😀";
        assert_eq!(
            escape_lines(said),
            "a\\u{1b}]0;title\\u{7}\\u{9b}2J\\r\\u{202e}b\n\tü\u{301} 😀"
        );
        assert_eq!(in_one_line("a\nb\u{2066}"), "a\\nb\\u{2066}");
        assert!(matches!(in_one_line("plain"), Cow::Borrowed("plain")));
        assert!(matches!(escape_lines("two\nlines"), Cow::Borrowed(_)));
    }
}
