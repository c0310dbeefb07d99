//! On generated models and values, a validator from outside and ours say the same.

use proptest::prelude::*;
use serde_json::json;
use service_framework_model::parse::service_model;
use service_framework_model::schema::{ArgType, KeyType, Length, ServiceModel};

use super::generated::{int_ranges, lengths, records, records_with_documents, types};
use super::{agreed, compiled, document, verdict};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_schema_accepts_what_the_reader_accepts_and_nothing_else((record, document) in records_with_documents()) {
        let ours = verdict(&document.to_string(), &record);
        prop_assert_eq!(compiled(&record).is_valid(&document), ours.is_ok(), "{} as {:?}: {:?}", document, record, ours);
    }
}

proptest! {
    #[test]
    fn every_model_comes_back_from_its_json_and_its_schema_is_a_schema(record in records(types())) {
        jsonschema::draft202012::meta::validate(&document(&record)).unwrap();
        let model = ServiceModel { name: "svc".into(), config: record, ..ServiceModel::default() };
        prop_assert_eq!(service_model(&model.to_json().unwrap()).unwrap(), model);
    }

    #[test]
    fn a_time_is_one_for_both(
        text in "[0-9]{3}[0-9]-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,3})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])"
    ) {
        agreed(&ArgType::DateTime, &text.into());
    }

    #[test]
    fn a_day_of_a_leap_year_is_one_for_both(year in 0_u16..10_000) {
        agreed(&ArgType::DateTime, &format!("{year:04}-02-29T00:00:00Z").into());
    }

    #[test]
    fn a_number_in_a_text_is_one_for_both(text in "[+-]?[0-9]{0,3}\\.?[0-9]{0,3}([eE][+-]?[0-9]?)?") {
        for kind in [ArgType::decimal(), ArgType::int(), ArgType::float(), ArgType::str(), ArgType::bytes()] {
            agreed(&kind, &text.as_str().into());
        }
    }

    #[test]
    fn a_long_whole_number_is_one_for_both(
        range in int_ranges(),
        text in "-?0{0,2}[0-9]{15,20}",
        near in (0_usize..6, -3_i128..=3),
    ) {
        let edges = [1 << 53, -(1 << 53), i64::MAX as i128, i64::MIN as i128, u64::MAX as i128, 0];
        for text in [text, (edges[near.0] + near.1).to_string()] {
            agreed(&ArgType::Int(range), &text.as_str().into());
            agreed(&ArgType::map(KeyType::Int, ArgType::Any), &json!({text: 0}));
        }
    }

    #[test]
    fn a_pattern_is_one_for_both(
        pattern in proptest::sample::select(CONSTRUCTS.to_vec()),
        text in "[ab0_\u{663}\u{e9}E \u{85}\u{a0}\u{feff}\u{2028}\n\r&~#\\]\\-\u{10ffff}]{0,4}",
    ) {
        // ECMA-262 has word boundaries of ASCII; this validator has those of Unicode.
        prop_assume!(text.is_ascii() || !pattern.to_lowercase().contains(r"\b"));
        agreed(&ArgType::Str { length: Length::ANY, pattern: Some(pattern.into()) }, &text.into());
    }

    #[test]
    fn base64_is_one_for_both(length in lengths(), text in "([A-D/+a-d]{4}){0,2}[A-Da-d]{0,3}={0,3}") {
        agreed(&ArgType::Bytes(length), &text.into());
    }
}

const CONSTRUCTS: [&str; 22] = [
    r"\d*",
    r"\D*",
    r"\w*",
    r"\W*",
    r"\s*",
    r"\S*",
    r".*",
    r"[^a]*",
    r"[\d&~]*",
    r"[^\w\n]*",
    r"[\D]*",
    r"[\W\d]*",
    r"[\S]*",
    r"[]\-a]*",
    r"\-|\#|\&",
    r"a?\b.*",
    r".\B.*",
    r"^a*$",
    r"(?:^)*[a-b]{1,2}?[^b]*",
    r"a**b+?",
    r"(?<x>a)+(b|0)?",
    r"\p{L}*\P{L}*",
];
