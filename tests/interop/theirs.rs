//! Their side: the scripts of `python/`, run with the Python library.

use std::path::Path;
use std::process::{Command, Stdio};

use peer::typed;
use service_framework::{Json, Value};

pub(crate) use crate::support::python::Python;
use crate::support::runner::{Folder, Running};
use crate::support::until;

impl Python {
    /// Starts a script with its arguments.
    pub(crate) fn start(self, script: &str, arguments: &[&str]) -> Script {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/python").join(script);
        let mut command = Command::new(self.interpreter());
        Script(Running::start(command.arg("-B").arg(path).args(arguments).stdin(Stdio::piped())))
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

    /// Waits until the script's service runs.
    #[track_caller]
    pub(crate) fn ready(&mut self) {
        self.0.until_printed("ready");
    }

    /// Whether the script has told this under this key.
    pub(crate) fn has_told(&self, key: &str, what: &Json) -> bool {
        let printed = self.0.printed();
        let told = printed.lines().filter_map(|line| service_framework::serde_json::from_str::<Json>(line).ok());
        told.into_iter().any(|told| told.get(key) == Some(what))
    }

    /// Says a value on the script's stdin, typed.
    pub(crate) fn say(&mut self, value: &Value) {
        self.0.say(&typed::to_json(value).to_string());
    }

    /// Waits until the last line that the script has told is one that is looked for, and returns it.
    #[track_caller]
    pub(crate) fn until_last(&mut self, what: &str, mut is_it: impl FnMut(&Json) -> bool) -> Json {
        until(what, || {
            let printed = self.0.printed();
            let last = printed.lines().last().and_then(|line| service_framework::serde_json::from_str(line).ok());
            let found = last.filter(|last| is_it(last));
            assert!(found.is_some() || self.0.is_running(), "ended while waited for {what}, having told:\n{printed}");
            found
        })
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
