//! Processes that the demo starts, watches and stops.
//!
//! Owns their ends: none is left behind, however the demo ends. Waits for what a process does, never for a time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long a process that ends by itself may take. It takes a second or two; a machine under load takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether what is waited for has happened.
const LOOK: Duration = Duration::from_millis(5);

/// A command, as a person would type it in the project's folder.
pub(crate) struct Invocation {
    pub(crate) name: String,
    pub(crate) program: String,
    pub(crate) words: Vec<String>,
    pub(crate) root: PathBuf,
    pub(crate) scratch: PathBuf,
}

/// What a process wrote.
pub(crate) struct Output {
    pub(crate) stdout: String,
    stderr: String,
}

impl Output {
    /// Shows what it printed.
    pub(crate) fn show(&self) {
        print!("{}", indented(&self.stdout));
    }

    /// Shows what it said besides.
    pub(crate) fn show_errors(&self) {
        print!("{}", indented(&self.stderr));
    }
}

/// A process that runs. It is killed if it is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    log: PathBuf,
}

/// Runs a command to its end.
pub(crate) fn run(invocation: Result<Invocation, Error>, expected: i32) -> Result<Output, Error> {
    let mut process = Process::start(invocation?)?;
    process.wait(PATIENCE, "end", |process| process.ended())?;
    process.expect(expected)?;
    Ok(Output { stdout: process.read(&process.stdout)?, stderr: process.read(&process.log)? })
}

impl Process {
    /// Shows the command and starts it.
    pub(crate) fn start(invocation: Invocation) -> Result<Self, Error> {
        let Invocation { name, program, words, root, scratch } = invocation;
        println!("  $ {program} {}", words.join(" "));
        let [stdout, log] = ["out", "log"].map(|kind| scratch.join(format!("{name}.{kind}")));
        let create = |path: &PathBuf| File::create(path).map_err(Error::io(format!("write `{}`", path.display())));
        let child = Command::new(root.join(&program))
            .args(words)
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(create(&stdout)?)
            .stderr(create(&log)?)
            .spawn()
            .map_err(Error::io(format!("start `{program}`")))?;
        Ok(Self { name, child, stdout, log })
    }

    /// Where its log is.
    pub(crate) fn log(&self) -> String {
        self.log.display().to_string()
    }

    /// Waits until the process has logged a line that `find` finds something in.
    pub(crate) fn wait_for_line<T>(
        &mut self,
        patience: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Error> {
        self.wait_for_nth_line(patience, 1, find)
    }

    /// Waits until the process has logged that many lines that `find` finds something in; gives the last of them.
    pub(crate) fn wait_for_nth_line<T>(
        &mut self,
        patience: Duration,
        nth: usize,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Error> {
        self.wait(patience, "get ready", |process| {
            // Asked first: what a process that has ended wrote is all there.
            let ended = process.ended()?;
            // A line that is still being written is not yet one.
            let log = process.read(&process.log)?;
            let lines = log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let found = lines.filter_map(&find).nth(nth.saturating_sub(1));
            match (found, ended) {
                (None, Some(())) => {
                    Err(process.expect(0).err().unwrap_or_else(|| process.too_long("get ready", patience)))
                }
                (found, _) => Ok(found),
            }
        })
    }

    /// Sends SIGTERM and waits for a clean end. Gives what the process wrote.
    pub(crate) fn terminate(mut self, patience: Duration) -> Result<Output, Error> {
        self.signal("TERM")?;
        self.wait(patience, "end", |process| process.ended())?;
        self.expect(0)?;
        println!("    ended with exit code 0");
        Ok(Output { stdout: self.read(&self.stdout)?, stderr: self.read(&self.log)? })
    }

    /// Ends the process without a word, as a power cut would.
    pub(crate) fn kill(mut self, patience: Duration) -> Result<(), Error> {
        self.signal("KILL")?;
        self.wait(patience, "end", |process| process.ended())
    }

    fn signal(&self, signal: &str) -> Result<(), Error> {
        let command = format!("kill -{signal} {}", self.child.id());
        println!("  $ {command}");
        // The shell's own `kill` is there where no program of that name is.
        let sent = Command::new("sh").args(["-c", &command]).status().map_err(Error::io("run `sh`"))?;
        if sent.success() {
            return Ok(());
        }
        Err(Error::Ended { name: command, status: sent, expected: 0, tail: String::new() })
    }

    fn wait<T>(
        &mut self,
        patience: Duration,
        what: &'static str,
        mut look: impl FnMut(&mut Self) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let began = Instant::now();
        loop {
            if let Some(seen) = look(self)? {
                return Ok(seen);
            }
            if began.elapsed() > patience {
                return Err(self.too_long(what, patience));
            }
            thread::sleep(LOOK);
        }
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().map_err(Error::io(format!("ask for the end of `{}`", self.name)))
    }

    fn ended(&mut self) -> Result<Option<()>, Error> {
        Ok(self.status()?.map(|_| ()))
    }

    /// Compares the exit code of a process that has ended.
    fn expect(&mut self, expected: i32) -> Result<(), Error> {
        match self.status()? {
            Some(status) if status.code() != Some(expected) => {
                Err(Error::Ended { name: self.name.clone(), status, expected, tail: self.tail() })
            }
            _ => Ok(()),
        }
    }

    fn too_long(&self, what: &'static str, patience: Duration) -> Error {
        Error::TooLong { name: self.name.clone(), what, seconds: patience.as_secs(), tail: self.tail() }
    }

    fn read(&self, path: &PathBuf) -> Result<String, Error> {
        let text = fs::read(path).map_err(Error::io(format!("read `{}`", path.display())))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The last lines of the log.
    fn tail(&self) -> String {
        let log = self.read(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(10)..).unwrap_or_default();
        indented(&last.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail for a process that has ended already, which is as it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that runs this; `name` is its own, so that tests do not share files.
    fn shell(name: &str, script: &str) -> Invocation {
        Invocation {
            name: name.to_owned(),
            program: "/bin/sh".to_owned(),
            words: vec!["-c".to_owned(), script.to_owned()],
            root: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            scratch: std::env::current_exe().unwrap().parent().unwrap().to_owned(),
        }
    }

    #[test]
    fn what_a_process_writes_is_kept_apart() {
        let output = run(Ok(shell("demo_test_apart", "echo data; echo log >&2")), 0).unwrap();
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("data\n", "log\n"));
    }

    #[test]
    fn another_exit_code_is_told_with_the_last_lines_of_the_log() {
        let script = "for n in 1 2 3 4 5 6 7 8 9 10 11; do echo line $n >&2; done; exit 78";
        let said = run(Ok(shell("demo_test_code", script)), 0).err().unwrap().to_string();
        let told = "`demo_test_code` ended with exit status: 78, expected exit code 0; its last lines:\n    line 2\n";
        assert!(said.starts_with(told) && said.ends_with("line 11\n"), "{said}");
    }

    #[test]
    fn a_process_that_ends_before_it_is_ready_is_told_at_once() {
        let mut process = Process::start(shell("demo_test_early", "echo no >&2; exit 70")).unwrap();
        let waited = process.wait_for_line(PATIENCE, |line| (line == "ready").then_some(()));
        assert!(matches!(waited, Err(Error::Ended { status, .. }) if status.code() == Some(70)));
    }

    #[test]
    fn a_process_that_never_gets_ready_is_not_waited_for_without_end() {
        let mut process = Process::start(shell("demo_test_never", "exec sleep 60")).unwrap();
        let said = process.wait_for_line(Duration::ZERO, |_| None::<()>).unwrap_err().to_string();
        assert!(said.starts_with("`demo_test_never` did not get ready within 0 s"), "{said}");
    }

    #[test]
    fn a_process_is_asked_to_end_and_its_own_end_is_seen() {
        let script = "trap 'exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done";
        let mut process = Process::start(shell("demo_test_term", script)).unwrap();
        process.wait_for_line(PATIENCE, |line| (line == "ready").then_some(())).unwrap();
        process.terminate(PATIENCE).unwrap();
    }
}
