//! The memory answers take on their way to guests: an answer is not read before there is room for it.
//!
//! How large an answer is nobody knows before it is there: an item has up to 400 KB, a batch up to 16 MB. So a request is sent as soon
//! as it has its turn, and between the head of its answer and the body stands the wait for room. What is waited for by one call is
//! held by none: whoever has room reads, and gives it back when the driver has made values of the text.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer_body::checked;

/// What a byte of an answer may become: `{"BOOL":true},` in a list is a value of 72 bytes, and its text is held as well.
const BYTES_PER_ANSWER_BYTE: u64 = 8;

/// Granularity of the room: an answer of a small item takes less.
const UNIT_BYTES: u64 = 16 << 10;

/// What an answer that does not say its length is taken for, in bytes: the largest there are.
const LARGEST_ANSWER_BYTES: u64 = 16 << 20;

/// Connections unused for so long are closed. The SDK's client cannot keep them alive by TCP, and there are networks that forget after a
/// minute what nobody uses.
const MAX_IDLE: Duration = Duration::from_secs(50);

/// A client whose answers wait for room.
#[derive(Debug)]
struct RoomyClient {
    inner: SharedHttpClient,
    room: Arc<Room>,
}

/// A connector whose answers wait for room.
#[derive(Debug)]
struct RoomyConnector {
    inner: SharedHttpConnector,
    room: Arc<Room>,
}

/// Room for answers.
#[derive(Debug)]
struct Room {
    free: Arc<Semaphore>,
    size: u32,
}

/// The SDK's own client, with room of this many bytes for answers.
pub(super) fn client_with_room(bytes: u64) -> SharedHttpClient {
    let size = u32::try_from(bytes / UNIT_BYTES)
        .unwrap_or(u32::MAX >> 4)
        .clamp(1, u32::MAX >> 4);
    let room = Arc::new(Room {
        free: Arc::new(Semaphore::new(size as usize)),
        size,
    });
    // What the SDK takes when it is not told, but for idle connections.
    let inner = aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(MAX_IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    SharedHttpClient::new(RoomyClient { inner, room })
}

impl Room {
    /// Units of an answer; the largest fits when it is alone.
    fn units(&self, answer_bytes: u64) -> u32 {
        let units = answer_bytes
            .saturating_mul(BYTES_PER_ANSWER_BYTE)
            .div_ceil(UNIT_BYTES)
            .max(1);
        u32::try_from(units).unwrap_or(u32::MAX).min(self.size)
    }
}

impl HttpClient for RoomyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(RoomyConnector {
            inner,
            room: Arc::clone(&self.room),
        })
    }
}

/// Room that an answer has, given back when the driver drops the answer.
#[derive(Clone)]
struct Taken {
    _units: Arc<OwnedSemaphorePermit>,
}

impl HttpConnector for RoomyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.inner.call(request);
        let room = Arc::clone(&self.room);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            if is_foreign(&answer) {
                // As an answer that was spoilt on its way: what became of the request nobody knows.
                let error = "an answer with a success status that is not DynamoDB's: it is empty, not JSON, or lacks DynamoDB's marks";
                return Err(ConnectorError::other(error.into(), None));
            }
            let said = answer
                .headers()
                .get("content-length")
                .and_then(|length| length.parse().ok());
            let units = room.units(said.unwrap_or(LARGEST_ANSWER_BYTES));
            // The semaphore is never closed.
            if let Ok(units) = Arc::clone(&room.free).acquire_many_owned(units).await {
                answer.add_extension(Taken {
                    _units: Arc::new(units),
                });
            }
            Ok(checked(answer))
        })
    }
}

/// Whether a success is not the service's, which answers 200, says `{}` where it has nothing to say, and marks what it says: by its kind
/// of JSON or by the request's id. The SDK takes no text at all for `{}`, and so it does any object.
fn is_foreign(answer: &HttpResponse) -> bool {
    let header = |name: &str| answer.headers().get(name);
    let kind = header("content-type").unwrap_or("json");
    let is_marked = kind.contains("x-amz-json")
        || (kind.contains("json") && header("x-amzn-requestid").is_some());
    answer.status().is_success()
        && (answer.status().as_u16() != 200 || header("content-length") == Some("0") || !is_marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_answers_take_little_and_the_largest_fits_alone() {
        let room = Room {
            free: Arc::new(Semaphore::new(8_192)),
            size: 8_192,
        };
        assert_eq!(room.units(0), 1);
        assert_eq!(room.units(400 << 10), 200);
        assert_eq!(room.units(16 << 20), 8_192);
        assert_eq!(room.units(32 << 20), 8_192);
    }
}
