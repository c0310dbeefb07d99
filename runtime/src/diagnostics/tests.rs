use std::sync::Arc;

use super::*;

fn file(path: &str, text: &str) -> Source {
    Source::File(Arc::new(SourceFile { path: path.into(), text: text.into() }))
}

fn span(start: usize, end: usize) -> Option<Span> {
    Some(Span { start, end })
}

#[test]
fn each_problem_is_drawn_at_its_place_and_counted_once() {
    let config = file("config.json", "{\n  \"depth\": \"ten\"\n}\n");
    let wrong = Diagnostic::error(config, "expected Int, got the text \"ten\"").at("depth").with_span(span(13, 18));
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(
        Diagnostic::error(Source::Argument { name: "dept".into(), value: "5".into() }, "`dept` is not known here")
            .at("dept")
            .with_help("did you mean `depth`?".to_owned()),
    );
    diagnostics.push(wrong.clone());
    diagnostics.push(wrong);
    diagnostics.push(Diagnostic::error(Source::Model, "worth knowing").with_severity(Severity::Note));
    assert_eq!(
        diagnostics.to_string(),
        r#"error: `dept` is not known here
--> command line: --dept 5
 = help: did you mean `depth`?

error: `depth`: expected Int, got the text "ten"
 --> config.json:2:12
  |
2 |   "depth": "ten"
  |            ^^^^^

note: worth knowing
--> the service's models

2 problems; nothing was bound or started
"#
    );
}

#[test]
fn problems_of_one_file_stand_in_the_order_of_its_text() {
    let config = file("c.json", "abc");
    let mut diagnostics = Diagnostics::new();
    for (at, message) in [(2, "third"), (0, "first"), (1, "second")] {
        diagnostics.push(Diagnostic::error(config.clone(), message).with_span(span(at, at + 1)));
    }
    let text = diagnostics.to_string();
    let places = ["first", "second", "third"].map(|message| text.find(message).unwrap());
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_span_beside_the_text_is_drawn_all_the_same() {
    for (start, end) in [(1, 2), (3, 90), (90, 91), (3, 1)] {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::error(file("c.json", "éé"), "wrong").with_span(span(start, end)));
        assert!(diagnostics.to_string().starts_with("error: wrong"));
    }
}

#[test]
fn colours_are_drawn_only_when_asked_for() {
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(Diagnostic::error(Source::Model, "wrong"));
    assert!(!diagnostics.render(false).contains('\u{1b}'));
    assert!(diagnostics.render(true).contains('\u{1b}'));
}

#[test]
fn a_flood_of_problems_is_cut_and_counted() {
    let mut diagnostics = Diagnostics::new();
    for i in 0..60 {
        diagnostics.push(Diagnostic::error(Source::Model, format!("wrong {i}")));
    }
    let text = diagnostics.to_string();
    assert_eq!(text.matches("error: ").count(), 50);
    assert!(text.ends_with("and 10 more\n\n60 problems; nothing was bound or started\n"), "{text}");
}

#[test]
fn what_stands_in_no_file_is_named_as_exactly_as_it_is_known() {
    let plugin = Some(Path::new("libdesk.so"));
    let variable =
        Source::Environment { variable: "SF_CONFIG_NOTE".into(), value: Some(format!("a\n{}", "x".repeat(100))) };
    let function = Source::Function(service_framework_model::schema::Function::SetupConfig);
    for (source, plugin, place) in [
        (Source::Model, plugin, "the models of libdesk.so".to_owned()),
        (Source::Model, None, "the service's models".to_owned()),
        (function.clone(), plugin, "setup_config of libdesk.so".to_owned()),
        (function, None, "setup_config".to_owned()),
        (variable, plugin, format!("environment: SF_CONFIG_NOTE=a\\n{}...", "x".repeat(78))),
    ] {
        let mut diagnostics = Diagnostics::new().about_plugin(plugin);
        diagnostics.push(Diagnostic::error(source, "wrong"));
        assert!(diagnostics.to_string().starts_with(&format!("error: wrong\n--> {place}\n")), "{diagnostics}");
    }
}

#[test]
fn of_a_value_of_many_lines_the_first_is_shown() {
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(Diagnostic::error(file("c.json", "{\n \"a\": [\n  1\n ]\n}"), "wrong").with_span(span(8, 16)));
    assert_eq!(
        diagnostics.to_string(),
        "error: wrong\n --> c.json:2:7\n  |\n2 |  \"a\": [\n  |       ^\n\n1 problem; nothing was bound or started\n"
    );
}
