//! What somebody who mistyped a name may have meant.

use std::borrow::Cow;

/// Longer words are not compared, because comparing takes the product of their lengths.
const MAX_COMPARED: usize = 80;

/// The known word nearest to one that is not known, if any is near enough: one letter in three may differ.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let length = word.chars().count();
    if length > MAX_COMPARED {
        return None;
    }
    let allowed = (length / 3).max(1);
    let lower = word.to_lowercase();
    let distance = |other: &str| {
        if other == word {
            return None;
        }
        let near = other.len() <= MAX_COMPARED && other.chars().count().abs_diff(length) <= allowed;
        near.then(|| strsim::osa_distance(&lower, &other.to_lowercase()))
    };
    known
        .filter_map(|other| Some((distance(other)?, other)))
        .filter(|(distance, _)| *distance <= allowed && *distance < length)
        .min()
        .map(|(_, other)| other)
}

/// `; did you mean "name"?`, or what to do instead.
pub(crate) fn or_else<'k>(
    word: &str,
    known: impl Iterator<Item = &'k str>,
    mark: &str,
    remedy: &str,
) -> Cow<'static, str> {
    match nearest(word, known) {
        Some(meant) => Cow::Owned(format!("; did you mean \"{mark}{meant}\"?")),
        None => Cow::Owned(format!("; {remedy}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_suggested_when_it_is_near() {
        let known = ["needs", "module", "String", "studentName", "Float", "y"];
        for (word, meant) in [
            ("need", Some("needs")),
            ("modul", Some("module")),
            ("Strin", Some("String")),
            ("string", Some("String")),
            ("nmae", None),
            ("Ghost", None),
            ("x", None),
            ("sutdentName", Some("studentName")),
            ("needs", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known.into_iter()), None);
    }
}
