//! What a transport cannot do is shown, not skipped: its scenario has to fail, in a process of its own, which it may hang
//! or take down. Where it passes, the transport has learnt it, and the list has to say so.

use std::process::Command;
use std::time::Duration;

/// Set in the processes that show a lack, so that they show it themselves.
const SHOWN: &str = "TRANSPORT_CONFORMANCE_SHOWS_A_LACK";

/// How long a scenario may take that is expected to hang.
const SHORT: Duration = Duration::from_secs(4);

/// How long a scenario may take, where it is no longer than `usual`.
pub(crate) fn patience(usual: Duration) -> Duration {
    if std::env::var_os(SHOWN).is_some() { SHORT } else { usual }
}

/// Runs the scenario of a test; or shows that it fails, if it is among what the transport lacks.
pub(crate) fn run(module: &str, scenario: &str, lacks: &[(&str, &str)], work: impl FnOnce()) {
    let lack = lacks.iter().find(|(lacking, _)| *lacking == scenario);
    let Some((_, reason)) = lack.filter(|_| std::env::var_os(SHOWN).is_none()) else { return work() };
    let (_, module) = module.split_once("::").expect("a module of this suite");
    let shown = Command::new(std::env::current_exe().expect("this program"))
        .args([&format!("{module}::{scenario}"), "--exact", "--nocapture"])
        .env(SHOWN, "1")
        .output()
        .expect("this program again");
    assert!(!shown.status.success(), "`{module}` is said to lack this, and does not: {reason}");
    println!("{module} lacks {scenario}: {reason} ({})", shown.status);
}

pub(crate) fn all_are_among(lacks: &[(&str, &str)], scenarios: &[&str]) {
    for (lack, reason) in lacks {
        assert!(scenarios.contains(lack), "no scenario is called `{lack}`");
        assert!(!reason.is_empty());
    }
}
