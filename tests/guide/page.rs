//! A page of the documentation as what a reader does with it: files to write, commands to run, output to look at.
//!
//! Owns how a listing says what it is, in the words behind its fence, which nobody sees who reads the page. Never runs
//! anything. A listing of which a test would see nothing is refused.
//!
//! | listing | what a reader does |
//! |---|---|
//! | `rust file=src/lib.rs` (or another language) | writes the file; the text above names it |
//! | `sh` | runs the commands in the first terminal, to their end, which is a good one |
//! | `sh exit=78` | the same, with this exit code |
//! | `sh starts=NAME` | runs them in a terminal of their own, where the last one goes on running |
//! | `text` | sees this, and nothing else, from the commands above |
//! | `text of=NAME` | sees this next from what was started under that name |
//! | `text of=NAME ends=INT exit=0` | sends the signal, sees this and the exit code |
//!
//! `needs=python` on a listing: it is passed over where there is no Python.

/// What a reader does next.
#[derive(Debug)]
pub(crate) struct Step {
    /// The line of the page on which the listing begins.
    pub(crate) line: usize,
    pub(crate) needs_python: bool,
    pub(crate) action: Action,
}

impl Step {
    /// What stands in the file that it writes, if it writes one.
    pub(crate) fn file(&self) -> Option<&str> {
        if let Action::Write { text, .. } = &self.action { Some(text) } else { None }
    }
}

#[derive(Debug)]
pub(crate) enum Action {
    /// Writes a file.
    Write { path: String, text: String },
    /// Runs commands to their end.
    Run { commands: String, exit: i32 },
    /// Starts what goes on running.
    Start { name: String, commands: String },
    /// Looks at what the commands before have printed.
    SeePrinted { text: String },
    /// Waits for what something that runs says next.
    SeeSaid { name: String, text: String },
    /// Ends what runs with a signal, and looks at what it says at its end.
    End { name: String, signal: String, exit: i32, text: String },
}

/// The languages in which a page shows files.
const LANGUAGES: [&str; 5] = ["rust", "toml", "json", "python", "text"];

/// The steps of a page, in order.
pub(crate) fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut above = String::new();
    let mut lines = page.lines().zip(1..);
    while let Some((text, line)) = lines.next() {
        let Some(info) = text.strip_prefix("```") else {
            assert!(!text.contains("```"), "line {line}: a listing begins at the beginning of its line");
            if !text.is_empty() {
                above.push_str(text);
                above.push('\n');
            }
            if text.starts_with('#') {
                above.clear();
            }
            continue;
        };
        let body: Vec<&str> = lines.by_ref().map(|(text, _)| text).take_while(|text| *text != "```").collect();
        let body: String = body.into_iter().map(|line| format!("{line}\n")).collect();
        steps.push(step(line, info, body, &above));
        above.clear();
    }
    steps
}

/// The page with other texts in the listings that begin on these lines.
pub(crate) fn corrected(page: &str, corrections: &[(usize, String)]) -> String {
    let mut corrected = String::new();
    let mut lines = page.lines().zip(1..);
    while let Some((text, line)) = lines.next() {
        corrected.push_str(&format!("{text}\n"));
        if let Some((_, seen)) = corrections.iter().find(|(begin, _)| *begin == line) {
            corrected.push_str(seen);
            corrected.push_str("```\n");
            lines.by_ref().take_while(|(text, _)| *text != "```").for_each(drop);
        }
    }
    corrected
}

fn step(line: usize, info: &str, text: String, above: &str) -> Step {
    let mut words = info.split(' ');
    let language = words.next().unwrap_or_default();
    let mut said = Said { line, info, words: words.collect() };
    let needs_python = said.take("needs").is_some_and(|what| what == "python");
    let (name, exit) = (said.take("of").or_else(|| said.take("starts")), said.take("exit"));
    let exit = exit.map_or(0, |code| code.parse().expect("an exit code"));
    let file = said.take("file");
    let action = match (language, name) {
        (language, None) if file.is_some() && LANGUAGES.contains(&language) => {
            let path = file.unwrap_or_default();
            assert!(above.contains(&format!("`{path}`")), "line {line}: the text above does not name `{path}`");
            Action::Write { path, text }
        }
        ("sh", None) => Action::Run { commands: text, exit },
        ("sh", Some(name)) => Action::Start { name, commands: text },
        ("text", None) => Action::SeePrinted { text },
        ("text", Some(name)) => match said.take("ends") {
            Some(signal) => Action::End { name, signal, exit, text },
            None => {
                assert!(!text.is_empty(), "line {line}: nothing is waited for, so nothing can differ");
                Action::SeeSaid { name, text }
            }
        },
        _ => panic!("line {line}: no test sees this listing: `{info}`"),
    };
    said.nothing_else();
    Step { line, needs_python, action }
}

/// The words behind a fence that are not understood yet.
struct Said<'a> {
    line: usize,
    info: &'a str,
    words: Vec<&'a str>,
}

impl Said<'_> {
    fn take(&mut self, key: &str) -> Option<String> {
        let place = self.words.iter().position(|word| word.split_once('=').is_some_and(|(name, _)| name == key))?;
        self.words.remove(place).split_once('=').map(|(_, value)| value.to_owned())
    }

    fn nothing_else(self) {
        let Self { line, info, words } = self;
        assert!(words.is_empty(), "line {line}: nobody understands {words:?} of `{info}`");
    }
}
