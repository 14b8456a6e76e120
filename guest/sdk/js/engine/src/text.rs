//! Texts of JavaScript as the host takes them.
//!
//! A string of JavaScript may hold half of a surrogate pair: `slice` cuts an emoji in the middle. That is not a character, so no text of Rust
//! or of the host can hold it. As in Node, U+FFFD stands for it wherever a string leaves JavaScript.

use std::ops::Deref;

use rquickjs::{Ctx, Error, FromJs, Object, Result, String as JsString, Value};

/// A string of JavaScript, with U+FFFD for each half of a pair.
pub(crate) struct Text(pub(crate) String);

/// JSON that JavaScript wrote: `JSON.stringify` escapes half of a pair, which the host would refuse. The escape is of U+FFFD here.
pub(crate) struct Json(pub(crate) String);

impl<'js> FromJs<'js> for Text {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let string = JsString::from_value(value)?;
        match string.to_string() {
            Ok(text) => Ok(Self(text)),
            Err(Error::Utf8(_)) => Ok(Self(without_halves(string.to_cstring()?.as_ref()))),
            Err(error) => Err(error),
        }
    }
}

impl<'js> FromJs<'js> for Json {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let Text(json) = Text::from_js(ctx, value)?;
        Ok(Self(without_escaped_halves(json)))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Deref for Json {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A property that is text.
pub(crate) fn text(object: &Object<'_>, name: &str) -> Result<String> {
    object.get(name).map(|Text(text)| text)
}

pub(crate) fn optional_text(object: &Object<'_>, name: &str) -> Result<Option<String>> {
    let text: Option<Text> = object.get(name)?;
    Ok(text.map(|Text(text)| text))
}

/// A property that is JSON text.
pub(crate) fn json(object: &Object<'_>, name: &str) -> Result<String> {
    object.get(name).map(|Json(json)| json)
}

pub(crate) fn optional_json(object: &Object<'_>, name: &str) -> Result<Option<String>> {
    let json: Option<Json> = object.get(name)?;
    Ok(json.map(|Json(json)| json))
}

pub(crate) fn plain(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|Text(text)| text).collect()
}

/// The engine writes half of a pair as if it were a character: `ED`, a byte from `A0` on, and another one. U+FFFD takes as many bytes.
fn without_halves(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    for at in 1..bytes.len() {
        if let Some([first @ 0xED, second @ 0xA0..=0xBF, third]) = bytes.get_mut(at - 1..at + 2) {
            (*first, *second, *third) = (0xEF, 0xBF, 0xBD);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn without_escaped_halves(json: String) -> String {
    if !json.contains("\\ud") {
        return json;
    }
    let mut whole = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let is_half = half(escape).is_some();
        let is_pair = half(escape) == Some(Half::First)
            && escape.get(6..).and_then(half) == Some(Half::Second);
        // Both bytes of any other escape, so that a backslash which is escaped itself begins none.
        let bytes = match (is_pair, is_half) {
            (true, _) => 12,
            (false, true) => 6,
            (false, false) => 2,
        };
        let (escape, after) = escape.split_at_checked(bytes).unwrap_or((escape, ""));
        whole.push_str(if is_half && !is_pair {
            "\\ufffd"
        } else {
            escape
        });
        rest = after;
    }
    whole.push_str(rest);
    whole
}

#[derive(PartialEq, Eq)]
enum Half {
    First,
    Second,
}

/// Which half of a pair the escape is that a text begins with.
fn half(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::First),
        0xDC00..=0xDFFF => Some(Half::Second),
        _ => None,
    }
}
