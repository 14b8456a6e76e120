#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::typescript;

const SCHEMA: &str = r#"
directive @resolve(module: String!, needs: String) on FIELD_DEFINITION
"A day."
scalar Date
enum Kind { PHONICS FLUENCY }
input Range { from: Date! to: Date limit: Int = 5 }
type Query {
  "A student."
  student(id: ID!, kinds: [Kind!], range: Range, deep: Boolean! = true): Student @resolve(module: "students")
  pets: [Pet]! @resolve(module: "pets-of-all")
}
type Student { id: ID! name: String scores(range: Range): [Float!]! @resolve(module: "students", needs: "id name") }
type Dog { bark: String! }
type Cat { lives: Int }
union Pet = Dog | Cat
"#;

#[test]
fn types_are_written_for_arguments_parents_and_answers() {
    let written = typescript(SCHEMA, None).unwrap();
    for part in [
        "import type { FieldResolver, RootResolver } from 'mayfly';\n",
        "/** A day. */\nexport type Date = any;\n",
        "export type Kind = 'PHONICS' | 'FLUENCY';\n",
        "export interface Range {\n  from: Date;\n  to?: Date | null;\n  limit: number | null;\n}\n",
        "export interface Student {\n  __typename?: 'Student';\n  id: string;\n  name?: string | null;\n}\n",
        "export interface Dog {\n  __typename?: 'Dog';\n  bark: string;\n}\n",
        "export type Pet = (Dog & { __typename: 'Dog' }) | (Cat & { __typename: 'Cat' });\n",
        "export interface QueryStudentArguments {\n  id: string;\n  kinds?: Kind[] | null;\n  range?: Range | null;\n  deep: boolean;\n}\n",
        "export type PetsOfAllResolvers = {\n  Query: {\n    pets: RootResolver<{}, (Pet | null)[]>;\n  };\n};\n",
        "/** What the module `students` answers. */\nexport type StudentsResolvers = {\n  Query: {\n    /** A student. */\n    student: RootResolver<QueryStudentArguments, Student | null>;\n  };\n  Student: {\n    scores: FieldResolver<Pick<Student, 'id' | 'name'>, StudentScoresArguments, number[]>;\n  };\n};\n",
    ] {
        assert!(written.contains(part), "lacks {part}\n{written}");
    }
    assert!(!written.contains("interface Query "), "{written}");
}

#[test]
fn one_module_has_its_own_resolvers_only() {
    let written = typescript(SCHEMA, Some("students")).unwrap();
    assert!(written.contains("StudentsResolvers") && !written.contains("PetsOfAllResolvers"));
    let none = typescript(SCHEMA, Some("teachers")).unwrap_err();
    assert_eq!(
        none.to_string(),
        "no field of the schema names module `teachers`; add @resolve(module: \"teachers\") to the fields it answers"
    );
    let wrong = typescript("type Query {", None).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "the schema has problems; `mayfly check` lists them"
    );
}
