//! What an assessment needs of a student.

use mayfly_guest::prelude::*;

/// The part of a profile that enriches assessments: stored, or given as a parent object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) grade: i32,
    pub(crate) reading_level: String,
}

/// The profile of a student who must exist.
pub(crate) async fn of(id: &str) -> Result<Profile> {
    let key = object! { PK: format_args!("STUDENT#{id}"), SK: "PROFILE" };
    let profile = dynamodb::table("Students")
        .attributes(["id", "grade", "readingLevel"])
        .get(key)
        .await?;
    profile.ok_or_else(|| {
        Error::new(
            "STUDENT_NOT_FOUND",
            format!("student `{id}` does not exist"),
        )
    })
}
