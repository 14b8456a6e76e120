//! An answer of the host as it came.

use crate::Result;
use serde::Deserialize;

/// JSON text that values can be read from without copying what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Reads a value, which may borrow from the text.
    ///
    /// # Errors
    ///
    /// When the text does not fit `T`.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        Ok(serde_json::from_str(&self.0)?)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;
    use std::borrow::Cow;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row<'a> {
        id: &'a str,
        #[serde(borrow)]
        note: Cow<'a, str>,
    }

    #[test]
    fn values_borrow_what_stands_in_the_text_as_it_is() {
        let json =
            Json::new(r#"[{"id":"A","note":"plain"},{"id":"B","note":"a \"word\""}]"#.to_owned());
        let rows: Vec<Row<'_>> = json.read().unwrap();
        assert!(
            matches!(
                rows.as_slice(),
                [
                    Row {
                        note: Cow::Borrowed("plain"),
                        ..
                    },
                    Row {
                        note: Cow::Owned(_),
                        ..
                    }
                ]
            ),
            "{rows:?}"
        );
        assert!(
            json.as_str()
                .as_bytes()
                .as_ptr_range()
                .contains(&rows.last().unwrap().id.as_ptr())
        );
        assert!(json.read::<Vec<u8>>().is_err());
    }
}
