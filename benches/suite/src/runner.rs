//! The runner with the desk as a plugin: both are built here, as the benches of the main workspace are, but without line
//! tables, as what is released has none. The runner reads a plugin to its end before it loads it.
//!
//! Owns the call of cargo and the command line of the runner. They are built in a folder of their own, so that nothing else
//! that is built there is built again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::others::Killed;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The runner and the plugin.
pub(crate) struct Runner {
    program: PathBuf,
    plugin: PathBuf,
}

impl Runner {
    /// Builds both; `None` if that cannot be done here. What cargo has to say goes to the console.
    pub(crate) fn build() -> Option<Self> {
        let this = std::env::current_exe().expect("the path of this program");
        let target = this.ancestors().nth(2).expect("a target folder").join("runner");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--profile", "bench", "--bin", "service_framework"]);
        cargo.args(["-p", "service_framework", "-p", "bench_desk", "--lib"]);
        cargo.env("CARGO_PROFILE_BENCH_DEBUG", "false");
        cargo.arg("--target-dir").arg(&target).current_dir(ROOT).stdin(Stdio::null());
        cargo.status().ok().filter(|status| status.success())?;
        let built = target.join("release");
        let plugin = format!("{}bench_desk{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        Some(Self { program: built.join("service_framework"), plugin: built.join(plugin) })
    }

    /// Starts it, to answer at this endpoint. Its addresses are a file in this folder.
    pub(crate) fn start(&self, endpoint: &str, folder: &Path) -> Killed {
        let file = folder.join("runner.json");
        std::fs::write(&file, bench_desk::addresses(endpoint).to_string()).expect("a file of addresses");
        let mut command = Command::new(&self.program);
        command.arg("-s").arg(&self.plugin).arg("-a").arg(file).args(["-cl", "ERROR"]);
        Killed::start(command).expect("the runner")
    }
}
