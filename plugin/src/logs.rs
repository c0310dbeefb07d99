//! Log lines of a plugin that lives in a file of its own: forwarded to its host.
//!
//! Owns the subscriber that does so. Embedded, the program's subscriber gets the lines, and this one is not there.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::host::HostLog;

/// Forwards events to the host. Spans are not carried over: the host adds the service and the workflow to each line.
pub(crate) struct Forward {
    host: HostLog,
    level: LevelFilter,
}

impl Forward {
    /// Forwards what the host would write.
    pub(crate) fn to(host: HostLog) -> Self {
        let levels = [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO, LevelFilter::WARN, LevelFilter::ERROR];
        let written = levels.into_iter().find(|filter| filter.into_level().is_some_and(|l| host.enabled(number(l))));
        Self { host, level: written.unwrap_or(LevelFilter::OFF) }
    }
}

/// The level as it crosses: 1 error to 5 trace.
fn number(level: Level) -> u32 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

impl Subscriber for Forward {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.level() <= &self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        let (file, place) = (metadata.file().unwrap_or_default(), metadata.line().unwrap_or_default());
        let text = format!("{}{}", line.message, line.fields);
        self.host.log(number(*metadata.level()), metadata.target(), text.trim_start(), file, place);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event as one line: its message, then ` name=value` for each other field.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string fails only if the value's own formatting does: then what there is stands.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
