//! The plugins that tests load, built as their authors would build them: by cargo, without the runtime's features, or by
//! a C compiler.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use service_framework::Json;

/// The shared library of the fixture called `name`.
pub(crate) fn plugin(name: &str) -> PathBuf {
    static LIBRARIES: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    let libraries = LIBRARIES.get_or_init(build);
    let found = libraries.iter().find(|(fixture, _)| fixture == name);
    found.map(|(_, path)| path.clone()).unwrap_or_else(|| panic!("no fixture called `{name}`"))
}

fn build() -> Vec<(String, PathBuf)> {
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder around the folder for files of tests");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--package",
        "fixtures",
        "--examples",
        "--offline",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    cargo.arg("--target-dir").arg(target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = cargo.stderr(Stdio::inherit()).output().expect("cargo");
    assert!(built.status.success(), "the fixtures do not build");
    let messages = String::from_utf8(built.stdout).expect("JSON");
    messages.lines().filter_map(library).collect()
}

/// The name and the file of a fixture that was built, if that is what cargo tells in this line.
fn library(line: &str) -> Option<(String, PathBuf)> {
    let message: Json = service_framework::serde_json::from_str(line).ok()?;
    let target = message.get("target")?;
    if target.get("crate_types")?.get(0)? != "cdylib" {
        return None;
    }
    let file = message.get("filenames")?.get(0)?.as_str()?;
    Some((target.get("name")?.as_str()?.to_owned(), file.into()))
}

/// What a source in C has to be clean of.
const C_FLAGS: [&str; 10] =
    ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-g", "-shared", "-fPIC", "-pthread"];

/// The shared library of the source in C at `path`, which is relative to the project's folder.
pub(crate) fn c_plugin(path: &str) -> PathBuf {
    static LIBRARIES: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    libraries.entry(source).or_insert_with_key(|source| compile(source)).clone()
}

fn compile(source: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c");
    std::fs::create_dir_all(&folder).expect("a folder for libraries");
    let library = folder.join(source.file_stem().expect("a source")).with_extension("so");
    // Other test programs may compile the same source at the same time, or have it loaded.
    let unfinished = library.with_extension(std::process::id().to_string());
    let mut compiler = Command::new("cc");
    compiler.args(C_FLAGS).arg("-I").arg(root.join("plugin/include")).arg("-o").arg(&unfinished).arg(source);
    let compiled = compiler.status().expect("a C compiler, which Rust needs too");
    assert!(compiled.success(), "{} does not compile", source.display());
    std::fs::rename(unfinished, &library).expect("a library");
    library
}
