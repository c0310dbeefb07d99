//! From the words of a command line to flags and config.
//!
//! Owns what the parser of flags does not know: flags of two letters, and that names which are no flags are config, for
//! the service's model to judge. Never reads a file.

use std::ffi::{OsStr, OsString};

use clap::{CommandFactory, Parser};
use service_framework_runtime::nearest;

use super::args::Cli;

/// Flags of two letters behind one dash, which the parser does not know by itself.
pub(super) const TWO_LETTERS: [(&str, &str); 3] =
    [("-wt", "--service-loop-min-wait-time"), ("-cl", "--console-loglevel"), ("-bc", "--backup-count")];

/// The command that takes the flags of a run, and config.
const VALIDATE: &str = "validate";

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
    let mut arguments = arguments.into_iter();
    let mut flags: Vec<OsString> = arguments.next().into_iter().collect();
    let mut config = Vec::new();
    let words: Vec<OsString> = arguments.collect();
    let first = words.first().filter(|word| word.to_str().is_some_and(|word| is_command(&command, word)));
    let validates = first.is_some_and(|word| word == VALIDATE);
    if first.is_some() && !validates && !words.iter().any(names_a_service) {
        let long = |word: OsString| {
            let known = TWO_LETTERS.iter().find(|(short, _)| *short == word);
            known.map_or(word, |(_, long)| OsString::from(*long))
        };
        flags.extend(words.into_iter().map(long));
        return Ok((flags, config));
    }
    let mut arguments = words.into_iter();
    if validates {
        flags.extend(arguments.next());
    }
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        let (name, inline) = match text.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name.to_owned(), Some(value.to_owned())),
            _ => (text.clone(), None),
        };
        let long = TWO_LETTERS.iter().find(|(short, _)| *short == name).map(|(_, long)| *long);
        let name = long.map_or(name, str::to_owned);
        if let Some(takes_value) = flag(&command, &name) {
            flags.push(match (long, &inline) {
                // As it came: a path need not be UTF-8.
                (None, _) => argument,
                (Some(long), None) => long.into(),
                (Some(long), Some(value)) => format!("{long}={value}").into(),
            });
            if takes_value && inline.is_none() {
                match (arguments.next(), flags.last_mut()) {
                    // Handed over as one word, a negative number is not taken for a flag.
                    (Some(value), Some(flag)) if is_negative_number(&value) => {
                        flag.push("=");
                        flag.push(value);
                    }
                    (value, _) => flags.extend(value),
                }
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
        if argument.to_str().is_none() {
            return Err(not_text(&argument, &command));
        }
        let value = match inline {
            None => arguments.next().map(OsString::into_string).transpose(),
            inline => Ok(inline),
        };
        let value = value.map_err(|value| not_text(&value, &command))?;
        config.push((key.clone(), value_of(&key, value, &text, &command)?));
    }
    Ok((flags, config))
}

/// Why a word cannot be config.
fn not_text(word: &OsStr, command: &clap::Command) -> clap::Error {
    let message = format!(
        "`{}` is not UTF-8, and config is text: write it in UTF-8, or give it in a config file",
        word.to_string_lossy()
    );
    command.clone().error(clap::error::ErrorKind::InvalidUtf8, message)
}

/// What a config name, written as `word`, is set to.
///
/// # Errors
/// If nothing follows it, or what follows is plainly not its value.
fn value_of(key: &str, value: Option<String>, word: &str, command: &clap::Command) -> Result<String, clap::Error> {
    let message = match value {
        Some(value) if word.starts_with('-') && word.contains('=') => return Ok(value),
        _ if word.contains('=') => {
            format!("`{word}` is no pair of a name and a value: write `--{word}`")
        }
        value
            if word == key
                && is_command(command, key)
                && value.as_ref().is_none_or(|value| is_flag(command, value)) =>
        {
            format!(
                "`{key}` is a command, which stands first and has flags of its own: `service_framework help {key}` \
                 shows them"
            )
        }
        Some(flag) if is_flag(command, &flag) => {
            let commands = command.get_subcommands().map(clap::Command::get_name);
            match nearest(key, commands) {
                Some(near) => format!("there is no command `{key}`: did you mean `{near}`?"),
                None => format!(
                    "the config name `{key}` needs a value, but the flag `{flag}` follows: write `--{key}={flag}` if \
                     that is its value"
                ),
            }
        }
        Some(value) => return Ok(value),
        None => format!("the config name `{key}` needs a value: `--{key} VALUE`, `--{key}=VALUE` or `{key} VALUE`"),
    };
    Err(command.clone().error(clap::error::ErrorKind::InvalidValue, message))
}

fn is_command(command: &clap::Command, word: &str) -> bool {
    command.get_subcommands().any(|known| known.get_name() == word)
}

fn is_flag(command: &clap::Command, word: &str) -> bool {
    flag(command, word).is_some() || TWO_LETTERS.iter().any(|(short, _)| *short == word)
}

fn is_negative_number(word: &OsString) -> bool {
    word.to_str().is_some_and(|word| word.starts_with('-') && word.parse::<f64>().is_ok())
}

/// The long names of the flags of a run, without dashes.
pub(crate) fn flag_names() -> Vec<String> {
    Cli::command().get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned).collect()
}

/// Whether a word is the flag that names the service to run. The commands beside `validate` do not know it, so a line
/// that has it begins with a bare pair, whatever its first word is.
fn names_a_service(word: &OsString) -> bool {
    let text = word.to_string_lossy();
    let name = text.split_once('=').map_or(text.as_ref(), |(name, _)| name);
    matches!(name, "-s" | "--service-path" | "--service_path")
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
    use std::time::Duration;

    use super::super::args::{Command, RunArgs};
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
            assert_eq!(run.how.console_loglevel, "DEBUG".parse().unwrap());
            assert_eq!((run.how.backup_count, run.main_mode), (3, true));
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
    fn the_name_of_a_command_is_config_where_the_line_runs_a_service() {
        for line in ["completions bash -s a.so", "man 5 --service-path=a.so", "describe it -m --service_path a.so"] {
            let parsed = parsed(line);
            let words: Vec<_> = line.split(' ').take(2).collect();
            assert_eq!(parsed.config, [(words[0].to_owned(), words[1].to_owned())], "{line}");
            assert!(parsed.cli.command.is_none(), "{line}");
        }
        assert!(matches!(parsed("completions bash").cli.command, Some(Command::Completions { .. })));
        assert!(matches!(parsed("man").cli.command, Some(Command::Man)));
        assert_eq!(parsed("-s a.so man 5").config.len(), 1);
        assert_eq!(parsed("validate -s a.so man 5").config.len(), 1);
    }

    #[test]
    fn the_help_of_a_command_is_found_in_both_ways() {
        for line in [&["x", "help", "validate"][..], &["x", "validate", "--help"], &["x", "help"], &["x", "-h"]] {
            let help = parse(line.iter().map(OsString::from)).unwrap_err();
            assert_eq!(help.kind(), clap::error::ErrorKind::DisplayHelp, "{line:?}");
        }
    }

    #[test]
    fn what_is_plainly_no_value_is_a_usage_error() {
        for (line, words) in [
            ("-s a.so --depth -a addresses.json", "`depth` needs a value, but the flag `-a` follows"),
            ("-s a.so depth=5 note x", "write `--depth=5`"),
            ("validat -s a.so", "did you mean `validate`?"),
            ("describe -s a.so", "`service_framework help describe` shows them"),
            ("-s a.so validate", "`validate` is a command, which stands first"),
            ("-s a.so validate -c config.json", "`validate` is a command, which stands first"),
        ] {
            let words_of_line = ["x"].into_iter().chain(line.split_whitespace()).map(OsString::from);
            let error = parse(words_of_line).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(words), "{error}");
        }
        let value = parsed("-s a.so --depth=-a --note=a=b -wt 1e-3").config;
        assert_eq!(value, [("depth", "-a"), ("note", "a=b")].map(|(k, v)| (k.to_owned(), v.to_owned())));
        let negative = parse(["x", "-s", "a.so", "-wt", "-1"].map(OsString::from)).unwrap_err();
        assert!(negative.to_string().contains("not negative"), "{negative}");
    }

    #[test]
    #[cfg(unix)]
    fn a_path_need_not_be_utf_8_and_config_must_be() {
        use std::os::unix::ffi::OsStringExt;
        let raw = |word: &[u8]| OsString::from_vec(word.to_vec());
        let path = std::path::PathBuf::from(raw(b"a\xff.so"));
        let words: [&[&[u8]]; 4] = [
            &[b"x", b"-s", b"a\xff.so"],
            &[b"x", b"--service-path=a\xff.so"],
            &[b"x", b"--service_path=a\xff.so"],
            &[b"x", b"-s=a\xff.so"],
        ];
        for words in words {
            let line = words.iter().map(|word| raw(word));
            assert_eq!(parse(line).unwrap().cli.run.service_path.as_ref(), Some(&path), "{words:?}");
        }
        let words: [&[&[u8]]; 4] = [
            &[b"x", b"-s=a.so", b"--note", b"\xff"],
            &[b"x", b"-s=a.so", b"--note=\xff"],
            &[b"x", b"-s=a.so", b"note", b"\xff"],
            &[b"x", b"-s=a.so", b"--not\xff", b"x"],
        ];
        for words in words {
            let line = words.iter().map(|word| raw(word));
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains("is not UTF-8, and config is text"), "{error}");
        }
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
