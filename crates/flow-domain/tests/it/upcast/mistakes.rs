//! Upcasts that cannot work.

use flow_domain::{Domain, Event, Upcast, wiring::DomainBuilder};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::wiring_errors_text;

macro_rules! events {
    ($($name:ident $version:literal,)*) => {
        $(
            #[derive(Debug, Serialize, Deserialize, Event)]
            #[event(category = "order", id = id, version = $version)]
            struct $name {
                id: String,
            }
        )*
    };
}

events! {
    Placed 3,
    Sent 2,
    Paid 2,
    Lost 1,
}

/// The first version of `Sent` is still an event of today.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = id, name = "Sent")]
struct OldSent {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = id)]
enum Family {
    Opened { id: String },
    Closed { id: String },
}

fn orders() -> DomainBuilder {
    Domain::builder("shop")
        .event_from_outside::<Placed>()
        .event_from_outside::<Sent>()
        .event_from_outside::<Paid>()
        .event_from_outside::<Family>()
}

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of a step")]
fn keep(_: &mut flow_domain::json::Json) -> Result<(), flow_domain::Error> {
    Ok(())
}

fn sent() -> Upcast {
    Upcast::to::<Sent>().from(1, keep)
}

fn paid() -> Upcast {
    Upcast::to::<Paid>().from(1, keep)
}

#[test]
fn upcast_needs_a_step_for_each_older_version() {
    let domain = orders().upcast(Upcast::to::<Placed>().from(2, keep));
    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Placed>()` leads to `Placed.v3`, but has no step from version 1
         add `.from(1, |json| ..)`
    ");

    let domain = orders().upcast(Upcast::to::<Placed>().was("Created", 1..=1));
    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Placed>()` leads to `Placed.v3`, but has no step from versions 1 and 2
         add `.from(1, |json| ..)` and `.from(2, |json| ..)`
    ");
}

#[test]
fn upcast_has_no_other_steps() {
    let domain = orders().upcast(
        sent()
            .from(1, keep)
            .from(2, keep)
            .from(7, keep)
            .from(0, keep),
    );

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 4 wiring mistakes

      1. `Upcast::to::<Sent>()` has two steps from version 1
         remove one of them, or change its version

      2. `Upcast::to::<Sent>()` has a step from version 2, but leads to `Sent.v2`
         write `#[event(.., version = 3)]`, or remove the step

      3. `Upcast::to::<Sent>()` has a step from version 7, but leads to `Sent.v2`
         write `#[event(.., version = 8)]`, or remove the step

      4. `Upcast::to::<Sent>()` has a step from version 0, but versions count from 1
         write `.from(1, |json| ..)` for the first version
    ");
}

#[test]
fn upcast_leads_to_a_listed_event() {
    let domain = orders().upcast(Upcast::to::<Lost>().was("Missed", 1..=1));

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Lost>()` leads to `Lost`, which is not registered
         list it in `#[aggregate(.., events(..))]`, or remove the upcast
    ");
}

#[test]
fn upcast_of_one_event_is_declared_once() {
    let domain = orders().upcast(sent()).upcast(sent());

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Sent>()` leads to `Sent.v2`, as another upcast does
         write all its steps in one upcast
    ");
}

#[test]
fn upcast_of_an_enum_names_one_event() {
    let domain = orders()
        .upcast(Upcast::to::<Family>())
        .upcast(Upcast::to_variant::<Family>("Close"))
        .upcast(Upcast::to_variant::<Family>("Forgotten"));

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 3 wiring mistakes

      1. `Upcast::to::<Family>()` names an enum with 2 events
         name one of them: `Upcast::to_variant::<..>("Opened")`

      2. `Upcast::to_variant::<Family>("Close")` names `Close`, which is not an event of the enum
         did you mean `Closed`?

      3. `Upcast::to_variant::<Family>("Forgotten")` names `Forgotten`, which is not an event of the enum
         write the name of one of its variants
    "#);
}

#[test]
fn former_name_is_not_an_event_of_today() {
    let domain = orders().upcast(sent().was("Paid", 1..=1));

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Sent>()` has the former name `Paid`, which is the name of an event of today
         give the event of today another name, or remove `.was("Paid", ..)`
    "#);
}

#[test]
fn former_names_are_no_cycle() {
    let domain = orders()
        .upcast(sent().was("Paid", 1..=1))
        .upcast(paid().was("Sent", 1..=1));
    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 2 wiring mistakes

      1. `Upcast::to::<Sent>()` leads back to itself by former names: `Sent` was `Paid` was `Sent`
         give the events of today names that no event had before

      2. `Upcast::to::<Paid>()` leads back to itself by former names: `Paid` was `Sent` was `Paid`
         give the events of today names that no event had before
    ");

    let domain = orders().upcast(sent().was("Sent", 1..=1));
    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Sent>()` leads back to itself by former names: `Sent` was `Sent`
         give the events of today names that no event had before
    ");
}

#[test]
fn former_name_belongs_to_one_event() {
    let domain = orders()
        .upcast(sent().was("Moved", 1..=1))
        .upcast(paid().was("Moved", 1..=2));

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Paid>()` changes stored events `Moved` of version 1, as `Upcast::to::<Sent>()` does
         remove the version from one of them
    ");
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "it is the mistake")]
fn former_name_has_versions_that_exist() {
    let domain = orders()
        .upcast(sent().was("Moved", 0..=1).was("Carried", 2..=1))
        .upcast(paid().was("Covered", 1..=u32::MAX));

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 3 wiring mistakes

      1. `Upcast::to::<Sent>()` says that `Sent.v2` was `Moved` in the versions 0..=1
         write versions from 1 to the current one

      2. `Upcast::to::<Sent>()` says that `Sent.v2` was `Carried` in the versions 2..=1
         write versions from 1 to the current one

      3. `Upcast::to::<Paid>()` says that `Paid.v2` was `Covered` in the versions 1..=4294967295
         write versions from 1 to the current one
    ");
}

#[test]
fn upcast_changes_no_event_of_today() {
    let domain = orders().event_from_outside::<OldSent>().upcast(sent());

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `Upcast::to::<Sent>()` changes version 1 of `Sent`, but the domain lists this version as an event of today
         remove it from `events(..)`, or give one of the two another name
    ");
}

#[test]
fn retired_event_is_neither_current_nor_a_former_name() {
    let domain = orders()
        .upcast(sent().was("Moved", 1..=1))
        .retired("Moved")
        .retired("Closed");

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 2 wiring mistakes

      1. `Upcast::to::<Sent>()` has the former name `Moved`, which is retired
         remove `.retired("Moved")`, or `.was("Moved", ..)`

      2. `Closed` is retired, but an event of the category `order` has this name
         remove `.retired("Closed")`, or the event
    "#);
}

#[test]
fn older_versions_without_an_upcast_are_no_mistake() {
    orders()
        .event_from_outside::<OldSent>()
        .retired("Created")
        .build()
        .expect("nothing claims an older version");
}
