//! The report: its text, its tables and its plots.
//!
//! Owns their form and the folder that they are written to. Says of a target only what the figures of this run say.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bench_desk::stats::{median, paired_ratio, quantile};

use crate::contestant::{Contestant, Figures};
use crate::plot::{self, Axes, Line};

/// A report that is being written.
pub(crate) struct Report {
    folder: PathBuf,
    text: String,
    pub(crate) is_quick: bool,
}

impl Report {
    /// An empty report; what a former run wrote there is removed.
    pub(crate) fn new(folder: &Path, is_quick: bool) -> Self {
        fs::create_dir_all(folder).expect("a folder for the report");
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "svg") {
                fs::remove_file(entry.path()).expect("a plot of a former run goes");
            }
        }
        Self { folder: folder.to_owned(), text: String::new(), is_quick }
    }

    /// Appends a paragraph, and writes what there is so far: a run that is ended leaves what it measured.
    pub(crate) fn say(&mut self, paragraph: &str) {
        let _ = writeln!(self.text, "{paragraph}\n");
        println!("{paragraph}\n");
        fs::write(self.folder.join("README.md"), format!("{}\n", self.text.trim_end())).expect("a report");
    }

    /// Appends a table.
    pub(crate) fn table(&mut self, columns: &[&str], rows: &[Vec<String>]) {
        let mut table = format!("| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
        for row in rows {
            let _ = write!(table, "\n| {} |", row.join(" | "));
        }
        self.say(&table);
    }

    /// Appends a plot.
    pub(crate) fn plot(&mut self, file: &str, axes: &Axes<'_>, lines: &[Line]) {
        let file = format!("{file}.svg");
        plot::draw(&self.folder.join(&file), axes, lines).expect("a plot");
        self.say(&format!("![{}]({file})", axes.title));
    }

    /// Appends a plot of the latencies of contestants: the share of messages, by how many nines it has.
    pub(crate) fn latencies(&mut self, file: &str, title: &str, contestants: &[Contestant], measure: usize) {
        const SHARES: [f64; 7] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999];
        let line = |contestant: &Contestant| {
            let times = &contestant.figures[measure].times;
            let points = SHARES.map(|share: f64| (-(1.0 - share).log10(), times.within(share)));
            Line { name: plain(contestant.entry.name), points: points.to_vec() }
        };
        let lines: Vec<Line> = contestants.iter().map(line).collect();
        let axes = Axes { title, x: "share of all messages, %", y: "microseconds", label: share };
        self.plot(file, &axes, &lines);
    }

    /// Appends what is said of each target that was judged.
    pub(crate) fn targets(&mut self, targets: &[Target]) {
        let mut rows: Vec<Vec<String>> =
            targets.iter().filter(|target| target.is.is_finite()).map(Target::row).collect();
        if self.is_quick {
            rows.iter_mut().filter_map(|row| row.last_mut()).for_each(|cell| *cell = "not decided".to_owned());
        }
        if !rows.is_empty() {
            self.table(&["target", "limit", "this run", ""], &rows);
        }
    }
}

/// How a place on the axis of nines is written.
fn share(nines: f64) -> String {
    format!("{:.5}", 100.0 * (1.0 - 10_f64.powf(-nines)))
        .chars()
        .take(5)
        .collect::<String>()
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// Text without the marks of Markdown.
pub(crate) fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// Something that was promised, and what this run says of it.
pub(crate) struct Target {
    what: String,
    limit: f64,
    is: f64,
    at_most: bool,
    why_missed: &'static str,
}

impl Target {
    pub(crate) fn at_most(what: &str, limit: f64, is: f64) -> Self {
        Self { what: what.to_owned(), limit, is, at_most: true, why_missed: "" }
    }

    pub(crate) fn at_least(what: &str, limit: f64, is: f64) -> Self {
        Self { what: what.to_owned(), limit, is, at_most: false, why_missed: "" }
    }

    /// What is known of the reason, if it is missed.
    pub(crate) fn missed_for(self, why_missed: &'static str) -> Self {
        Self { why_missed, ..self }
    }

    fn row(&self) -> Vec<String> {
        let reached = if self.at_most { self.is <= self.limit } else { self.is >= self.limit };
        let limit = if self.at_most { "at most" } else { "at least" };
        let verdict = match (reached, self.why_missed) {
            (true, _) => "reached".to_owned(),
            (false, "") => "**missed**".to_owned(),
            (false, why) => format!("**missed**: {why}"),
        };
        vec![self.what.clone(), format!("{limit} {}", number(self.limit)), number(self.is), verdict]
    }
}

/// The figures of the contestant of this name.
pub(crate) fn of<'a>(contestants: &'a [Contestant], name: &str, measure: usize) -> Option<&'a Figures> {
    contestants.iter().find(|contestant| contestant.entry.name == name).map(|found| &found.figures[measure])
}

/// The median of the ratios of each round; NaN where one of both is not there.
pub(crate) fn ratio(
    contestants: &[Contestant],
    (name, to): (&str, &str),
    measure: usize,
    figure: fn(&Figures) -> &Vec<f64>,
) -> f64 {
    match (of(contestants, name, measure), of(contestants, to, measure)) {
        (Some(one), Some(other)) => paired_ratio(figure(one), figure(other)),
        _ => f64::NAN,
    }
}

/// A ratio as a cell.
pub(crate) fn cell(ratio: f64) -> String {
    if ratio.is_finite() { format!("{ratio:.2}") } else { String::new() }
}

/// The value in the middle, with the least and the greatest.
pub(crate) fn range(values: &[f64]) -> String {
    let [least, middle, most] = [quantile(values, 0.0), median(values), quantile(values, 1.0)].map(number);
    if middle.is_empty() { middle } else { format!("{middle} ({least} to {most})") }
}

/// Three digits or more, with separators where they are many; nothing where there is no number.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 1_000.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{value:.0}");
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_what_they_are_known_to() {
        assert_eq!([1.234, 45.67, 1234.5, 1_234_567.0].map(number), ["1.23", "45.7", "1,234", "1,234,567"]);
        assert_eq!(number(f64::NAN), "");
    }

    #[test]
    fn shares_are_written_with_their_nines() {
        assert_eq!([1.0, 2.0, 3.0].map(share), ["90", "99", "99.9"].map(|text| text.to_owned()));
    }
}
