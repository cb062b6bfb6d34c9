use flow_domain::{Domain, Event, Upcast};
use flow_harness::schema::SchemaCheck;
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::schema::{domain_of, empty_folder, problems, store};

/// Declares the event `Paid` with this content.
macro_rules! paid {
    ($version:ident, { $($field:tt)* } $($rest:item)*) => {
        pub(super) mod $version {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
            #[event(category = "payment", id = payment_id)]
            pub(in crate::schema) struct Paid {
                pub(in crate::schema) payment_id: String,
                $($field)*
            }

            $($rest)*
        }
    };
}

paid!(yesterday, { pub(in crate::schema) lines: Vec<Line>, pub(in crate::schema) method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(in crate::schema) struct Line { pub(super) product_id: String, pub(super) cents: u128 }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(in crate::schema) enum Method { Cash, Card { number: String } }
);

pub(super) fn yesterday() -> yesterday::Paid {
    yesterday::Paid {
        payment_id: "pay-1".into(),
        lines: vec![yesterday::Line {
            product_id: "prod-1".into(),
            cents: u128::MAX,
        }],
        method: yesterday::Method::Card {
            number: "1234".into(),
        },
    }
}

#[test]
fn unchanged_event_passes_without_a_new_sample() {
    let folder = empty_folder("unchanged");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<yesterday::Paid>(), &folder);
    assert_eq!(check.try_check(), Ok(()));
}

#[test]
fn further_sample_without_a_new_part_passes() {
    let folder = empty_folder("further-sample");
    store(&folder, yesterday());

    let other = yesterday::Paid {
        payment_id: "pay-2".into(),
        ..yesterday()
    };
    let check = SchemaCheck::new(domain_of::<yesterday::Paid>(), &folder).sample(other);
    assert_eq!(check.try_check(), Ok(()));
}

#[test]
fn new_variant_in_a_sample_is_reported() {
    let folder = empty_folder("new-variant");
    store(&folder, yesterday());

    let cash = yesterday::Paid {
        method: yesterday::Method::Cash,
        ..yesterday()
    };
    let check = SchemaCheck::new(domain_of::<yesterday::Paid>(), &folder).sample(cash);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 has new content: `method`

    If the changes are intended, update the files: `UPDATE_SCHEMA=1 cargo test`.
    ");
}

paid!(nested_rename, { lines: Vec<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line { sku: String, cents: u128 }
    use super::yesterday::Method;
);

#[test]
fn rename_in_a_nested_struct_is_reported() {
    let folder = empty_folder("nested-rename");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<nested_rename::Paid>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      deserializing `Paid` failed: missing field `sku` at line 1 column 102
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

paid!(nested_default, { lines: Vec<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line { #[serde(default)] sku: String, cents: u128 }
    use super::yesterday::Method;
);

#[test]
fn part_that_is_ignored_is_reported() {
    let folder = empty_folder("nested-default");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<nested_default::Paid>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 is read without `lines[0].product_id`, or with another value of it
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

paid!(other_variant, { lines: Vec<super::yesterday::Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Method { Cash, Card { number: String } }
);

#[test]
fn serde_attribute_of_a_nested_enum_is_reported() {
    let folder = empty_folder("other-variant");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<other_variant::Paid>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      deserializing `Paid` failed: unknown variant `Card`, expected `cash` or `card` at line 1 column 120
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

paid!(smaller_number, { lines: Vec<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line { product_id: String, cents: f64 }
    use super::yesterday::Method;
);

#[test]
fn number_that_is_rounded_is_reported() {
    let folder = empty_folder("smaller-number");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<smaller_number::Paid>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 is read without `lines[0].cents`, or with another value of it
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

paid!(added_field, { lines: Vec<Line>, method: Method, #[serde(default)] note: Option<String> }
    use super::yesterday::{Line, Method};
);

#[test]
fn added_field_is_reported_until_the_update() {
    let folder = empty_folder("added-field");
    store(&folder, yesterday());

    let check = || SchemaCheck::new(domain_of::<added_field::Paid>(), &folder);
    insta::assert_snapshot!(problems(&folder, check()), @"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 has the fields `payment_id`, `lines`, `method`, `note`, and had `payment_id`, `lines`, `method`

    If the changes are intended, update the files: `UPDATE_SCHEMA=1 cargo test`.
    ");

    assert_eq!(check().update(true).try_check(), Ok(()));
    assert_eq!(check().try_check(), Ok(()));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "payment", id = payment_id)]
struct PaymentReceived {
    payment_id: String,
    lines: Vec<yesterday::Line>,
    method: yesterday::Method,
}

fn payment_received() -> PaymentReceived {
    let yesterday::Paid {
        payment_id,
        lines,
        method,
    } = yesterday();
    PaymentReceived {
        payment_id,
        lines,
        method,
    }
}

#[test]
fn renamed_event_is_reported_in_spite_of_an_update() {
    let folder = empty_folder("renamed-event");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<PaymentReceived>(), &folder)
        .sample(payment_received())
        .update(true);
    insta::assert_snapshot!(problems(&folder, check), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      the event `Shop.Paid.v1` of `payment-1` is not registered: list it in `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`; if it has another name today, add `.was("Paid", ..)` to its `Upcast`; if nobody needs it any more, add `.retired("Paid")`
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

#[test]
fn renamed_event_with_an_upcast_passes() {
    let folder = empty_folder("upcast-name");
    store(&folder, yesterday());

    let domain = Domain::builder("shop")
        .event_from_outside::<PaymentReceived>()
        .upcast(Upcast::to::<PaymentReceived>().was("Paid", 1..=1));
    let check = SchemaCheck::new(domain.build().unwrap(), &folder)
        .sample(payment_received())
        .update(true);
    assert_eq!(check.try_check(), Ok(()));
}

#[test]
fn retired_event_passes() {
    let folder = empty_folder("retired");
    store(&folder, yesterday());

    let domain = Domain::builder("shop")
        .event_from_outside::<PaymentReceived>()
        .retired("Paid");
    let check = SchemaCheck::new(domain.build().unwrap(), &folder)
        .sample(payment_received())
        .update(true);
    assert_eq!(check.try_check(), Ok(()));
}

paid!(alias, { lines: Vec<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line {
        product_id: String,
        #[serde(alias = "cents", default)]
        total: u128,
    }
    use super::yesterday::Method;
);

#[test]
fn nested_field_with_an_alias_passes() {
    let folder = empty_folder("alias");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<alias::Paid>(), &folder);
    assert_eq!(check.try_check(), Ok(()));
}

paid!(default_field, { lines: Vec<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line {
        product_id: String,
        #[serde(default)]
        total: u128,
    }
    use super::yesterday::Method;
);

#[test]
fn nested_field_that_becomes_its_default_is_reported() {
    let folder = empty_folder("default-field");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<default_field::Paid>(), &folder);
    let report = problems(&folder, check);
    assert!(
        report.contains("events/payment.Paid.v1 is read without `lines[0].cents`"),
        "{report}"
    );
}

paid!(skipped_zero, { lines: Vec<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line {
        product_id: String,
        #[serde(default, skip_serializing_if = "is_zero")]
        cents: u128,
    }
    use super::yesterday::Method;

    fn is_zero(cents: &u128) -> bool { *cents == 0 }
);

#[test]
fn field_that_is_skipped_today_passes() {
    let folder = empty_folder("skipped-zero");
    let mut free = yesterday();
    free.lines[0].cents = 0;
    store(&folder, free);

    let check = SchemaCheck::new(domain_of::<skipped_zero::Paid>(), &folder);
    assert_eq!(check.try_check(), Ok(()));
}

paid!(set_of_lines, { lines: BTreeSet<Line>, method: Method }
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Line { product_id: String, cents: u128 }
    use super::yesterday::Method;
    use std::collections::BTreeSet;
);

#[test]
fn equal_elements_that_become_one_are_reported() {
    let folder = empty_folder("equal-elements");
    let mut twice = yesterday();
    twice.lines.push(twice.lines[0].clone());
    store(&folder, twice);

    let check = SchemaCheck::new(domain_of::<set_of_lines::Paid>(), &folder);
    let report = problems(&folder, check);
    assert!(
        report.contains("events/payment.Paid.v1 is read without `lines[1]`"),
        "{report}"
    );
}
