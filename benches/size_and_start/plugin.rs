//! The plugins that are built as their authors build them: outside of this workspace, with a target folder of their own.
//!
//! Owns their sources and the calls of cargo and of the C compiler. Never takes the time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use service_framework::Json;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The service of the README. `NUMBER` is what an author changes between two builds.
const DESK: &str = r#"
use service_framework::prelude::*;

#[derive(Model)]
pub struct Order {
    symbol: String,
    price: Decimal,
    quantity: Decimal,
}

#[derive(Model)]
pub struct Ack {
    symbol: String,
    notional: Decimal,
}

pub struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("order", Self::on_order);
    }
}

impl Desk {
    fn on_order(&mut self, order: Order, _: &mut Context) -> Result<Ack> {
        Ok(Ack { symbol: order.symbol, notional: order.price * order.quantity * Decimal::from(NUMBER) })
    }
}

export_service!(Desk);
"#;

/// A library that uses nothing but the standard library: what every plugin in Rust has in it.
const BARE: &str = r#"
/// Something that the standard library's formatting is needed for.
#[unsafe(no_mangle)]
pub extern "C" fn length(number: u64) -> usize {
    format!("{}", number + NUMBER).len()
}
"#;

/// A crate of one file that makes a plugin.
pub(crate) struct Crate {
    folder: PathBuf,
    source: &'static str,
}

/// What cargo built.
pub(crate) struct Built {
    pub(crate) library: PathBuf,
    /// How many packages were compiled, the crate itself included.
    pub(crate) packages: usize,
}

impl Crate {
    /// The least plugin there is.
    pub(crate) fn desk(folder: &Path) -> Self {
        let dependency = format!("service_framework = {{ path = \"{ROOT}\", default-features = false }}");
        Self::new(folder.join("desk"), DESK, &dependency)
    }

    /// The least library there is.
    pub(crate) fn bare(folder: &Path) -> Self {
        Self::new(folder.join("bare"), BARE, "")
    }

    fn new(folder: PathBuf, source: &'static str, dependency: &str) -> Self {
        std::fs::create_dir_all(folder.join("src")).expect("a folder for the crate");
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"plugin\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\n{dependency}\n"
        );
        std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file of the crate");
        // The same versions as in the workspace: they are on this machine already.
        std::fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock")).expect("a file of the crate");
        let plugin = Self { folder, source };
        plugin.change(1);
        plugin
    }

    /// Changes a line of the source.
    pub(crate) fn change(&self, number: usize) {
        let source = self.source.replace("NUMBER", &number.to_string());
        std::fs::write(self.folder.join("src/lib.rs"), source).expect("a file of the crate");
    }

    /// Forgets all that was built.
    pub(crate) fn clean(&self) {
        let target = self.target();
        if target.exists() {
            std::fs::remove_dir_all(target).expect("the target folder goes");
        }
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// `cargo build --release`, in the crate's folder.
    pub(crate) fn build(&self) -> Built {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--offline", "--message-format", "json-render-diagnostics", "--target-dir"]);
        cargo.arg(self.target()).current_dir(&self.folder);
        let output = cargo.stderr(Stdio::piped()).output().expect("cargo");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let messages: Vec<Json> =
            lines.filter_map(|line| service_framework::serde_json::from_slice(line).ok()).collect();
        let packages: BTreeSet<&str> = messages.iter().filter_map(|message| message["package_id"].as_str()).collect();
        let files = messages.iter().filter_map(|message| message["filenames"].as_array()).flatten();
        let mut paths = files.filter_map(Json::as_str).map(PathBuf::from);
        let library = paths.find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libplugin"))
                && path.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
        });
        Built { library: library.expect("a library among what cargo built"), packages: packages.len() }
    }
}

/// Compiles the desk of the examples in C, as their README says.
pub(crate) fn in_c(folder: &Path) -> PathBuf {
    let (root, library) = (Path::new(ROOT), folder.join("libc_desk.so"));
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-O2", "-shared", "-fPIC", "-I"]).arg(root.join("plugin/include"));
    compiler.arg("-o").arg(&library).arg(root.join("examples/c/desk.c"));
    assert!(compiler.status().expect("a C compiler, which Rust needs too").success(), "the C desk does not compile");
    library
}

/// The size of a file, and its size without symbols where there is the tool `strip`.
pub(crate) fn sizes(file: &Path, folder: &Path) -> (u64, Option<u64>) {
    let size = |path: &Path| std::fs::metadata(path).expect("a file that was built").len();
    let stripped = folder.join("stripped");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(file).status();
    (size(file), strip.is_ok_and(|status| status.success()).then(|| size(&stripped)))
}
