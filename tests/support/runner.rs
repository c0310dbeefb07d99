//! The runner as a process: its arguments, its signals, its exit code and what it says.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use super::{PATIENCE, until};

/// A runner that is to be started.
pub(crate) fn runner() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service_framework"));
    command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

/// Runs the runner to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().expect("the runner");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// A runner that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A runner that runs. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Reading,
    stderr: Reading,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the runner");
        let stdout = Reading::of(child.stdout.take().expect("a pipe"));
        let stderr = Reading::of(child.stderr.take().expect("a pipe"));
        Self { child, stdout, stderr }
    }

    /// The process's number, as text.
    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Waits until the log has a line with this text, and returns the line.
    #[track_caller]
    pub(crate) fn until_logged(&mut self, text: &str) -> String {
        until_said(&mut self.child, &self.stderr, text)
    }

    /// Whether the log has a line with this text by now.
    pub(crate) fn has_logged(&self, text: &str) -> bool {
        self.stderr.line_with(text).is_some()
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        self.stdout.so_far()
    }

    /// Writes a line to its stdin, which has to be a pipe.
    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{line}").expect("somebody who reads it");
    }

    /// Waits until stdout has a line with this text, and returns the line.
    #[track_caller]
    pub(crate) fn until_printed(&mut self, text: &str) -> String {
        until_said(&mut self.child, &self.stdout, text)
    }

    /// Waits until the service says at which address its connection `name` is.
    #[track_caller]
    pub(crate) fn address(&mut self, name: &str) -> String {
        let line = self.until_logged(&format!("`{name}` at "));
        line.rsplit(' ').next().expect("an address").to_owned()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.id()).status().expect("kill");
        assert!(sent.success());
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        let status = until("the runner's end", || self.child.try_wait().expect("a child"));
        Ended { code: status.code(), stdout: self.stdout.rest(), stderr: self.stderr.rest() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn until_said(child: &mut Child, reading: &Reading, text: &str) -> String {
    let began = Instant::now();
    loop {
        let ended = child.try_wait().expect("a child");
        if let Some(line) = reading.line_with(text) {
            return line;
        }
        if let Some(status) = ended {
            panic!("ended with {status} without saying `{text}`:\n{}", reading.so_far());
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for `{text}`:\n{}", reading.so_far());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// A pipe that is read as fast as it is written.
struct Reading {
    text: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    fn of(pipe: impl std::io::Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let writing = Arc::clone(&text);
        let thread = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let text = String::from_utf8(std::mem::take(&mut line)).expect("text");
                writing.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
        Self { text, thread: Some(thread) }
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn line_with(&self, text: &str) -> Option<String> {
        self.so_far().lines().find(|line| line.contains(text)).map(str::to_owned)
    }

    fn rest(&mut self) -> String {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("text");
        }
        self.so_far()
    }
}

/// A folder of its own for each test, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("a folder for the files of a test");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file of a test");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
