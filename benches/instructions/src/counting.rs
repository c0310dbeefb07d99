//! Counts instructions: the one function between whose entry and exit they are counted, and the calls of the counter.
//!
//! Owns what is alike in every count. Each path has a process of its own, so that none finds the heap as another left
//! it, and that process gets a fixed environment.
//!
//! What could make two machines count differently, and what is done about it:
//! - The compiler: the budget file names the one with which it was made, and a failure with another one says so.
//! - The C library picks its `memcpy` and the like by the CPU. It is told here that there are no vectors wider than
//!   those of every x86-64, so that it picks the same everywhere; its own release may still change a count. Nothing else
//!   on these paths looks at the CPU (hashes of leaves would beyond 240 bytes).
//! - What else is built: `profile.counted` optimises each crate for itself, so that what is linked beside it changes
//!   nothing. Counts with thin LTO, as the benchmarks have it, are up to 5 % lower.
//! - Random seeds of hash maps, process ids, addresses: two runs give the same figures, as nothing on these paths looks
//!   into a hash map of the standard library.
//! - Another architecture has other instructions: there is nothing to compare, and the guard refuses.

use std::process::{Command, Stdio};

/// Messages before those that are counted: buffers have grown to their size, and every key of a state is there.
pub(crate) const WARM_UP: usize = 2_000;
/// Messages that are counted. As many as the largest state has keys, so that each key comes once.
pub(crate) const MESSAGES: usize = 1_000;
/// All messages of a path.
pub(crate) const ALL: usize = WARM_UP + MESSAGES;

/// What the counter looks for among the names of functions, however the compiler adorns them.
const COUNTED: &str = "*messages_that_are_counted*";
/// See above. The names are those of glibc 2.33 and later; others ignore them.
const PLAIN_CPU: &str = "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-SSSE3,-SSE4_1,-SSE4_2,-BMI2";

/// Handles all messages of a path, one after the other; `once` gets the number of each.
pub(crate) fn count(once: &mut dyn FnMut(usize)) {
    (0..WARM_UP).for_each(&mut *once);
    messages_that_are_counted(once);
}

/// Through a pointer, so that there is one function of this name and not one for each path.
#[inline(never)]
fn messages_that_are_counted(once: &mut dyn FnMut(usize)) {
    (WARM_UP..ALL).for_each(once);
}

/// The instructions for each message of these paths.
pub(crate) fn all(names: &[&'static str]) -> Result<Vec<(&'static str, u64)>, String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("the budgets are those of Linux on x86-64".to_owned());
    }
    if cfg!(debug_assertions) {
        return Err("instructions are counted in optimised code: run `cargo budget`".to_owned());
    }
    names.iter().map(|name| Ok((*name, of(name)?))).collect()
}

fn of(name: &str) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut counter = Command::new("valgrind");
    counter.args(["--tool=callgrind", "--command-line-only=yes", "--callgrind-out-file=/dev/null"]);
    counter.arg(format!("--toggle-collect={COUNTED}")).arg(program).args(["--path", name]);
    counter.env_clear().env("GLIBC_TUNABLES", PLAIN_CPU).envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let output = counter.stdin(Stdio::null()).output().map_err(|error| format!("valgrind does not run: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    // The last lines of callgrind have `==1234== Collected : 5678`.
    let collected = told.lines().rev().find_map(|line| line.split_once("Collected :")?.1.trim().parse::<u64>().ok());
    match collected {
        Some(collected) if output.status.success() && collected > 0 => {
            let messages = MESSAGES as u64;
            Ok((collected + messages / 2) / messages)
        }
        _ => Err(format!("{name}: nothing was counted ({}):\n{told}", output.status)),
    }
}
