//! Workload A's data, held in memory for the life of the process.

use async_graphql::SimpleObject;
use serde::{Deserialize, Serialize};

/// The only student there is.
pub(crate) const STUDENT: &str = "S1";

/// The file that all peers read; Mayfly's guest and seed say the same.
const FILE: &str = include_str!("../data/assessments.json");

/// One of the 20 objects, as stored, as JSON, and as a type of async-graphql.
#[derive(Debug, Deserialize, Serialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assessment {
    pub(crate) id: async_graphql::ID,
    pub(crate) name: String,
    pub(crate) grade: i32,
    pub(crate) reading_level: String,
    pub(crate) score: f64,
    pub(crate) taken_at: String,
    pub(crate) active: bool,
}

/// The data, leaked on purpose: it is needed until the process ends, and nothing is counted or copied per request.
pub(crate) fn assessments() -> anyhow::Result<&'static [Assessment]> {
    let assessments: Vec<Assessment> = serde_json_plain::from_str(FILE)?;
    Ok(assessments.leak())
}

/// A student's assessments: none for a student nobody knows.
pub(crate) fn of_student(data: &'static [Assessment], student_id: &str) -> &'static [Assessment] {
    if student_id == STUDENT { data } else { &[] }
}
