//! Reports of 20 objects: one that is answered and forgotten, and one that is also put into an array nobody empties, as the
//! resolver did that Mayfly replaces. With a fresh instance for each invocation the array has one report, for ever.

use mayfly_guest::prelude::*;
use std::hint::black_box;
use std::sync::Mutex;

mayfly_guest::resolvers! {
    Query.report => report,
    Query.reportKept => report_kept,
}

/// What a module-level singleton would hold.
static KEPT: Mutex<Vec<Vec<Assessment>>> = Mutex::new(Vec::new());

/// The schema's `Assessment`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    id: String,
    name: String,
    grade: i32,
    reading_level: String,
    score: f64,
    taken_at: String,
    active: bool,
}

fn report() -> Result<Vec<Assessment>> {
    let read = serde_json::from_str(include_str!(
        "../../../../../tests/bench/data/assessments.json"
    ));
    read.map_err(|error| Error::new(codes::INVALID_DATA, error.to_string()))
}

fn report_kept() -> Result<Vec<Assessment>> {
    let report = report()?;
    if let Ok(mut kept) = KEPT.lock() {
        kept.push(report.clone());
        black_box(&*kept);
    }
    Ok(report)
}
