//! From an invocation to a function and back: reads arguments and parents, runs the resolver, writes the answers.
//!
//! The shapes a resolver may have are told apart by traits with a marker parameter, which inference fills in: by the number of its
//! parameters, and by whether it returns a result or a future of one. Nothing here knows a backend.

use crate::bindings::exports::mayfly::resolver::handler::Invocation;
use crate::bindings::mayfly::resolver::types::Error as WireError;
use crate::{Error, Result, block_on, codes, join_all, log};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::future::{Future, ready};

/// One parent's answer: JSON text.
pub type Answer = Result<String>;

/// The arguments of a field that has none, or whose arguments do not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct NoArguments {}

/// Says which functions answer which fields, and exports them: once per module, at the root of its crate.
///
/// A resolver is a plain function over serde types, synchronous or `async`, that returns [`Result`](crate::Result):
///
/// | shape | for |
/// |---|---|
/// | `fn()` | a root field without arguments |
/// | `fn(Arguments)` | a root field |
/// | `fn(Parent)` | a field of an object, without arguments |
/// | `fn(Parent, Arguments)` | a field of an object; runs once for each parent, all of them overlapping if `async` |
/// | `batch fn(Vec<Parent>)`, `batch fn(Vec<Parent>, Arguments)` | a field of many objects in one go |
///
/// `Parent` has the fields that the schema's `needs` names. A batch returns a value, or a `Result`, for each parent, in their order:
///
/// ```no_run
/// use mayfly_guest::prelude::*;
/// use std::collections::BTreeMap;
///
/// #[derive(Deserialize)]
/// struct Student {
///     id: String,
/// }
///
/// #[derive(Deserialize)]
/// struct Row {
///     student_id: String,
///     average: f64,
/// }
///
/// async fn averages(students: Vec<Student>) -> Result<Vec<Option<f64>>> {
///     let ids: Vec<&str> = students.iter().map(|student| student.id.as_str()).collect();
///     let rows = sql::statement("average_scores").bind("ids", &ids).query::<Row>().await?;
///     let averages: BTreeMap<_, _> = rows.into_iter().map(|row| (row.student_id, row.average)).collect();
///     Ok(students.iter().map(|student| averages.get(&student.id).copied()).collect())
/// }
///
/// mayfly_guest::resolvers! {
///     Student.averageScore => batch averages,
/// }
/// # fn main() {}
/// ```
///
/// The macro also writes the list of fields into the component (the custom section `mayfly:fields`), which the host compares with
/// the schema when it loads the module.
#[macro_export]
macro_rules! resolvers {
    ($($fields:tt)+) => {
        #[doc(hidden)]
        pub struct MayflyResolvers;

        const _: () = {
            async fn answers(invocation: $crate::__private::Invocation) -> ::std::vec::Vec<$crate::__private::Answer> {
                $crate::__resolvers!(@dispatch invocation; $($fields)+);
                $crate::__private::refuse(invocation)
            }

            impl $crate::__private::Guest for MayflyResolvers {
                fn resolve(
                    invocation: $crate::__private::Invocation,
                ) -> ::std::vec::Vec<::core::result::Result<::std::string::String, $crate::__private::WireError>> {
                    $crate::__private::serve(answers(invocation))
                }
            }

            const FIELDS: &str = $crate::__resolvers!(@fields "", $($fields)+);

            #[used]
            #[cfg_attr(target_arch = "wasm32", unsafe(link_section = "mayfly:fields"))]
            static SECTION: [u8; FIELDS.len()] = $crate::__private::section(FIELDS);

            // The names of exports are no names for a native linker, and native tests call the functions themselves.
            #[cfg(target_arch = "wasm32")]
            #[allow(unsafe_code, reason = "exports are unsafe attributes; generated")]
            mod exports {
                $crate::bindings::export!(MayflyResolvers with_types_in $crate::bindings);
                use super::MayflyResolvers;
            }
        };
    };
}

/// The parts of [`resolvers!`] that go through the list field by field.
#[doc(hidden)]
#[macro_export]
macro_rules! __resolvers {
    (@dispatch $invocation:ident; $type:ident.$field:ident => batch $function:path $(, $($rest:tt)*)?) => {
        if $invocation.type_name == ::core::stringify!($type) && $invocation.field_name == ::core::stringify!($field) {
            return $crate::__private::Batch::answers($function, $invocation).await;
        }
        $crate::__resolvers!(@dispatch $invocation; $($($rest)*)?);
    };
    (@dispatch $invocation:ident; $type:ident.$field:ident => $function:path $(, $($rest:tt)*)?) => {
        if $invocation.type_name == ::core::stringify!($type) && $invocation.field_name == ::core::stringify!($field) {
            return $crate::__private::Resolver::answers($function, $invocation).await;
        }
        $crate::__resolvers!(@dispatch $invocation; $($($rest)*)?);
    };
    (@dispatch $invocation:ident;) => {};
    (@fields $done:expr, $type:ident.$field:ident => batch $function:path $(, $($rest:tt)*)?) => {
        $crate::__resolvers!(@fields ::core::concat!($done, ::core::stringify!($type), ".", ::core::stringify!($field), "\n"), $($($rest)*)?)
    };
    (@fields $done:expr, $type:ident.$field:ident => $function:path $(, $($rest:tt)*)?) => {
        $crate::__resolvers!(@fields ::core::concat!($done, ::core::stringify!($type), ".", ::core::stringify!($field), "\n"), $($($rest)*)?)
    };
    (@fields $done:expr,) => { $done };
}

/// A function that answers for one parent at a time; `Marker` is its shape.
pub trait Resolver<Marker> {
    /// An answer for each parent, or one for a root field.
    fn answers(self, invocation: Invocation) -> impl Future<Output = Vec<Answer>>;
}

/// A function that answers for all parents at once; `Marker` is its shape.
pub trait Batch<Marker> {
    /// An answer for each parent.
    fn answers(self, invocation: Invocation) -> impl Future<Output = Vec<Answer>>;
}

/// What a resolver returns: a result, or a future of one.
pub trait Outcome<Marker> {
    /// What it gives when all is well.
    type Value;

    /// The one form that both have.
    fn outcome(self) -> impl Future<Output = Result<Self::Value>>;
}

/// Marks results.
pub struct Now;
/// Marks futures.
pub struct Later;

impl<T> Outcome<Now> for Result<T> {
    type Value = T;

    fn outcome(self) -> impl Future<Output = Self> {
        ready(self)
    }
}

impl<T, F: Future<Output = Result<T>>> Outcome<Later> for F {
    type Value = T;

    fn outcome(self) -> impl Future<Output = Result<T>> {
        self
    }
}

impl<F, R, M> Resolver<(M, R)> for F
where
    F: Fn() -> R,
    R: Outcome<M, Value: Serialize>,
{
    async fn answers(self, _invocation: Invocation) -> Vec<Answer> {
        vec![written(self().outcome().await)]
    }
}

impl<F, A, R, M> Resolver<(M, A, R)> for F
where
    F: Fn(A) -> R,
    A: DeserializeOwned,
    R: Outcome<M, Value: Serialize>,
{
    async fn answers(self, invocation: Invocation) -> Vec<Answer> {
        let resolver = &self;
        let answer =
            async |what: &str, text: &str| written(resolver(read(what, text)?).outcome().await);
        if invocation.parents.is_empty() {
            return vec![answer("arguments", &invocation.arguments).await];
        }
        join_all(
            invocation
                .parents
                .iter()
                .map(|parent| answer("parent", parent)),
        )
        .await
    }
}

impl<F, P, A, R, M> Resolver<(M, P, A, R)> for F
where
    F: Fn(P, A) -> R,
    P: DeserializeOwned,
    A: DeserializeOwned,
    R: Outcome<M, Value: Serialize>,
{
    async fn answers(self, invocation: Invocation) -> Vec<Answer> {
        let (resolver, arguments) = (&self, invocation.arguments.as_str());
        let answer = async |parent: &str| {
            written(
                resolver(read("parent", parent)?, read("arguments", arguments)?)
                    .outcome()
                    .await,
            )
        };
        join_all(invocation.parents.iter().map(|parent| answer(parent))).await
    }
}

/// One parent's part of what a batch gives: a value, or a result.
pub trait Item<Marker> {
    /// Its answer.
    fn answer(self) -> Answer;
}

/// Marks values.
pub struct Plain;
/// Marks results.
pub struct Fallible;

impl<T: Serialize> Item<Plain> for T {
    fn answer(self) -> Answer {
        written(Ok(self))
    }
}

impl<T: Serialize> Item<Fallible> for Result<T> {
    fn answer(self) -> Answer {
        written(self)
    }
}

impl<F, P, R, V, M, N> Batch<(M, N, P, R, V)> for F
where
    F: Fn(Vec<P>) -> R,
    P: DeserializeOwned,
    R: Outcome<M, Value = Vec<V>>,
    V: Item<N>,
{
    async fn answers(self, invocation: Invocation) -> Vec<Answer> {
        let outcome = async { self(parents(&invocation)?).outcome().await };
        spread(outcome.await, invocation.parents.len())
    }
}

impl<F, P, A, R, V, M, N> Batch<(M, N, P, A, R, V)> for F
where
    F: Fn(Vec<P>, A) -> R,
    P: DeserializeOwned,
    A: DeserializeOwned,
    R: Outcome<M, Value = Vec<V>>,
    V: Item<N>,
{
    async fn answers(self, invocation: Invocation) -> Vec<Answer> {
        let outcome = async {
            self(
                parents(&invocation)?,
                read("arguments", &invocation.arguments)?,
            )
            .outcome()
            .await
        };
        spread(outcome.await, invocation.parents.len())
    }
}

/// Runs the answers of an invocation to their end, for the host.
pub fn serve(answers: impl Future<Output = Vec<Answer>>) -> Vec<Result<String, WireError>> {
    log::log_panics();
    block_on(answers)
        .into_iter()
        .map(|answer| answer.map_err(WireError::from))
        .collect()
}

/// The answer to a field this module does not have.
pub fn refuse(invocation: Invocation) -> Vec<Answer> {
    let Invocation {
        type_name,
        field_name,
        parents,
        ..
    } = invocation;
    let error = Error::new(
        codes::NOT_FOUND,
        format!("this module has no resolver for `{type_name}.{field_name}`"),
    );
    vec![Err(error); parents.len().max(1)]
}

/// The bytes of a text, for a custom section, which holds bytes and no references.
#[must_use]
#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, with the text's own length"
)]
pub const fn section<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let mut index = 0;
    while index < LENGTH {
        bytes[index] = text.as_bytes()[index];
        index += 1;
    }
    bytes
}

fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::new(codes::INVALID_DATA, format!("{what}: {error}")))
}

fn parents<P: DeserializeOwned>(invocation: &Invocation) -> Result<Vec<P>> {
    invocation
        .parents
        .iter()
        .map(|parent| read("parent", parent))
        .collect()
}

fn written<T: Serialize>(value: Result<T>) -> Answer {
    serde_json::to_string(&value?)
        .map_err(|error| Error::new(codes::INVALID_DATA, format!("answer: {error}")))
}

/// A batch's outcome as answers: an error of the whole is every parent's. Another number of answers than of parents goes to the host
/// as it is, which knows best how to say so.
fn spread<V: Item<N>, N>(outcome: Result<Vec<V>>, parents: usize) -> Vec<Answer> {
    match outcome {
        Ok(values) => values.into_iter().map(Item::answer).collect(),
        Err(error) => vec![Err(error); parents],
    }
}

#[cfg(test)]
mod tests;
