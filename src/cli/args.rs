//! What the command line says, before anything is done about it.
//!
//! Owns the flags: one definition feeds parsing, `--help` and the list of names that are not config. Never reads a
//! file: names that are no flags are handed on as config, for the service's model to judge.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use service_framework_runtime::LogLevel;

const AFTER_HELP: &str = "\
Config: any other --name VALUE, --name=VALUE or bare pair `name VALUE` sets the service's config, read as the type that
its model gives it. It overrides the environment (SF_CONFIG_<NAME>), which overrides the config file.

Exit codes:
  0    stopped cleanly
  2    the command line cannot be understood
  69   an address could not be bound or connected
  70   the service failed, or did not stop in time
  78   the config, the addresses or the plugin are invalid
  130  a second SIGINT stopped it at once (143: a second SIGTERM)";

/// Runs a service that declares its config, its connections and its states.
#[derive(Debug, Parser)]
#[command(name = "service_framework", version, about, after_help = AFTER_HELP, subcommand_negates_reqs = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks the service, its config and its addresses without binding anything
    Validate(RunArgs),
    /// Prints what a service declares
    Describe {
        /// The service plugin
        service: PathBuf,
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// The models as the plugin hands them over
    Json,
}

/// The flags of a run; the reference's spellings with underscores are understood as they are.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The service plugin: a path to a shared library, absolute or relative
    #[arg(short = 's', long, alias = "service_path", value_name = "PATH", required = true)]
    pub(crate) service_path: Option<PathBuf>,
    /// The addresses file (JSON)
    #[arg(short = 'a', long, alias = "addresses_path", value_name = "PATH")]
    pub(crate) addresses_path: Option<PathBuf>,
    /// The config file (JSON)
    #[arg(short = 'c', long, alias = "config_path", value_name = "PATH")]
    pub(crate) config_path: Option<PathBuf>,
    /// Run main instead of the service loop
    #[arg(short = 'm', long, alias = "main_mode")]
    pub(crate) main_mode: bool,
    /// Least time between two passes of the service loop [short: -wt]
    #[arg(long, aliases = ["service_loop_min_wait_time_s", "service_loop_min_wait_time"], value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub(crate) service_loop_min_wait_time: Duration,
    /// Level of the console: OFF, ERROR, WARNING, INFO, DEBUG, TRACE [short: -cl]
    #[arg(long, aliases = ["console_loglevel", "console-log-level"], value_name = "LEVEL", default_value = "INFO", value_parser = str::parse::<LogLevel>)]
    pub(crate) console_loglevel: LogLevel,
    /// Level of the log files
    #[arg(short = 'f', long, aliases = ["file_loglevel", "file-log-level"], value_name = "LEVEL", default_value = "INFO", value_parser = str::parse::<LogLevel>)]
    pub(crate) file_loglevel: LogLevel,
    /// Folder for hourly log files; none without it
    #[arg(short = 'l', long, alias = "log_path", value_name = "DIR")]
    pub(crate) log_path: Option<PathBuf>,
    /// How many hourly log files are kept [short: -bc]
    #[arg(long, alias = "backup_count", value_name = "N", default_value_t = 24)]
    pub(crate) backup_count: usize,
    /// How long the service's code may take to return when it is stopped
    #[arg(long, alias = "stop_timeout", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) stop_timeout: Duration,
    /// What happens when a function of the service fails
    #[arg(long, alias = "on_error", value_enum, default_value_t = OnError::GoOn)]
    pub(crate) on_error: OnError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Answer an error, count it, log it, go on
    GoOn,
    /// Stop the service with exit code 70, unless the function says that its caller is at fault
    Stop,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 0.5".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "expected a number of seconds that is not negative".to_owned())
}

/// Flags of two letters behind one dash, which the parser does not know by itself.
const TWO_LETTERS: [(&str, &str); 3] =
    [("-wt", "--service-loop-min-wait-time"), ("-cl", "--console-loglevel"), ("-bc", "--backup-count")];

/// What a command line says.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) cli: Cli,
    /// Config names and their texts, in order.
    pub(crate) config: Pairs,
}

/// Parses a command line; `arguments` begins with the program's name.
///
/// # Errors
/// With what to print and the exit code, `--help` and `--version` included.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, clap::Error> {
    let (flags, config) = split(arguments)?;
    Ok(Parsed { cli: Cli::try_parse_from(flags)?, config })
}

/// Config names and their texts.
type Pairs = Vec<(String, String)>;

/// Parts flags from config.
fn split(arguments: impl IntoIterator<Item = OsString>) -> Result<(Vec<OsString>, Pairs), clap::Error> {
    let mut command = Cli::command();
    command.build();
    let mut arguments = arguments.into_iter().peekable();
    let mut flags: Vec<OsString> = arguments.next().into_iter().collect();
    let mut config = Vec::new();
    if let Some(first) = arguments.peek()
        && command.get_subcommands().any(|sub| first == sub.get_name())
    {
        let describes = first == "describe";
        flags.extend(arguments.next());
        if describes {
            flags.extend(arguments);
            return Ok((flags, config));
        }
    }
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        let (name, inline) = match text.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name.to_owned(), Some(value.to_owned())),
            _ => (text.clone(), None),
        };
        let name = TWO_LETTERS.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| (*long).to_owned());
        if let Some(takes_value) = flag(&command, &name) {
            flags.push(inline.as_ref().map_or_else(|| name.clone().into(), |value| format!("{name}={value}").into()));
            if takes_value && inline.is_none() {
                flags.extend(arguments.next());
            }
            continue;
        }
        let key = match name.strip_prefix("--") {
            Some("") | None if name.starts_with('-') => {
                // Not ours to guess: clap says what it does not know, and what it knows.
                flags.push(argument);
                continue;
            }
            Some(key) => key.to_owned(),
            None => name,
        };
        let value = inline.or_else(|| arguments.next().map(|value| value.to_string_lossy().into_owned()));
        let Some(value) = value else {
            let message =
                format!("the config name `{key}` needs a value: `--{key} VALUE`, `--{key}=VALUE` or `{key} VALUE`\n");
            return Err(command.error(clap::error::ErrorKind::InvalidValue, message));
        };
        config.push((key, value));
    }
    Ok((flags, config))
}

/// Whether `name` is a flag, and if so whether it takes a value. A short one may carry its value at once (`-mX`).
fn flag(command: &clap::Command, name: &str) -> Option<bool> {
    let long = name.strip_prefix("--");
    let short = name.strip_prefix('-').filter(|rest| !rest.starts_with('-') && rest.chars().count() == 1);
    let known = command.get_arguments().find(|argument| match (long, short) {
        (Some(long), _) => {
            argument.get_long() == Some(long) || argument.get_all_aliases().is_some_and(|all| all.contains(&long))
        }
        (_, Some(short)) => argument.get_short().is_some_and(|s| short.starts_with(s)),
        _ => false,
    })?;
    Some(known.get_action().takes_values())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Parsed {
        parse(["service_framework"].into_iter().chain(line.split_whitespace()).map(OsString::from)).unwrap()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn two_letter_flags_and_the_spellings_of_the_reference_are_understood() {
        let short = parsed("-s a.so -wt 0.5 -cl DEBUG -bc 3 -m").cli.run;
        let long = parsed("--service_path a.so --service_loop_min_wait_time_s 0.5 --console_loglevel DEBUG --backup_count=3 --main_mode").cli.run;
        for run in [short, long] {
            assert_eq!(run.service_path, Some("a.so".into()));
            assert_eq!(run.service_loop_min_wait_time, Duration::from_millis(500));
            assert_eq!(run.console_loglevel, "DEBUG".parse().unwrap());
            assert_eq!((run.backup_count, run.main_mode), (3, true));
        }
    }

    #[test]
    fn all_three_forms_set_config_and_values_may_be_negative() {
        let parsed = parsed("-s a.so --depth -5 --symbol=BTC=USD note hello");
        let pairs = [("depth", "-5"), ("symbol", "BTC=USD"), ("note", "hello")];
        assert_eq!(parsed.config, pairs.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn config_may_be_set_for_validate_too() {
        let parsed = parsed("validate -s a.so --depth 5");
        assert!(matches!(parsed.cli.command, Some(Command::Validate(RunArgs { service_path: Some(_), .. }))));
        assert_eq!(parsed.config.len(), 1);
    }

    #[test]
    fn a_name_without_a_value_is_a_usage_error() {
        let error = parse(["x", "-s", "a.so", "--depth"].map(OsString::from)).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("`depth` needs a value"), "{error}");
    }

    #[test]
    fn an_unknown_short_flag_and_a_missing_service_are_usage_errors() {
        for line in [&["x", "-s", "a.so", "-q"][..], &["x"][..], &["x", "describe"][..]] {
            assert_eq!(parse(line.iter().map(OsString::from)).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
