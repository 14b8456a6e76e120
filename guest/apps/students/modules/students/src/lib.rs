//! Students by id, from their profiles in DynamoDB, and their enrolments, from a service.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.student => student,
    Query.students => students,
    Student.enrolment => batch enrolments,
}

/// `BatchGetItem` of the host takes no more.
const MOST_STUDENTS: usize = 1_000;

#[derive(Deserialize)]
struct StudentArguments {
    id: String,
}

#[derive(Deserialize)]
struct StudentsArguments {
    ids: Vec<String>,
}

/// A profile, as it is stored and as the schema's `Student`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Student {
    id: String,
    name: String,
    grade: i32,
    reading_level: String,
}

async fn student(arguments: StudentArguments) -> Result<Option<Student>> {
    dynamodb::table("Students")
        .get(profile_key(&arguments.id))
        .await
}

async fn students(arguments: StudentsArguments) -> Result<Vec<Option<Student>>> {
    let ids = &arguments.ids;
    if ids.len() > MOST_STUDENTS {
        return Err(Error::argument(
            "ids",
            format_args!(
                "{} ids are more than {MOST_STUDENTS}; ask in parts",
                ids.len()
            ),
        ));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    dynamodb::table("Students")
        .batch_get(ids.iter().map(|id| profile_key(id)))
        .await
}

/// Requests of one batch that are under way at once: each is a call of the host, and an answer it holds.
const AT_ONCE: usize = 32;

/// The student of a field, as far as it is needed.
#[derive(Deserialize)]
struct Enrolled {
    id: String,
}

/// An enrolment, as the service and the schema have it.
#[derive(Serialize, Deserialize)]
struct Enrolment {
    school: String,
    status: String,
}

async fn enrolments(students: Vec<Enrolled>) -> Result<Vec<Result<Option<Enrolment>>>> {
    let mut enrolments = Vec::with_capacity(students.len());
    for students in students.chunks(AT_ONCE) {
        let asked = students.iter().map(|student| enrolment(&student.id));
        enrolments.extend(join_all(asked).await);
    }
    Ok(enrolments)
}

async fn enrolment(id: &str) -> Result<Option<Enrolment>> {
    let service = http::service("enrolment");
    let answer = service.get("/students/{id}").path("id", id).send().await?;
    if answer.status == 404 {
        return Ok(None);
    }
    answer.success()?.json().map(Some)
}

fn profile_key(id: &str) -> Object {
    object! { PK: format_args!("STUDENT#{id}"), SK: "PROFILE" }
}
