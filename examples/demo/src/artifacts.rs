//! Builds the runner and the plugins with cargo, and finds the files that come out.
//!
//! Owns the call of cargo. The files' places are those that cargo tells, so that a target folder of one's own is fine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::error::Error;

const RUNNER: &str = "service_framework";

/// Files that were built.
pub(crate) struct Artifacts {
    pub(crate) runner: PathBuf,
    plugins: Vec<(String, PathBuf)>,
}

impl Artifacts {
    /// Builds in the profile that the demo itself was built in.
    pub(crate) fn build(root: &Path, plugins: &[&str]) -> Result<Self, Error> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(root).args(["build", "--message-format=json-render-diagnostics", "--package", RUNNER]);
        command.args(plugins.iter().flat_map(|plugin| ["--package", plugin]));
        command.args(["--profile", &profile()?]);
        let output = command.stderr(Stdio::inherit()).output().map_err(Error::io("run cargo"))?;
        if !output.status.success() {
            return Err(Error::Build(output.status));
        }
        let messages: Vec<Json> =
            output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let runner = messages.iter().find_map(|message| {
            let executable = message.get("executable")?.as_str()?;
            is_about(message, RUNNER).then(|| executable.into())
        });
        let runner = runner.ok_or_else(|| Error::NotBuilt(format!("program `{RUNNER}`")))?;
        let plugins = plugins.iter().map(|name| {
            let library = messages.iter().find_map(|message| library(message, name));
            Ok(((*name).to_owned(), library.ok_or_else(|| Error::NotBuilt(format!("plugin `{name}`")))?))
        });
        Ok(Self { runner, plugins: plugins.collect::<Result<_, Error>>()? })
    }

    /// The library of a plugin.
    pub(crate) fn plugin(&self, name: &str) -> Result<&Path, Error> {
        let found = self.plugins.iter().find(|(plugin, _)| plugin == name);
        found.map(|(_, path)| path.as_path()).ok_or_else(|| Error::NotBuilt(format!("plugin `{name}`")))
    }
}

/// The shared library of the plugin `name`, if this is cargo's message about it.
fn library(message: &Json, name: &str) -> Option<PathBuf> {
    let files = message.get("filenames")?.as_array().filter(|_| is_about(message, name))?;
    let mut files = files.iter().filter_map(Json::as_str).map(PathBuf::from);
    files.find(|file| file.extension().is_some_and(|extension| extension == env::consts::DLL_EXTENSION))
}

fn is_about(message: &Json, name: &str) -> bool {
    message.pointer("/target/name").is_some_and(|target| target == name)
}

/// The folder of this program under the target folder is named after its profile; `debug` is that of `dev`.
fn profile() -> Result<String, Error> {
    let own = env::current_exe().map_err(Error::io("find the demo's own file"))?;
    let folder = own.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    Ok(folder.filter(|folder| folder != "debug").unwrap_or_else(|| "dev".to_owned()))
}
