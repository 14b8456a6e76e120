//! Attempts: every send of a request, those included that the SDK makes by itself.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use mayfly_telemetry::names;

/// What an answer holds when the service asks for fewer requests.
const THROTTLES: [&str; 4] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
];

/// Counts attempts, and those that were throttled.
#[derive(Debug)]
pub(super) struct Attempts;

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        metrics::counter!(names::DYNAMODB_ATTEMPTS).increment(1);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let refusal = context
            .response()
            .filter(|response| response.status().is_client_error());
        let text = refusal
            .and_then(|response| response.body().bytes())
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        if THROTTLES.iter().any(|word| text.contains(word)) {
            metrics::counter!(names::DYNAMODB_THROTTLES).increment(1);
            tracing::debug!("DynamoDB asked for fewer requests");
        }
        Ok(())
    }
}
