//! The schema of the admin API, made of the types beside this.

use async_graphql::{SDLExportOptions, Schema};

use super::mutation::Mutation;
use super::query::Query;
use super::subscription::Subscription;

/// Fields inside one another: the introspection query of common clients has 15.
const DEPTH: usize = 20;

/// Fields of an operation, fragments written out; asking a backend counts more. The introspection query of common clients has some
/// two hundred, and everything there is to look at once some three hundred.
const COMPLEXITY: usize = 1_000;

/// Directives on one field.
const DIRECTIVES: usize = 5;

/// The schema.
pub(super) type AdminSchema = Schema<Query, Mutation, Subscription>;

/// Makes the schema.
pub(super) fn schema() -> AdminSchema {
    Schema::build(Query, Mutation, Subscription)
        .limit_depth(DEPTH)
        .limit_complexity(COMPLEXITY)
        .limit_directives(DIRECTIVES)
        .finish()
}

/// The schema as text.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().use_space_ident();
    schema().sdl_with_options(options)
}
