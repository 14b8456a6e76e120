//! Messages of DynamoDB that a guest is told: fixed texts, which hold neither names nor values.
//!
//! What the service says of a request may repeat what is in it, so a guest is not told that. But code branches on some of its
//! messages. Those are listed here, and only the text of this list is passed on: what follows it in the service's message, such as
//! the name of an attribute, is left out.

/// Messages, or how they begin.
const MESSAGES: [&str; 30] = [
    "An operand in the update expression has an incorrect data type",
    "Attempting to store more than 38 significant digits in a Number",
    "Consistent reads are not supported on global secondary indexes",
    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    "ExpressionAttributeNames can only be specified when using expressions",
    "ExpressionAttributeValues can only be specified when using expressions",
    "Filter Expression can only contain non-primary key attributes",
    "Item collection size limit exceeded",
    "Item size has exceeded the maximum allowed size",
    "Item size to update has exceeded the maximum allowed size",
    "Nesting Levels have exceeded supported limits",
    "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value.",
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value.",
    "One or more parameter values were invalid: Cannot update attribute",
    "One or more parameter values were invalid: Missing the key",
    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit",
    "One or more parameter values were invalid: Type mismatch for Index Key",
    "One or more parameter values were invalid: Type mismatch for key",
    "Query condition missed key schema element",
    "The document path provided in the update expression is invalid for update",
    "The provided expression refers to an attribute that does not exist in the item",
    "The provided key element does not match the schema",
    "The provided starting key is invalid",
    "The provided starting key is outside query boundaries based on provided conditions",
    "The table does not have the specified index",
    "Transaction request cannot include multiple operations on one item",
    "Value provided in ExpressionAttributeNames unused in expressions",
    "Value provided in ExpressionAttributeValues unused in expressions",
];

/// What messages about an expression begin with.
const EXPRESSIONS: [&str; 5] = [
    "Invalid ConditionExpression: ",
    "Invalid FilterExpression: ",
    "Invalid KeyConditionExpression: ",
    "Invalid ProjectionExpression: ",
    "Invalid UpdateExpression: ",
];

/// What is wrong with an expression.
const PROBLEMS: [&str; 10] = [
    "An expression attribute name used in the document path is not defined",
    "An expression attribute value used in expression is not defined",
    "Attribute name is a reserved keyword",
    "Expression size has exceeded the maximum allowed size",
    "Incorrect number of operands for operator or function",
    "Incorrect operand type for operator or function",
    "Invalid function name",
    "Syntax error",
    "The expression can not be empty",
    "Two document paths overlap with each other",
];

/// What a guest is told of a message, if anything.
pub(super) fn known(message: &str) -> Option<String> {
    let message = message
        .strip_prefix("1 validation error detected: ")
        .unwrap_or(message);
    if let Some(text) = beginning(&MESSAGES, message) {
        return Some(text.to_owned());
    }
    let expression = beginning(&EXPRESSIONS, message)?;
    let problem = beginning(&PROBLEMS, message.strip_prefix(expression)?)?;
    Some(format!("{expression}{problem}"))
}

fn beginning(texts: &[&'static str], message: &str) -> Option<&'static str> {
    texts.iter().copied().find(|text| message.starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_without_the_names_and_values_in_it() {
        let path = "The document path provided in the update expression is invalid for update";
        assert_eq!(known(path).as_deref(), Some(path));
        assert_eq!(
            known("Query condition missed key schema element: secret").as_deref(),
            Some("Query condition missed key schema element")
        );
        assert_eq!(
            known("1 validation error detected: Invalid UpdateExpression: Syntax error; token: \"secret\"")
                .as_deref(),
            Some("Invalid UpdateExpression: Syntax error")
        );
        assert_eq!(known("Invalid UpdateExpression: secret"), None);
        assert_eq!(
            known("The parameter cannot be converted to a numeric value: secret"),
            None
        );
    }
}
