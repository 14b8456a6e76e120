use super::Undecodable::{CodePage, Utf16, Xml};
use super::{Place, cannot_decode};

#[test]
fn text_that_cannot_be_decoded_is_told_with_its_place_and_a_remedy_that_applies_to_it() {
    for (found, place, expected) in [
        (
            Utf16,
            Place::Columns(vec![("a", Utf16)]),
            "text of column `a` is not valid UTF-16; correct the data, or set `lossy = true` for the statement to read it with \
             U+FFFD in its place",
        ),
        // XML is never read lossily.
        (
            Utf16,
            Place::Columns(vec![("x", Xml)]),
            "text of column `x` is not valid UTF-16; correct the data, or CAST the column AS nvarchar(max) in the statement and \
             set `lossy = true` for it",
        ),
        (
            Utf16,
            Place::Columns(vec![("a", Utf16), ("x", Xml)]),
            "text of one of the columns `a`, `x` is not valid UTF-16; correct the data, or set `lossy = true` for the statement, \
             where a column of XML has to be CAST AS nvarchar(max)",
        ),
        (
            CodePage,
            Place::Columns(vec![("a", CodePage)]),
            "text of column `a` is not valid in its code page; correct the data, or CAST the column AS nvarchar in the statement",
        ),
        (
            CodePage,
            Place::Outputs(vec!["note"]),
            "text of output `note` is not valid in its code page; correct the data, or declare the parameter as nvarchar",
        ),
        (
            Utf16,
            Place::Outputs(vec!["id", "name"]),
            "text of one of the outputs `id`, `name` is not valid UTF-16; correct the data, or set `lossy = true` for the \
             statement to read it with U+FFFD in its place",
        ),
        (
            CodePage,
            Place::Discarded,
            "text of a row that `execute` does not read is not valid in its code page; correct the data, or leave its column out \
             of the statement",
        ),
    ] {
        assert_eq!(
            cannot_decode("s", found, &place).message,
            format!("s: {expected}")
        );
    }
}
