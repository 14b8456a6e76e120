//! Another number of answers than of parents.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn another_number_of_answers_than_parents_is_invalid_output_at_every_parent() {
    let lab = lab!();
    for field in ["tooFew", "tooMany", "none"] {
        let answer = lab
            .query(&format!("{{ miscounted {{ id {field} }} }}"))
            .await;
        let errors = answer["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(errors.len(), 3, "{answer}");
        for (index, error) in errors.iter().enumerate() {
            assert_eq!(
                error["extensions"]["code"],
                json!("INVALID_OUTPUT"),
                "{answer}"
            );
            assert_eq!(error["path"], json!(["miscounted", index, field]));
        }
        assert_eq!(
            answer["data"]["miscounted"][2],
            json!({ "id": "3", field: null })
        );
    }
    lab.unharmed().await;
}
