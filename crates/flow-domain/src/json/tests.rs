use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use serde::{Deserialize, Serialize};

use crate::{
    json::{Json, MAX_NESTING, Number, SortKey, write_json},
    message::Payload,
};

/// Two runs check the same values.
fn config() -> Config {
    Config {
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    }
}

fn json(text: &str) -> Json {
    text.parse().expect("it is JSON")
}

fn number(text: &str) -> Number {
    match json(text) {
        Json::Number(number) => number,
        other => panic!("{other} is no number"),
    }
}

fn encode<T: Serialize>(value: &T) -> Result<String, String> {
    let mut text = Vec::new();
    write_json(&mut text, value).map_err(|err| err.to_string())?;
    Ok(String::from_utf8(text).expect("JSON is UTF-8"))
}

fn any_finite_float() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |float| float.is_finite())
}

/// Numbers of all sizes, as JSON writes them.
fn any_number_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|number| number.to_string()),
        any::<i16>().prop_map(|number| number.to_string()),
        any_finite_float().prop_map(|float| encode(&float).expect("a finite float")),
        (any::<i32>(), 0..1_000_u32, -30..30_i32)
            .prop_map(|(whole, fraction, exponent)| format!("{whole}.{fraction:03}e{exponent}")),
    ]
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any_number_text().prop_map(|text| json(&text)),
        ".*".prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 40, 6, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(".*", part, 0..6).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json_text_reads_back_as_the_same_value(value in any_json()) {
        prop_assert_eq!(json(&value.to_string()), value);
    }

    #[test]
    fn payload_keeps_every_bit_of_a_float(float in any_finite_float()) {
        let payload = Payload::encode("f64", &float).expect("a finite float");
        let decoded: f64 = payload.decode("f64").expect("a float");

        prop_assert_eq!(decoded.to_bits(), float.to_bits());
    }

    #[test]
    fn payload_keeps_every_bit_of_a_short_float(bits in any::<u32>()) {
        let float = f32::from_bits(bits);
        prop_assume!(float.is_finite());
        let payload = Payload::encode("f32", &float).expect("a finite float");
        let decoded: f32 = payload.decode("f32").expect("a float");

        prop_assert_eq!(decoded.to_bits(), bits);
    }

    #[test]
    fn payload_keeps_integers_of_all_sizes(values in any::<(i64, u64, i128, u128)>()) {
        let payload = Payload::encode("integers", &values).expect("integers");

        prop_assert_eq!(payload.decode("integers").ok(), Some(values));
        let (a, b, c, d) = values;
        prop_assert_eq!(
            payload.to_json().expect("JSON"),
            Json::Array(vec![a.into(), b.into(), c.into(), d.into()])
        );
    }

    #[test]
    fn numbers_are_ordered_like_integers(left in any::<i128>(), right in any::<i128>()) {
        prop_assert_eq!(Number::from(left).cmp(&Number::from(right)), left.cmp(&right));
    }

    #[test]
    fn numbers_are_ordered_like_floats(left in any_finite_float(), right in any_finite_float()) {
        let number_of = |float: f64| number(&encode(&float).expect("a finite float"));

        prop_assert_eq!(number_of(left).partial_cmp(&number_of(right)), left.partial_cmp(&right));
    }

    #[test]
    fn sort_keys_are_ordered_like_numbers(left in any_number_text(), right in any_number_text()) {
        let (left, right) = (number(&left), number(&right));

        prop_assert_eq!(SortKey::number(&left).cmp(&SortKey::number(&right)), left.cmp(&right));
    }

    #[test]
    fn sort_keys_are_ordered_like_texts(
        left in "[\0\u{1}\u{2}ab\u{e9}]{0,4}",
        right in "[\0\u{1}\u{2}ab\u{e9}]{0,4}",
    ) {
        prop_assert_eq!(SortKey::text(&left).cmp(&SortKey::text(&right)), left.cmp(&right));
        prop_assert!(!SortKey::text(&left).as_str().contains('\0'));
    }

    #[test]
    fn sort_keys_are_ordered_like_times(left in any::<i128>(), right in any::<i128>()) {
        prop_assert_eq!(SortKey::time(left).cmp(&SortKey::time(right)), left.cmp(&right));
    }
}

#[test]
fn numbers_are_equal_by_value() {
    for (left, right) in [
        ("1", "1.0"),
        ("100", "1e2"),
        ("0", "-0.0"),
        ("0.5", "5E-1"),
        ("-120e-1", "-12"),
    ] {
        assert_eq!(number(left), number(right));
        assert_eq!(
            SortKey::number(&number(left)),
            SortKey::number(&number(right))
        );
    }
    assert_ne!(
        number("20000000000000000001"),
        number("20000000000000000002")
    );
}

#[test]
fn sort_keys_are_ordered_by_kind() {
    let keys = [
        SortKey::null(),
        SortKey::bool(false),
        SortKey::bool(true),
        SortKey::number(&number("-1")),
        SortKey::number(&number("1")),
        SortKey::text(""),
        SortKey::text("a"),
        SortKey::time(-1),
        SortKey::time(0),
    ];

    assert!(keys.is_sorted());
    assert_eq!(keys[0].compare_same_kind(&keys[1]), None);
}

#[test]
fn json_keeps_the_digits_of_a_number() {
    assert_eq!(json("[1.50, 1e400]").to_string(), "[1.50,1e400]");
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Comment {
    replies: Vec<Comment>,
}

/// Returns a comment whose JSON has `n_levels` arrays and objects inside of each other.
fn nested_comment(n_levels: usize) -> Comment {
    (2..n_levels)
        .step_by(2)
        .fold(Comment::default(), |inner, _| Comment {
            replies: vec![inner],
        })
}

#[test]
fn deepest_value_that_is_written_can_be_read() {
    // The innermost comment has an empty list, so the number of levels is even.
    let deepest = nested_comment(MAX_NESTING - 1);
    let payload = Payload::encode("Comment", &deepest).expect("it is not too deep");

    assert_eq!(payload.decode("Comment").ok(), Some(deepest));
    assert!(payload.to_json().is_ok());

    let array = |n_levels| format!("{}{}", "[".repeat(n_levels), "]".repeat(n_levels));
    assert!(serde_json::from_str::<serde_json::Value>(&array(MAX_NESTING)).is_ok());
    assert!(serde_json::from_str::<serde_json::Value>(&array(MAX_NESTING + 1)).is_err());
    assert!(array(MAX_NESTING).parse::<Json>().is_ok());
    assert!(array(MAX_NESTING + 1).parse::<Json>().is_err());
}

#[test]
fn value_beyond_the_limit_of_nesting_is_refused() {
    let err = encode(&nested_comment(MAX_NESTING + 1)).expect_err("it is too deep");

    assert!(err.starts_with("`replies[0].replies[0]."), "{err}");
    assert!(
        err.ends_with(": nested deeper than 127 levels, so it cannot be read back"),
        "{err}"
    );
}

#[derive(Serialize)]
struct Reading {
    site: Site,
    samples: Vec<Sample>,
    by_name: BTreeMap<String, Option<f64>>,
}

#[derive(Serialize)]
struct Site(f32);

#[derive(Serialize)]
enum Sample {
    Single(f64),
    Pair(f64, f64),
    Named { value: f64 },
}

fn reading(change: impl FnOnce(&mut Reading)) -> Result<String, String> {
    let mut reading = Reading {
        site: Site(1.5),
        samples: vec![Sample::Single(0.1), Sample::Pair(1.0, 2.0)],
        by_name: BTreeMap::from([("a b".into(), None)]),
    };
    change(&mut reading);
    encode(&reading)
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Reading), expected: &str) {
    assert_eq!(reading(change), Err(expected.to_owned()));
}

#[test]
fn finite_values_are_written_as_serde_json_writes_them() {
    assert_eq!(
        reading(|_| ()).as_deref(),
        Ok(r#"{"site":1.5,"samples":[{"Single":0.1},{"Pair":[1.0,2.0]}],"by_name":{"a b":null}}"#)
    );
}

#[test]
fn float_that_is_not_finite_is_refused_with_its_path() {
    check_refused(
        |reading| reading.site = Site(f32::NAN),
        "`site`: NaN has no JSON form, so it cannot be read back",
    );
    check_refused(
        |reading| reading.samples.push(Sample::Single(f64::INFINITY)),
        "`samples[2].Single`: inf has no JSON form, so it cannot be read back",
    );
    check_refused(
        |reading| reading.samples[1] = Sample::Pair(0.0, f64::NEG_INFINITY),
        "`samples[1].Pair[1]`: -inf has no JSON form, so it cannot be read back",
    );
    check_refused(
        |reading| reading.samples[0] = Sample::Named { value: f64::NAN },
        "`samples[0].Named.value`: NaN has no JSON form, so it cannot be read back",
    );
    check_refused(
        |reading| {
            reading.by_name.insert("c".into(), Some(f64::NAN));
        },
        "`by_name.c`: NaN has no JSON form, so it cannot be read back",
    );
}

#[test]
fn map_key_without_a_text_is_refused_with_its_path() {
    #[derive(Serialize)]
    struct Shop {
        stock: BTreeMap<(u8, u8), u8>,
    }

    assert_eq!(
        encode(&Shop {
            stock: BTreeMap::from([((1, 2), 3)])
        }),
        Err("`stock`: key must be a string".to_owned())
    );
}

#[test]
fn float_is_encoded_with_path_through_from_serialize() {
    let err = Json::from_serialize(&[f64::NAN]).expect_err("it has no JSON form");

    assert!(err.is_codec());
    assert_eq!(
        err.with_causes().to_string(),
        "serializing `[f64; 1]` failed: `[0]`: NaN has no JSON form, so it cannot be read back"
    );
}
