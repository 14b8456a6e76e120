//! The names of metrics, in one place, with their meaning.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};

/// GraphQL requests, by `status`.
pub const REQUESTS: &str = "mayfly_requests_total";
/// Seconds from the head of a request to its answer.
pub const REQUEST_SECONDS: &str = "mayfly_request_seconds";
/// Streams of live values that operators have open.
pub const ADMIN_STREAMS: &str = "mayfly_admin_streams";
/// Operations being executed.
pub const OPERATIONS: &str = "mayfly_operations";
/// Operations waiting to be admitted.
pub const OPERATIONS_WAITING: &str = "mayfly_operations_waiting";
/// Operations refused because the host was busy.
pub const OPERATIONS_REFUSED: &str = "mayfly_operations_refused_total";
/// Documents that were looked for in the manifest, by `outcome`: `trusted` or `untrusted`.
pub const DOCUMENTS: &str = "mayfly_documents_total";
/// Documents that were named by their hash, by `outcome`: `found`, `missing`, or `sent` along.
pub const PERSISTED_QUERIES: &str = "mayfly_persisted_queries_total";
/// Fetches of the keys of an `issuer`, by `outcome`: `ok`, or why they could not be fetched.
pub const KEY_SET_FETCHES: &str = "mayfly_key_set_fetches_total";
/// Operations refused because a caller asked for too much, `by` what callers are told apart (`caller`, `api_key`, `address`), and by
/// `reason`: `operations` or `complexity`.
pub const RATE_LIMITED: &str = "mayfly_rate_limited_total";
/// Callers, API keys or addresses whose use is remembered, `by` what they are told apart.
pub const RATE_LIMIT_BUCKETS: &str = "mayfly_rate_limit_buckets";
/// Open connections of clients, by `state`: `idle`, `head`, `body`, `operation`, `answer` or `closing`.
pub const CONNECTIONS: &str = "mayfly_connections";
/// Connections that were closed, by `reason`.
pub const CONNECTIONS_CLOSED: &str = "mayfly_connections_closed_total";
/// Requests on HTTP/2 streams that were cut off while their connection went on, by `reason`.
pub const STREAMS_RESET: &str = "mayfly_streams_reset_total";
/// Invocations, by `module`, `field` and `outcome`.
pub const INVOCATIONS: &str = "mayfly_invocations_total";
/// Seconds an invocation waited for memory and a place, by `module`.
pub const WAIT_SECONDS: &str = "mayfly_invocation_wait_seconds";
/// Seconds an instantiation took, by `module`.
pub const INSTANTIATE_SECONDS: &str = "mayfly_invocation_instantiate_seconds";
/// Seconds an invocation ran, host calls included, by `module`.
pub const RUN_SECONDS: &str = "mayfly_invocation_run_seconds";
/// The most memory an invocation held, by `module`.
pub const PEAK_BYTES: &str = "mayfly_guest_peak_memory_bytes";
/// Invocations under way.
pub const SLOTS_IN_USE: &str = "mayfly_slots_in_use";
/// Invocations there may be at once.
pub const SLOTS: &str = "mayfly_slots";
/// Bytes of memory caps of the invocations under way.
pub const CAP_BYTES_IN_USE: &str = "mayfly_guest_memory_reserved";
/// Bytes of the most memory that caps may add up to.
pub const CAP_BYTES: &str = "mayfly_guest_memory_limit";
/// Connections of a pool, by `backend`.
pub const POOL_SIZE: &str = "mayfly_pool_size";
/// Connections or requests of a pool in use, by `backend`.
pub const POOL_IN_USE: &str = "mayfly_pool_in_use";
/// Calls waiting for a pool, by `backend`.
pub const POOL_WAITING: &str = "mayfly_pool_waiting";
/// Connections of a pool in use, by `backend` and `module`.
pub const POOL_HOLDERS: &str = "mayfly_pool_holders";
/// Calls waiting for a connection, by `backend` and `module`.
pub const POOL_WAITERS: &str = "mayfly_pool_waiters";
/// Seconds a call waited for a connection, opening one included, by `backend`.
pub const POOL_WAIT_SECONDS: &str = "mayfly_pool_wait_seconds";
/// Connections opened, by `backend`.
pub const POOL_CONNECTIONS_CREATED: &str = "mayfly_pool_connections_created_total";
/// Connections closed, by `backend` and `reason`.
pub const POOL_CONNECTIONS_CLOSED: &str = "mayfly_pool_connections_closed_total";
/// Attempts to open a connection that failed, by `backend`.
pub const POOL_CONNECT_FAILURES: &str = "mayfly_pool_connect_failures_total";
/// Gets that shared a request with others.
pub const COALESCED_GETS: &str = "mayfly_coalesced_gets_total";
/// Requests to DynamoDB that ended, by `operation` and `outcome`: `ok`, a word of `wit/types.wit`, or `abandoned` when nobody waited
/// for the answer any more.
pub const DYNAMODB_REQUESTS: &str = "mayfly_dynamodb_requests_total";
/// Sends of requests to DynamoDB, those that were sent again counted each time.
pub const DYNAMODB_ATTEMPTS: &str = "mayfly_dynamodb_attempts_total";
/// Sends that DynamoDB refused for lack of capacity.
pub const DYNAMODB_THROTTLES: &str = "mayfly_dynamodb_throttles_total";
/// Seconds a request to DynamoDB waited for its turn.
pub const DYNAMODB_WAIT_SECONDS: &str = "mayfly_dynamodb_wait_seconds";
/// Keys of one `BatchGetItem`.
pub const DYNAMODB_BATCH_KEYS: &str = "mayfly_dynamodb_batch_keys";
/// Calls of a `service` over HTTP that ended, by `outcome`: the class of the answer's status (`2xx`), a word of `wit/types.wit`, or
/// `abandoned` when nobody waited for the answer any more.
pub const HTTP_CALLS: &str = "mayfly_http_calls_total";
/// Requests sent to a `service` over HTTP, those that were sent again counted each time.
pub const HTTP_ATTEMPTS: &str = "mayfly_http_attempts_total";
/// `GET`s of a `service` that were answered by an identical one's answer.
pub const HTTP_JOINED: &str = "mayfly_http_joined_total";
/// 1 while nothing is sent to a `service` because it failed, else 0.
pub const HTTP_CIRCUIT: &str = "mayfly_http_circuit_open";
/// How often the circuit of a `service` opened.
pub const HTTP_CIRCUIT_OPENED: &str = "mayfly_http_circuit_opened_total";
/// Calls of a `method` of a `worker` that ended, by `outcome`: `ok`, a word of `wit/types.wit`, or `abandoned` when nobody waited for the
/// answer any more.
pub const WORKER_CALLS: &str = "mayfly_worker_calls_total";
/// Seconds a process of a `worker` took for a call of a `method` that it answered.
pub const WORKER_CALL_SECONDS: &str = "mayfly_worker_call_seconds";
/// Processes of a `worker` that were started, by `outcome`: `ok` or `failed`.
pub const WORKER_STARTS: &str = "mayfly_worker_starts_total";
/// Processes of a `worker` that were ended, by `reason`.
pub const WORKER_ENDS: &str = "mayfly_worker_ends_total";
/// Resident memory of those processes of a `worker` that nobody uses now.
pub const WORKER_MEMORY: &str = "mayfly_worker_resident_memory";
/// 1 while nothing is tried of a `worker`, its `starts` or calls of one method, because that failed, else 0.
pub const WORKER_CIRCUIT: &str = "mayfly_worker_circuit_open";
/// How often a circuit of a `worker` opened.
pub const WORKER_CIRCUIT_OPENED: &str = "mayfly_worker_circuit_opened_total";
/// Operations answered by a cached plan, and all.
pub const PLAN_HITS: &str = "mayfly_plan_cache_hits";
/// Operations that had to be prepared.
pub const PLAN_MISSES: &str = "mayfly_plan_cache_misses";
/// The most this process may hold, by its memory plan.
pub const PLAN_BYTES: &str = "mayfly_memory_plan";
/// Apps applied while they were served, by `outcome`.
pub const APPLIES: &str = "mayfly_applies_total";
/// Operations that called the module of a canary, by `module`, `side` and `outcome`.
pub const CANARY_OPERATIONS: &str = "mayfly_canary_operations_total";
/// Canaries that ended, by `module` and `verdict`.
pub const CANARIES: &str = "mayfly_canaries_total";
/// The share of operations a canary gets, 0 when none runs, by `module`.
pub const CANARY_SHARE: &str = "mayfly_canary_share";
/// Resident memory of this process.
pub const RSS_BYTES: &str = "mayfly_process_resident_memory";
/// Versions that became active, by `module` and by what put them in (`file`, `push`, `rollback`).
pub const SWAPS: &str = "mayfly_swaps_total";
/// Versions that were refused, by `module` and `step`.
pub const REFUSALS: &str = "mayfly_refusals_total";
/// Seconds from a version's bytes being there to its being active, by `module`.
pub const GATE_SECONDS: &str = "mayfly_gate_seconds";
/// Versions in memory, by `module`.
pub const LIVE_VERSIONS: &str = "mayfly_live_versions";
/// Seconds since the active version became active, by `module`.
pub const VERSION_AGE: &str = "mayfly_active_version_age_seconds";
/// 1 for the active version of each `module`, with its digest as `version`.
pub const ACTIVE_VERSION: &str = "mayfly_active_version";
/// Lines that were dropped because nobody read them fast enough.
pub const LOG_LINES_DROPPED: &str = "mayfly_log_lines_dropped_total";

pub(crate) fn describe() {
    describe_counter!(
        LOG_LINES_DROPPED,
        "lines dropped because standard output or error was not read fast enough"
    );
    describe_counter!(DOCUMENTS, "documents looked up in the manifest, by outcome");
    describe_counter!(
        PERSISTED_QUERIES,
        "documents named by their hash, by outcome"
    );
    describe_counter!(
        KEY_SET_FETCHES,
        "fetches of the keys of an issuer, by outcome"
    );
    describe_counter!(
        RATE_LIMITED,
        "operations refused because a caller asked for too much, by kind of caller and reason"
    );
    describe_gauge!(
        RATE_LIMIT_BUCKETS,
        "callers, API keys or addresses whose use is remembered"
    );
    describe_counter!(REQUESTS, "GraphQL requests by HTTP status");
    describe_histogram!(
        REQUEST_SECONDS,
        Unit::Seconds,
        "time to answer a GraphQL request"
    );
    describe_gauge!(ADMIN_STREAMS, "streams of live values that are open");
    describe_gauge!(OPERATIONS, "operations being executed");
    describe_gauge!(OPERATIONS_WAITING, "operations waiting to be admitted");
    describe_counter!(
        OPERATIONS_REFUSED,
        "operations refused because the host was busy"
    );
    describe_gauge!(CONNECTIONS, "open connections of clients, by state");
    describe_counter!(
        CONNECTIONS_CLOSED,
        "connections that were closed, by reason"
    );
    describe_counter!(
        STREAMS_RESET,
        "requests of HTTP/2 connections that were cut off, by reason"
    );
    describe_counter!(APPLIES, "apps applied while they were served, by outcome");
    describe_counter!(
        CANARY_OPERATIONS,
        "operations while a canary ran, by module, side and outcome"
    );
    describe_counter!(CANARIES, "canaries that ended, by module and verdict");
    describe_gauge!(CANARY_SHARE, "the share of operations a canary gets");
    describe_counter!(INVOCATIONS, "invocations by module, field and outcome");
    describe_histogram!(
        WAIT_SECONDS,
        Unit::Seconds,
        "time an invocation waited for memory and a place"
    );
    describe_histogram!(
        INSTANTIATE_SECONDS,
        Unit::Seconds,
        "time to instantiate a component"
    );
    describe_histogram!(
        RUN_SECONDS,
        Unit::Seconds,
        "time an invocation ran, host calls included"
    );
    describe_histogram!(
        PEAK_BYTES,
        Unit::Bytes,
        "the most memory an invocation held"
    );
    describe_gauge!(SLOTS_IN_USE, "invocations under way");
    describe_gauge!(SLOTS, "the most invocations at once");
    describe_gauge!(
        CAP_BYTES_IN_USE,
        Unit::Bytes,
        "memory caps of the invocations under way"
    );
    describe_gauge!(
        CAP_BYTES,
        Unit::Bytes,
        "the most memory that caps may add up to"
    );
    describe_gauge!(POOL_SIZE, "connections of a pool");
    describe_gauge!(POOL_IN_USE, "connections or requests of a pool in use");
    describe_gauge!(POOL_WAITING, "calls waiting for a pool");
    describe_gauge!(POOL_HOLDERS, "connections of a pool in use, by module");
    describe_gauge!(POOL_WAITERS, "calls waiting for a connection, by module");
    describe_histogram!(
        POOL_WAIT_SECONDS,
        Unit::Seconds,
        "time a call waited for a connection"
    );
    describe_counter!(POOL_CONNECTIONS_CREATED, "connections opened");
    describe_counter!(POOL_CONNECTIONS_CLOSED, "connections closed, by reason");
    describe_counter!(
        POOL_CONNECT_FAILURES,
        "attempts to open a connection that failed"
    );
    describe_counter!(COALESCED_GETS, "gets that shared a request with others");
    describe_counter!(
        DYNAMODB_REQUESTS,
        "requests to DynamoDB by operation and outcome"
    );
    describe_counter!(
        DYNAMODB_ATTEMPTS,
        "sends of requests to DynamoDB, retries included"
    );
    describe_counter!(
        DYNAMODB_THROTTLES,
        "sends that DynamoDB refused for lack of capacity"
    );
    describe_histogram!(
        DYNAMODB_WAIT_SECONDS,
        Unit::Seconds,
        "time a request to DynamoDB waited for its turn"
    );
    describe_histogram!(DYNAMODB_BATCH_KEYS, "keys of one BatchGetItem");
    describe_gauge!(
        PLAN_HITS,
        "operations answered by a cached plan since the start"
    );
    describe_gauge!(PLAN_MISSES, "operations prepared since the start");
    describe_counter!(HTTP_CALLS, "calls of services over HTTP by outcome");
    describe_counter!(
        HTTP_ATTEMPTS,
        "requests sent to services over HTTP, retries included"
    );
    describe_counter!(
        HTTP_JOINED,
        "GETs that shared the answer of an identical one"
    );
    describe_gauge!(
        HTTP_CIRCUIT,
        "1 while nothing is sent to a service because it failed"
    );
    describe_counter!(HTTP_CIRCUIT_OPENED, "circuits of services that opened");
    describe_counter!(WORKER_CALLS, "calls of workers by method and outcome");
    describe_histogram!(
        WORKER_CALL_SECONDS,
        Unit::Seconds,
        "time a process of a worker took to answer"
    );
    describe_counter!(WORKER_STARTS, "processes of workers started, by outcome");
    describe_counter!(WORKER_ENDS, "processes of workers ended, by reason");
    describe_gauge!(
        WORKER_MEMORY,
        Unit::Bytes,
        "resident memory of the idle processes of a worker"
    );
    describe_gauge!(
        WORKER_CIRCUIT,
        "1 while a worker is not tried because it failed"
    );
    describe_counter!(WORKER_CIRCUIT_OPENED, "circuits of workers that opened");
    describe_counter!(SWAPS, "versions that became active");
    describe_counter!(REFUSALS, "versions that were refused, by step");
    describe_histogram!(
        GATE_SECONDS,
        Unit::Seconds,
        "time from a version's arrival until it is active"
    );
    describe_gauge!(LIVE_VERSIONS, "versions in memory");
    describe_gauge!(
        VERSION_AGE,
        Unit::Seconds,
        "time since the active version became active"
    );
    describe_gauge!(
        PLAN_BYTES,
        Unit::Bytes,
        "the most the host may hold, by its memory plan"
    );
    describe_gauge!(RSS_BYTES, Unit::Bytes, "resident memory of the host");
    // A counter that shows from the start tells "none yet" from "not counted".
    for name in [
        COALESCED_GETS,
        LOG_LINES_DROPPED,
        OPERATIONS_REFUSED,
        DYNAMODB_ATTEMPTS,
        DYNAMODB_THROTTLES,
    ] {
        counter!(name).increment(0);
    }
}
