//! Arguments, and input objects.

use super::super::problems::Problems;
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{FieldDef, InputDef, InputObject, Kind, Type, TypeDef, TypeId};

/// The fields of an input object.
pub(super) fn object(schema: &Schema, ty: &TypeDef, input: &InputObject, problems: &mut Problems) {
    for field in input.fields.values() {
        let coordinate = || format!("{}.{}", Excerpt(&ty.name), Excerpt(&field.name));
        takes_values(schema, field, "input field", coordinate, problems);
        if !input.one_of {
            continue;
        }
        if field.ty.is_non_null() {
            problems.add(field.at, || {
                format!(
                    "\"{}\" of a @oneOf input must be nullable; remove \"!\"",
                    coordinate()
                )
            });
        }
        if field.default.is_some() {
            problems.add(field.at, || {
                format!(
                    "\"{}\" of a @oneOf input cannot have a default value; remove it",
                    coordinate()
                )
            });
        }
    }
}

/// An argument of a field or directive, which `owner` names.
pub(super) fn argument(
    schema: &Schema,
    owner: impl Fn() -> String,
    argument: &InputDef,
    problems: &mut Problems,
) {
    let coordinate = || format!("{}({}:)", owner(), Excerpt(&argument.name));
    takes_values(schema, argument, "argument", coordinate, problems);
}

fn takes_values(
    schema: &Schema,
    input: &InputDef,
    what: &str,
    coordinate: impl Fn() -> String,
    problems: &mut Problems,
) {
    let named = schema.get(input.ty.named());
    if !named.is_input() {
        problems.add(input.at, || {
            format!(
                "{what} \"{}\" must have an input type, and \"{}\" is {}; use another type",
                coordinate(),
                Excerpt(&named.name),
                named.kind.describe()
            )
        });
    }
    if input.is_required() && input.deprecated.is_some() {
        problems.add(input.at, || {
            format!(
                "required {what} \"{}\" cannot be deprecated; make it nullable or give it a default",
                coordinate()
            )
        });
    }
}

/// Whether an object field's argument of an interface's field is of the same type; told where it is not.
pub(super) fn same_arguments(
    schema: &Schema,
    (ty, own): (&TypeDef, &FieldDef),
    (interface, field): (&TypeDef, &FieldDef),
    problems: &mut Problems,
) {
    let coordinate = || format!("{}.{}", Excerpt(&ty.name), Excerpt(&own.name));
    for (name, argument) in &field.arguments {
        match own.arguments.get(name) {
            None => problems.add(own.at, || {
                format!(
                    "\"{}\" lacks the argument \"{}\" of the interface \"{}\"; add \"{}: {}\"",
                    coordinate(),
                    Excerpt(name),
                    Excerpt(&interface.name),
                    Excerpt(name),
                    schema.print(&argument.ty)
                )
            }),
            Some(found) if found.ty != argument.ty && !is_missing(schema, found, argument) => {
                problems.add(found.at, || {
                    format!(
                        "argument \"{}({}:)\" must be of type \"{}\", as in the interface \"{}\", not \"{}\"",
                        coordinate(),
                        Excerpt(name),
                        schema.print(&argument.ty),
                        Excerpt(&interface.name),
                        schema.print(&found.ty)
                    )
                });
            }
            Some(_) => {}
        }
    }
    let additional = own
        .arguments
        .values()
        .filter(|argument| !field.arguments.contains_key(&argument.name));
    for argument in additional.filter(|argument| argument.is_required()) {
        problems.add(argument.at, || {
            format!(
                "argument \"{}({}:)\" is required, but the interface \"{}\" does not have it; make it nullable or give it a default",
                coordinate(),
                Excerpt(&argument.name),
                Excerpt(&interface.name)
            )
        });
    }
}

fn is_missing(schema: &Schema, one: &InputDef, other: &InputDef) -> bool {
    [one, other]
        .iter()
        .any(|input| schema.get(input.ty.named()).is_missing())
}

/// An input object that must contain itself cannot be written down.
pub(super) fn endless(schema: &Schema, problems: &mut Problems) {
    let mut walk = Walk {
        schema,
        depths: vec![Depth::New; schema.types.len()],
        path: Vec::new(),
    };
    for index in 0..schema.types.len() {
        walk.from(TypeId::of(index), problems);
    }
}

/// Where the walk has met an input object.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Depth {
    New,
    /// This many required fields down the path.
    OnPath(usize),
    Done,
}

/// A walk along required fields from input object to input object, each entered once.
struct Walk<'s> {
    schema: &'s Schema,
    depths: Vec<Depth>,
    /// The input objects entered and not left, and which of their fields comes next.
    path: Vec<(TypeId, usize)>,
}

impl Walk<'_> {
    fn from(&mut self, start: TypeId, problems: &mut Problems) {
        self.enter(start);
        while let Some((id, next)) = self.path.last_mut() {
            let (id, index) = (*id, *next);
            *next += 1;
            let Some(field) = self.field(id, index) else {
                self.path.pop();
                self.set(id, Depth::Done);
                continue;
            };
            let Some(inner) = required(field) else {
                continue;
            };
            match self.depths.get(inner.index()) {
                Some(Depth::OnPath(depth)) => self.tell(inner, *depth, problems),
                Some(Depth::New) => self.enter(inner),
                _ => {}
            }
        }
    }

    fn enter(&mut self, id: TypeId) {
        let is_new = self.depths.get(id.index()) == Some(&Depth::New);
        if is_new && matches!(self.schema.get(id).kind, Kind::Input(_)) {
            self.set(id, Depth::OnPath(self.path.len()));
            self.path.push((id, 0));
        }
    }

    fn set(&mut self, id: TypeId, depth: Depth) {
        if let Some(known) = self.depths.get_mut(id.index()) {
            *known = depth;
        }
    }

    fn field(&self, id: TypeId, index: usize) -> Option<&InputDef> {
        let schema: &Schema = self.schema;
        match &schema.get(id).kind {
            Kind::Input(input) => Some(input.fields.get_index(index)?.1),
            _ => None,
        }
    }

    /// Tells of the fields of the path from `depth` on, which lead back to where they begin.
    fn tell(&self, id: TypeId, depth: usize, problems: &mut Problems) {
        let fields = || {
            self.path
                .iter()
                .skip(depth)
                .filter_map(|(id, next)| self.field(*id, next.checked_sub(1)?))
        };
        let Some(first) = fields().next() else {
            return;
        };
        problems.add(first.at, || {
            let names: Vec<_> = fields().map(|field| Excerpt(&field.name).to_string()).collect();
            format!(
                "input \"{}\" contains itself endlessly through the required fields \"{}\"; make one of them nullable",
                Excerpt(&self.schema.get(id).name),
                names.join(".")
            )
        });
    }
}

/// The named type of a field that is required and no list.
fn required(field: &InputDef) -> Option<TypeId> {
    match &field.ty {
        Type::NonNull(inner) => match **inner {
            Type::Named(id) => Some(id),
            _ => None,
        },
        _ => None,
    }
}
