//! JSON that is not of the type the schema says.

use super::lab;

#[tokio::test]
async fn json_that_does_not_fit_the_type_is_invalid_output_naming_the_field() {
    let lab = lab!();
    let ways = [
        "STRING_FOR_INT",
        "TOO_LARGE_FOR_INT",
        "FRACTION_FOR_INT",
        "NULL_FOR_NON_NULL",
        "MISSING_NON_NULL",
        "OBJECT_FOR_ID",
        "UNKNOWN_ENUM_VALUE",
        "VALUE_FOR_LIST",
        "NULL_IN_LIST",
        "LIST_FOR_OBJECT",
        "TEXT_FOR_OBJECT",
    ];
    let queries =
        ways.map(|way| format!("{{ wrongType(how: {way}) {{ id number colour tags }} }}"));
    let messages = lab.all_fail(&queries, "INVALID_OUTPUT").await;
    insta::assert_debug_snapshot!("wrong_types", messages);
}
