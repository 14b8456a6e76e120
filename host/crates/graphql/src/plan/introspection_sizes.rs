//! How much introspection answers: the lengths of a schema's lists, on average over what has them.
//!
//! The price of a document must be known before anything is written, and writing everything to count it would cost what is to be
//! prevented. Averages make the price exact for a schema listed once (all types, the fields of all of them, the arguments of all of
//! those), which is what tools ask, and near to it for lists within lists. What is written is bounded by its bytes in any case.

use super::node::{Output, Shape, Source};
use crate::schema::Schema;
use crate::schema::types::{Kind, Type};

/// Lengths in thousandths, so that prices are whole numbers on every machine.
const UNIT: u64 = 1_000;

/// The average lengths of what introspection lists.
#[derive(Debug, Default)]
pub(crate) struct IntrospectionSizes {
    types: u64,
    directives: u64,
    locations: u64,
    fields: u64,
    arguments: u64,
    interfaces: u64,
    possible_types: u64,
    enum_values: u64,
    input_fields: u64,
    /// Of a type that is written somewhere, how many more there are inside it.
    of_type: u64,
}

/// How many there are of each.
#[derive(Default)]
struct Counts {
    fields: usize,
    arguments: usize,
    interfaces: usize,
    possible_types: usize,
    enum_values: usize,
    input_fields: usize,
    written: usize,
    wrappers: usize,
}

impl Counts {
    fn write(&mut self, ty: &Type) {
        self.written += 1;
        if let Type::List(inner) | Type::NonNull(inner) = ty {
            self.wrappers += 1;
            self.write(inner);
        }
    }
}

impl IntrospectionSizes {
    /// The sizes of a schema.
    pub fn of(schema: &Schema) -> Self {
        let mut counts = Counts::default();
        for id in schema.listed() {
            let ty = schema.get(*id);
            counts.interfaces += ty.interfaces().len();
            for field in ty.fields().into_iter().flat_map(|fields| fields.values()) {
                counts.fields += 1;
                counts.write(&field.ty);
                counts.arguments += field.arguments.len();
                field
                    .arguments
                    .values()
                    .for_each(|argument| counts.write(&argument.ty));
            }
            match &ty.kind {
                Kind::Enum(values) => counts.enum_values += values.len(),
                Kind::Input(input) => {
                    counts.input_fields += input.fields.len();
                    input
                        .fields
                        .values()
                        .for_each(|field| counts.write(&field.ty));
                }
                Kind::Interface(_) | Kind::Union(_) => {
                    counts.possible_types += schema.possible(*id).len();
                }
                Kind::Scalar(_) | Kind::Object(_) => {}
            }
        }
        let types = schema.listed().len();
        let directives = schema.shown_directives().count();
        let locations: usize = schema
            .shown_directives()
            .map(|directive| directive.locations.len())
            .sum();
        let directive_arguments: usize = schema
            .shown_directives()
            .map(|directive| directive.arguments.len())
            .sum();
        Self {
            types: average(types, 1),
            directives: average(directives, 1),
            locations: average(locations, directives),
            fields: average(counts.fields, types),
            arguments: average(
                counts.arguments + directive_arguments,
                counts.fields + directives,
            ),
            interfaces: average(counts.interfaces, types),
            possible_types: average(counts.possible_types, types),
            enum_values: average(counts.enum_values, types),
            input_fields: average(counts.input_fields, types),
            of_type: average(counts.wrappers, counts.written),
        }
    }

    /// About how many fields there are below a field of introspection, those of a list once for each of its elements.
    pub fn price(&self, field: &str, output: &Output) -> u64 {
        let below = fields_below(output);
        let length = match field {
            "types" => self.types,
            "directives" => self.directives,
            "locations" => self.locations,
            "fields" => self.fields,
            "args" => self.arguments,
            "interfaces" => self.interfaces,
            "possibleTypes" => self.possible_types,
            "enumValues" => self.enum_values,
            "inputFields" => self.input_fields,
            "ofType" => self.of_type,
            _ => UNIT,
        };
        length.saturating_mul(below).div_ceil(UNIT)
    }
}

fn average(all: usize, over: usize) -> u64 {
    (all as u64 * UNIT).div_ceil(over.max(1) as u64)
}

fn fields_below(output: &Output) -> u64 {
    match &output.shape {
        Shape::List(item, _) => fields_below(item).max(1),
        Shape::Object(object) => object
            .fields
            .iter()
            .map(|field| match &field.source {
                Source::Meta { price, .. } => price.saturating_add(1),
                _ => 1,
            })
            .fold(0, u64::saturating_add),
        _ => 0,
    }
}
