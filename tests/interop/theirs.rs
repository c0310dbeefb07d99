//! Their side: an environment with the Python library, made once, and the scripts of `python/`.
//!
//! Where there is no Python or no package registry, a test that needs them says so and passes, unless the environment
//! says `SF_REQUIRE_INTEROP=1`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use peer::typed;
use service_framework::{Json, Value};

use crate::support::runner::{Folder, Running};

const PACKAGES: [&str; 4] = ["service_framework==0.0.17", "pyzmq==27.3.0", "msgpack==1.2.4", "numpy==2.4.6"];

/// The Python library, installed.
#[derive(Clone, Copy)]
pub(crate) struct Python(&'static Path);

impl Python {
    /// The library, or `None` where it cannot be had: then the test is skipped.
    pub(crate) fn find() -> Option<Self> {
        static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        match FOUND.get_or_init(environment) {
            Ok(interpreter) => Some(Self(interpreter)),
            Err(reason) => {
                assert!(std::env::var_os("SF_REQUIRE_INTEROP").is_none_or(|value| value != "1"), "{reason}");
                // Past the test harness, which shows what a test prints only if it fails.
                let _ = writeln!(std::io::stderr(), "SKIPPED: no peer in Python, so nothing was tested: {reason}");
                None
            }
        }
    }

    /// Starts a script with its arguments.
    pub(crate) fn start(self, script: &str, arguments: &[&str]) -> Script {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/python").join(script);
        Script(Running::start(Command::new(self.0).arg("-B").arg(path).args(arguments)))
    }

    /// Sends values to the replyer at `address`, and returns what the script told.
    pub(crate) fn ask(self, address: &str, values: &[Value], more: &[&str]) -> Json {
        let folder = Folder::new();
        let script: Json = values.iter().map(typed::to_json).collect();
        let script = folder.file("script.json", script.to_string());
        let known = ["--addr", address, "--script", script.to_str().expect("a path that is text")];
        self.start("requester.py", &[&known, more].concat()).told()
    }
}

/// A script that runs. Killed when dropped.
pub(crate) struct Script(Running);

impl Script {
    /// Waits until the script listens, and returns where: HOST:PORT.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        let line = self.0.until_printed("ready");
        let told: Json = service_framework::serde_json::from_str(&line).expect("JSON");
        told["ready"].as_str().expect("a script that listens").to_owned()
    }

    /// Ends the script at once, and waits until it is gone.
    #[track_caller]
    pub(crate) fn kill(self) {
        self.0.signal("KILL");
        self.0.ended();
    }

    /// Waits until it is gone, whatever it says.
    #[track_caller]
    pub(crate) fn gone(self) {
        self.0.ended();
    }

    /// Waits for its end and returns what its last line told.
    #[track_caller]
    pub(crate) fn told(self) -> Json {
        let ended = self.0.ended();
        let last = ended.stdout.lines().last().and_then(|line| service_framework::serde_json::from_str(line).ok());
        last.filter(|told: &Json| told.get("ok").is_some())
            .unwrap_or_else(|| panic!("the script told nothing: {ended:?}"))
    }
}

/// The interpreter of an environment that has the packages; the first call makes it.
fn environment() -> Result<PathBuf, String> {
    let files = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (folder, packages) = (files.join("python"), PACKAGES.join(" "));
    let (interpreter, complete) = (folder.join("bin").join("python"), folder.join("complete"));
    // Several test programs may run at once.
    let lock = File::create(files.join("python.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if std::fs::read_to_string(&complete).is_ok_and(|installed| installed == packages) {
        return Ok(interpreter);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    succeed(Command::new(&interpreter).args(["-m", "pip", "install", "--quiet", "--no-input"]).args(PACKAGES))?;
    std::fs::write(&complete, packages).map_err(|error| error.to_string())?;
    Ok(interpreter)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim_end()))
}
