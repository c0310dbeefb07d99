//! The flags and the commands: one definition, which feeds parsing, `--help`, completions and the man page.
//!
//! Owns their names, their values and what is said about each. Never does anything about them.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use service_framework_runtime::{LogFormat, LogLevel, Placement, transport};

use super::help;

const USAGE: &str = "\
service_framework -s PATH [-a PATH] [-c PATH] [OPTIONS] [--NAME VALUE]...
       service_framework <COMMAND>";

/// Runs a service that declares its config, its connections and its states.
#[derive(Debug, Parser)]
#[command(name = "service_framework", version, about, after_help = help::below_the_flags(), override_usage = USAGE)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks the service, its config and its addresses without binding anything
    #[command(override_usage = "service_framework validate -s PATH [OPTIONS] [--NAME VALUE]...")]
    Validate(RunArgs),
    /// Runs a bus: what publishers send to one address reaches the subscribers at another one
    #[command(override_usage = "service_framework bus --in ADDR --out ADDR [OPTIONS]")]
    Bus(BusArgs),
    /// Runs several services on one thread, wired to each other by relations
    #[command(override_usage = "service_framework group FILE [OPTIONS]", after_help = help::below_a_group())]
    Group(GroupArgs),
    /// Prints what a service declares
    Describe {
        /// The service plugin
        service: PathBuf,
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Prints the completions of a shell
    Completions {
        /// The shell that they are for
        shell: Shell,
    },
    /// Prints the manual page (`service_framework man | man -l -`)
    Man,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// The models as the plugin hands them over
    Json,
    /// JSON Schema (draft 2020-12): of the config, and under `$defs` of what each connection carries
    JsonSchema,
}

/// The flags of a bus.
#[derive(Debug, Args)]
pub(crate) struct BusArgs {
    /// Where publishers connect (`is_x_pub`), such as 127.0.0.1:8001, *:8001 or ipc:///tmp/in.sock
    #[arg(long = "in", value_name = "ADDR")]
    pub(crate) input: String,
    /// Where subscribers connect, likewise
    #[arg(long = "out", value_name = "ADDR")]
    pub(crate) output: String,
    /// How many messages may wait for one subscriber; one that is slower loses what comes then
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) queue: u32,
    /// Level of the console: OFF, ERROR, WARNING, INFO, DEBUG or TRACE [short: -cl]
    #[arg(long, value_name = "LEVEL", default_value = "INFO", ignore_case = true)]
    #[arg(aliases = ["console_loglevel", "console-log-level"], value_parser = levels(), hide_possible_values = true)]
    pub(crate) console_loglevel: LogLevel,
    /// Form of the lines on the console
    #[arg(long, alias = "log_format", value_name = "FORMAT", value_enum, default_value_t = LineFormat::Text)]
    pub(crate) log_format: LineFormat,
}

/// The flags of a group.
#[derive(Debug, Args)]
pub(crate) struct GroupArgs {
    /// The file that says which services there are and how they are related (JSON)
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

/// The flags of a run; the reference's spellings with underscores are understood as they are.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The service plugin: a path to a shared library, absolute or relative
    #[arg(help_heading = SERVICE, short = 's', long, alias = "service_path", value_name = "PATH", required = true)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) service_path: Option<PathBuf>,
    /// The addresses file (JSON)
    #[arg(help_heading = SERVICE, short = 'a', long, alias = "addresses_path", value_name = "PATH")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) addresses_path: Option<PathBuf>,
    /// The config file (JSON)
    #[arg(help_heading = SERVICE, short = 'c', long, alias = "config_path", value_name = "PATH")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) config_path: Option<PathBuf>,
    /// Run main instead of the service loop
    #[arg(help_heading = RUNNING, short = 'm', long, alias = "main_mode")]
    pub(crate) main_mode: bool,
    /// Least time between two passes of the service loop [short: -wt]
    #[arg(help_heading = RUNNING, long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    #[arg(aliases = ["service_loop_min_wait_time_s", "service_loop_min_wait_time"])]
    pub(crate) service_loop_min_wait_time: Duration,
    /// Where the sockets live; in service mode inline, in main mode offloaded, if not given
    #[arg(help_heading = RUNNING, long, value_name = "WHERE", value_enum)]
    pub(crate) placement: Option<Where>,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

/// The flags of whatever runs services.
#[derive(Debug, Args)]
pub(crate) struct HowArgs {
    /// What happens when a function of the service fails
    #[arg(help_heading = RUNNING, long, alias = "on_error", value_name = "WHAT", value_enum, default_value_t = OnError::GoOn)]
    pub(crate) on_error: OnError,
    /// How long the service's code may take to return when it is stopped
    #[arg(help_heading = RUNNING, long, alias = "stop_timeout", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = seconds)]
    pub(crate) stop_timeout: Duration,
    /// What carries the connections whose addresses choose nothing: omq or zeromq; omq if not given
    #[arg(help_heading = RUNNING, long, value_name = "NAME", value_parser = transports(), hide_possible_values = true)]
    pub(crate) transport: Option<String>,
    /// Spin instead of sleeping while there is nothing to do: the shortest latency for a core of its own
    #[arg(help_heading = RUNNING, long)]
    pub(crate) busy: bool,
    /// How long a function of the service may take before the log names it; 0 names none
    #[arg(help_heading = RUNNING, long, alias = "slow_after", value_name = "SECONDS", default_value = "1")]
    #[arg(value_parser = seconds)]
    pub(crate) slow_after: Duration,
    /// Level of the console: OFF, ERROR, WARNING, INFO, DEBUG or TRACE [short: -cl]
    #[arg(help_heading = LOGGING, long, value_name = "LEVEL", default_value = "INFO", ignore_case = true)]
    #[arg(aliases = ["console_loglevel", "console-log-level"], value_parser = levels(), hide_possible_values = true)]
    pub(crate) console_loglevel: LogLevel,
    /// Level of the log files, likewise
    #[arg(help_heading = LOGGING, short = 'f', long, value_name = "LEVEL", default_value = "INFO", ignore_case = true)]
    #[arg(aliases = ["file_loglevel", "file-log-level"], value_parser = levels(), hide_possible_values = true)]
    pub(crate) file_loglevel: LogLevel,
    /// Form of the lines on the console and in the files
    #[arg(help_heading = LOGGING, long, alias = "log_format", value_name = "FORMAT", value_enum, default_value_t = LineFormat::Text)]
    pub(crate) log_format: LineFormat,
    /// Folder for hourly log files; none without it
    #[arg(help_heading = LOGGING, short = 'l', long, alias = "log_path", value_name = "DIR")]
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) log_path: Option<PathBuf>,
    /// How many files of earlier hours are kept [short: -bc]
    #[arg(help_heading = LOGGING, long, alias = "backup_count", value_name = "N", default_value = "24")]
    #[arg(value_parser = count)]
    pub(crate) backup_count: usize,
}

/// Under these words the flags stand in `--help` and the man page.
const SERVICE: &str = "Service";
const RUNNING: &str = "Running";
const LOGGING: &str = "Logging";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Answer an error, count it, log it, go on
    GoOn,
    /// Stop the service with exit code 70, unless the function says that its caller is at fault
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    /// On the thread of the service's code: the shortest way
    Inline,
    /// On a thread of their own: alive whatever the code does
    Offloaded,
}

impl From<Where> for Placement {
    fn from(place: Where) -> Self {
        match place {
            Where::Inline => Self::Inline,
            Where::Offloaded => Self::Offloaded,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LineFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl From<LineFormat> for LogFormat {
    fn from(format: LineFormat) -> Self {
        match format {
            LineFormat::Text => Self::Text,
            LineFormat::Json => Self::Json,
        }
    }
}

/// The transports that can carry a process's connections: all but the one that stays within the process.
fn transports() -> PossibleValuesParser {
    PossibleValuesParser::new(transport::NAMES.iter().filter(|name| **name != transport::IN_PROCESS))
}

/// The words of the levels; Python's are understood, but not advertised.
fn levels() -> impl TypedValueParser<Value = LogLevel> {
    let words = LogLevel::WORDS.map(|word| match word {
        "ERROR" => PossibleValue::new(word).aliases(["CRITICAL", "FATAL"]),
        "WARNING" => PossibleValue::new(word).alias("WARN"),
        "TRACE" => PossibleValue::new(word).alias("NOTSET"),
        word => PossibleValue::new(word),
    });
    PossibleValuesParser::new(words).try_map(|word| word.parse::<LogLevel>())
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number that is not negative".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 0.5".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "expected a number of seconds that is not negative".to_owned())
}
