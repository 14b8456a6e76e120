//! async-graphql with derived types: the way its book teaches.

use async_graphql::{EmptyMutation, EmptySubscription, ID, Object, Schema};

use crate::workload::{Assessment, of_student};

/// The root type.
pub(crate) struct Query {
    data: &'static [Assessment],
}

#[Object]
impl Query {
    async fn report(&self, student_id: ID) -> &'static [Assessment] {
        of_student(self.data, &student_id)
    }
}

pub(crate) fn schema(
    data: &'static [Assessment],
) -> Schema<Query, EmptyMutation, EmptySubscription> {
    Schema::new(Query { data }, EmptyMutation, EmptySubscription)
}
