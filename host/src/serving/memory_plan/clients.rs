//! What a client takes: the numbers that the memory plan counts, and that HTTP keeps to.

/// Connections of operators and their tools, at once.
pub const ADMIN_CONNECTIONS: usize = 64;

/// Requests of operators to the admin API that are executed at once.
pub const ADMIN_REQUESTS: usize = 16;

/// Those that wait until they are executed. With the others, streams of events and components that are received, they leave
/// connections to whoever asks for health and metrics.
pub const ADMIN_QUEUE: usize = 16;

/// Bodies of such requests that are arriving.
pub const ADMIN_BODIES: usize = 16;

/// The largest body of one of them, in bytes.
pub const ADMIN_BODY_BYTES: usize = 64 << 10;

/// The largest answer to one of them, in bytes.
pub const ADMIN_ANSWER_BYTES: usize = 512 << 10;

/// The answers that operators have not read, in bytes.
pub const ADMIN_UNREAD_BYTES: u64 = 4 << 20;

/// What those requests and their answers take, and what is kept of the recent past to answer them with, in bytes. One answer is made
/// at a time. A buffer for a body grows by doubling.
pub const ADMIN_BYTES: u64 = ADMIN_REQUESTS as u64
    * (4 * ADMIN_BODY_BYTES + ADMIN_ANSWER_BYTES) as u64
    + (ADMIN_QUEUE + ADMIN_BODIES) as u64 * 2 * ADMIN_BODY_BYTES as u64
    + ADMIN_UNREAD_BYTES
    + (4 << 20);

/// What one connection takes, in bytes: a head, or in HTTP/2 what was sent and not read (128 KiB), tables of headers, frames and
/// streams; buffers for writing; its tasks. Heads of HTTP/2 requests count as request memory, answers as answer memory.
pub const CONNECTION_BYTES: u64 = 256 << 10;

/// What a byte of a body may become once it is read: itself in a buffer that grew by doubling, its copy among the variables, four bytes
/// for a value in two bytes of text, and up to four of the coerced variables.
pub const BYTES_PER_BODY_BYTE: u64 = 12;

/// What compressing an answer takes beside its bytes: the largest of the coders is that of brotli, with a window of 4 MiB.
pub const CODER_BYTES: u64 = 8 << 20;

/// Answers that are compressed at once: one for each thread.
#[must_use]
pub fn coders() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the largest request may take when it is alone, whatever the memory for requests is.
#[must_use]
pub fn largest_request_bytes(max_body_bytes: usize) -> u64 {
    (max_body_bytes as u64).saturating_mul(BYTES_PER_BODY_BYTE)
}
