//! Workload A with the data in the guest: 20 objects of 7 fields, as the peers hold them in memory.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.report => report,
}

/// The only student there is.
const STUDENT: &str = "S1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportArguments {
    student_id: String,
}

/// The schema's `Assessment`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    id: &'static str,
    name: &'static str,
    grade: i32,
    reading_level: &'static str,
    score: f64,
    taken_at: &'static str,
    active: bool,
}

fn report(arguments: ReportArguments) -> Result<&'static [Assessment]> {
    Ok(if arguments.student_id == STUDENT {
        &ASSESSMENTS
    } else {
        &[]
    })
}

const fn assessment(
    id: &'static str,
    score: f64,
    taken_at: &'static str,
    active: bool,
) -> Assessment {
    Assessment {
        id,
        name: "Ben Berg",
        grade: 2,
        reading_level: "Level 3",
        score,
        taken_at,
        active,
    }
}

/// The rows of `tests/bench/data/assessments.json`; the driver compares before it times anything.
static ASSESSMENTS: [Assessment; 20] = [
    assessment("A-S1-01", 49.25, "2025-07-02T08:42:00.000Z", true),
    assessment("A-S1-02", 58.5, "2025-07-21T09:11:00.000Z", true),
    assessment("A-S1-03", 67.5, "2025-08-09T09:40:00.000Z", false),
    assessment("A-S1-04", 76.75, "2025-08-28T10:09:00.000Z", true),
    assessment("A-S1-05", 85.75, "2025-09-16T10:38:00.000Z", true),
    assessment("A-S1-06", 95.5, "2025-10-05T11:07:00.000Z", false),
    assessment("A-S1-07", 44.5, "2025-10-24T11:36:00.000Z", true),
    assessment("A-S1-08", 53.25, "2025-11-12T12:05:00.000Z", true),
    assessment("A-S1-09", 62.25, "2025-12-01T12:34:00.000Z", false),
    assessment("A-S1-10", 71.25, "2025-12-20T13:03:00.000Z", true),
    assessment("A-S1-11", 80.5, "2026-01-08T13:32:00.000Z", true),
    assessment("A-S1-12", 89.5, "2026-01-27T14:01:00.000Z", false),
    assessment("A-S1-13", 98.75, "2026-02-15T14:30:00.000Z", true),
    assessment("A-S1-14", 47.75, "2026-03-06T14:59:00.000Z", true),
    assessment("A-S1-15", 57.5, "2026-03-25T15:28:00.000Z", false),
    assessment("A-S1-16", 66.5, "2026-04-13T15:57:00.000Z", true),
    assessment("A-S1-17", 75.5, "2026-05-02T08:26:00.000Z", true),
    assessment("A-S1-18", 84.25, "2026-05-21T08:55:00.000Z", false),
    assessment("A-S1-19", 93.25, "2026-06-09T09:24:00.000Z", true),
    assessment("A-S1-20", 42.5, "2026-06-28T09:53:00.000Z", true),
];
