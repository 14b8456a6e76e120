//! Numbers with more digits than JavaScript's own keep.

/// How many digits every number of JavaScript keeps.
const KEPT: usize = 15;

/// A JSON text in which numbers with more digits are `{"$number":"..."}`, as other values of DynamoDB are that JSON has no word for; none
/// where there are no such numbers.
pub(crate) fn kept(text: &str) -> Option<String> {
    if !may_have_more(text.as_bytes()) {
        return None;
    }
    let mut kept = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, token) = rest.split_at(at);
        let is_string = token.starts_with('"');
        let end = if is_string {
            string_end(token.as_bytes())
        } else {
            token.find([',', ']', '}']).unwrap_or(token.len())
        };
        let (token, after) = token.split_at(end);
        kept.push_str(before);
        if is_string || !has_more(token) {
            kept.push_str(token);
        } else {
            kept.extend(["{\"$number\":\"", token.trim_end(), "\"}"]);
        }
        rest = after;
    }
    kept.push_str(rest);
    Some(kept)
}

/// Whether so many digits are anywhere in a text, also in its strings: few bytes are looked at where they are not.
fn may_have_more(text: &[u8]) -> bool {
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let mut last = KEPT;
    while let Some(byte) = text.get(last) {
        if !is_of_number(byte) {
            last += KEPT + 1;
        } else if text
            .get(last - KEPT..last)
            .is_some_and(|before| before.iter().all(is_of_number))
        {
            return true;
        } else {
            last += 1;
        }
    }
    false
}

fn has_more(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().filter(u8::is_ascii_digit).count() > KEPT
}

/// Where the string ends that a text begins with.
fn string_end(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
