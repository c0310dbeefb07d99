//! The command line: validate, describe or run one service, run a group of them or a bus, and say how it went.
//!
//! Owns exit codes, what goes to stdout and stderr, and the signals. Data on stdout, everything else on stderr.

mod args;
mod generate;
mod group;
mod help;
mod parse;
mod signals;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use service_framework_runtime::{
    BusOptions, BusPlan, Diagnostics, Loaded, LogOptions, Mode, OneLine, Reporter, StartError, describe,
};

use self::args::{BusArgs, Command, Format, GroupArgs, HowArgs, OnError, RunArgs};
use self::parse::Parsed;
use crate::{Service, ServiceBuilder, ServiceError};

/// Runs the command line and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Parsed { cli, config } = match parse::parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match cli.command {
        Some(Command::Describe { service, format }) => describe_service(&service, format),
        Some(Command::Completions { shell }) => print(&generate::completions(shell)),
        Some(Command::Man) => print(&generate::man()),
        Some(Command::Validate(run)) => validate(run, config),
        Some(Command::Bus(bus)) => run_bus(bus),
        Some(Command::Group(group)) => run_group(&group),
        None => run_service(cli.run, config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}", report(&error).trim_end());
            ExitCode::from(error.exit_code())
        }
    }
}

fn report(error: &ServiceError) -> String {
    match error {
        // They are whole pictures already.
        ServiceError::Invalid(diagnostics) => drawn(diagnostics),
        ServiceError::Load(error) => drawn(&error.diagnostics()),
        other => {
            let remedy = match other {
                ServiceError::Start(error) => match error.of_service() {
                    StartError::Wiring(error) => error.remedy(),
                    _ => None,
                },
                _ => None,
            };
            let help = remedy.map_or_else(String::new, |remedy| format!("\n = help: {remedy}"));
            format!("error: {}{help}", OneLine(&other.to_string()))
        }
    }
}

/// The pictures of diagnostics. Their renderer lets through some of what drives terminals; what is left of the rest is
/// its own lines and colours.
fn drawn(diagnostics: &Diagnostics) -> String {
    let text = diagnostics.render(coloured());
    let pieces = text.split_inclusive(['\n', '\u{1b}']).map(|piece| match piece.char_indices().next_back() {
        Some((end, last @ ('\n' | '\u{1b}'))) => format!("{}{last}", OneLine(piece.get(..end).unwrap_or_default())),
        _ => OneLine(piece).to_string(),
    });
    pieces.collect()
}

/// Whether diagnostics are drawn with colours: on a terminal, unless the environment asks for none (no-color.org).
fn coloured() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::IsTerminal::is_terminal(&std::io::stderr())
}

fn describe_service(path: &std::path::Path, format: Format) -> Result<(), ServiceError> {
    let loaded = Loaded::from_path(path)?;
    let text = match format {
        Format::Text => describe::text(loaded.model()),
        Format::Json => describe::json(loaded.model()).map_err(|error| ServiceError::Describe(error.to_string()))?,
        Format::JsonSchema => {
            describe::json_schema(loaded.model()).map_err(|error| ServiceError::Describe(error.to_string()))?
        }
    };
    print(text.as_bytes())
}

/// Writes data to stdout. A reader that goes away early (`| head`) is no failure; a disk that is full is one.
fn print(data: &[u8]) -> Result<(), ServiceError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(data).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(ServiceError::Output(error)),
        _ => Ok(()),
    }
}

fn validate(mut run: RunArgs, config: Vec<(String, String)>) -> Result<(), ServiceError> {
    let mode = mode(&run);
    // Nothing is logged, so no folder is made for it.
    run.how.log_path = None;
    let service = builder(run, config).build()?;
    let notes = service.validate(mode)?;
    let _ = write!(std::io::stderr(), "{}", drawn(&notes));
    print(b"valid: nothing was bound or started\n")
}

fn run_service(run: RunArgs, config: Vec<(String, String)>) -> Result<(), ServiceError> {
    signals::spare_the_start().map_err(|error| ServiceError::Start(error.into()))?;
    let mode = mode(&run);
    let mut service = builder(run, config).build()?;
    let signals = service.start(mode, |prepared| {
        let reporter = prepared.reporter();
        signals::install(prepared.stopper(), move || reporter.log())
    })?;
    let _signals = signals.map_err(|error| ServiceError::Start(error.into()))?;
    service.wait()
}

fn run_bus(bus: BusArgs) -> Result<(), ServiceError> {
    signals::spare_the_start().map_err(|error| ServiceError::Start(error.into()))?;
    let log =
        LogOptions { console: Some(bus.console_loglevel), format: bus.log_format.into(), ..LogOptions::default() };
    let options = BusOptions { queue: bus.queue, log, ..BusOptions::default() };
    let plan = BusPlan::new(&bus.input, &bus.output, options)?;
    let reporter = plan.reporter();
    let signals = signals::install(plan.stopper(), move || reporter.log());
    let _signals = signals.map_err(|error| ServiceError::Start(error.into()))?;
    Ok(plan.start()?.wait()?)
}

const fn mode(run: &RunArgs) -> Mode {
    if run.main_mode { Mode::Main } else { Mode::Service }
}

fn run_group(args: &GroupArgs) -> Result<(), ServiceError> {
    signals::spare_the_start().map_err(|error| ServiceError::Start(error.into()))?;
    let mut group = group::read(args)?.build()?;
    let signals = group.start(|prepared| {
        let reporters = prepared.reporters();
        signals::install(prepared.stopper(), move || reporters.iter().for_each(Reporter::log))
    })?;
    let _signals = signals.map_err(|error| ServiceError::Start(error.into()))?;
    group.wait()
}

fn builder(run: RunArgs, config: Vec<(String, String)>) -> ServiceBuilder {
    // The definition of the flags requires the path.
    let mut builder = how(Service::from_path(run.service_path.unwrap_or_default()), &run.how)
        .arguments(config)
        .flag_names(parse::flag_names())
        .environment(true)
        .service_loop_min_wait_time(run.service_loop_min_wait_time);
    if let Some(place) = run.placement {
        builder = builder.placement(place.into());
    }
    if let Some(path) = run.addresses_path {
        builder = builder.addresses_path(path);
    }
    if let Some(path) = run.config_path {
        builder = builder.config_path(path);
    }
    builder
}

/// What the flags say of any service that is run.
fn how(builder: ServiceBuilder, how: &HowArgs) -> ServiceBuilder {
    let mut builder = builder
        .log_levels(how.console_loglevel, how.file_loglevel)
        .log_format(how.log_format.into())
        .backup_count(how.backup_count)
        .stop_timeout(how.stop_timeout)
        .stop_on_error(how.on_error == OnError::Stop)
        .busy(how.busy)
        .slow_after(Some(how.slow_after).filter(|limit| !limit.is_zero()));
    if let Some(name) = &how.transport {
        builder = builder.transport(name);
    }
    if let Some(path) = &how.log_path {
        builder = builder.log_path(path);
    }
    builder
}
