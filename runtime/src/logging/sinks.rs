//! The sinks of one service, and the lines that go into them.
//!
//! Owns the clock of the lines: a line is written everywhere with the one time at which it was logged.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use super::context::{ServiceGuard, service};
use super::hourly::{HourlyFiles, Notes};
use super::limit::Limits;
use super::line::{LogFormat, Record};
use super::{LogLevel, LogOptions};

/// Where the lines of one service go.
#[derive(Clone, Default)]
pub(crate) struct Sinks {
    /// None where the program's own subscriber gets the lines.
    dispatch: Option<Dispatch>,
    /// Of a single subscriber `tracing` assumes that it is that of every thread: a place in the code to which a thread
    /// without these sinks comes first would then be silent for all. Beside a second one, which gets nothing, it asks.
    _beside: Option<Dispatch>,
    limits: Arc<Limits>,
}

impl Sinks {
    /// Opens the sinks of the service called `name`.
    ///
    /// # Errors
    /// If the folder of the log files cannot be made or written.
    pub(crate) fn open(options: &LogOptions, name: &str) -> Result<Self, String> {
        if options.console.is_none() && options.directory.is_none() {
            return Ok(Self::default());
        }
        let console = options.console.unwrap_or(LogLevel::OFF).0;
        let mut lines = Lines { format: options.format, console, files: None };
        if let Some(directory) = &options.directory {
            let opened = HourlyFiles::open(directory, name, options.backup_count.unwrap_or(24), Utc::now());
            let (files, notes) = opened.map_err(|error| {
                format!("cannot write log files into `{}`: {}", directory.display(), reason_of(directory, &error))
            })?;
            lines.files = Some((options.file.unwrap_or(LogLevel::INFO).0, Mutex::new(files)));
            let _service = service(name.into(), &Arc::default());
            lines.say(notes);
        }
        // First, so that the sinks are never alone.
        let beside = Dispatch::new(NoSubscriber::new());
        let dispatch = Dispatch::new(Registry::default().with(lines));
        Ok(Self { dispatch: Some(dispatch), _beside: Some(beside), limits: Arc::default() })
    }

    /// Makes this thread's lines go to these sinks as those of the service called `name`, until the guard is dropped.
    pub(crate) fn enter(&self, name: &str) -> Entered {
        self.enter_as(Arc::from(name))
    }

    /// The same, for who does so often and has a name to share.
    pub(crate) fn enter_as(&self, name: Arc<str>) -> Entered {
        let subscriber = self.dispatch.as_ref().map(tracing::dispatcher::set_default);
        Entered { _service: service(name, &self.limits), _subscriber: subscriber }
    }
}

/// Why no file can be written into a folder, in the words of this crate.
fn reason_of(folder: &Path, error: &io::Error) -> String {
    match folder.ancestors().find(|part| part.exists()) {
        Some(part) if !part.is_dir() => format!("`{}` is no folder", part.display()),
        _ if error.kind() == io::ErrorKind::PermissionDenied => "this user may not write there".to_owned(),
        _ => error.to_string(),
    }
}

/// A thread that logs for a service.
pub(crate) struct Entered {
    _service: ServiceGuard,
    _subscriber: Option<tracing::subscriber::DefaultGuard>,
}

/// Writes each event to the console and into the files, as their levels say.
struct Lines {
    format: LogFormat,
    console: LevelFilter,
    files: Option<(LevelFilter, Mutex<HourlyFiles>)>,
}

impl Lines {
    fn most(&self) -> LevelFilter {
        self.files.as_ref().map_or(self.console, |(level, _)| self.console.max(*level))
    }

    /// Says what there is to be said about the files, on stderr whatever the console's level: there is no other place.
    fn say(&self, notes: Notes) {
        for note in notes {
            to_stderr(&Record::new(Level::ERROR, module_path!(), note).line(self.format, Utc::now()));
        }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.most()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let now = Utc::now();
        let line = Record::of(event).line(self.format, now);
        let level = event.metadata().level();
        if *level <= self.console {
            to_stderr(&line);
        }
        if let Some((most, files)) = &self.files
            && level <= most
        {
            let notes = files.lock().unwrap_or_else(PoisonError::into_inner).write(now, &line);
            self.say(notes);
        }
    }
}

/// A reader of stderr that has gone is no failure of the service.
fn to_stderr(line: &str) {
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say() {
        tracing::info!("whoever came first");
    }

    #[test]
    fn a_place_in_the_code_to_which_a_thread_without_sinks_came_first_is_heard_by_those_with_sinks() {
        let folder = std::env::temp_dir().join(format!("sinks-{}", std::process::id()));
        let options = LogOptions { directory: Some(folder.clone()), ..LogOptions::default() };
        let sinks = Sinks::open(&options, "desk").unwrap();
        std::thread::spawn(say).join().unwrap();
        {
            let _logs = sinks.enter("desk");
            say();
        }
        let files = std::fs::read_dir(&folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()));
        let heard = files.filter(|text| text.as_ref().unwrap().contains("whoever came first")).count();
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(heard, 1);
    }
}
