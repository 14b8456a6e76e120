//! What clients of AppSync read of an error, beside its message.

use mayfly_error::shortened;
use mayfly_json::{Limits, Tree, quoted};

/// Bytes of a guest's code for an error, at most.
pub(super) const REASON_BYTES: usize = 64;

/// `"errorType": …, "errorInfo": …, "data": …`, of an error's code and what the guest said of it besides.
pub(super) fn members(code: &str, details: Option<&str>) -> Box<str> {
    let details = details.unwrap_or("{}");
    let tree = Tree::read(details, Limits::of_bytes(details.len())).ok();
    let member = |name: &str| {
        let value = tree.as_ref().and_then(|tree| tree.root().get(name));
        value.map_or("null", mayfly_json::Value::raw)
    };
    let code = quoted(&shortened(code, REASON_BYTES));
    let (info, data) = (member("errorInfo"), member("data"));
    format!("\"errorType\":{code},\"errorInfo\":{info},\"data\":{data}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_type_and_what_was_said_of_it() {
        assert_eq!(
            &*members("A\"B", None),
            r#""errorType":"A\"B","errorInfo":null,"data":null"#
        );
        let said = r#"{"errorInfo": {"field": ["a"]}, "data": 1.50, "more": 2}"#;
        assert_eq!(
            &*members("A", Some(said)),
            r#""errorType":"A","errorInfo":{"field": ["a"]},"data":1.50"#
        );
    }
}
