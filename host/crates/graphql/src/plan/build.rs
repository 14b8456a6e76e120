//! A validated operation to its plan.
//!
//! Fields are collected for each object type a value may be of, so that nothing about fragments is left to decide when an answer
//! arrives. A field whose type may be one of many costs a copy of its selection for each of them; the copies count against the
//! limit on expansion.

use super::collect::{Collected, Collector, NullCondition};
use super::cost;
use super::node::{
    AbstractPlan, FieldPlan, ListSize, Need, Node, ObjectPlan, Output, Plan, Property, Shape,
    Source,
};
use crate::coercion::template::{Indexes, Template, compile_arguments, json_key};
use crate::coercion::variables::VariableDef;
use crate::response::{Position, RequestError};
use crate::schema::Schema;
use crate::schema::types::{FieldDef, Kind, Resolver, Type, TypeId};
use crate::syntax::{Document, Field, Operation, OperationKind, SelectionSet};
use indexmap::IndexSet;
use mayfly_config::Limits;
use mayfly_error::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// Plan fields per field of the limit on expansion: room for interfaces that many types implement.
const COPIES: usize = 4;

/// Plans a validated operation for the given values of its conditions.
pub(crate) fn build(
    schema: &Schema,
    document: &Document<'_>,
    operation: &Operation<'_>,
    variables: &[VariableDef],
    conditions: HashMap<&str, Option<bool>>,
    limits: &Limits,
) -> Result<Plan, RequestError> {
    let root_type = match operation.kind {
        OperationKind::Query => Some(schema.query()),
        OperationKind::Mutation => schema.mutation(),
        OperationKind::Subscription => None,
    };
    let Some(root_type) = root_type else {
        let message = format!(
            "Schema is not configured to execute {} operation.",
            operation.kind.as_str()
        );
        return Err(RequestError::new(
            Error::ValidationFailed(message),
            operation.at,
        ));
    };
    let indexes = variables
        .iter()
        .enumerate()
        .map(|(index, variable)| (variable.name.as_str(), index))
        .collect();
    let mut builder = Builder {
        schema,
        collector: Collector {
            schema,
            document,
            conditions,
        },
        indexes,
        nodes: Vec::new(),
        fields_left: limits.expansion.saturating_mul(COPIES),
        bytes: size_of::<Plan>(),
        null_in_introspection: None,
    };
    let root = builder.object(root_type, std::iter::once(&operation.selection), None);
    let root = root.map_err(|refusal| refusal.at(operation, limits))?;
    let nodes: Vec<Node> = builder.nodes.into_iter().flatten().collect();
    let mut plan = Plan {
        kind: operation.kind,
        root,
        nodes,
        bytes: builder.bytes,
        cost: None,
    };
    plan.cost = cost::without_variables(&plan, limits);
    Ok(plan)
}

/// Why a validated document cannot be planned.
enum Refusal {
    TooManyFields,
    Internal(String),
}

impl ObjectPlan {
    /// One whose fields a condition that is null was to decide.
    fn undecided(type_name: Arc<str>, at: Position) -> Self {
        Self {
            type_name,
            fields: Vec::new(),
            properties: Vec::new(),
            has_nodes: false,
            null_condition: Some(at),
        }
    }
}

impl Refusal {
    fn at(self, operation: &Operation<'_>, limits: &Limits) -> RequestError {
        let error = match self {
            Self::TooManyFields => Error::LimitExceeded {
                what: format!(
                    "{} selects fields on too many types,",
                    operation.kind.as_str()
                ),
                limit: limits.expansion as u64,
                setting: "expansion",
            },
            Self::Internal(detail) => Error::Internal(detail),
        };
        RequestError::new(error, operation.at)
    }
}

struct Builder<'d, 'a> {
    schema: &'d Schema,
    collector: Collector<'d, 'a>,
    indexes: Indexes<'d>,
    /// None while a node's answer is being planned.
    nodes: Vec<Option<Node>>,
    fields_left: usize,
    bytes: usize,
    /// A condition that is null within the introspection being planned, by its place.
    null_in_introspection: Option<Position>,
}

impl<'d, 'a> Builder<'d, 'a> {
    fn object(
        &mut self,
        ty: TypeId,
        sets: impl Iterator<Item = &'d SelectionSet<'a>>,
        node: Option<usize>,
    ) -> Result<ObjectPlan, Refusal> {
        let schema = self.schema;
        let type_name = schema.get(ty).name.clone();
        let collected: Collected<'d, 'a> = match self.collector.collect(ty, sets) {
            Ok(collected) => collected,
            Err(NullCondition(at)) => {
                if type_name.starts_with("__") {
                    self.null_in_introspection = Some(at);
                }
                return Ok(ObjectPlan::undecided(type_name, at));
            }
        };
        let mut properties = Properties::default();
        let mut fields = Vec::with_capacity(collected.len());
        for (order, (key, merged)) in collected.into_iter().enumerate() {
            self.fields_left = self
                .fields_left
                .checked_sub(1)
                .ok_or(Refusal::TooManyFields)?;
            let Some(first) = merged.first().copied() else {
                continue;
            };
            let Some(definition) = schema.field(ty, first.name.text) else {
                return Err(Refusal::Internal(format!(
                    "`{type_name}.{}` was not validated",
                    first.name.text
                )));
            };
            let source = self.source(ty, definition, &merged, node, &mut properties)?;
            let locations = merged.iter().map(|field| field.at).collect();
            let mut field = field_plan(key, &definition.name, order, source);
            field.locations = locations;
            self.bytes += size_of::<FieldPlan>() + 4 * key.len() + 8 * merged.len() + 64;
            fields.push(field);
        }
        let has_nodes = fields
            .iter()
            .any(|field| matches!(field.source, Source::Node { .. }));
        if !type_name.starts_with("__")
            && let Some(at) = self.null_in_introspection.take()
        {
            // Introspection itself cannot fail, so what it stands in does.
            return Ok(ObjectPlan::undecided(type_name, at));
        }
        Ok(ObjectPlan {
            type_name,
            properties: properties.finish(&fields),
            fields,
            has_nodes,
            null_condition: None,
        })
    }

    fn source(
        &mut self,
        parent: TypeId,
        definition: &'d FieldDef,
        merged: &[&'d Field<'a>],
        node: Option<usize>,
        properties: &mut Properties,
    ) -> Result<Source, Refusal> {
        if definition.name.as_ref() == "__typename" {
            return Ok(Source::TypeName);
        }
        let parent_type = self.schema.get(parent);
        if let Some(resolver) = &definition.resolve {
            let needs = self.needs(parent, resolver, properties)?;
            let node = self.node(parent, definition, resolver, merged, node)?;
            return Ok(Source::Node {
                node,
                nullable: !definition.ty.is_non_null(),
                needs,
            });
        }
        let size = self.list_size(definition, merged);
        let output = self.output(&definition.ty, merged, size, node)?;
        let meta = parent_type.name.starts_with("__")
            || matches!(definition.name.as_ref(), "__schema" | "__type");
        if meta {
            return Ok(Source::Meta {
                arguments: self.arguments(definition, merged)?,
                output,
            });
        }
        Ok(Source::Property {
            property: properties.index(&definition.name),
            output,
        })
    }

    fn node(
        &mut self,
        ty: TypeId,
        definition: &'d FieldDef,
        resolver: &Resolver,
        merged: &[&'d Field<'a>],
        parent: Option<usize>,
    ) -> Result<usize, Refusal> {
        let id = self.nodes.len();
        self.nodes.push(None);
        let arguments = self.arguments(definition, merged)?;
        let size = self.list_size(definition, merged);
        let output = self.output(&definition.ty, merged, size, Some(id))?;
        let mut paths = IndexSet::new();
        selection_paths(&output, "", &mut paths);
        self.bytes += size_of::<Node>()
            + arguments.bytes()
            + paths.iter().map(|path| path.len() + 24).sum::<usize>();
        let node = Node {
            module: resolver.module.clone(),
            type_name: self.schema.get(ty).name.clone(),
            field_name: definition.name.clone(),
            parent,
            of_root: ty == self.schema.query() || Some(ty) == self.schema.mutation(),
            arguments,
            needs: resolver.needs.clone(),
            selection: paths.into_iter().collect(),
            output,
        };
        if let Some(slot) = self.nodes.get_mut(id) {
            *slot = Some(node);
        }
        Ok(id)
    }

    fn needs(
        &mut self,
        parent: TypeId,
        resolver: &Resolver,
        properties: &mut Properties,
    ) -> Result<Vec<Need>, Refusal> {
        let schema = self.schema;
        let mut needs = Vec::with_capacity(resolver.needs.len());
        for (order, name) in resolver.needs.iter().enumerate() {
            let Some(definition) = schema.field(parent, name) else {
                continue;
            };
            let property = properties.index(name);
            let composite = schema.get(definition.ty.named()).is_composite();
            let output = if composite {
                None
            } else {
                Some(self.output(&definition.ty, &[], ListSize::Unknown, None)?)
            };
            // Errors of what the client did not ask for stand after those of what it did.
            let field = field_plan(
                name,
                name,
                usize::MAX - resolver.needs.len() + order,
                Source::TypeName,
            );
            needs.push(Need {
                property,
                field,
                output,
                nullable: !definition.ty.is_non_null(),
            });
        }
        Ok(needs)
    }

    fn output(
        &mut self,
        ty: &Type,
        merged: &[&'d Field<'a>],
        size: ListSize,
        node: Option<usize>,
    ) -> Result<Output, Refusal> {
        self.bytes += size_of::<Output>();
        let nullable = !ty.is_non_null();
        let shape = match ty.nullable() {
            Type::List(item) => Shape::List(
                Box::new(self.output(item, merged, ListSize::Unknown, node)?),
                size,
            ),
            Type::NonNull(inner) => return self.output(inner, merged, size, node),
            Type::Named(id) => self.named(*id, merged, node)?,
        };
        Ok(Output { nullable, shape })
    }

    fn named(
        &mut self,
        id: TypeId,
        merged: &[&'d Field<'a>],
        node: Option<usize>,
    ) -> Result<Shape, Refusal> {
        let schema = self.schema;
        let ty = schema.get(id);
        let sets = || merged.iter().filter_map(|field| field.selection.as_ref());
        Ok(match &ty.kind {
            Kind::Scalar(scalar) => Shape::Scalar(scalar.clone()),
            Kind::Enum(_) => Shape::Enum(id),
            Kind::Object(_) => Shape::Object(Box::new(self.object(id, sets(), node)?)),
            Kind::Interface(_) | Kind::Union(_) => {
                let mut objects = Vec::new();
                for object in schema.possible(id) {
                    self.bytes += size_of::<ObjectPlan>();
                    objects.push(self.object(*object, sets(), node)?);
                }
                Shape::Abstract(Box::new(AbstractPlan {
                    name: ty.name.clone(),
                    objects,
                }))
            }
            Kind::Input(_) => {
                return Err(Refusal::Internal(format!(
                    "`{}` is no output type",
                    ty.name
                )));
            }
        })
    }

    fn arguments(
        &mut self,
        definition: &'d FieldDef,
        merged: &[&'d Field<'a>],
    ) -> Result<Template, Refusal> {
        let field = merged.first();
        let given = |name: &str| {
            field?
                .arguments
                .iter()
                .find(|argument| argument.name.text == name)
                .map(|argument| &argument.value)
        };
        compile_arguments(
            self.schema,
            definition.arguments.values(),
            given,
            &self.indexes,
        )
        .map_err(Refusal::Internal)
    }

    /// How long the field's list may be, by its arguments.
    fn list_size(&self, definition: &FieldDef, merged: &[&Field<'a>]) -> ListSize {
        if !matches!(definition.ty.nullable(), Type::List(_)) {
            return ListSize::Unknown;
        }
        let arguments = merged
            .first()
            .map_or(&[][..], |field| field.arguments.as_slice());
        cost::list_size(self.schema, definition, arguments, &self.indexes)
    }
}

/// The properties an object plan looks for, in the order they are first wanted.
#[derive(Default)]
struct Properties {
    names: IndexSet<Arc<str>>,
}

impl Properties {
    fn index(&mut self, name: &Arc<str>) -> usize {
        self.names.insert_full(name.clone()).0
    }

    fn finish(self, fields: &[FieldPlan]) -> Vec<Property> {
        let mut properties: Vec<Property> = self
            .names
            .into_iter()
            .map(|name| Property {
                name,
                only_field: None,
            })
            .collect();
        let mut shared = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let Source::Property { property, .. } = &field.source else {
                continue;
            };
            if let Some(entry) = properties.get_mut(*property) {
                if entry.only_field.is_some() {
                    shared.push(*property);
                }
                entry.only_field = Some(index);
            }
        }
        for property in shared {
            if let Some(entry) = properties.get_mut(property) {
                entry.only_field = None;
            }
        }
        properties
    }
}

fn field_plan(key: &str, name: &Arc<str>, order: usize, source: Source) -> FieldPlan {
    let key_json = json_key(key).into_boxed_str();
    FieldPlan {
        key: Arc::from(key),
        key_json,
        name: name.clone(),
        order,
        locations: Vec::new(),
        source,
    }
}

/// The paths of the properties below an output; `prefix` is empty or ends with a dot.
fn selection_paths(output: &Output, prefix: &str, paths: &mut IndexSet<String>) {
    match &output.shape {
        Shape::List(item, _) => selection_paths(item, prefix, paths),
        Shape::Object(object) => object_paths(object, prefix, paths),
        Shape::Abstract(plan) => {
            paths.insert(format!("{prefix}__typename"));
            plan.objects
                .iter()
                .for_each(|object| object_paths(object, prefix, paths));
        }
        Shape::Scalar(_) | Shape::Enum(_) => {}
    }
}

fn object_paths(object: &ObjectPlan, prefix: &str, paths: &mut IndexSet<String>) {
    for field in &object.fields {
        match &field.source {
            Source::Property { output, .. } => {
                let path = format!("{prefix}{}", field.name);
                let inner = format!("{path}.");
                paths.insert(path);
                selection_paths(output, &inner, paths);
            }
            Source::Node { needs, .. } => {
                paths.extend(
                    needs
                        .iter()
                        .map(|need| format!("{prefix}{}", need.field.name)),
                );
            }
            Source::TypeName | Source::Meta { .. } => {}
        }
    }
}
