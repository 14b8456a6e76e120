//! The workloads: what is asked, and what the numbers are compared with.

use clap::ValueEnum;
use serde_json_plain::{Value, from_str, json};

use crate::contender::{DERIVED, FLOOR, MERCURIUS, SAMPLE_APP, TARGET};

/// What every contender of workload A has to answer with; the Rust and Node peers serve this very file.
const REPORT: &str = include_str!("../data/assessments.json");

/// The sample query of the README, and its answer.
const SAMPLE_QUERY: &str = include_str!("../data/sample-query.graphql");
const SAMPLE_ANSWER: &str = include_str!("../data/sample-answer.json");

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// What isolation costs: 20 objects of 7 fields, beside servers that have none
    A,
    /// The sample app end to end, beside the same in Node
    B,
    /// The pools, beside the bare drivers
    Pools,
    /// What swapping a module costs requests
    Swaps,
}

/// What a contender is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// The report of workload A, by the field that answers it.
    Report(&'static str),
    /// The README's.
    Sample,
}

impl Workload {
    /// As file names have it.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::Pools => "pools",
            Self::Swaps => "swaps",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::A => "20 objects of 7 fields over HTTP",
            Self::B => "the sample query over HTTP, with DynamoDB and SQL Server",
            Self::Pools => "calls through pools and bare drivers",
            Self::Swaps => {
                "20 objects of 7 fields over HTTP, while a module is swapped and while it is not"
            }
        }
    }

    /// Who is held to the targets.
    pub(crate) fn subject(self) -> &'static str {
        if self == Self::A { TARGET } else { SAMPLE_APP }
    }

    /// Whom everyone is compared with.
    pub(crate) fn base(self) -> &'static str {
        if self == Self::A { DERIVED } else { MERCURIUS }
    }

    /// The base in a word, for headings.
    pub(crate) fn base_word(self) -> &'static str {
        if self == Self::A {
            "derived"
        } else {
            "mercurius"
        }
    }

    /// Whom nobody can go below, if anyone measured that.
    pub(crate) fn floor(self) -> Option<&'static str> {
        (self == Self::A).then_some(FLOOR)
    }
}

impl Question {
    /// The body of the request. An alias gives every field the same name in the answer.
    pub(crate) fn body(self) -> String {
        let (query, variables) = match self {
            Self::Report(field) => {
                let alias = if field == "report" {
                    "report".to_owned()
                } else {
                    format!("report: {field}")
                };
                let fields = "id name grade readingLevel score takenAt active";
                let query = format!(
                    "query Report($studentId: ID!) {{ {alias}(studentId: $studentId) {{ {fields} }} }}"
                );
                (query, json!({ "studentId": "S1" }))
            }
            Self::Sample => (SAMPLE_QUERY.trim().to_owned(), json!({ "id": "S1" })),
        };
        json!({ "query": query, "variables": variables }).to_string()
    }

    /// The whole answer.
    pub(crate) fn answer(self) -> serde_json_plain::Result<Value> {
        match self {
            Self::Report(_) => Ok(json!({ "data": { "report": from_str::<Value>(REPORT)? } })),
            Self::Sample => from_str(SAMPLE_ANSWER),
        }
    }
}
