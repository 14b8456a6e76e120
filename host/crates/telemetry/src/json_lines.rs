//! Log lines as JSON objects: one a line, whatever is in them.
//!
//! `timestamp`, `level`, the event's own fields beside them, `message` and `target`. A field called `fields` that holds a JSON
//! object, as guests give theirs, is written as that object.

use std::fmt::{self, Debug, Write as _};

use serde::de::IgnoredAny;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The field that may hold an object.
const FIELDS: &str = "fields";

/// Writes events.
pub(crate) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let mut object = begin(metadata.level().as_str());
        event.record(&mut Values(&mut object));
        string(&mut object, "target", metadata.target());
        object.push_str("}\n");
        writer.write_str(&object)
    }
}

/// A line that is not an event: its level, message and further values.
pub(crate) fn line(level: &str, message: &str, values: &[(&str, &str)]) -> String {
    let mut object = begin(level);
    string(&mut object, "message", message);
    for (name, value) in values {
        string(&mut object, name, value);
    }
    string(&mut object, "target", "mayfly");
    object.push_str("}\n");
    object
}

/// The beginning of every object.
fn begin(level: &str) -> String {
    let mut time = String::new();
    // Writing to a string cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut object = String::with_capacity(256);
    object.push_str("{\"timestamp\":");
    quote(&mut object, &time);
    string(&mut object, "level", level);
    object
}

fn string(object: &mut String, name: &str, value: &str) {
    key(object, name);
    quote(object, value);
}

fn key(object: &mut String, name: &str) {
    object.push(',');
    quote(object, name);
    object.push(':');
}

fn quote(object: &mut String, text: &str) {
    // A string has no value that JSON lacks.
    object.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

/// Writes the values of an event as they come.
struct Values<'o>(&'o mut String);

impl Values<'_> {
    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        key(self.0, field.name());
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{value}");
    }

    fn text(&mut self, field: &Field, text: &str) {
        if field.name() == FIELDS && is_object(text) {
            key(self.0, FIELDS);
            // Between the parts of JSON an end of line is white space, and inside its strings there is none.
            self.0.push_str(&text.replace(['\n', '\r'], " "));
        } else {
            string(self.0, field.name(), text);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing is made of the text, which is a line of a guest's log budget"
)]
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

impl Visit for Values<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else {
            self.text(field, &value.to_string());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::disallowed_types,
        clippy::disallowed_methods,
        reason = "tests end by panicking, and read what was written here"
    )]
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = written.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn an_event_is_one_object_whatever_it_holds() {
        let nasty = "a \"quote\",\na line\u{0} and \\";
        let lines = lines(|| {
            tracing::warn!(target: "guest", nasty, %nasty, count = 3_u64, ratio = f64::NAN, right = true, "told: {nasty}");
        });
        let [line] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["target"], "guest");
        assert_eq!(line["message"], format!("told: {nasty}"));
        assert_eq!(line["nasty"], nasty);
        assert_eq!(line["count"], 3);
        assert_eq!(line["ratio"], "NaN");
        assert_eq!(line["right"], true);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn fields_that_are_an_object_are_written_as_one() {
        let given = [
            "{\"rows\": 3,\n \"of\": {\"a\": [1]}}",
            "[1]",
            "{\"rows\": 3",
            "",
        ];
        let lines = lines(|| {
            for fields in given {
                tracing::info!(target: "guest", %fields, "a line");
            }
        });
        let told: Vec<_> = lines.iter().map(|line| line["fields"].clone()).collect();
        let expected = [
            json!({ "rows": 3, "of": { "a": [1] } }),
            json!("[1]"),
            json!("{\"rows\": 3"),
            json!(""),
        ];
        assert_eq!(told, expected);
    }
}
