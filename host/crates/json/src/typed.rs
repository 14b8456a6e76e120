//! Text into types of the host's own.

use serde::de::DeserializeOwned;

use crate::limits::Limits;
use crate::tree::Tree;

/// Reads a text into a type that says which keys it has. It is checked against the limits first, so that nothing is built of a text
/// that is too large, too deep, or has a key twice.
///
/// # Errors
///
/// Why the text is refused, with its place; it may repeat a value of the text, so it is for texts whose values are no secret.
pub fn read<T: DeserializeOwned>(text: &str, limits: Limits) -> Result<T, String> {
    Tree::read(text, limits).map_err(|error| error.to_string())?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place: the text was checked, and the types are the host's own, not trees"
    )]
    serde_json::from_str(text).map_err(|error| error.to_string())
}
