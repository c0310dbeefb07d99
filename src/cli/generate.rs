//! Shell completions and the man page, made from the same definition as the parser.
//!
//! Owns the order of the man page's parts. Never says anything about a flag that its definition does not say.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::Cli;
use super::help::{SECTIONS, Section};
use super::parse::TWO_LETTERS;

/// The completions of a shell.
pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    if shell == Shell::Bash { with_two_letters(&String::from_utf8_lossy(&script)).into_bytes() } else { script }
}

/// The same completions of bash, with the flags of two letters, of which the generator does not know.
fn with_two_letters(script: &str) -> String {
    TWO_LETTERS.iter().fold(script.to_owned(), |script, (short, long)| {
        let listed = script.replace(&format!(" {long} "), &format!(" {short} {long} "));
        listed.replace(&format!(" {long})\n"), &format!(" {long}|{short})\n"))
    })
}

const NAME: &str = "service_framework";

/// The man page.
pub(super) fn man() -> Vec<u8> {
    let mut page = Vec::new();
    // Writing into memory does not fail.
    let _ = write_man(&mut page);
    page
}

fn write_man(page: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(Cli::command());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    commands().to_writer(page)?;
    for section in &SECTIONS {
        roff_of(section).to_writer(page)?;
    }
    Ok(())
}

/// The commands: those of one page, since none has a page of its own.
fn commands() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    let mut command = Cli::command();
    command.build();
    for sub in command.get_subcommands() {
        roff.control("TP", []);
        let takes = sub.get_positionals().map(|argument| match argument.get_value_names() {
            Some(names) => format!(" <{}>", names.join(" ")),
            None => format!(" <{}>", argument.get_id()),
        });
        roff.text([bold(sub.get_name()), roman(takes.collect::<String>())]);
        roff.text([roman(sub.get_about().map(ToString::to_string).unwrap_or_default())]);
        // What the runner itself takes as well stands among the options.
        for flag in sub.get_opts().filter(|flag| !command.get_opts().any(|known| known.get_long() == flag.get_long())) {
            let value = flag.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            let name = format!("--{}", flag.get_long().unwrap_or_default());
            roff.control("br", []);
            roff.text([bold(name), roman(format!(" {value}  {help}"))]);
        }
    }
    roff
}

fn roff_of(section: &Section) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [section.heading.to_uppercase().as_str()]);
    if !section.text.is_empty() {
        roff.text([roman(section.text)]);
    }
    for (word, meaning) in section.rows {
        roff.control("TP", []);
        roff.text([bold(*word)]);
        roff.text([roman(*meaning)]);
    }
    roff
}
