//! Tells the program with which compiler it is built: other compilers make other instructions.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").expect("cargo says which compiler it runs");
    let version = Command::new(rustc).arg("--version").output().expect("a compiler that runs");
    println!("cargo::rustc-env=INSTRUCTIONS_RUSTC={}", String::from_utf8_lossy(&version.stdout).trim());
    println!("cargo::rerun-if-changed=build.rs");
}
