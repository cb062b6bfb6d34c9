//! The invariants at level 1, on a single aggregate.

use flow_domain::{Aggregate, Error};
use flow_harness::{Invariant, unit};

use crate::{
    fixture::masked_panic_text,
    invariants::shelf::{JarPut, Label, Shelf},
};

fn jar_put() -> JarPut {
    JarPut {
        shelf_id: "top".into(),
        what: "plum".into(),
        secret: String::new(),
    }
}

#[test]
fn unit_fold_reports_fields_changed_outside_apply() {
    let text = masked_panic_text(|| {
        unit::<Shelf>()
            .given_events(jar_put())
            .when(|shelf| {
                shelf.raise(jar_put());
                shelf.is_dusty = true;
            })
            .then_events(jar_put())
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Shelf failed: then the invariant `fold` holds      tests/it/invariants/unit.rs:LINE

      expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
      found     Shelf "top", after the method, differs from the state folded from its events
                is_dusty  true, but false when folded
                Change the state only in `apply`, because only its events are stored
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn unit_fold_reports_a_change_before_a_rejection() {
    let text = masked_panic_text(|| {
        unit::<Shelf>()
            .given_events(jar_put())
            .when(|shelf| {
                shelf.n_jars += 1;
                Err::<(), _>(Error::setup("the shelf is full"))
            })
            .then_no_events()
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Shelf failed: then the invariant `fold` holds      tests/it/invariants/unit.rs:LINE

      expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
      found     Shelf "top", after the method, differs from the state folded from its events
                n_jars  2, but 1 when folded
                Change the state only in `apply`, because only its events are stored
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`

      the method failed: the shelf is full
    "#);
}

#[test]
fn unit_round_trip_reports_a_lost_event_field() {
    let text = masked_panic_text(|| {
        unit::<Shelf>()
            .given_nothing()
            .when(|shelf| *shelf = Shelf::put("top", "plum", "honey"))
            .then_event(jar_put())
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Shelf failed: then the invariant `round trip` holds      tests/it/invariants/unit.rs:LINE

      expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
      found     JarPut, after the method, changes when it is serialized and deserialized
                in memory     JarPut { shelf_id: "top", what: "plum", secret: "honey" }
                deserialized  JarPut { shelf_id: "top", what: "plum", secret: "" }
                What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn unit_round_trip_reports_a_lost_state_field() {
    let text = masked_panic_text(|| {
        unit::<Label>()
            .given_aggregate(Label::new("l-1"))
            .when(|label| label.colour = "red".into())
            .has(|label| label.colour == "red")
    });

    insta::assert_snapshot!(text, @r#"
    unit test of Label failed: then the invariant `round trip` holds      tests/it/invariants/unit.rs:LINE

      expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
      found     Label "l-1", after the method, changes when it is serialized and deserialized
                in memory     Label { id: "l-1", text: "", colour: "red", raised: [] }
                deserialized  Label { id: "l-1", text: "", colour: "", raised: [] }
                What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn unit_invariant_is_disabled_by_name() {
    unit::<Shelf>()
        .given_events(jar_put())
        .disable_invariant(Invariant::Fold, "it is dusted by hand")
        .when(|shelf| shelf.is_dusty = true)
        .has(|shelf| shelf.is_dusty);
    unit::<Label>()
        .given_aggregate(Label::new("l-1"))
        .disable_invariant(Invariant::RoundTrip, "nobody reads the colour")
        .when(|label| label.colour = "red".into())
        .has(|label| label.colour == "red");
}

#[test]
fn unit_disabled_invariant_needs_a_reason() {
    let text = masked_panic_text(|| {
        unit::<Shelf>()
            .given_nothing()
            .disable_invariant(Invariant::Fold, " ")
    });

    insta::assert_snapshot!(text, @"
    the test of Shelf cannot disable an invariant

      expected  a reason why the invariant is disabled
      found     no reason; a later reader cannot tell whether the invariant must stay disabled
    ");
}

/// A given aggregate has a past without events, so it cannot be folded.
#[test]
fn unit_given_aggregate_is_not_checked() {
    let mut shelf = Shelf::put("top", "plum", "");
    shelf.is_dusty = true;

    unit::<Shelf>()
        .given_aggregate(shelf)
        .when(|shelf| shelf.raise(jar_put()))
        .then_events(jar_put())
        .has(|shelf| shelf.n_jars == 2);
}
