//! Where the demo plays: the project's folder, a folder for what it writes, and what was built.
//!
//! Owns the form of a command on the runner, and the reading of the examples' own files.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::artifacts::Artifacts;
use crate::error::Error;
use crate::process::Invocation;

/// The place and the props.
pub(crate) struct Stage {
    root: PathBuf,
    /// Logs, printed figures, and addresses where a port is taken.
    scratch: PathBuf,
    artifacts: Artifacts,
}

impl Stage {
    /// Builds the plugins and the runner, and makes the folder.
    pub(crate) fn set(plugins: &[&str]) -> Result<Self, Error> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned();
        let artifacts = Artifacts::build(&root, plugins)?;
        // Beside the runner's own folder, which is named after the profile.
        let target = artifacts.runner.ancestors().nth(2).unwrap_or(&root);
        let scratch = target.join("demo");
        fs::create_dir_all(&scratch).map_err(Error::io(format!("make `{}`", scratch.display())))?;
        Ok(Self { root, scratch, artifacts })
    }

    /// The runner with a plugin, with the arguments of a person who sits in the project's folder. A first argument
    /// without a dash is the runner's command.
    pub(crate) fn command(&self, plugin: &str, arguments: &[&str]) -> Result<Invocation, Error> {
        let (command, arguments) = match arguments {
            [command, rest @ ..] if !command.starts_with('-') => (Some(*command), rest),
            all => (None, all),
        };
        let words = command.into_iter().map(str::to_owned);
        let service = ["-s".to_owned(), self.shown(self.artifacts.plugin(plugin)?)];
        let words = words.chain(service).chain(arguments.iter().map(|word| (*word).to_owned())).collect();
        Ok(Invocation {
            name: plugin.to_owned(),
            program: self.shown(&self.artifacts.runner),
            words,
            root: self.root.clone(),
            scratch: self.scratch.clone(),
        })
    }

    /// The text of a file of an example.
    pub(crate) fn read(&self, file: &str) -> Result<String, Error> {
        let path = self.root.join(file);
        fs::read_to_string(&path).map_err(Error::io(format!("read `{}`", path.display())))
    }

    /// Writes a file for the processes to read; gives back its name on a command line.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<String, Error> {
        let path = self.scratch.join(file);
        fs::write(&path, text).map_err(Error::io(format!("write `{}`", path.display())))?;
        Ok(self.shown(&path))
    }

    /// A text in a JSON file of an example.
    pub(crate) fn text_in(&self, file: &str, pointer: &str) -> Result<String, Error> {
        let json: Json = serde_json::from_str(&self.read(file)?)
            .map_err(|error| error.to_string())
            .map_err(Error::file(Path::new(file)))?;
        let found = json.pointer(pointer).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        found.ok_or_else(|| format!("nothing at `{pointer}`")).map_err(Error::file(Path::new(file)))
    }

    /// Compares what a service counted with the `count` in its config file.
    pub(crate) fn expect_count(&self, service: &str, counted: &str) -> Result<(), Error> {
        let wanted = self.text_in(&format!("examples/{service}/config.json"), "/count")?;
        if counted == wanted {
            return Ok(());
        }
        Err(Error::Figure(format!("`{service}` counted {counted} answers, and its config asks for {wanted}")))
    }

    /// A path as short as it can be for a person in the project's folder.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
