//! A schema as introspection tells it.

use std::sync::Arc;

use futures_util::FutureExt;
use mayfly_error::Error;
use mayfly_graphql::{Answers, Engine, Invocation, Limits, Request, Resolve, Schema};
use serde::Deserialize;

/// The largest schema that is read, in bytes of its introspection.
const MOST_BYTES: usize = 256 << 20;

const QUERY: &str = "
{ __schema { types {
  kind name description
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...input } type { ...type } }
  inputFields(includeDeprecated: true) { ...input }
  enumValues(includeDeprecated: true) { name }
  possibleTypes { name }
} } }
fragment input on __InputValue { name description defaultValue type { ...type } }
fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name } } } } } } } }";

/// A type of the schema.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Type {
    pub kind: Kind,
    pub name: String,
    pub description: Option<String>,
    pub fields: Option<Vec<Field>>,
    pub input_fields: Option<Vec<Input>>,
    pub enum_values: Option<Vec<Named>>,
    pub possible_types: Option<Vec<Named>>,
}

/// What a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
    List,
    NonNull,
}

/// A field of an object or an interface.
#[derive(Debug, Deserialize)]
pub struct Field {
    pub name: String,
    pub description: Option<String>,
    pub args: Vec<Input>,
    #[serde(rename = "type")]
    pub of: Reference,
}

/// An argument, or a field of an input object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub name: String,
    pub description: Option<String>,
    pub default_value: Option<String>,
    #[serde(rename = "type")]
    pub of: Reference,
}

/// A named type, or a list or a non-null of another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub kind: Kind,
    pub name: Option<String>,
    pub of_type: Option<Box<Reference>>,
}

/// Something of which only the name matters.
#[derive(Debug, Deserialize)]
pub struct Named {
    pub name: String,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "__schema")]
    schema: Types,
}

#[derive(Deserialize)]
struct Types {
    types: Vec<Type>,
}

/// The types of a schema, those of introspection itself left out.
pub fn types(schema: Schema) -> anyhow::Result<Vec<Type>> {
    let limits = Limits {
        complexity: u64::MAX,
        response_bytes: MOST_BYTES,
        ..Limits::default()
    };
    let engine = Engine::new(Arc::new(schema), limits, 0);
    let request = Request {
        query: QUERY.to_owned(),
        operation_name: None,
        variables: None,
    };
    let prepared = engine
        .prepare(&request)
        .map_err(|errors| anyhow::anyhow!("it cannot be introspected: {errors:?}"))?;
    let told = engine.execute(prepared, &Nobody).now_or_never();
    let told = told.ok_or_else(|| anyhow::anyhow!("introspection waits for a module"))?;
    let told = String::from_utf8(told)?;
    let answer: Answer = mayfly_json::read(&told, mayfly_json::Limits::of_bytes(MOST_BYTES))
        .map_err(|problem| anyhow::anyhow!("its introspection cannot be read: {problem}"))?;
    let types = answer.data.schema.types.into_iter();
    Ok(types.filter(|ty| !ty.name.starts_with("__")).collect())
}

/// Introspection asks nothing of modules.
struct Nobody;

impl Resolve for Nobody {
    fn max_batch(&self, _: &str) -> usize {
        1
    }

    async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
        let module = invocation.module;
        Err(Error::Internal(format!("module `{module}` was asked")))
    }
}
