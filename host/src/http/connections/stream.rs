//! The requests of an HTTP/2 connection, each a task: one whose answer is not read is ended alone, and the others go on.

use std::sync::Arc;
use std::sync::OnceLock;
use std::task::Poll;

use futures_util::future::poll_fn;
use mayfly_clock::last_tick;
use mayfly_telemetry::names;
use metrics::counter;

use super::alarm::Alarm;
use super::delivery::Delivery;
use super::state::Reason;

tokio::task_local! {
    /// The request whose task this is.
    static STREAM: Arc<Stream>;
}

/// What is known of a request on its stream.
#[derive(Default)]
struct Stream {
    delivery: OnceLock<Arc<Delivery>>,
}

/// Runs the requests of a connection.
#[derive(Clone)]
pub(super) struct Streams;

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        let stream = Arc::<Stream>::default();
        drop(tokio::spawn(
            STREAM.scope(stream.clone(), run(request, stream)),
        ));
    }
}

/// The request of this task is being answered.
pub(super) fn sends(delivery: &Arc<Delivery>) {
    // Without a task of its own it is the connection's only one, which sees to it.
    let _ = STREAM.try_with(|stream| stream.delivery.set(delivery.clone()));
}

/// Counts that the request of this task is cut off, when it has one.
pub(super) fn blame(reason: Reason) {
    let _ = STREAM.try_with(|_| count(reason));
}

/// Runs a request until it is answered, or its answer is due to be cut off: dropping it resets its stream.
async fn run(request: impl Future<Output = ()>, stream: Arc<Stream>) {
    let mut request = std::pin::pin!(request);
    let mut alarm = Alarm::default();
    poll_fn(|cx| {
        if request.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(delivery) = stream.delivery.get() else {
            return Poll::Pending;
        };
        delivery.driven_by(cx.waker());
        let (at, reason) = delivery.due();
        if at > last_tick() && alarm.poll(at, cx).is_pending() {
            return Poll::Pending;
        }
        count(reason);
        delivery.resets();
        Poll::Ready(())
    })
    .await;
}

fn count(reason: Reason) {
    counter!(names::STREAMS_RESET, "reason" => reason.as_str()).increment(1);
}
