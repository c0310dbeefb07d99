//! The two forms of a log line: text for people, JSON for programs.
//!
//! Owns both forms, and that a line is one line in either, whatever a peer put into it. Reads no clock and writes
//! nowhere.

use std::fmt::{self, Write};
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Number, Value as Json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::context;
use super::escape::{OneLine, is_dangerous};
use super::plugins::PLUGIN;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `TIME LEVEL SERVICE [WORKFLOW ID] MESSAGE FIELD=VALUE...`
    #[default]
    Text,
    /// An object with `time` (RFC 3339, UTC, microseconds), `level`, `service`, `workflow_id`, `target`, `message` and
    /// `fields`; `service` and `workflow_id` are null where there is none.
    Json,
}

/// What one line says, beside when and for whom it is said.
pub(super) struct Record {
    level: Level,
    target: String,
    message: String,
    fields: Vec<(&'static str, Json)>,
}

impl Record {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut record = Self::new(*metadata.level(), metadata.target(), String::new());
        event.record(&mut record);
        record
    }

    pub(super) fn new(level: Level, target: &str, message: String) -> Self {
        Self { level, target: target.to_owned(), message, fields: Vec::new() }
    }

    /// The line, with its end.
    pub(super) fn line(&self, format: LogFormat, now: DateTime<Utc>) -> String {
        let time = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut line = match format {
            LogFormat::Text => self.text(&time),
            LogFormat::Json => self.json(&time),
        };
        line.push('\n');
        line
    }

    fn text(&self, time: &str) -> String {
        let mut line = format!("{time} {:<5} ", self.level);
        let of = |text: &str, around: [&str; 2]| match text {
            "" => String::new(),
            text => format!("{}{}{}", around[0], OneLine(text), around[1]),
        };
        context::with(|service, workflow| {
            line.push_str(&of(service, ["", " "]));
            line.push_str(&of(workflow, ["[", "] "]));
        });
        // Writing into a String does not fail.
        let _ = write!(line, "{}", OneLine(&self.message));
        for (name, value) in &self.fields {
            let _ = match value {
                Json::String(text) => write!(line, " {name}={}", OneLine(text)),
                value => write!(line, " {name}={value}"),
            };
        }
        line
    }

    fn json(&self, time: &str) -> String {
        let mut line = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut line, Escaping);
        // Writing texts and numbers into memory does not fail.
        let _ = context::with(|service, workflow| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("time", time)?;
            map.serialize_entry("level", self.level.as_str())?;
            map.serialize_entry("service", &given(service))?;
            map.serialize_entry("workflow_id", &given(workflow))?;
            map.serialize_entry("target", &self.target)?;
            map.serialize_entry("message", &self.message)?;
            map.serialize_entry("fields", &Fields(&self.fields))?;
            map.end()
        });
        String::from_utf8(line).unwrap_or_default()
    }

    fn put(&mut self, field: &Field, value: Json) {
        match (field.name(), value) {
            ("message", Json::String(text)) => self.message = text,
            // A plugin's modules are known when it logs, not when this program was built.
            ("module", Json::String(text)) if self.target == PLUGIN => self.target = text,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Record {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Number::from_f64(value).map_or_else(|| Json::String(value.to_string()), Json::Number));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // It fails only if the value's own formatting does: then what there is stands.
        let _ = write!(text, "{value:?}");
        self.put(field, text.into());
    }
}

struct Fields<'a>(&'a [(&'static str, Json)]);

impl serde::Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// JSON that may be shown on a terminal too: what JSON itself allows unescaped and [`is_dangerous`] does not.
struct Escaping;

impl serde_json::ser::Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        fragment.split_inclusive(is_dangerous).try_for_each(|piece| {
            let Some((last, before)) =
                piece.chars().next_back().and_then(|c| Some((c, piece.strip_suffix(is_dangerous)?)))
            else {
                return writer.write_all(piece.as_bytes());
            };
            writer.write_all(before.as_bytes())?;
            last.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;
    use service_framework_model::wire::envelope::WorkflowId;
    use tracing_subscriber::layer::{Context, SubscriberExt};
    use tracing_subscriber::{Layer, Registry};

    use super::*;

    /// Writes each event in both forms, at the beginning of 1970.
    struct Both<'a>(&'a Mutex<Vec<(String, String)>>);

    impl<S: tracing::Subscriber> Layer<S> for Both<'static> {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let record = Record::of(event);
            let line = |format| record.line(format, DateTime::UNIX_EPOCH);
            self.0.lock().unwrap().push((line(LogFormat::Text), line(LogFormat::Json)));
        }
    }

    /// The line that is logged meanwhile, in both forms.
    fn logged(log: impl FnOnce()) -> (String, Json) {
        let lines: &'static Mutex<Vec<_>> = Box::leak(Box::default());
        tracing::subscriber::with_default(Registry::default().with(Both(lines)), log);
        let (text, json) = lines.lock().unwrap().pop().unwrap();
        assert!(json.ends_with("}\n"), "{json}");
        (text, serde_json::from_str(&json).unwrap())
    }

    #[test]
    fn a_line_has_time_level_service_workflow_message_and_fields() {
        let (text, json) = logged(|| {
            let _service = context::service("desk".into(), &Default::default());
            let _workflow = context::workflow(&WorkflowId::Str("w 1"));
            tracing::warn!(
                connection = "order",
                n = -7,
                big = u64::MAX,
                half = 0.5,
                yes = true,
                nan = f64::NAN,
                "no {}",
                1
            );
        });
        let fields = "connection=order n=-7 big=18446744073709551615 half=0.5 yes=true nan=NaN";
        assert_eq!(text, format!("1970-01-01T00:00:00.000000Z WARN  desk [w 1] no 1 {fields}\n"));
        let fields = serde_json::json!({
            "connection": "order", "n": -7, "big": u64::MAX, "half": 0.5, "yes": true, "nan": "NaN",
        });
        let expected = serde_json::json!({
            "time": "1970-01-01T00:00:00.000000Z", "level": "WARN", "service": "desk", "workflow_id": "w 1",
            "target": module_path!(), "message": "no 1", "fields": fields,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn outside_of_a_service_there_is_neither_service_nor_workflow() {
        let (text, json) = logged(|| tracing::error!("alone"));
        assert_eq!(text, "1970-01-01T00:00:00.000000Z ERROR alone\n");
        assert_eq!((&json["service"], &json["workflow_id"]), (&Json::Null, &Json::Null));
    }

    #[test]
    fn the_target_of_a_plugins_line_is_its_module() {
        let (text, json) = logged(|| super::super::forward(3, "desk::orders", "a line", "desk.rs", 7));
        assert_eq!(text, "1970-01-01T00:00:00.000000Z INFO  a line\n");
        assert_eq!((json["target"].as_str(), &json["fields"]), (Some("desk::orders"), &serde_json::json!({})));
        let (text, json) = logged(|| super::super::forward(1, "desk::orders", "an error", "desk.rs", 7));
        assert!(text.ends_with("an error file=desk.rs line=7\n"), "{text}");
        assert_eq!(json["fields"], serde_json::json!({"file": "desk.rs", "line": 7}));
    }

    #[test]
    fn a_huge_message_is_one_line_of_valid_json() {
        let huge = "\u{1b}\n".repeat(1 << 20);
        let (text, json) = logged(|| tracing::info!("{huge}"));
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(json["message"], huge);
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_one_harmless_line_and_json_keeps_every_character(
            message in any::<String>(), id in "\\PC{0,60}|[\u{0}-\u{ff}\u{2000}-\u{2070}]{1,60}", field in any::<String>(),
        ) {
            let lines: &'static Mutex<Vec<_>> = Box::leak(Box::default());
            tracing::subscriber::with_default(Registry::default().with(Both(lines)), || {
                let _workflow = context::workflow(&WorkflowId::Str(&id));
                tracing::info!(field, "{message}");
            });
            let (text, json) = lines.lock().unwrap().pop().unwrap();
            for line in [&text, &json] {
                let line = line.strip_suffix('\n').unwrap();
                prop_assert!(!line.contains(is_dangerous), "{line:?}");
            }
            let read: Json = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read["message"], &message);
            prop_assert_eq!(&read["fields"]["field"], &field);
            prop_assert_eq!(read["workflow_id"].as_str().unwrap_or_default(), &id);
        }
    }
}
