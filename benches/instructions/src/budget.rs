//! The budget file: what each path may take, and the least that it ever might.
//!
//! Owns its form and the judgement. A budget is what was counted and 2 %, and goes only down by itself: one that is
//! above the lowest there was has a reason in words beside it. Never counts.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value as Json;

/// The compiler of this program: cargo tells it to no program, so that the build asks.
const RUSTC: &str = env!("INSTRUCTIONS_RUSTC");

#[derive(Debug)]
pub(crate) struct Budgets {
    rustc: String,
    paths: Vec<Budget>,
}

#[derive(Debug, PartialEq)]
struct Budget {
    path: String,
    budget: u64,
    lowest: u64,
    reason: Option<String>,
}

impl Budgets {
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Self::parse(&text).map_err(|what| format!("{}: {what}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let paths = json["paths"].as_object().ok_or("no `paths`")?;
        let budget = |(path, json): (&String, &Json)| {
            let number = |key: &str| json[key].as_u64().ok_or_else(|| format!("`{path}` has no number `{key}`"));
            let reason = json["reason"].as_str().map(str::trim).filter(|reason| !reason.is_empty());
            let (budget, lowest) = (number("budget")?, number("lowest")?);
            Ok(Budget { path: path.clone(), budget, lowest, reason: reason.map(str::to_owned) })
        };
        let paths = paths.iter().map(budget).collect::<Result<_, String>>()?;
        Ok(Self { rustc: json["rustc"].as_str().unwrap_or_default().to_owned(), paths })
    }

    pub(crate) fn to_json(&self) -> String {
        let quoted = |text: &str| Json::from(text).to_string();
        let mut out = format!("{{\n  \"rustc\": {},\n  \"paths\": {{\n", quoted(&self.rustc));
        for (place, Budget { path, budget, lowest, reason }) in self.paths.iter().enumerate() {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(", \"reason\": {}", quoted(reason)));
            let comma = if place + 1 == self.paths.len() { "" } else { "," };
            // Writing to a string does not fail.
            let _ =
                writeln!(out, "    {}: {{ \"budget\": {budget}, \"lowest\": {lowest}{reason} }}{comma}", quoted(path));
        }
        out + "  }\n}\n"
    }

    pub(crate) fn of(&self, path: &str) -> Option<u64> {
        Some(self.paths.iter().find(|budget| budget.path == path)?.budget)
    }

    /// Lowers what can be lowered, and gives a path that has no budget its first one.
    pub(crate) fn lower(&mut self, counted: &[(&str, u64)]) {
        self.paths.retain(|budget| counted.iter().any(|(path, _)| *path == budget.path));
        for (path, counted) in counted {
            let fitting = fitting(*counted);
            let Some(budget) = self.paths.iter_mut().find(|budget| budget.path == *path) else {
                self.paths.push(Budget { path: (*path).to_owned(), budget: fitting, lowest: fitting, reason: None });
                continue;
            };
            budget.budget = budget.budget.min(fitting);
            if budget.budget <= budget.lowest {
                (budget.lowest, budget.reason) = (budget.budget, None);
            }
        }
        self.paths.sort_by(|one, other| one.path.cmp(&other.path));
        RUSTC.clone_into(&mut self.rustc);
    }

    /// What is wrong, each with what is to be done about it.
    pub(crate) fn judge(&self, counted: &[(&str, u64)]) -> Vec<String> {
        let mut problems = Vec::new();
        for (path, counted) in counted {
            match self.paths.iter().find(|budget| budget.path == *path) {
                Some(budget) => problems.extend(budget.judge(*counted)),
                None => problems.push(format!("{path}: has no budget. `cargo budget --lower` gives it one.")),
            }
        }
        let stray = self.paths.iter().filter(|budget| counted.iter().all(|(path, _)| *path != budget.path));
        problems.extend(stray.map(|budget| format!("{}: has a budget, but there is no such path.", budget.path)));
        if !problems.is_empty() && self.rustc != RUSTC {
            problems.push(format!("The budgets were made with {}, this was built with {RUSTC}.", self.rustc));
        }
        problems
    }
}

impl Budget {
    fn judge(&self, counted: u64) -> Vec<String> {
        let Self { path, budget, lowest, reason } = self;
        let mut problems = Vec::new();
        if counted > *budget {
            let (more, share) = (counted - budget, percent(counted, *budget));
            problems.push(format!(
                "{path}: takes {counted} instructions a message, {more} ({share:.1} %) more than its budget of {budget}. \
                 Find what takes them, with callgrind_annotate for instance; where they are well spent, set its budget \
                 in benches/budget.json to {} and say there in `reason` what they are spent on.",
                fitting(counted)
            ));
        }
        // By whole numbers: a twentieth less.
        if counted.saturating_mul(20) < budget.saturating_mul(19) {
            let share = -percent(counted, *budget);
            problems.push(format!(
                "{path}: takes {counted} instructions a message, {share:.1} % less than its budget of {budget}. Lower its \
                 budget to {}, so that this is not lost again: `cargo budget --lower`.",
                fitting(counted)
            ));
        }
        if budget > lowest && reason.is_none() {
            problems.push(format!(
                "{path}: its budget of {budget} is above the lowest that it had, {lowest}, and no `reason` says why. Give \
                 one in benches/budget.json, or go back to {lowest}."
            ));
        }
        if budget < lowest {
            problems.push(format!("{path}: its budget of {budget} is below `lowest`, which is to be {budget} too."));
        }
        problems
    }
}

/// The budget that fits what was counted: 2 % more, for what another C library or the layout of other code may change.
const fn fitting(counted: u64) -> u64 {
    counted + counted.div_ceil(50)
}

fn percent(counted: u64, budget: u64) -> f64 {
    (counted as f64 / budget as f64 - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets(budget: u64, lowest: u64, reason: &str) -> Budgets {
        let reason = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
        Budgets { rustc: RUSTC.to_owned(), paths: vec![Budget { path: "reading".to_owned(), budget, lowest, reason }] }
    }

    fn problem(budgets: &Budgets, counted: u64) -> String {
        budgets.judge(&[("reading", counted)]).join("\n")
    }

    #[test]
    fn a_path_that_takes_more_than_its_budget_is_told_by_how_much() {
        let budgets = budgets(1_000, 1_000, "");
        assert_eq!(problem(&budgets, 1_000), "");
        let told = problem(&budgets, 1_025);
        assert!(
            told.starts_with("reading: takes 1025 instructions a message, 25 (2.5 %) more than its budget of 1000.")
        );
        assert!(told.contains("to 1046 and say"), "{told}");
    }

    #[test]
    fn a_budget_that_is_far_too_high_is_to_be_lowered() {
        let mut budgets = budgets(1_000, 1_000, "");
        assert_eq!(problem(&budgets, 950), "");
        let told = problem(&budgets, 949);
        assert!(told.contains("5.1 % less than its budget of 1000. Lower its budget to 968"), "{told}");
        budgets.lower(&[("reading", 949)]);
        assert_eq!((budgets.of("reading"), problem(&budgets, 949).as_str()), (Some(968), ""));
    }

    #[test]
    fn a_budget_above_the_lowest_needs_a_reason() {
        assert!(problem(&budgets(1_000, 900, ""), 990).contains("no `reason` says why"));
        assert_eq!(problem(&budgets(1_000, 900, "it checks more"), 990), "");
        assert!(problem(&budgets(900, 1_000, ""), 890).contains("below `lowest`"));
    }

    #[test]
    fn nothing_is_raised_and_a_reason_lasts_for_as_long_as_it_is_needed() {
        let mut budgets = budgets(1_000, 900, "it checks more");
        budgets.lower(&[("reading", 2_000)]);
        assert_eq!(budgets.of("reading"), Some(1_000));
        budgets.lower(&[("reading", 900)]);
        assert_eq!(budgets.paths[0].reason.as_deref(), Some("it checks more"));
        budgets.lower(&[("reading", 800)]);
        let lowered = Budget { path: "reading".to_owned(), budget: 816, lowest: 816, reason: None };
        assert_eq!(budgets.paths, [lowered]);
    }

    #[test]
    fn paths_and_budgets_are_the_same_ones() {
        let mut budgets = budgets(1_000, 1_000, "");
        let counted = [("writing", 500)];
        let told = budgets.judge(&counted).join("\n");
        assert!(told.contains("writing: has no budget") && told.contains("reading: has a budget"), "{told}");
        budgets.lower(&counted);
        assert!(budgets.judge(&counted).is_empty());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = budgets(1_000, 900, "it \"checks\" more").to_json();
        let read = Budgets::parse(&written).unwrap();
        assert_eq!((read.to_json(), read.paths), (written, budgets(1_000, 900, "it \"checks\" more").paths));
        assert!(Budgets::parse("{\"paths\": {\"reading\": {\"budget\": 1}}}").unwrap_err().contains("`lowest`"));
    }
}
