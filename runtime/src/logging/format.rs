//! The text form of a log line: time, level, service, workflow id, message, fields.
//!
//! Owns the form. Escapes control characters: a line is one line, whatever a peer put into it.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::context;

/// One event as one line.
pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ");
        write!(out, "{now} {:<5} ", event.metadata().level())?;
        context::write(&mut out)?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        writeln!(out, "{}{}", fields.message, fields.others)
    }
}

/// The message and, behind it, the other fields as ` name=value`.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        // Writing into a String cannot fail.
        let _ = if field.name() == "message" {
            context::escape(&text, &mut self.message)
        } else {
            let _ = write!(self.others, " {}=", field.name());
            context::escape(&text, &mut self.others)
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Captured {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_line_has_time_level_service_message_and_fields_and_is_one_line() {
        let captured = Captured::default();
        let layer = tracing_subscriber::fmt().event_format(Line).with_writer(captured.clone()).finish();
        tracing::subscriber::with_default(layer, || {
            let _service = context::service("desk");
            tracing::warn!(connection = "order", "refused:\nevil \u{1b}[0m");
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
        assert_eq!(rest, "WARN  desk refused:\\nevil \\u{1b}[0m connection=order\n");
    }
}
