//! Students by id, from their profiles in DynamoDB.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.student => student,
    Query.students => students,
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

fn profile_key(id: &str) -> Object {
    object! { PK: format_args!("STUDENT#{id}"), SK: "PROFILE" }
}
