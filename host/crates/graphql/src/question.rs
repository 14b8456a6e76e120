//! A question for one field alone: a schema and a document by which a module is asked as clients' operations ask it, and its answer
//! checked as theirs is.
//!
//! A field of a root type is asked as it is. Any other gets its parents from a field of the query root that is added for the purpose,
//! answered by a module of the name [`PARENTS`], which the caller of the engine plays.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::schema::Schema;
use crate::schema::types::{FieldDef, InputDef, TypeDef, TypeId};
use crate::sdl::SchemaProblem;

/// The module that answers with the parents; no module of an app has such a name, for it is not a key of TOML without quotes.
pub const PARENTS: &str = "the parents";

/// The field it answers.
const PARENTS_FIELD: &str = "theParentsOfOneField";

/// Objects inside one another that are selected, at most: types may lead in circles.
const LEVELS: usize = 5;

/// A field that is asked alone.
#[derive(Debug)]
pub struct Question {
    /// The schema to ask with.
    pub schema: Schema,
    /// The operation; its variables are the field's arguments.
    pub document: String,
    /// The keys that lead to the answer from `data`, or to the list with an object for each parent and the key in each.
    pub keys: Vec<String>,
}

impl Schema {
    /// A question for a field that a module answers, and for what is selected of its answer, such as `id name`; all that the module
    /// itself answers when nothing is. None when there is no such field.
    ///
    /// # Errors
    ///
    /// What is wrong with the schema that the question needs.
    pub fn question(
        &self,
        type_name: &str,
        field_name: &str,
        selected: Option<&str>,
    ) -> Result<Option<Question>, Vec<SchemaProblem>> {
        let found = self.by_name(type_name).and_then(|id| {
            let field = self.get(id).fields()?.get(field_name)?;
            Some((id, field))
        });
        let Some((owner, field)) = found else {
            return Ok(None);
        };
        let asked = self.asked(field, selected);
        let variables = list(&field.arguments, |argument| {
            format!("${}: {}", argument.name, self.print(&argument.ty))
        });
        let is_mutation = self.mutation() == Some(owner);
        let operation = if is_mutation { "mutation" } else { "query" };
        if is_mutation || self.query() == owner {
            return Ok(Some(Question {
                schema: Self::parse(self.sdl())?,
                document: format!("{operation}{variables} {{ {asked} }}"),
                keys: vec![field_name.to_owned()],
            }));
        }
        let query = &self.get(self.query()).name;
        let extended = format!(
            "{}\nextend type {query} {{ {PARENTS_FIELD}: [{type_name}] @resolve(module: \"{PARENTS}\") }}\n",
            self.sdl()
        );
        Ok(Some(Question {
            schema: Self::parse(&extended)?,
            document: format!("{operation}{variables} {{ {PARENTS_FIELD} {{ {asked} }} }}"),
            keys: vec![PARENTS_FIELD.to_owned(), field_name.to_owned()],
        }))
    }

    /// The field with its arguments and selection.
    fn asked(&self, field: &FieldDef, selected: Option<&str>) -> String {
        let arguments = list(&field.arguments, |argument| {
            format!("{0}: ${0}", argument.name)
        });
        let mut text = format!("{}{arguments}", field.name);
        match selected {
            Some(selected) => {
                // Writing to a string cannot fail.
                let _ = write!(text, " {{ {selected} }}");
            }
            None => self.select(field.ty.named(), &mut Vec::new(), &mut text),
        }
        text
    }

    /// Selects everything of a type that comes with it: what other modules answer, or what needs an argument, is left out.
    fn select(&self, id: TypeId, around: &mut Vec<TypeId>, text: &mut String) {
        let ty = self.get(id);
        if !ty.is_composite() {
            return;
        }
        around.push(id);
        text.push_str(" { __typename");
        let mut taken = HashMap::new();
        self.select_fields(ty, around, &mut taken, text);
        if ty.is_abstract() {
            for object in self.possible(id) {
                let object_type = self.get(*object);
                let _ = write!(text, " ... on {} {{ __typename", object_type.name);
                around.push(*object);
                self.select_fields(object_type, around, &mut taken, text);
                around.pop();
                text.push_str(" }");
            }
        }
        text.push_str(" }");
        around.pop();
    }

    fn select_fields<'s>(
        &'s self,
        ty: &'s TypeDef,
        around: &mut Vec<TypeId>,
        taken: &mut HashMap<&'s str, String>,
        text: &mut String,
    ) {
        for field in ty.fields().into_iter().flat_map(|fields| fields.values()) {
            let named = field.ty.named();
            let comes_with_it =
                field.resolve.is_none() && !field.arguments.values().any(InputDef::is_required);
            let leads_back = self.get(named).is_composite()
                && (around.contains(&named) || around.len() >= LEVELS);
            if !comes_with_it || leads_back {
                continue;
            }
            // Two types of a union may have fields of one name that no document can select together.
            let print = self.print(&field.ty);
            if *taken.entry(&field.name).or_insert_with(|| print.clone()) != print {
                continue;
            }
            text.push(' ');
            text.push_str(&field.name);
            self.select(named, around, text);
        }
    }
}

/// Arguments, or variables, in their brackets.
fn list(
    arguments: &indexmap::IndexMap<std::sync::Arc<str>, InputDef>,
    show: impl Fn(&InputDef) -> String,
) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let shown: Vec<_> = arguments.values().map(show).collect();
    format!("({})", shown.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    const SDL: &str = r#"
        directive @resolve(module: String!, needs: String) on FIELD_DEFINITION
        type Query {
          student(id: ID!, grade: Int = 3): Student @resolve(module: "m")
          found: [Found!] @resolve(module: "m")
        }
        type Mutation { enrol(name: String!): Boolean @resolve(module: "m") }
        type Student {
          id: ID!
          teacher: Teacher
          room(at: Int!): String
          marks(from: Int): [Int] @resolve(module: "m", needs: "id")
        }
        type Teacher { name: String students: [Student] }
        type Book { title: String! pages: Int }
        union Found = Teacher | Book
    "#;

    fn document(type_name: &str, field_name: &str, selected: Option<&str>) -> (String, String) {
        let schema = Schema::parse(SDL).unwrap();
        let question = schema.question(type_name, field_name, selected);
        let question = question.unwrap().unwrap();
        (question.document, question.keys.join("."))
    }

    #[test]
    fn a_field_is_asked_for_all_that_comes_with_its_answer() {
        assert_eq!(
            document("Query", "student", None),
            (
                "query($id: ID!, $grade: Int) { student(id: $id, grade: $grade) { __typename id teacher { __typename name } } }".to_owned(),
                "student".to_owned()
            )
        );
        assert_eq!(
            document("Query", "found", None).0,
            "query { found { __typename ... on Teacher { __typename name students { __typename id } } ... on Book { __typename title pages } } }"
        );
        assert_eq!(
            document("Mutation", "enrol", None).0,
            "mutation($name: String!) { enrol(name: $name) }"
        );
        assert_eq!(
            document("Query", "student", Some("id")).0,
            "query($id: ID!, $grade: Int) { student(id: $id, grade: $grade) { id } }"
        );
    }

    #[test]
    fn a_field_of_an_object_is_asked_below_its_parents() {
        assert_eq!(
            document("Student", "marks", None),
            (
                "query($from: Int) { theParentsOfOneField { marks(from: $from) } }".to_owned(),
                "theParentsOfOneField.marks".to_owned()
            )
        );
        let schema = Schema::parse(SDL).unwrap();
        assert!(schema.question("Student", "none", None).unwrap().is_none());
        assert!(schema.question("None", "marks", None).unwrap().is_none());
    }
}
