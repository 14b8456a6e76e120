//! A request to a prepared operation, and a prepared operation to a response.
//!
//! [`Engine::prepare`] does everything that can refuse a request before a module is called: guard, parse, validate, coerce
//! variables, plan, price. What depends only on the document is kept, by its text and the operation's name; plans are kept by that
//! and the values of the conditions in `@skip` and `@include`.

use crate::coercion::values::Values;
use crate::coercion::variables::{self, VariableDef};
use crate::completion::Most;
use crate::excerpt::Excerpt;
use crate::execution::{self, Execution, Resolve};
use crate::guard::expansion;

use crate::plan::cache::{Cache, CacheStats};
use crate::plan::introspection_sizes::IntrospectionSizes;
use crate::plan::{Plan, build, cost};
use crate::response::{RequestError, RequestErrors};
use crate::schema::Schema;
use crate::syntax::lexer::Bounds;
use crate::syntax::{Document, Operation, OperationKind, parser};
use crate::validation;
use mayfly_config::Limits;
use mayfly_error::Error;
use mayfly_json::Tree;
use quick_cache::Equivalent;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The part of the cache for what is known of documents; the rest is for plans.
const DOCUMENT_SHARE: usize = 4;

/// A GraphQL request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which operation of the document; none when it has only one.
    pub operation_name: Option<String>,
    /// The variables' values, an object; none when nothing was given.
    pub variables: Option<Tree<'static>>,
}

/// Answers requests for one schema. Shared by all threads.
pub struct Engine {
    schema: Arc<Schema>,
    sizes: IntrospectionSizes,
    limits: Limits,
    documents: Cache<DocumentKey, Known>,
    plans: Cache<PlanKey, Plan>,
    next_id: AtomicU64,
    /// Whether clients may ask for the schema.
    introspection: bool,
}

/// A request that will run: only its modules can fail now.
#[derive(Debug)]
pub struct Prepared {
    schema: Arc<Schema>,
    known: Arc<Known>,
    plan: Arc<Plan>,
    values: Values,
}

/// What is known of one operation of a validated document.
#[derive(Debug)]
struct Known {
    /// Stands for the document and operation in the keys of plans.
    id: u64,
    kind: OperationKind,
    name: Option<String>,
    variables: Vec<VariableDef>,
    /// The variables `@skip` and `@include` ask, by index.
    conditions: Vec<usize>,
}

#[derive(PartialEq, Eq)]
struct DocumentKey {
    query: String,
    operation_name: Option<String>,
}

impl Hash for DocumentKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (query, operation_name) = (self.query.as_str(), self.operation_name.as_deref());
        Asked {
            query,
            operation_name,
        }
        .hash(state);
    }
}

/// What a document is looked up by, so that looking up allocates nothing.
#[derive(Hash)]
struct Asked<'r> {
    query: &'r str,
    operation_name: Option<&'r str>,
}

impl Equivalent<DocumentKey> for Asked<'_> {
    fn equivalent(&self, key: &DocumentKey) -> bool {
        self.query == key.query && self.operation_name == key.operation_name.as_deref()
    }
}

#[derive(PartialEq, Eq)]
struct PlanKey {
    id: u64,
    conditions: Vec<Option<bool>>,
}

impl Hash for PlanKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.conditions
            .iter()
            .for_each(|condition| condition.hash(state));
    }
}

/// What a plan is looked up by, so that looking up allocates nothing.
struct Conditions<'k> {
    known: &'k Known,
    values: &'k Values,
}

impl Conditions<'_> {
    /// The values of the conditions; none for one that is null.
    fn iter(&self) -> impl Iterator<Item = Option<bool>> {
        self.known
            .conditions
            .iter()
            .map(|index| match self.values.get(*index) {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            })
    }
}

impl Equivalent<PlanKey> for Conditions<'_> {
    fn equivalent(&self, key: &PlanKey) -> bool {
        key.id == self.known.id && self.iter().eq(key.conditions.iter().copied())
    }
}

impl Hash for Conditions<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.known.id.hash(state);
        self.iter().for_each(|condition| condition.hash(state));
    }
}

/// Guards a request that another engine will execute: reads its document within the limits and measures what it stands for, without
/// a schema. Gives what the operation does that the request names.
///
/// # Errors
///
/// The first reason of the guard or the parser to refuse it, or that it names no operation.
pub fn guarded_kind(request: &Request, limits: &Limits) -> Result<OperationKind, RequestErrors> {
    let document = parser::parse(&request.query, Bounds::from(limits))?;
    expansion::check(&document, limits)?;
    Ok(choose(&document, request.operation_name.as_deref())?.kind)
}

impl Engine {
    /// An engine that keeps at most `cache_bytes` of prepared documents and plans.
    #[must_use]
    pub fn new(schema: Arc<Schema>, limits: Limits, cache_bytes: usize) -> Self {
        let for_documents = cache_bytes / DOCUMENT_SHARE;
        let (documents, plans) = (
            Cache::new(for_documents),
            Cache::new(cache_bytes - for_documents),
        );
        Self {
            sizes: IntrospectionSizes::of(&schema),
            schema,
            limits,
            documents,
            plans,
            next_id: AtomicU64::new(0),
            introspection: true,
        }
    }

    /// The same engine, which tells clients its schema or refuses to.
    #[must_use]
    pub fn with_introspection(self, introspection: bool) -> Self {
        Self {
            introspection,
            ..self
        }
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What documents and answers may cost.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How the plan cache is doing.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let (documents, plans) = (self.documents.stats(), self.plans.stats());
        CacheStats {
            bytes: documents.bytes + plans.bytes,
            entries: documents.entries + plans.entries,
            ..documents
        }
    }

    /// Everything that can refuse a request before a module is called.
    ///
    /// # Errors
    ///
    /// Why the request is refused: all reasons of validation and variables, the first of the guard and the parser.
    pub fn prepare(&self, request: &Request) -> Result<Prepared, RequestErrors> {
        self.prepare_any(request)
            .map_err(|errors| errors.within(self.limits.response_bytes))
    }

    fn prepare_any(&self, request: &Request) -> Result<Prepared, RequestErrors> {
        let asked = Asked {
            query: &request.query,
            operation_name: request.operation_name.as_deref(),
        };
        let (known, document) = match self.documents.get(&asked) {
            Some(known) => (known, None),
            None => {
                let document = self.admit(&request.query)?;
                (self.learn(request, &document)?, Some(document))
            }
        };
        let values = variables::coerce(&self.schema, &known.variables, request.variables.as_ref())
            .map_err(RequestErrors)?;
        let conditions = Conditions {
            known: &known,
            values: &values,
        };
        let plan = match self.plans.get(&conditions) {
            Some(plan) => plan,
            None => {
                let document = match document {
                    Some(document) => document,
                    None => parser::parse(&request.query, Bounds::from(&self.limits))?,
                };
                let key = PlanKey {
                    id: known.id,
                    conditions: conditions.iter().collect(),
                };
                let plan = Arc::new(self.plan(request, &document, &known, &key.conditions)?);
                self.plans.insert(key, plan.clone(), plan.bytes);
                plan
            }
        };
        cost::check(&plan, &values, &self.limits)?;
        Ok(Prepared {
            schema: self.schema.clone(),
            known,
            plan,
            values,
        })
    }

    /// Checks a document as far as it can be without a request: what refuses it here refuses every request for it.
    ///
    /// # Errors
    ///
    /// All reasons of validation, the first of the guard and the parser.
    pub fn check_document(&self, query: &str) -> Result<(), RequestErrors> {
        self.admit(query).map(drop)
    }

    /// The fields that the answer of a prepared operation may hold.
    #[must_use]
    pub fn cost(&self, prepared: &Prepared) -> u64 {
        cost::of(&prepared.plan, &prepared.values, &self.limits)
    }

    /// Runs a prepared operation: the whole body of the response.
    pub async fn execute<R: Resolve>(&self, prepared: Prepared, resolver: &R) -> Vec<u8> {
        let Prepared {
            schema,
            plan,
            values,
            ..
        } = &prepared;
        let most = Most {
            bytes: self.limits.response_bytes,
            fields: self.limits.complexity,
        };
        execution::execute(Execution {
            schema,
            plan,
            values,
            resolver,
            most,
        })
        .await
    }

    /// Guards, parses and validates a document.
    fn admit<'a>(&self, query: &'a str) -> Result<Document<'a>, RequestErrors> {
        let document = parser::parse(query, Bounds::from(&self.limits))?;
        expansion::check(&document, &self.limits)?;
        let mut errors = validation::validate(&self.schema, &document, &self.limits);
        if !self.introspection {
            errors.extend(validation::introspection::refusals(&document));
        }
        if errors.is_empty() {
            Ok(document)
        } else {
            Err(RequestErrors(errors))
        }
    }

    /// Notes what is known of the operation a request names.
    fn learn(
        &self,
        request: &Request,
        document: &Document<'_>,
    ) -> Result<Arc<Known>, RequestErrors> {
        let operation = choose(document, request.operation_name.as_deref())?;
        let variables = validation::variables::definitions(&self.schema, operation)?;
        let conditions = validation::variables::conditions(document, operation);
        let index_of = |name: &&str| variables.iter().position(|variable| variable.name == *name);
        let known = Arc::new(Known {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            kind: operation.kind,
            name: operation.name.map(|name| name.text.to_owned()),
            conditions: conditions.iter().filter_map(index_of).collect(),
            variables,
        });
        let bytes = request.query.len()
            + size_of::<Known>()
            + known.variables.len() * (size_of::<VariableDef>() + 64);
        let key = DocumentKey {
            query: request.query.clone(),
            operation_name: request.operation_name.clone(),
        };
        self.documents.insert(key, known.clone(), bytes);
        Ok(known)
    }

    fn plan(
        &self,
        request: &Request,
        document: &Document<'_>,
        known: &Known,
        conditions: &[Option<bool>],
    ) -> Result<Plan, RequestError> {
        let operation = choose(document, request.operation_name.as_deref())?;
        let named = |(index, value): (&usize, &Option<bool>)| {
            known
                .variables
                .get(*index)
                .map(|variable| (variable.name.as_str(), *value))
        };
        let conditions: HashMap<&str, Option<bool>> = known
            .conditions
            .iter()
            .zip(conditions)
            .filter_map(named)
            .collect();
        build::build(
            &self.schema,
            document,
            operation,
            &known.variables,
            conditions,
            (&self.limits, &self.sizes),
        )
    }
}

impl Prepared {
    /// What the operation does.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.known.kind
    }

    /// The operation's name in the document.
    #[must_use]
    pub fn operation_name(&self) -> Option<&str> {
        self.known.name.as_deref()
    }

    /// The modules it may call, each once.
    #[must_use]
    pub fn modules(&self) -> Vec<Arc<str>> {
        self.plan.modules()
    }

    /// The plan, to be explained.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
}

/// The operation a request names.
fn choose<'d, 'a>(
    document: &'d Document<'a>,
    name: Option<&str>,
) -> Result<&'d Operation<'a>, RequestError> {
    let mut operations = document.operations.iter();
    let refuse = |message: String| Err(RequestError::nowhere(Error::OperationNotFound(message)));
    match name {
        Some(wanted) => match operations
            .find(|operation| operation.name.is_some_and(|name| name.text == wanted))
        {
            Some(operation) => Ok(operation),
            None => refuse(format!("Unknown operation named \"{}\".", Excerpt(wanted))),
        },
        None => match (operations.next(), operations.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => refuse("Must provide an operation.".to_owned()),
            _ => refuse(
                "Must provide operation name if query contains multiple operations.".to_owned(),
            ),
        },
    }
}
