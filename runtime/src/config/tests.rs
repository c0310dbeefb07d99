use std::sync::Arc;

use serde_json::json;
use service_framework_model::json::read;
use service_framework_model::schema::{KeyType, Length};

use super::*;
use crate::diagnostics::{Severity, SourceFile};
use service_framework_model::schema::ArgType;

fn record() -> Record {
    Record::new()
        .required("symbol", ArgType::str())
        .required("price", ArgType::decimal())
        .optional_with_default("depth", ArgType::int_range(1, 50), 10_i64)
        .optional("note", ArgType::option(ArgType::str()))
        .optional("levels", ArgType::list(ArgType::int_range(0, 9)))
        .optional("side", ArgType::one_of(["buy", "sell"]))
}

fn file(text: &str) -> Document {
    let file = Arc::new(SourceFile { path: "config.json".into(), text: text.into() });
    Document { source: Source::File(file), node: read(text).unwrap() }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn sources(text: &str, environment: &[(&str, &str)], command_line: &[(&str, &str)]) -> ConfigSources {
    ConfigSources {
        documents: vec![file(text)],
        environment: pairs(environment),
        command_line: pairs(command_line),
        ..ConfigSources::default()
    }
}

fn resolved(record: &Record, sources: &ConfigSources) -> ResolvedConfig {
    let mut diagnostics = Diagnostics::new();
    let config = resolve(record, sources, None, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    config.unwrap()
}

/// What is said of a config that cannot be resolved.
fn refused(record: &Record, sources: &ConfigSources, setup: Option<Setup<'_>>) -> String {
    let mut diagnostics = Diagnostics::new();
    assert!(resolve(record, sources, setup, &mut diagnostics).is_none());
    assert!(diagnostics.has_errors());
    diagnostics.to_string()
}

#[test]
fn later_sources_win_and_each_name_knows_its_own() {
    let sources = sources(
        r#"{"symbol": "BTC", "price": 0.10, "depth": 20, "note": "from the file"}"#,
        &[("SF_CONFIG_DEPTH", "30"), ("SF_CONFIG_NOTE", "null"), ("PATH", "/bin")],
        &[("depth", "40")],
    );
    let config = resolved(&record(), &sources);
    assert_eq!(config.value.get("depth"), Some(&Value::Int(40)));
    assert_eq!(config.value.get("note"), Some(&Value::Nil));
    let origins: Vec<_> = config.origins.iter().map(|(name, source)| format!("{name}: {source}")).collect();
    assert_eq!(
        origins,
        [
            "symbol: config.json",
            "price: config.json",
            "depth: command line",
            "note: environment variable SF_CONFIG_NOTE"
        ]
    );
}

#[test]
fn groups_and_flat_names_are_both_read() {
    let text = r#"{"required": {"symbol": "BTC"}, "optional": {"depth": 20}, "price": "1.5"}"#;
    let config = resolved(&record(), &sources(text, &[], &[]));
    assert_eq!(config.json, json!({"symbol": "BTC", "price": "1.5", "depth": 20}));
    let named = Record::new().required("required", ArgType::map(KeyType::Str, ArgType::int()));
    let config = resolved(&named, &sources(r#"{"required": {"a": 1}}"#, &[], &[]));
    assert_eq!(config.json, json!({"required": {"a": 1}}));
}

#[test]
fn digits_are_kept_wherever_they_were_written() {
    let config = resolved(&record(), &sources(r#"{"symbol": "BTC", "price": 0.10}"#, &[], &[]));
    assert_eq!(config.json["price"], json!("0.10"));
    let number = "12345678901234567890.12345678";
    for sources in [
        sources(&format!(r#"{{"symbol": "BTC", "price": {number}}}"#), &[], &[]),
        sources(r#"{"symbol": "BTC"}"#, &[("SF_CONFIG_PRICE", number)], &[]),
        sources(r#"{"symbol": "BTC"}"#, &[], &[("price", number)]),
    ] {
        assert_eq!(resolved(&record(), &sources).json["price"], json!(number));
    }
    let ids = Record::new().required("id", ArgType::int());
    let config = resolved(&ids, &sources(r#"{"id": 18446744073709551615}"#, &[], &[]));
    assert_eq!(config.value.get("id"), Some(&Value::UInt(u64::MAX)));
}

#[test]
fn what_is_left_out_gets_its_default() {
    let config = resolved(&record(), &sources(r#"{"symbol": "BTC", "price": 1}"#, &[], &[]));
    assert_eq!(config.value.get("depth"), Some(&Value::Int(10)));
    assert_eq!(config.origins.last().unwrap(), &("depth".to_owned(), Source::Default));
    assert_eq!(config.value.get("note"), None);
}

#[test]
fn an_open_config_keeps_what_it_does_not_name() {
    let open = Record::new().required("a", ArgType::int()).open();
    let config = resolved(&open, &sources(r#"{"z": [1], "a": 1}"#, &[], &[("more", "[2]")]));
    assert_eq!(config.json, json!({"a": 1, "z": [1], "more": [2]}));
}

#[test]
fn setup_gets_what_is_set_and_overwrites_it_in_both_forms() {
    let given = std::cell::RefCell::new(json!(null));
    let setup: Setup<'_> = Box::new(|config| {
        *given.borrow_mut() = config.clone();
        Ok(json!({"required": {"price": "2.50"}, "depth": 7}))
    });
    let mut diagnostics = Diagnostics::new();
    let sources = sources(r#"{"symbol": "BTC", "depth": 20}"#, &[], &[]);
    let config = resolve(&record(), &sources, Some(setup), &mut diagnostics).unwrap();
    assert_eq!(*given.borrow(), json!({"symbol": "BTC", "depth": 20}));
    assert_eq!(config.json, json!({"symbol": "BTC", "price": "2.50", "depth": 7}));
    assert_eq!(config.origins[2].1, Source::Function(Function::SetupConfig));
}

#[test]
fn setup_does_not_run_on_a_config_that_cannot_be_read() {
    let setup: Setup<'_> = Box::new(|_| panic!("setup must not run"));
    let said = refused(&record(), &sources(r#"{"price": true}"#, &[], &[]), Some(setup));
    assert!(said.contains("expected Decimal"), "{said}");
    assert!(!said.contains("nothing sets it"), "setup might have set `symbol`: {said}");
}

#[test]
fn a_failing_setup_is_a_problem_of_its_own() {
    let setup: Setup<'_> = Box::new(|_| Err("`setup_config` failed: no rate for BTC".to_owned()));
    let said = refused(&record(), &sources(r#"{"symbol": "BTC"}"#, &[], &[]), Some(setup));
    assert!(said.starts_with("error: `setup_config` failed: no rate for BTC\n"), "{said}");
}

#[test]
fn every_problem_of_every_source_is_shown_at_its_place() {
    let text = r#"{
  "required": {"symbol": 12, "price": "0.1O"},
  "depht": 3,
  "levels": [1, "two", 3],
  "side": "byu"
}
"#;
    let sources = sources(text, &[("SF_CONFIG_DEPTH", "many"), ("SF_CONFIG_DETPH", "3")], &[("nose", "x")]);
    assert_eq!(
        refused(&record(), &sources, None),
        r#"error: `required.symbol`: expected Str, got the number 12
 --> config.json:2:26
  |
2 |   "required": {"symbol": 12, "price": "0.1O"},
  |                          ^^
  |
  = help: write it as `"12"`

error: `required.price`: the text "0.1O" is not a decimal number
 --> config.json:2:39
  |
2 |   "required": {"symbol": 12, "price": "0.1O"},
  |                                       ^^^^^^
  |
  = help: write a decimal of at most 28 digits, like `0.10`

error: `depht` is not a name of this config
 --> config.json:3:3
  |
3 |   "depht": 3,
  |   ^^^^^^^
  |
  = help: did you mean `depth`?

error: `levels[1]`: expected Int, got the text "two"
 --> config.json:4:17
  |
4 |   "levels": [1, "two", 3],
  |                 ^^^^^

error: `side`: expected one of "buy", "sell", got the text "byu"
 --> config.json:5:11
  |
5 |   "side": "byu"
  |           ^^^^^
  |
  = help: did you mean `buy`?

error: `depth`: the text "many" is not a whole number
--> environment: SF_CONFIG_DEPTH=many

error: `nose` is not a name of this config
--> command line: --nose x
 = help: did you mean `note`?

warning: `SF_CONFIG_DETPH` sets no name of this config
--> environment variable SF_CONFIG_DETPH
 = help: did you mean `SF_CONFIG_DEPTH`?

7 problems; nothing was bound or started
"#
    );
}

#[test]
fn a_required_name_that_nothing_sets_is_told_the_ways_to_set_it() {
    let record = Record::new().required("symbol", ArgType::str());
    assert_eq!(
        refused(&record, &ConfigSources::default(), None),
        "error: `symbol` (Str) is required, but nothing sets it\n\
\x20|\n \
          = help: set it in the config file as `\"symbol\": ...`, in the environment as `SF_CONFIG_SYMBOL=...`, or on \
          the command line as `--symbol ...`\n\n\
         1 problem; nothing was bound or started\n"
    );
}

#[test]
fn a_broken_constraint_is_shown_at_the_part_that_breaks_it() {
    let said = refused(&record(), &sources(r#"{"symbol": "B", "price": 1, "levels": [1, 10]}"#, &[], &[]), None);
    assert!(said.starts_with("error: `levels[1]`: "), "{said}");
    assert!(said.contains("--> config.json:1:43"), "{said}");
    let said = refused(&record(), &sources(r#"{"symbol": "B", "price": 1}"#, &[], &[("depth", "51")]), None);
    assert!(said.starts_with("error: `depth`: ") && said.contains("--> command line"), "{said}");
}

#[test]
fn a_name_in_both_forms_is_set_twice() {
    let said =
        refused(&record(), &sources(r#"{"symbol": "a", "required": {"symbol": "b", "price": 1}}"#, &[], &[]), None);
    assert!(said.starts_with("error: `required.symbol`: `symbol` is set twice"), "{said}");
}

#[test]
fn a_variable_of_another_service_is_only_noted() {
    let sources = sources(r#"{"symbol": "B", "price": 1}"#, &[("SF_CONFIG_THRESHOLD", "1")], &[]);
    let mut diagnostics = Diagnostics::new();
    assert!(resolve(&record(), &sources, None, &mut diagnostics).is_some());
    let severities: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.severity).collect();
    assert_eq!(severities, [Severity::Note]);
}

#[test]
fn a_config_that_is_no_object_is_refused() {
    let said = refused(&Record::new(), &sources("[1]", &[], &[]), None);
    assert!(said.starts_with("error: expected an object, got a list"), "{said}");
}

#[test]
fn lengths_count_as_constraints_too() {
    let record =
        Record::new().required("code", ArgType::Str { length: Length { min: 2, max: Some(3) }, pattern: None });
    assert!(refused(&record, &sources(r#"{"code": "A"}"#, &[], &[]), None).contains("`code`"));
}
