//! An environment with the Python library, made once.
//!
//! Where there is no Python or no package registry, a test that needs them says so and passes, unless the environment
//! says `SF_REQUIRE_INTEROP=1`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: [&str; 4] = ["service_framework==0.0.17", "pyzmq==27.3.0", "msgpack==1.2.4", "numpy==2.4.6"];

/// The Python library, installed.
#[derive(Clone, Copy)]
pub(crate) struct Python(&'static Path);

impl Python {
    /// The library, or `None` where it cannot be had: then the test is skipped.
    pub(crate) fn find() -> Option<Self> {
        static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        match FOUND.get_or_init(environment) {
            Ok(folder) => Some(Self(folder)),
            Err(reason) => {
                assert!(std::env::var_os("SF_REQUIRE_INTEROP").is_none_or(|value| value != "1"), "{reason}");
                // Past the test harness, which shows what a test prints only if it fails.
                let _ = writeln!(
                    std::io::stderr(),
                    "SKIPPED: no peer in Python, so what needs one was not tested: {reason}"
                );
                None
            }
        }
    }

    /// The folder of the environment.
    pub(crate) const fn folder(self) -> &'static Path {
        self.0
    }

    /// Its interpreter.
    pub(crate) fn interpreter(self) -> PathBuf {
        interpreter(self.0)
    }
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}

/// The folder of an environment that has the packages; the first call makes it.
fn environment() -> Result<PathBuf, String> {
    let files = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (folder, packages) = (files.join("python"), PACKAGES.join(" "));
    let complete = folder.join("complete");
    // Several test programs may run at once.
    let lock = File::create(files.join("python.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if std::fs::read_to_string(&complete).is_ok_and(|installed| installed == packages) {
        return Ok(folder);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    succeed(Command::new(interpreter(&folder)).args(["-m", "pip", "install", "--quiet", "--no-input"]).args(PACKAGES))?;
    std::fs::write(&complete, packages).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim_end()))
}
