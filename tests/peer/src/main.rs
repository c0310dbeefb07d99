//! The program `peer`: plays the role that its command line names and prints, as its last line, one JSON object that
//! tells what it saw. The exit code is 0 if that is all that it was to see.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use peer::{delta_in, delta_out, full_in, full_out, publisher, publishing, replyer, requester, subscriber};

/// One side of an exchange of messages.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Sends each value of a script and prints the replies
    Requester(requester::Options),
    /// Answers requests with what they bring and prints them
    Replyer(replyer::Options),
    /// Sends each value of a script to whoever subscribes
    Publisher(publishing::Options),
    /// Prints the messages that it gets
    Subscriber(subscriber::Options),
    /// Owns a state and sends each value of a script as the whole of it
    #[command(name = "full_out")]
    FullOut(publishing::Options),
    /// Holds a copy of a state that is sent as a whole, and prints it after each update
    #[command(name = "full_in")]
    FullIn(full_in::Options),
    /// Sends the updates of a script, whatever their numbers, and gives snapshots
    #[command(name = "delta_out")]
    DeltaOut(delta_out::Options),
    /// Holds a copy of a state that is sent in numbered updates, and prints what has become of it
    #[command(name = "delta_in")]
    DeltaIn(delta_in::Options),
}

fn main() -> ExitCode {
    let outcome = match parse().role {
        Role::Requester(options) => requester::run(&options),
        Role::Replyer(options) => replyer::run(&options),
        Role::Publisher(options) => publisher::run(&options),
        Role::Subscriber(options) => subscriber::run(&options),
        Role::FullOut(options) => full_out::run(&options),
        Role::FullIn(options) => full_in::run(&options),
        Role::DeltaOut(options) => delta_out::run(&options),
        Role::DeltaIn(options) => delta_in::run(&options),
    };
    let code = if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    println!("{}", outcome.into_json());
    code
}

fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.kind() == ErrorKind::InvalidSubcommand {
            let mut command = Cli::command();
            let roles: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let message = format!("no such role; the roles are {}", roles.join(", "));
            command.error(ErrorKind::InvalidSubcommand, message).exit();
        }
        error.exit()
    })
}
