//! How long a plugin takes to build and how large it is, beside a library that does nothing; how large the runner is.
//!
//! Owns this section. What is built is in [`crate::plugin`].

use std::path::Path;
use std::time::Instant;

use crate::plugin::{self, Crate};
use crate::support::runner::Folder;
use crate::{head, kib, row, summed_up};

const CLEAN_BUILDS: usize = 3;
const CHANGES: usize = 5;

pub(crate) fn measure() {
    println!("\n## Build time and size");
    let folder = Folder::new();
    head(&["", "clean", "after a changed line", "packages", "library", "stripped"]);
    in_rust("plugin in Rust", &Crate::desk(folder.path()), folder.path());
    in_rust("library of `std` alone", &Crate::bare(folder.path()), folder.path());
    let (library, milliseconds) = timed(|| plugin::in_c(folder.path()));
    let (size, stripped) = plugin::sizes(&library, folder.path());
    let time = format!("{milliseconds:.0} ms");
    row(&["plugin in C", &time, "the same", "0", &kib(size), &told(stripped)]);

    head(&["", "file", "stripped"]);
    let (size, stripped) = plugin::sizes(Path::new(env!("CARGO_BIN_EXE_service_framework")), folder.path());
    row(&["runner", &kib(size), &told(stripped)]);
}

fn in_rust(name: &str, plugin: &Crate, folder: &Path) {
    let mut clean = Vec::new();
    let mut packages = 0;
    for _ in 0..CLEAN_BUILDS {
        plugin.clean();
        let (built, milliseconds) = timed(|| plugin.build());
        clean.push(milliseconds / 1e3);
        packages = built.packages;
    }
    let mut changed = Vec::new();
    for change in 0..CHANGES {
        plugin.change(change + 2);
        changed.push(timed(|| plugin.build()).1 / 1e3);
    }
    let (size, stripped) = plugin::sizes(&plugin.build().library, folder);
    let (clean, changed) = (summed_up(&clean, "s"), summed_up(&changed, "s"));
    row(&[name, &clean, &changed, &packages.to_string(), &kib(size), &told(stripped)]);
}

fn told(size: Option<u64>) -> String {
    size.map_or_else(|| "no `strip` here".to_owned(), kib)
}

/// What was made, and the milliseconds that it took.
fn timed<T>(make: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let made = make();
    (made, began.elapsed().as_secs_f64() * 1e3)
}
