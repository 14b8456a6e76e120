//! Requests, and what their answers must be. Each part of an answer says whom it was made for: by a nonce, or by a student whom no
//! request at the same time is likely to share.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::dice::Dice;
use super::ledger::{Kind, Ledger, Verdict, Written};

/// Nobody writes to the students up to here, so that their assessments are known.
const READ_STUDENTS: u64 = 900;
const ALL_STUDENTS: u64 = 1000;
const TYPES: [&str; 4] = ["FLUENCY", "COMPREHENSION", "VOCABULARY", "PHONICS"];
/// Rows the guest asks a stream for at once.
const PAGE_ROWS: u64 = 3;
/// Assessments each student has from the start.
const ASSESSMENTS: u64 = 20;

/// Ways to commit: after what a transaction should do, and after what no statement should do in one.
const COMMITS: [&str; 7] = [
    "COMMIT",
    "COMMIT",
    "OWN",
    "ENDED",
    "NESTED",
    "STRAY_COMMIT",
    "LEFT_OPEN",
];

/// One operation.
pub struct Request {
    pub text: String,
    pub parts: Vec<Part>,
}

/// One root field of it.
pub struct Part {
    alias: String,
    expected: Expected,
}

/// What a part's answer must be, if there is one.
enum Expected {
    Student(u64),
    /// With the type of their assessments.
    Students(Vec<u64>, &'static str),
    Assessments(u64, &'static str),
    Echo {
        nonce: String,
        student: u64,
        rows: u64,
    },
    /// A guest that leaves with calls under way.
    Leaving(&'static str),
    Record(Written),
    Transaction(Written, &'static str),
    Add(Written),
    /// What a service was asked for.
    Fetch(String),
    Enrol(Written),
}

/// What became of one part: `ok`, `left`, or the code, and for a guest's error its reason.
pub type Outcome = String;

impl Request {
    /// A request nobody makes twice: `name` is in its nonces and keys.
    pub fn any(name: &str, guests_leave: bool, dice: &mut Dice) -> Self {
        let mutation = dice.once_in(4);
        let mut parts = Vec::new();
        let mut fields = String::new();
        for number in 0..dice.one_of(&[1, 1, 1, 2, 3]) {
            let (alias, nonce) = (format!("part{number}"), format!("{name}-{number}"));
            let (field, expected) = match (mutation, guests_leave) {
                (false, false) => read(&nonce, dice),
                (false, true) => leaving(&nonce, dice),
                (true, false) => write(&nonce, dice),
                (true, true) => transaction(
                    nonce,
                    dice.one_of(&["ROLL_BACK", "PANIC", "FAIL", "DROP", "IN_FLIGHT", "SPIN"]),
                    dice,
                ),
            };
            writeln!(fields, "{alias}: {field}").unwrap();
            parts.push(Part { alias, expected });
        }
        Self {
            text: format!(
                "{} {{\n{fields}}}",
                if mutation { "mutation" } else { "query" }
            ),
            parts,
        }
    }

    /// One of each kind that has nothing to do with misbehaviour.
    pub fn probes(name: &str, dice: &mut Dice) -> Vec<Self> {
        let alone = |operation: &str, (field, expected): (String, Expected)| Self {
            text: format!("{operation} {{ part0: {field} }}"),
            parts: vec![Part {
                alias: "part0".to_owned(),
                expected,
            }],
        };
        let mut probes = Vec::new();
        for kind in 0..6 {
            probes.push(alone(
                "query",
                read_of(kind, &format!("{name}-r{kind}"), dice),
            ));
        }
        for kind in 0..4 {
            probes.push(alone(
                "mutation",
                write_of(kind, &format!("{name}-w{kind}"), dice),
            ));
        }
        probes
    }

    /// Whether it may be sent again: the sample app records an assessment once, however often it is told to.
    pub fn repeatable(&self) -> bool {
        self.parts
            .iter()
            .all(|part| matches!(part.expected, Expected::Record(_)))
    }

    /// The client left before it had an answer.
    pub fn left(&self, ledger: &Ledger) -> Vec<Outcome> {
        for part in &self.parts {
            part.judge(Verdict::Unknown, ledger);
        }
        vec!["left".to_owned(); self.parts.len()]
    }

    /// Compares an answer with what it must be: what became of each part, or what is wrong with it.
    pub fn check(
        &self,
        status: u16,
        body: &Value,
        ledger: &Ledger,
    ) -> Result<Vec<Outcome>, String> {
        if status == 503 && body["errors"][0]["extensions"]["code"] == json!("OVERLOADED") {
            for part in &self.parts {
                part.judge(Verdict::NotDone, ledger);
            }
            return Ok(vec!["OVERLOADED".to_owned(); self.parts.len()]);
        }
        let data = body["data"].as_object().filter(|_| status == 200);
        let data = data.ok_or_else(|| format!("status {status} without data"))?;
        if data.len() != self.parts.len() {
            return Err("another number of fields".to_owned());
        }
        let no_errors = Vec::new();
        let errors = body["errors"].as_array().unwrap_or(&no_errors);
        self.parts
            .iter()
            .map(|part| {
                part.check(
                    data.get(&part.alias).unwrap_or(&Value::Null),
                    errors,
                    ledger,
                )
            })
            .collect()
    }
}

fn read(nonce: &str, dice: &mut Dice) -> (String, Expected) {
    let kind = dice.between(0, 5);
    read_of(kind, nonce, dice)
}

fn read_of(kind: u64, nonce: &str, dice: &mut Dice) -> (String, Expected) {
    let student = dice.between(1, READ_STUDENTS);
    let kind_of_assessment = dice.one_of(&TYPES);
    match kind {
        0 => (
            format!(r#"student(id: "S{student}") {{ id grade readingLevel }}"#),
            Expected::Student(student),
        ),
        1 => {
            let students: Vec<u64> = (0..dice.between(1, 12))
                .map(|_| dice.between(1, READ_STUDENTS))
                .collect();
            let ids: Vec<String> = students
                .iter()
                .map(|student| format!("\"S{student}\""))
                .collect();
            let below = "{ id studentId type studentGrade readingLevel }";
            let fields = format!(
                "{{ id grade readingLevel assessments(type: {kind_of_assessment}) {below} }}"
            );
            (
                format!("students(ids: [{}]) {fields}", ids.join(", ")),
                Expected::Students(students, kind_of_assessment),
            )
        }
        2 => {
            let arguments =
                format!(r#"studentId: "S{student}", assessmentType: {kind_of_assessment}"#);
            let fields = "{ id studentId type studentGrade readingLevel }";
            (
                format!("assessments({arguments}) {fields}"),
                Expected::Assessments(student, kind_of_assessment),
            )
        }
        3 => {
            let pages = dice.between(1, 7);
            let text = format!(
                r#"streamed(nonce: "{nonce}", studentId: "S{student}", pages: {pages}) {{ nonce id studentId }}"#
            );
            (
                text,
                Expected::Echo {
                    nonce: nonce.to_owned(),
                    student,
                    rows: (pages * PAGE_ROWS).min(ASSESSMENTS),
                },
            )
        }
        4 => (
            format!(r#"fetched(nonce: "{nonce}")"#),
            Expected::Fetch(nonce.to_owned()),
        ),
        _ => {
            let rows = dice.between(1, ASSESSMENTS);
            let text = format!(
                r#"echo(nonce: "{nonce}", studentId: "S{student}", rows: {rows}) {{ nonce id studentId }}"#
            );
            (
                text,
                Expected::Echo {
                    nonce: nonce.to_owned(),
                    student,
                    rows,
                },
            )
        }
    }
}

fn leaving(nonce: &str, dice: &mut Dice) -> (String, Expected) {
    let student = dice.between(1, READ_STUDENTS);
    let how = dice.one_of(&["RETURN", "RETURN", "PANIC", "PANIC", "SPIN"]);
    let field = if how == "SPIN" {
        "hastilyLeaves"
    } else {
        "leaves"
    };
    (
        format!(r#"{field}(nonce: "{nonce}", studentId: "S{student}", how: {how})"#),
        Expected::Leaving(how),
    )
}

fn write(key: &str, dice: &mut Dice) -> (String, Expected) {
    match dice.between(0, 4) {
        1 => {
            let then = dice.one_of(&COMMITS);
            transaction(key.to_owned(), then, dice)
        }
        kind => write_of(kind, key, dice),
    }
}

fn write_of(kind: u64, key: &str, dice: &mut Dice) -> (String, Expected) {
    let student = dice.between(READ_STUDENTS + 1, ALL_STUDENTS);
    let key = key.to_owned();
    match kind {
        0 => (
            format!(r#"add(key: "{key}")"#),
            Expected::Add(Written {
                key,
                kind: Kind::Counter,
                student: 0,
                score: String::new(),
            }),
        ),
        1 => transaction(key, "COMMIT", dice),
        2 => (
            format!(r#"enrol(key: "{key}")"#),
            Expected::Enrol(Written {
                key,
                kind: Kind::Enrolment,
                student: 0,
                score: String::new(),
            }),
        ),
        _ => {
            let score = format!("{}.{:02}", dice.between(0, 99), dice.between(0, 99));
            let kind = dice.one_of(&TYPES);
            let input = format!(
                r#"{{studentId: "S{student}", type: {kind}, score: {score}, takenAt: "2026-07-01T08:00:00Z", idempotencyKey: "{key}"}}"#
            );
            let text = format!("recordAssessment(input: {input}) {{ id studentId score type }}");
            (
                text,
                Expected::Record(Written {
                    key,
                    kind: Kind::Assessment,
                    student,
                    score,
                }),
            )
        }
    }
}

fn transaction(key: String, then: &'static str, dice: &mut Dice) -> (String, Expected) {
    let student = dice.between(READ_STUDENTS + 1, ALL_STUDENTS);
    let field = if then == "SPIN" {
        "hastyTransaction"
    } else {
        "transaction"
    };
    let text = format!(r#"{field}(key: "{key}", studentId: "S{student}", then: {then})"#);
    // Recorded with a score of 1 and raised once.
    (
        text,
        Expected::Transaction(
            Written {
                key,
                kind: Kind::Assessment,
                student,
                score: "2.00".to_owned(),
            },
            then,
        ),
    )
}

impl Part {
    fn check(&self, value: &Value, errors: &[Value], ledger: &Ledger) -> Result<Outcome, String> {
        if value.is_null() {
            let below = |error: &&Value| error["path"][0] == json!(self.alias);
            let error = errors
                .iter()
                .find(below)
                .ok_or_else(|| format!("{} is null for no reason", self.alias))?;
            return self.failed(error, ledger);
        }
        let wrong = |what: String| Err(format!("{}: {what}: {value}", self.alias));
        match self.compare(value, errors) {
            Err(what) => wrong(what),
            Ok(id) => {
                self.judge(Verdict::Done(id), ledger);
                Ok("ok".to_owned())
            }
        }
    }

    /// An error, if it is one that may be.
    fn failed(&self, error: &Value, ledger: &Ledger) -> Result<Outcome, String> {
        let extensions = &error["extensions"];
        let (code, reason) = (
            extensions["code"].as_str().unwrap_or_default(),
            extensions["reason"].as_str().unwrap_or_default(),
        );
        let outcome = if code == "GUEST_ERROR" {
            reason.to_owned()
        } else {
            code.to_owned()
        };
        if error.to_string().contains("a secret") || error.to_string().contains("127.0.0.1") {
            return Err(format!(
                "{}: says what is the operator's to know: {error}",
                self.alias
            ));
        }
        let verdict = match outcome.as_str() {
            "BACKEND_UNAVAILABLE" | "backend" | "conflict" => Verdict::NotDone,
            // The invocation may have been ended with a write under way.
            "DEADLINE_EXCEEDED" => Verdict::Unknown,
            "outcome-unknown" if self.writes() => Verdict::Unknown,
            // The service said that it was busy.
            "BAD_STATUS" if self.asks_service() => Verdict::NotDone,
            "BUDGET_EXCEEDED" if matches!(self.expected, Expected::Fetch(_)) => Verdict::NotDone,
            "GUEST_TRAPPED" if self.may_trap() => Verdict::NotDone,
            // What the commit says behind a statement that ended its transaction.
            "invalid" if self.disturbs() => Verdict::NotDone,
            "FAILED" if matches!(self.expected, Expected::Transaction(_, "FAIL")) => {
                Verdict::NotDone
            }
            _ => return Err(format!("{}: may not fail like this: {error}", self.alias)),
        };
        // A guest that leaves without committing has done nothing, whatever it says.
        let verdict = if self.commits() {
            verdict
        } else {
            Verdict::NotDone
        };
        self.judge(verdict, ledger);
        Ok(outcome)
    }

    fn writes(&self) -> bool {
        matches!(
            self.expected,
            Expected::Record(_) | Expected::Transaction(..) | Expected::Add(_) | Expected::Enrol(_)
        )
    }

    fn asks_service(&self) -> bool {
        matches!(self.expected, Expected::Fetch(_) | Expected::Enrol(_))
    }

    fn may_trap(&self) -> bool {
        matches!(
            self.expected,
            Expected::Leaving("PANIC") | Expected::Transaction(_, "PANIC" | "IN_FLIGHT")
        )
    }

    fn commits(&self) -> bool {
        !matches!(&self.expected, Expected::Transaction(_, then) if !COMMITS.contains(then))
    }

    fn disturbs(&self) -> bool {
        let Expected::Transaction(_, then) = &self.expected else {
            return false;
        };
        ["ENDED", "NESTED", "STRAY_COMMIT"].contains(then)
    }

    fn judge(&self, verdict: Verdict, ledger: &Ledger) {
        match &self.expected {
            Expected::Record(written) | Expected::Add(written) | Expected::Enrol(written) => {
                ledger.note(written, verdict);
            }
            Expected::Transaction(written, then) if COMMITS.contains(then) => {
                ledger.note(written, verdict);
            }
            Expected::Transaction(written, _) => ledger.note(written, Verdict::NotDone),
            _ => {}
        }
    }

    /// Whether the value is the one asked for; the id of what was recorded.
    fn compare(&self, value: &Value, errors: &[Value]) -> Result<Option<String>, String> {
        match &self.expected {
            Expected::Student(student) => same(value, &profile(*student))?,
            Expected::Students(students, kind) => {
                self.compare_students(value, students, kind, errors)?
            }
            Expected::Assessments(student, kind) => same(value, &assessments(*student, kind))?,
            Expected::Echo {
                nonce,
                student,
                rows,
            } => {
                let row = |n| json!({ "nonce": nonce, "id": format!("A-S{student}-{n:02}"), "studentId": format!("S{student}") });
                same(value, &(1..=*rows).map(row).collect())?;
            }
            Expected::Leaving("RETURN") => same(value, &json!(1))?,
            Expected::Leaving(how) => {
                return Err(format!("a guest that should {how} has answered"));
            }
            Expected::Record(Written { student, score, .. }) => {
                same(&value["studentId"], &json!(format!("S{student}")))?;
                let (given, wanted) = (value["score"].as_f64(), score.parse::<f64>().ok());
                if given != wanted {
                    return Err(format!("the score should be {score}"));
                }
                return Ok(Some(value["id"].as_str().ok_or("no id")?.to_owned()));
            }
            Expected::Transaction(written, then) if COMMITS.contains(then) => {
                same(value, &json!(written.key))?;
                return Ok(Some(written.key.clone()));
            }
            Expected::Transaction(written, "ROLL_BACK" | "DROP") => {
                same(value, &json!(written.key))?
            }
            Expected::Transaction(_, then) => {
                return Err(format!("a guest that should {then} has answered"));
            }
            Expected::Add(_) => same(value, &json!(1))?,
            Expected::Fetch(nonce) => {
                same(value, &json!(format!("/enrolment/_echo/{nonce}")))?;
            }
            Expected::Enrol(written) => same(value, &json!(written.key))?,
        }
        Ok(None)
    }

    /// Students whose assessments failed are null, each with an error of its own.
    fn compare_students(
        &self,
        value: &Value,
        students: &[u64],
        kind: &str,
        errors: &[Value],
    ) -> Result<(), String> {
        let given = value
            .as_array()
            .filter(|given| given.len() == students.len())
            .ok_or("another number of students")?;
        for (index, (given, student)) in given.iter().zip(students).enumerate() {
            if given.is_null() {
                let at = |error: &&Value| {
                    error["path"][0] == json!(self.alias) && error["path"][1] == json!(index)
                };
                let error = errors
                    .iter()
                    .find(at)
                    .ok_or_else(|| format!("student {index} is null for no reason"))?;
                let code = &error["extensions"]["code"];
                let reason = &error["extensions"]["reason"];
                let may_be = ["BACKEND_UNAVAILABLE", "DEADLINE_EXCEEDED"]
                    .iter()
                    .any(|may| code == may)
                    || ["backend", "conflict"].iter().any(|may| reason == may);
                if !may_be {
                    return Err(format!("student {index} may not fail like this: {error}"));
                }
                continue;
            }
            let mut wanted = profile(*student);
            wanted["assessments"] = assessments(*student, kind);
            same(given, &wanted)?;
        }
        Ok(())
    }
}

fn same(given: &Value, wanted: &Value) -> Result<(), String> {
    if given == wanted {
        Ok(())
    } else {
        Err(format!("should be {wanted}"))
    }
}

/// As the sample data has it.
fn profile(student: u64) -> Value {
    json!({ "id": format!("S{student}"), "grade": grade(student), "readingLevel": reading_level(student) })
}

fn grade(student: u64) -> u64 {
    1 + student % 12
}

fn reading_level(student: u64) -> String {
    format!("Level {}", 1 + student % 12 + student % 3)
}

/// A student's assessments of one type, oldest first, as the sample data has them.
fn assessments(student: u64, kind: &str) -> Value {
    let of_kind = |n: &u64| TYPES[usize::try_from(n % 4).unwrap()] == kind;
    let row = |n| {
        json!({
            "id": format!("A-S{student}-{n:02}"), "studentId": format!("S{student}"), "type": kind,
            "studentGrade": grade(student), "readingLevel": reading_level(student),
        })
    };
    (1..=ASSESSMENTS).filter(of_kind).map(row).collect()
}
