//! A program of the benchmarks that starts itself, or another one, as a process of its own.
//!
//! Owns the pipes: what is told to it is a line, what it says is a line, and it ends when nobody is left to write to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process that is told what to do, line by line.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// This program again, with these arguments.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn again(arguments: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
        command.args(arguments);
        Self::start(command)
    }

    /// Another program.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output }
    }

    /// Its number, as `/proc` has it.
    #[must_use]
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Tells it something.
    ///
    /// # Panics
    /// If it has ended.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("an open pipe"), "{line}").expect("a process that listens");
    }

    /// Waits for the next line that it says.
    ///
    /// # Panics
    /// If it has ended.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        assert!(!line.is_empty(), "a process of the benchmark ended early");
        line.trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// The next line that this process is told; `None` if nobody is left to tell it anything.
///
/// # Panics
/// If what it is told is no text.
#[must_use]
pub fn told() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).expect("text");
    (read > 0).then(|| line.trim_end().to_owned())
}
