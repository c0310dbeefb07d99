//! A reader who does what a page says, word by word: in a fresh folder beside this project, with its runner.
//!
//! Owns the folder, the terminals, and what stands in for the few things that would take minutes or the network: the
//! installation of the runner (which is there already), of Python's packages, and the folders in which cargo builds.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::output;
use crate::page::{self, Action, Step};
use crate::ports::Ports;
use crate::support::python::Python;
use crate::support::{PATIENCE, until};

/// What a reader has at hand.
pub(crate) struct Reader {
    page: &'static str,
    text: String,
    ports: Ports,
    python: Option<Python>,
    /// The folder in which everything happens.
    home: PathBuf,
    /// Where the first terminal is.
    place: PathBuf,
    /// What the commands before have printed.
    printed: String,
    running: HashMap<String, Running>,
    /// What the page is to show from now on, by line.
    corrections: Vec<(usize, String)>,
    /// Nobody else is in the folder.
    _alone: File,
}

/// Something that runs in a terminal of its own, with all that it started. Killed when dropped.
struct Running {
    child: Child,
    screen: PathBuf,
    /// How much of what it said has been looked at.
    looked_at: usize,
}

impl Running {
    /// Waits until what is shown comes next. Otherwise tells what came instead.
    fn go_on(&mut self, shown: &str) -> Result<(), String> {
        let (mut news, mut since) = (String::new(), Instant::now());
        while since.elapsed() < if updates() && !news.is_empty() { QUIET } else { PATIENCE } {
            let ended = self.child.try_wait().expect("a child");
            let said = fs::read_to_string(&self.screen).expect("text");
            let said = said.get(self.looked_at..).unwrap_or_default();
            if let Some(taken) = output::goes_on_with(shown, said) {
                self.looked_at += taken;
                return Ok(());
            }
            if ended.is_some() {
                break;
            }
            if news.is_empty() {
                since = if said.is_empty() { since } else { Instant::now() };
            }
            said.clone_into(&mut news);
            std::thread::sleep(Duration::from_millis(5));
        }
        self.looked_at += news.len();
        Err(news)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        send(&self.child, "KILL");
        let _ = self.child.wait();
    }
}

impl Reader {
    /// Does all that the page says, in a fresh folder, and looks whether what is shown is what there is to see.
    pub(crate) fn follow(page: &'static str) {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("a page");
        let steps = page::steps(&text);
        let mut reader = Self::of(page, text, &steps);
        for step in &steps {
            reader.take(step);
        }
        reader.end();
    }

    fn of(page: &'static str, text: String, steps: &[Step]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // Outside of this project, as that of a reader is, and at one place, so that cargo knows it again.
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_TARGET_TMPDIR"), page).hash(&mut hasher);
        let home = std::env::temp_dir().join(format!("service_framework-{:016x}", hasher.finish()));
        let alone = File::create(home.with_extension("lock")).expect("a lock");
        alone.lock().expect("a lock");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(home.join(BIN)).expect("a folder of its own");
        fs::write(home.join(BIN).join("stand_ins"), include_str!("stand_ins.sh")).expect("a file");
        fs::create_dir_all(home.join(".cargo")).expect("a folder");
        fs::write(home.join(".cargo").join("config.toml"), include_str!("cargo.toml")).expect("a file");
        symlink(root, home.join("service_framework")).expect("a link to this project");
        let (place, ports) = (home.clone(), Ports::of(steps.iter().filter_map(Step::file)));
        let python = Python::find();
        let (printed, running, corrections) = (String::new(), HashMap::new(), Vec::new());
        Self { page, text, ports, python, home, place, printed, running, corrections, _alone: alone }
    }

    fn take(&mut self, step: &Step) {
        if step.needs_python && self.python.is_none() {
            return;
        }
        let at = format!("{}:{}", self.page, step.line);
        let written = |text: &str| self.ports.in_place_of_those_of_the_page(text);
        match &step.action {
            Action::Write { path, text } => {
                let path = self.place.join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, written(text)).expect("a file");
            }
            Action::Run { commands, exit } => {
                let (code, printed) = self.run(&written(commands));
                assert_eq!(code, Some(*exit), "{at}: the exit code of\n{commands}\n{printed}");
                self.printed = printed;
            }
            Action::Start { name, commands } => {
                let running = self.start(name, &written(commands));
                self.running.insert(name.clone(), running);
            }
            Action::SeePrinted { text } => {
                if !output::is_shown(&written(text), &self.printed) {
                    let seen = std::mem::take(&mut self.printed);
                    self.differs(step, seen);
                }
            }
            Action::SeeSaid { name, text } => {
                let shown = written(text);
                let running = self.running.get_mut(name).unwrap_or_else(|| panic!("{at}: `{name}` does not run"));
                if let Err(seen) = running.go_on(&shown) {
                    self.differs(step, seen);
                }
            }
            Action::End { name, signal, exit, text } => {
                let shown = written(text);
                let mut running = self.running.remove(name).unwrap_or_else(|| panic!("{at}: `{name}` does not run"));
                send(&running.child, signal);
                let status = until(&format!("the end of {name}"), || running.child.try_wait().expect("a child"));
                let said = fs::read_to_string(&running.screen).expect("text");
                let said = said.get(running.looked_at..).unwrap_or_default();
                let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
                assert_eq!(code, Some(*exit), "{at}: the exit code of {name}:\n{said}");
                if !output::is_shown(&shown, said) {
                    self.differs(step, said.to_owned());
                }
            }
        }
    }

    /// By the end of a page, nothing runs that it has started.
    fn end(mut self) {
        for (name, running) in &mut self.running {
            until(&format!("the end of {name}"), || running.child.try_wait().expect("a child"));
        }
    }

    /// Something else is seen than is shown: a failure, or what the page is to show from now on.
    fn differs(&mut self, step: &Step, seen: String) {
        let at = format!("{}:{}", self.page, step.line);
        assert!(updates(), "{at}: what is seen (UPDATE_EXPECT=1 writes it into the page):\n{seen}");
        self.corrections.push((step.line, self.ports.of_the_page(&seen)));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.page);
        fs::write(path, page::corrected(&self.text, &self.corrections)).expect("a page");
    }

    /// Runs commands in the first terminal. What they print on both streams is what a reader sees.
    fn run(&mut self, commands: &str) -> (Option<i32>, String) {
        let (screen, place) = (self.home.join(BIN).join("screen"), self.home.join(BIN).join("place"));
        // Wherever the commands end, the terminal is there.
        let leaving = format!("trap 'pwd > {}' EXIT\n{commands}", place.display());
        let mut shell = self.terminal(&leaving, &screen).process_group(0).spawn().expect("a shell");
        let began = Instant::now();
        let status = loop {
            if let Some(status) = shell.try_wait().expect("a child") {
                break status;
            }
            if began.elapsed() > LONGEST_BUILD {
                send(&shell, "KILL");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let last = fs::read_to_string(place).expect("a place");
        self.place = PathBuf::from(last.trim_end_matches('\n'));
        (status.code(), fs::read_to_string(screen).expect("text"))
    }

    fn start(&self, name: &str, commands: &str) -> Running {
        let screen = self.home.join(BIN).join(name);
        // The last command takes the shell's place: what ends it, and how it ends, is then its own.
        let (before, last) = commands.trim_end().rsplit_once('\n').unwrap_or(("", commands));
        let child =
            self.terminal(&format!("{before}\nexec {last}"), &screen).process_group(0).spawn().expect("a shell");
        let mut groups =
            File::options().create(true).append(true).open(self.home.join(BIN).join("groups")).expect("a file");
        writeln!(groups, "{}", child.id()).expect("a file");
        Running { child, screen, looked_at: 0 }
    }

    fn terminal(&self, commands: &str, screen: &Path) -> Command {
        let screen = File::create(screen).expect("a screen");
        let bin = self.home.join(BIN);
        let script = format!("set -euo pipefail\n. {}\n{commands}", bin.join("stand_ins").display());
        let path = std::env::var("PATH").unwrap_or_default();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder around it");
        // Whoever runs the tests in the background has them, and all that they start, ignore what a terminal sends.
        let mut shell = Command::new("env");
        shell.args(["--default-signal=INT,QUIT", "bash", "-c", &script]).current_dir(&self.place).stdin(Stdio::null());
        shell.env("PATH", format!("{}:{path}", bin.display())).env("CARGO", env!("CARGO"));
        shell.env("SF_BIN", &bin).env("SF_TARGET", target).env("SF_RUNNER", env!("CARGO_BIN_EXE_service_framework"));
        shell.env("SF_PYTHON", self.python.map_or(Path::new(""), Python::folder));
        shell.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
        for variable in ["CARGO_TARGET_DIR", "RUST_BACKTRACE"] {
            shell.env_remove(variable);
        }
        shell.stdout(screen.try_clone().expect("a screen")).stderr(screen);
        shell
    }
}

/// How long commands may take that build something.
const LONGEST_BUILD: Duration = Duration::from_secs(900);

/// Sends a signal to all that runs in a terminal, as a terminal does.
fn send(shell: &Child, signal: &str) {
    let group = format!("-{}", shell.id());
    let _ = Command::new("kill").args(["-s", signal, "--", &group]).stderr(Stdio::null()).status();
}

/// How long to wait for more, where nobody knows what to wait for.
const QUIET: Duration = Duration::from_secs(2);

/// Whether the page is to show what is seen.
fn updates() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1")
}

/// The folder of what no reader writes.
const BIN: &str = ".bin";
