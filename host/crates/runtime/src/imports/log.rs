//! `log`: a guest's lines, written as the host's own with module, version, field and trace id added.

use super::bindings::mayfly::resolver::log as wit;
use super::calls::Calls;

impl wit::Host for Calls {
    fn write(
        &mut self,
        level: wit::Level,
        message: String,
        fields: String,
    ) -> wasmtime::Result<()> {
        if self.may_log(message.len() + fields.len()) {
            let module = &self.module.name;
            let version = &self.origin.version;
            let field = self.origin.field();
            let trace_id = &self.operation.trace_id;
            let api_key = self.operation.caller.api_key();
            // Without further values there is nothing to show.
            let fields = (!fields.is_empty()).then_some(fields.as_str());
            macro_rules! line {
                ($level:ident) => {
                    tracing::$level!(target: "guest", %module, %version, %field, %trace_id, api_key, fields, "{message}")
                };
            }
            match level {
                wit::Level::Trace => line!(trace),
                wit::Level::Debug => line!(debug),
                wit::Level::Info => line!(info),
                wit::Level::Warn => line!(warn),
                wit::Level::Error => line!(error),
            }
        }
        Ok(())
    }

    fn enabled(&mut self, level: wit::Level) -> wasmtime::Result<bool> {
        Ok(match level {
            wit::Level::Trace => tracing::enabled!(target: "guest", tracing::Level::TRACE),
            wit::Level::Debug => tracing::enabled!(target: "guest", tracing::Level::DEBUG),
            wit::Level::Info => tracing::enabled!(target: "guest", tracing::Level::INFO),
            wit::Level::Warn => tracing::enabled!(target: "guest", tracing::Level::WARN),
            wit::Level::Error => tracing::enabled!(target: "guest", tracing::Level::ERROR),
        })
    }
}
