//! Tells the program where the Python environment of the tests is: what finds it (`tests/support/python.rs`) asks cargo for
//! the folder, and cargo only tells tests.

use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp");
    std::fs::create_dir_all(&folder).expect("a folder for the environment");
    println!("cargo::rustc-env=CARGO_TARGET_TMPDIR={}", folder.canonicalize().expect("a folder").display());
    println!("cargo::rerun-if-changed=build.rs");
}
