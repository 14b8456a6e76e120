//! Texts of clients in messages, shortened.
//!
//! A name, a string or a type in a document may be as long as the document, and a mistake may be made a hundred times. A message
//! shows the beginning of what it is about, so that all messages together stay far smaller than what caused them.

use std::fmt::{Display, Error, Formatter, Result, Write};

/// Characters of a text that a message shows, at most.
pub(crate) const SHOWN: usize = 100;

/// Shows the first characters of something, and `…` for the rest, which is not even formatted.
pub(crate) struct Excerpt<T>(pub T);

impl<T: Display> Display for Excerpt<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut beginning = Beginning {
            out: f,
            left: SHOWN,
            is_cut: false,
        };
        let written = write!(beginning, "{}", self.0);
        if beginning.is_cut {
            return beginning.out.write_char('…');
        }
        written
    }
}

/// Passes on this many characters, and then refuses more.
struct Beginning<'o, 'f> {
    out: &'o mut Formatter<'f>,
    left: usize,
    is_cut: bool,
}

impl Write for Beginning<'_, '_> {
    fn write_str(&mut self, text: &str) -> Result {
        match text.char_indices().nth(self.left) {
            None => {
                self.left -= text.chars().count();
                self.out.write_str(text)
            }
            Some((end, _)) => {
                self.is_cut = true;
                self.left = 0;
                self.out.write_str(text.get(..end).unwrap_or_default())?;
                Err(Error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_enough_is_shown_whole_and_anything_longer_is_cut_at_a_character() {
        let hundred = "é".repeat(SHOWN);
        assert_eq!(Excerpt(&hundred).to_string(), hundred);
        assert_eq!(
            Excerpt(format!("{hundred}x")).to_string(),
            format!("{hundred}…")
        );
        assert_eq!(Excerpt("").to_string(), "");
        assert_eq!(
            Excerpt(format_args!("{}{}", "a".repeat(60), "b".repeat(41)))
                .to_string()
                .chars()
                .count(),
            SHOWN + 1
        );
    }

    #[test]
    fn what_is_not_shown_is_not_formatted() {
        struct Endless;
        impl Display for Endless {
            fn fmt(&self, f: &mut Formatter<'_>) -> Result {
                loop {
                    f.write_str("x")?;
                }
            }
        }
        assert_eq!(
            Excerpt(Endless).to_string(),
            format!("{}…", "x".repeat(SHOWN))
        );
    }
}
