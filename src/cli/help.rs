//! What the flags cannot say by themselves: config, environment, signals, exit codes.
//!
//! Owns the texts, once for `--help` and the man page alike. Knows no layout but that of `--help`.

/// A part of the help that is about no flag.
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) text: &'static str,
    /// Words, each with what it means.
    pub(super) rows: &'static [(&'static str, &'static str)],
}

/// Every part, in order.
pub(super) const SECTIONS: [Section; 4] = [
    Section {
        heading: "Config",
        text: "Any other --NAME VALUE, --NAME=VALUE or bare pair NAME VALUE sets the service's config, read as the type \
               that its model gives it. It overrides the environment, which overrides the config file.",
        rows: &[],
    },
    Section {
        heading: "Environment",
        text: "",
        rows: &[
            ("SF_CONFIG_<NAME>", "sets the service's config"),
            ("NO_COLOR", "if not empty, problems are drawn without colours"),
        ],
    },
    Section {
        heading: "Signals",
        text: "",
        rows: &[
            ("SIGINT, SIGTERM", "stop the service, or the bus, cleanly; a second one ends it at once"),
            ("SIGUSR1", "log the service's mode and uptime, and the counters of each connection, at INFO; a bus's too"),
        ],
    },
    Section {
        heading: "Exit codes",
        text: "",
        rows: &[
            ("0", "stopped cleanly"),
            ("2", "the command line cannot be understood"),
            ("69", "an address could not be bound or connected"),
            ("70", "the service failed, or did not stop in time"),
            ("74", "what was asked for could not be written to stdout"),
            ("78", "the config, the addresses or the plugin are invalid"),
            ("130", "a second SIGINT stopped it at once (143: a second SIGTERM)"),
        ],
    },
];

/// The length of a line of `--help`.
const WIDTH: usize = 100;

/// The sections as they stand below the flags in `--help`.
pub(super) fn below_the_flags() -> String {
    let mut help = String::new();
    for Section { heading, text, rows } in &SECTIONS {
        help.push_str(&format!("{heading}:\n"));
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.len() + word.len() + 3 > WIDTH {
                help.push_str(&format!("  {line}\n"));
                line.clear();
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        if !line.is_empty() {
            help.push_str(&format!("  {line}\n"));
        }
        let widest = rows.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
        for (word, meaning) in *rows {
            help.push_str(&format!("  {word:<widest$}  {meaning}\n"));
        }
        help.push('\n');
    }
    help.truncate(help.trim_end().len());
    help
}

/// The form of the file of a group, as it stands below the flags of that command.
pub(super) const fn below_a_group() -> &'static str {
    "\
The file:
  {
    \"services\": {
      \"desk\": {\"service\": \"libdesk.so\", \"config\": {\"max_size\": 10}},
      \"strategy\": {\"service\": \"libstrategy.so\", \"addresses\": \"addresses.json\", \"main\": true}
    },
    \"relations\": {\"strategy.orders\": [\"desk.orders\"]}
  }
  Paths count from the folder of the file. `config` and `addresses` are files, or what would stand in
  them. One service may run its main. A relation leads from an `out` connection to those `in`
  connections that are its other ends; what stands in none needs addresses."
}
