//! What the runner says to everything that can be wrong before a service starts, word for word: each folder of the
//! gallery is one mistake, with the command, its files and the exact output. See the gallery's README.

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::expect_file;
use support::plugins::plugin;
use support::runner::{Folder, runner};

/// The plugins that stand in the folder in which a command runs, as `lib<name>.so`.
const PLUGINS: [&str; 10] = [
    "trader",
    "adjuster",
    "desk",
    "listener",
    "ticker",
    "keeper",
    "follower",
    "hand_made",
    "no_service",
    "foreign_abi",
];

/// What a folder of the gallery has besides the files for its command.
const COMMAND: &str = "command";
const OUTPUT: &str = "output.txt";

#[test]
fn every_mistake_is_told_as_it_is_in_the_gallery() {
    let cases = entries(&home().join("gallery")).into_iter().filter(|path| path.is_dir());
    let mut told: Vec<(PathBuf, String)> = Vec::new();
    for case in cases {
        told.push((case.join(OUTPUT), session(&case)));
    }
    assert!(told.len() > 60, "the gallery has only {} cases", told.len());
    // Each of them is compared, so that all that changed is shown, or written, at once.
    let changed = told
        .into_iter()
        .filter(|(path, output)| std::panic::catch_unwind(|| expect_file![path].assert_eq(output)).is_err());
    let changed: Vec<String> = changed.map(|(path, _)| path.display().to_string()).collect();
    assert!(changed.is_empty(), "these are told in other words now:\n{}", changed.join("\n"));
}

/// The folder of these tests.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

/// Runs a case's command in a folder with its files, and shows what a person at the terminal would see.
fn session(case: &Path) -> String {
    let folder = Folder::new();
    for path in entries(&home().join("good")).into_iter().chain(entries(case)) {
        let name = path.file_name().expect("a name").to_owned();
        if name != COMMAND && name != OUTPUT {
            std::fs::copy(&path, folder.path().join(name)).expect("a copy");
        }
    }
    for name in PLUGINS {
        std::os::unix::fs::symlink(plugin(name), folder.path().join(format!("lib{name}.so"))).expect("a link");
    }
    let command = std::fs::read_to_string(case.join(COMMAND)).expect("a command");
    let Output { status, stdout, stderr } = shell(&folder, &command).output().expect("a shell");
    let text = |bytes| stable(&String::from_utf8(bytes).expect("text"), folder.path());
    let (stdout, stderr) = (text(stdout), text(stderr));
    let stdout = if stdout.is_empty() { stdout } else { format!("--- on stdout\n{stdout}") };
    format!("$ {command}{stderr}{stdout}--- exit code {}\n", status.code().expect("no signal"))
}

fn shell(folder: &Folder, command: &str) -> Command {
    let runner = runner();
    let runner = Path::new(runner.get_program());
    let path = std::env::var("PATH").expect("a PATH");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).current_dir(folder.path()).stdin(Stdio::null());
    shell.env("PATH", format!("{}:{path}", runner.parent().expect("a folder").display()));
    // What panics before it is known where logs go is told by Rust's own hook, as short as it can be.
    shell.env("RUST_BACKTRACE", "0");
    shell
}

/// The text without what is not always the same: the folder, the kind of machine, the number of a thread that panicked.
fn stable(text: &str, folder: &Path) -> String {
    let text = text.replace(&format!("{}/", folder.display()), "");
    let text = text.replace(&format!("this machine is {} ", std::env::consts::ARCH), "this machine is x86_64 ");
    let lines = text.split_inclusive('\n').map(|line| match line.split_once(" panicked at ") {
        Some((thread, place)) if thread.starts_with("thread '") => {
            format!("{} panicked at {place}", thread.split(" (").next().unwrap_or(thread))
        }
        _ => line.to_owned(),
    });
    lines.collect()
}
