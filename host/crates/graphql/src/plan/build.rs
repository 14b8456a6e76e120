//! A validated operation to its plan.
//!
//! Fields are collected for each object type a value may be of, so that nothing about fragments is left to decide when an answer
//! arrives. Positions that ask the same selections of the same type below the same node share one plan, so that types that lead to
//! each other through an interface do not multiply with every level. What is left to multiply is bounded by [`Budget`].

use super::budget::{BLOCK_BYTES, Budget, Refusal};
use super::collect::{Collected, Collector, Uncollected};
use super::introspection_sizes::IntrospectionSizes;
use super::node::{
    AbstractPlan, FieldGuard, FieldPlan, ListSize, Need, Node, ObjectPlan, Output, Plan, Property,
    Shape, Source,
};
use super::{cost, selection};
use crate::auth::Guard;
use crate::coercion::compile::{Indexes, compile_argument, compile_arguments};
use crate::coercion::template::{Template, json_key};
use crate::coercion::variables::VariableDef;
use crate::response::{MAX_LOCATIONS, Position, RequestError};
use crate::schema::Schema;
use crate::schema::types::{FieldDef, Kind, Resolver, Type, TypeId};
use crate::syntax::{Document, Field, Operation, OperationKind, SelectionSet};
use indexmap::IndexSet;
use mayfly_config::Limits;
use mayfly_error::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// Plans a validated operation for the given values of its conditions.
pub(crate) fn build(
    schema: &Schema,
    document: &Document<'_>,
    operation: &Operation<'_>,
    variables: &[VariableDef],
    conditions: HashMap<&str, Option<bool>>,
    (limits, sizes): (&Limits, &IntrospectionSizes),
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
        sizes,
        nodes: Vec::new(),
        objects: HashMap::new(),
        abstracts: HashMap::new(),
        budget: Budget::new(limits),
        guards: Vec::new(),
        null_in_introspection: None,
    };
    let root = builder.object(root_type, vec![&operation.selection], None);
    let root = root.map_err(|refusal| builder.budget.refuse(refusal, operation))?;
    let Builder {
        nodes,
        budget,
        guards,
        ..
    } = builder;
    let mut plan = Plan {
        kind: operation.kind,
        root,
        nodes: nodes.into_iter().flatten().collect(),
        bytes: size_of::<Plan>() + budget.bytes(),
        cost: None,
        guards,
    };
    plan.cost = cost::without_variables(&plan, limits);
    Ok(plan)
}

impl ObjectPlan {
    /// One whose fields a condition that is null was to decide.
    fn undecided(type_name: Arc<str>, at: Position, guard: Option<usize>) -> Self {
        Self {
            type_name,
            fields: Vec::new(),
            properties: Vec::new(),
            has_nodes: false,
            null_condition: Some(at),
            // Nothing of it is shown, but the guard also decides whether the module is called.
            guard,
        }
    }
}

/// What a plan of a type's fields depends on: the type, the selections on it, and the node around. Selections are told apart by
/// where they are in memory, for every one of a document is in one place.
type Asked<'a> = (TypeId, Vec<*const SelectionSet<'a>>, Option<usize>);

struct Builder<'d, 'a> {
    schema: &'d Schema,
    collector: Collector<'d, 'a>,
    indexes: Indexes<'d>,
    sizes: &'d IntrospectionSizes,
    /// None while a node's answer is being planned.
    nodes: Vec<Option<Node>>,
    /// What was planned before.
    objects: HashMap<Asked<'a>, Arc<ObjectPlan>>,
    abstracts: HashMap<Asked<'a>, Arc<AbstractPlan>>,
    budget: Budget,
    /// What has to hold for parts of the answer, each once.
    guards: Vec<Arc<Guard>>,
    /// A condition that is null within the introspection being planned, by its place.
    null_in_introspection: Option<Position>,
}

impl<'d, 'a> Builder<'d, 'a> {
    /// The plan of the fields that selections have on an object type.
    fn object(
        &mut self,
        ty: TypeId,
        sets: Vec<&'d SelectionSet<'a>>,
        node: Option<usize>,
    ) -> Result<Arc<ObjectPlan>, Refusal> {
        let asked = asked(ty, &sets, node);
        if let Some(known) = self.objects.get(&asked) {
            if known.type_name.starts_with("__") {
                self.null_in_introspection = known.null_condition.or(self.null_in_introspection);
            }
            return Ok(known.clone());
        }
        let plan = Arc::new(self.new_object(ty, &sets, node)?);
        self.objects.insert(asked, plan.clone());
        Ok(plan)
    }

    fn new_object(
        &mut self,
        ty: TypeId,
        sets: &[&'d SelectionSet<'a>],
        node: Option<usize>,
    ) -> Result<ObjectPlan, Refusal> {
        let schema = self.schema;
        self.budget.take_object()?;
        let type_name = schema.get(ty).name.clone();
        let guard = self.guard(schema.get(ty).guard.as_ref())?;
        let collected: Collected<'d, 'a> = match self.collector.collect(ty, sets, &mut self.budget)
        {
            Ok(collected) => collected,
            Err(Uncollected::Refused(refusal)) => return Err(refusal),
            Err(Uncollected::NullCondition(at)) => {
                if type_name.starts_with("__") {
                    self.null_in_introspection = Some(at);
                }
                return Ok(ObjectPlan::undecided(type_name, at, guard));
            }
        };
        let mut properties = Properties::default();
        let mut fields = Vec::with_capacity(collected.len());
        for (order, (key, merged)) in collected.into_iter().enumerate() {
            let Some(first) = merged.first().copied() else {
                continue;
            };
            let Some(definition) = schema.field(ty, first.name.text) else {
                return Err(Refusal::Internal(format!(
                    "`{type_name}.{}` was not validated",
                    first.name.text
                )));
            };
            let places = merged.len().min(MAX_LOCATIONS);
            self.budget.take_field(key.len())?;
            self.budget
                .take(BLOCK_BYTES + places * size_of::<Position>())?;
            let source = self.source(ty, definition, &merged, node, &mut properties)?;
            let mut field = field_plan(key, &definition.name, order, source);
            field.guard = self.field_guard(definition, &mut properties)?;
            field.locations = merged.iter().take(places).map(|field| field.at).collect();
            fields.push(field);
        }
        let has_nodes = fields
            .iter()
            .any(|field| matches!(field.source, Source::Node { .. }));
        if !type_name.starts_with("__")
            && let Some(at) = self.null_in_introspection.take()
        {
            // Introspection has no error for a condition, so what it stands in fails.
            return Ok(ObjectPlan::undecided(type_name, at, guard));
        }
        let properties = properties.finish(&fields);
        self.budget.take(properties.len() * size_of::<Property>())?;
        Ok(ObjectPlan {
            type_name,
            properties,
            fields,
            has_nodes,
            null_condition: None,
            guard,
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
        let size = self.list_size(definition, merged)?;
        let output = self.output(&definition.ty, merged, size, node)?;
        let meta = parent_type.name.starts_with("__")
            || matches!(definition.name.as_ref(), "__schema" | "__type");
        if meta {
            return self.meta(definition, merged, output);
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
        self.budget.take(size_of::<Node>() + BLOCK_BYTES)?;
        let arguments = self.arguments(definition, merged)?;
        self.budget.take(arguments.bytes())?;
        let size = self.list_size(definition, merged)?;
        let output = self.output(&definition.ty, merged, size, Some(id))?;
        let selection = selection::paths(&output, &mut self.budget)?;
        let node = Node {
            module: resolver.module.clone(),
            type_name: self.schema.get(ty).name.clone(),
            field_name: definition.name.clone(),
            parent,
            of_root: ty == self.schema.query() || Some(ty) == self.schema.mutation(),
            arguments,
            needs: resolver.needs.clone(),
            selection,
            output,
            guard: self.guard(definition.guard.as_ref())?,
        };
        if let Some(slot) = self.nodes.get_mut(id) {
            *slot = Some(node);
        }
        Ok(id)
    }

    /// The index of a guard in the plan.
    fn guard(&mut self, guard: Option<&Arc<Guard>>) -> Result<Option<usize>, Refusal> {
        let Some(guard) = guard else {
            return Ok(None);
        };
        let known = self
            .guards
            .iter()
            .position(|known| Arc::ptr_eq(known, guard));
        if known.is_none() {
            self.budget.take(size_of::<Arc<Guard>>())?;
            self.guards.push(guard.clone());
        }
        Ok(known.or(self.guards.len().checked_sub(1)))
    }

    /// What has to hold for a field to be seen, with the properties of its object that decide.
    fn field_guard(
        &mut self,
        definition: &FieldDef,
        properties: &mut Properties,
    ) -> Result<Option<Box<FieldGuard>>, Refusal> {
        let (Some(guard), Some(index)) =
            (&definition.guard, self.guard(definition.guard.as_ref())?)
        else {
            return Ok(None);
        };
        let compared = guard.parent_fields.iter();
        let compared: Box<[_]> = compared
            .map(|name| (name.clone(), properties.index(name)))
            .collect();
        self.budget
            .take(size_of::<FieldGuard>() + BLOCK_BYTES + size_of_val(&*compared))?;
        Ok(Some(Box::new(FieldGuard {
            guard: index,
            properties: compared,
        })))
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
            self.budget.take(size_of::<Need>())?;
            self.budget.take_field(name.len())?;
            let composite = schema.get(definition.ty.named()).is_composite();
            let output = if composite {
                None
            } else {
                Some(self.output(&definition.ty, &[], None, None)?)
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
        size: Option<Box<ListSize>>,
        node: Option<usize>,
    ) -> Result<Output, Refusal> {
        self.budget.take(size_of::<Output>())?;
        let nullable = !ty.is_non_null();
        let shape = match ty.nullable() {
            Type::List(item) => Shape::List(Box::new(self.output(item, merged, None, node)?), size),
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
        let sets: Vec<_> = merged
            .iter()
            .filter_map(|field| field.selection.as_ref())
            .collect();
        Ok(match &ty.kind {
            Kind::Scalar(scalar) => Shape::Scalar(scalar.clone()),
            Kind::Enum(_) => Shape::Enum(id),
            Kind::Object(_) => Shape::Object(self.object(id, sets, node)?),
            Kind::Interface(_) | Kind::Union(_) => {
                Shape::Abstract(self.one_of_many(id, sets, node)?)
            }
            Kind::Input(_) => {
                return Err(Refusal::Internal(format!(
                    "`{}` is not an output type",
                    ty.name
                )));
            }
        })
    }

    /// The plan of a value that may be of many types.
    fn one_of_many(
        &mut self,
        id: TypeId,
        sets: Vec<&'d SelectionSet<'a>>,
        node: Option<usize>,
    ) -> Result<Arc<AbstractPlan>, Refusal> {
        let asked = asked(id, &sets, node);
        if let Some(known) = self.abstracts.get(&asked) {
            return Ok(known.clone());
        }
        let schema = self.schema;
        let possible = schema.possible(id);
        self.budget
            .take(size_of::<AbstractPlan>() + BLOCK_BYTES + size_of_val(possible))?;
        let mut objects = Vec::with_capacity(possible.len());
        for object in possible {
            objects.push(self.object(*object, sets.clone(), node)?);
        }
        let plan = Arc::new(AbstractPlan {
            name: schema.get(id).name.clone(),
            objects,
            guard: self.guard(schema.get(id).guard.as_ref())?,
        });
        self.abstracts.insert(asked, plan.clone());
        Ok(plan)
    }

    /// A field of introspection.
    fn meta(
        &mut self,
        definition: &'d FieldDef,
        merged: &[&'d Field<'a>],
        output: Output,
    ) -> Result<Source, Refusal> {
        let field = merged.first();
        // Fields of introspection have one argument at most.
        let mut argument = None;
        for definition in definition.arguments.values() {
            let given = field.and_then(|field| field.argument(&definition.name));
            argument = compile_argument(self.schema, definition, given, &self.indexes)
                .map_err(Refusal::Internal)?
                .map(Box::new);
        }
        self.budget
            .take(argument.as_ref().map_or(0, |argument| argument.bytes()))?;
        let price = self.sizes.price(&definition.name, &output);
        Ok(Source::Meta {
            argument,
            output,
            price,
        })
    }

    fn arguments(
        &mut self,
        definition: &'d FieldDef,
        merged: &[&'d Field<'a>],
    ) -> Result<Template, Refusal> {
        let field = merged.first();
        let given = |name: &str| field?.argument(name);
        compile_arguments(
            self.schema,
            definition.arguments.values(),
            given,
            &self.indexes,
        )
        .map_err(Refusal::Internal)
    }

    /// How long the field's list may be, by its arguments.
    fn list_size(
        &mut self,
        definition: &FieldDef,
        merged: &[&Field<'a>],
    ) -> Result<Option<Box<ListSize>>, Refusal> {
        if !matches!(definition.ty.nullable(), Type::List(_)) {
            return Ok(None);
        }
        let arguments = merged
            .first()
            .map_or(&[][..], |field| field.arguments.as_slice());
        let size = cost::list_size(self.schema, definition, arguments, &self.indexes);
        if let Some(size) = &size {
            self.budget
                .take(size_of::<ListSize>() + 3 * BLOCK_BYTES + size.bytes())?;
        }
        Ok(size)
    }
}

fn asked<'a>(ty: TypeId, sets: &[&SelectionSet<'a>], node: Option<usize>) -> Asked<'a> {
    let places = sets.iter().map(|set| std::ptr::from_ref(*set)).collect();
    (ty, places, node)
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
            let waits = field
                .guard
                .as_ref()
                .is_some_and(|guard| !guard.properties.is_empty());
            if waits {
                // It is written once the properties that decide have been found.
                shared.push(*property);
            }
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
    let key = if key == name.as_ref() {
        name.clone()
    } else {
        Arc::from(key)
    };
    FieldPlan {
        key,
        key_json,
        name: name.clone(),
        order,
        locations: Box::default(),
        source,
        guard: None,
    }
}
