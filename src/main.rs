//! The runner: `service_framework -s svc.so -a addresses.json -c config.json`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service_framework::cli::main(std::env::args_os())
}
