//! Samples of versions that the domain does not have any more.

use flow_domain::{Domain, Event, Upcast};
use flow_harness::schema::SchemaCheck;
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::schema::{changes::yesterday, domain_of, empty_folder, problems, store};

mod version_2 {
    use super::{Deserialize, Event, Serialize, yesterday::Method};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(category = "payment", id = payment_id, version = 2)]
    pub(super) struct Paid {
        pub(super) payment_id: String,
        pub(super) items: Vec<super::yesterday::Line>,
        pub(super) method: Method,
    }
}

fn paid_today() -> version_2::Paid {
    let yesterday::Paid {
        payment_id,
        lines: items,
        method,
    } = yesterday();
    version_2::Paid {
        payment_id,
        items,
        method,
    }
}

#[test]
fn samples_of_old_versions_are_upcast() {
    let folder = empty_folder("upcast-version");
    store(&folder, yesterday());

    let check = |upcast| {
        let domain = Domain::builder("shop")
            .event_from_outside::<version_2::Paid>()
            .upcast(upcast);
        SchemaCheck::new(domain.build().unwrap(), &folder)
            .sample(paid_today())
            .update(true)
    };

    let incomplete = Upcast::to::<version_2::Paid>().from(1, |json| json.set("note", "none"));
    insta::assert_snapshot!(problems(&folder, check(incomplete)), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      deserializing `Paid` failed: missing field `items` at line 1 column 154
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);

    let complete = Upcast::to::<version_2::Paid>().from(1, |json| json.rename("lines", "items"));
    assert_eq!(check(complete).try_check(), Ok(()));
}

#[test]
fn new_version_without_an_upcast_is_reported() {
    let folder = empty_folder("no-upcast");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<version_2::Paid>(), &folder)
        .sample(paid_today())
        .update(true);
    insta::assert_snapshot!(problems(&folder, check), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      the event `Shop.Paid.v1` of `payment-1` is older than version 2, and nothing upcasts it: add `.upcast(Upcast::to::<Paid>().from(1, ..))` to the domain
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[{"product_id":"prod-1","cents":340282366920938463463374607431768211455}],"method":{"Card":{"number":"1234"}}}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

#[test]
fn sample_of_an_old_version_can_be_added_later() {
    let folder = empty_folder("stored-sample");
    let check = |upcast| {
        let domain = Domain::builder("shop")
            .event_from_outside::<version_2::Paid>()
            .upcast(upcast);
        let stored = r#"{"payment_id":"pay-1","lines":[],"method":"Cash"}"#;
        SchemaCheck::new(domain.build().unwrap(), &folder)
            .sample(paid_today())
            .stored_sample("payment", "Shop.Paid.v1", stored)
    };
    let wrong = || Upcast::to::<version_2::Paid>().from(1, |json| json.rename("lines", "parts"));
    let right = || Upcast::to::<version_2::Paid>().from(1, |json| json.rename("lines", "items"));

    insta::assert_snapshot!(problems(&folder, check(wrong())), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      deserializing `Paid` failed: missing field `items` at line 1 column 49
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[],"method":"Cash"}
    - events/payment.Paid.v1 is new
    - events/payment.Paid.v2 is new

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.

    If the changes are intended, update the files: `UPDATE_SCHEMA=1 cargo test`.
    "#);
    assert_eq!(check(right()).update(true).try_check(), Ok(()));

    // The file has the sample now.
    let domain = Domain::builder("shop")
        .event_from_outside::<version_2::Paid>()
        .upcast(wrong());
    let later = SchemaCheck::new(domain.build().unwrap(), &folder);
    insta::assert_snapshot!(problems(&folder, later), @r#"
    The stored messages of folder do not fit the domain:

    - events/payment.Paid.v1 cannot be read any more
      deserializing `Paid` failed: missing field `items` at line 1 column 49
      sample 1 in folder/events/payment.Paid.v1.json: {"payment_id":"pay-1","lines":[],"method":"Cash"}

    Messages like these samples are stored, and the domain must read them.
    Raise the version and add `.upcast(Upcast::to::<..>().from(..))` to the domain.
    Or accept both forms with `#[serde(alias = "..")]` or `#[serde(default)]`.
    For an event that nobody needs any more, add `.retired("..")`.
    "#);
}

#[test]
fn stored_sample_with_an_invalid_type_is_reported() {
    let folder = empty_folder("invalid-type");
    store(&folder, yesterday());

    let check = SchemaCheck::new(domain_of::<yesterday::Paid>(), &folder)
        .stored_sample("payment", "Paid", "{}");
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - a sample of the test: `Paid` is not the type of a message: it should look like `Shop.OrderPlaced.v1`

    Pass only messages of this domain that have a JSON form.
    ");
}
