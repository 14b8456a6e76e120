//! async-graphql with a schema made at run time: what a server has to use whose schema is a file, as Mayfly's is.

use async_graphql::Value;
use async_graphql::dynamic::{
    Field, FieldFuture, FieldValue, InputValue, Object, ResolverContext, Schema, SchemaError,
    TypeRef,
};

use crate::workload::{Assessment, of_student};

pub(crate) fn schema(data: &'static [Assessment]) -> Result<Schema, SchemaError> {
    let report = Field::new(
        "report",
        TypeRef::named_nn_list_nn("Assessment"),
        move |context| {
            FieldFuture::new(async move {
                let student_id = context.args.try_get("studentId")?;
                let report = of_student(data, student_id.string()?);
                Ok(Some(FieldValue::list(
                    report
                        .iter()
                        .map(|assessment| FieldValue::borrowed_any(assessment)),
                )))
            })
        },
    );
    let query = Object::new("Query")
        .field(report.argument(InputValue::new("studentId", TypeRef::named_nn(TypeRef::ID))));
    let assessment = Object::new("Assessment")
        .field(property("id", TypeRef::ID, |assessment| {
            Value::from(assessment.id.as_str())
        }))
        .field(property("name", TypeRef::STRING, |assessment| {
            Value::from(assessment.name.as_str())
        }))
        .field(property("grade", TypeRef::INT, |assessment| {
            Value::from(assessment.grade)
        }))
        .field(property("readingLevel", TypeRef::STRING, |assessment| {
            Value::from(assessment.reading_level.as_str())
        }))
        .field(property("score", TypeRef::FLOAT, |assessment| {
            Value::from(assessment.score)
        }))
        .field(property("takenAt", TypeRef::STRING, |assessment| {
            Value::from(assessment.taken_at.as_str())
        }))
        .field(property("active", TypeRef::BOOLEAN, |assessment| {
            Value::from(assessment.active)
        }));
    Schema::build("Query", None, None)
        .register(assessment)
        .register(query)
        .finish()
}

/// A field that is there already: no future is made for it, which spares the peer a box.
fn property(
    name: &str,
    of_type: &str,
    read: impl Fn(&Assessment) -> Value + Send + Sync + 'static,
) -> Field {
    Field::new(
        name,
        TypeRef::named_nn(of_type),
        move |context: ResolverContext<'_>| {
            let assessment = context.parent_value.downcast_ref::<Assessment>();
            FieldFuture::from_value(assessment.map(&read))
        },
    )
}
