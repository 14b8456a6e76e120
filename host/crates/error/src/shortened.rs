//! Texts of others, cut to what messages may hold of them.

use std::borrow::Cow;

/// A text of at most this many bytes; `…` stands for what was cut off, and is not counted.
#[must_use]
pub fn shortened(text: &str, bytes: usize) -> Cow<'_, str> {
    match text.get(..text.floor_char_boundary(bytes)) {
        Some(start) if start.len() < text.len() => Cow::Owned(format!("{start}…")),
        _ => Cow::Borrowed(text),
    }
}

/// The same in the text's own memory.
pub(crate) fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}
