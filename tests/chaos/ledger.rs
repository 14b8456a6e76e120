//! What was written, as far as its clients know, compared with what is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use serde_json::{Value, json};

/// What a client asked to be written.
#[derive(Debug, Clone)]
pub struct Written {
    pub key: String,
    pub kind: Kind,
    pub student: u64,
    pub score: String,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row of SQL Server.
    Assessment,
    /// An item of DynamoDB that was added 1 to.
    Counter,
    /// A document that was posted to a service.
    Enrolment,
}

/// What its client was told. Of several tries the greatest counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was not done.
    NotDone,
    /// Nobody knows.
    Unknown,
    /// It was done; the id it was given.
    Done(Option<String>),
}

/// Everything clients asked to be written since the last comparison.
#[derive(Default)]
pub struct Ledger {
    entries: Mutex<BTreeMap<String, (Written, Verdict)>>,
    problems: Mutex<Vec<String>>,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Balance {
    /// Assessments that are there.
    pub assessments: u64,
    /// Writes nobody knew about that were done, and that were not.
    pub unknown: (u64, u64),
    pub problems: Vec<String>,
}

/// Keys asked for at once: of rows, and of items, which take an alias each.
const KEYS: usize = 50;
const ITEMS: usize = 10;

impl Ledger {
    /// Notes what a client was told.
    pub fn note(&self, written: &Written, verdict: Verdict) {
        let mut entries = self.entries.lock().unwrap();
        let (_, known) = entries
            .entry(written.key.clone())
            .or_insert_with(|| (written.clone(), Verdict::NotDone));
        if let (Verdict::Done(Some(before)), Verdict::Done(Some(now))) = (&*known, &verdict)
            && before != now
        {
            self.problems.lock().unwrap().push(format!(
                "{}: recorded as {before} and as {now}",
                written.key
            ));
        }
        if verdict > *known {
            *known = verdict;
        }
    }

    /// Compares with what is there, and starts over. `ask` runs a query that does not fail.
    pub async fn balance(&self, ask: impl AsyncFn(String) -> Value) -> Balance {
        let entries = std::mem::take(&mut *self.entries.lock().unwrap());
        let mut balance = Balance {
            problems: std::mem::take(&mut *self.problems.lock().unwrap()),
            ..Balance::default()
        };
        let (rows, counters): (Vec<_>, Vec<_>) = entries
            .into_values()
            .partition(|(written, _)| written.kind == Kind::Assessment);
        for chunk in rows.chunks(KEYS) {
            let keys: Vec<String> = chunk
                .iter()
                .map(|(written, _)| format!("{:?}", written.key))
                .collect();
            let data = ask(format!(
                "{{ recorded(keys: [{}]) {{ key id studentId score }} }}",
                keys.join(", ")
            ))
            .await;
            let found = data["recorded"].as_array().cloned().unwrap_or_default();
            balance.assessments += found.len() as u64;
            for (written, verdict) in chunk {
                let of_key: Vec<&Value> = found
                    .iter()
                    .filter(|row| row["key"] == json!(written.key))
                    .collect();
                balance.weigh(
                    written,
                    verdict,
                    of_key.len() as u64,
                    of_key.first().copied(),
                );
            }
        }
        for chunk in counters.chunks(ITEMS) {
            let mut query = String::from("{");
            for (index, (written, _)) in chunk.iter().enumerate() {
                let field = match written.kind {
                    Kind::Enrolment => "posted",
                    Kind::Counter | Kind::Assessment => "added",
                };
                write!(query, " n{index}: {field}(key: {:?})", written.key).unwrap();
            }
            let data = ask(query + " }").await;
            for (index, (written, verdict)) in chunk.iter().enumerate() {
                let times = data[format!("n{index}")].as_u64().unwrap_or(u64::MAX);
                balance.weigh(written, verdict, times, None);
            }
        }
        balance
    }
}

impl Balance {
    fn weigh(&mut self, written: &Written, verdict: &Verdict, times: u64, row: Option<&Value>) {
        let key = &written.key;
        match (verdict, times) {
            (Verdict::Done(_), 1) | (Verdict::NotDone, 0) => {}
            (Verdict::Unknown, 1) => self.unknown.0 += 1,
            (Verdict::Unknown, 0) => self.unknown.1 += 1,
            (Verdict::Done(_), 0) => self
                .problems
                .push(format!("{key} was acknowledged and is lost")),
            (Verdict::NotDone, _) => self.problems.push(format!(
                "{key} was told to have failed and was done {times} times"
            )),
            (_, times) => self.problems.push(format!("{key} was done {times} times")),
        }
        let Some(row) = row else { return };
        let id_is_another = matches!(verdict, Verdict::Done(Some(id)) if row["id"] != json!(id));
        let of_student = row["studentId"] == json!(format!("S{}", written.student));
        let score = row["score"]
            .as_str()
            .and_then(|score| score.parse::<f64>().ok());
        if id_is_another || !of_student || score != written.score.parse().ok() {
            self.problems.push(format!(
                "{key} is {row} and should be {written:?}, as told: {verdict:?}"
            ));
        }
    }
}
