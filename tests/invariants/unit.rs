//! The laws at level 1: an aggregate by itself.

use std::panic::{UnwindSafe, catch_unwind};

use flow_domain::{Aggregate, Error};
use flow_harness::{Invariant, unit};

use crate::{
    lines::mask_line_numbers,
    shelf::{JarPut, Label, Shelf},
};

fn jar() -> JarPut {
    JarPut {
        shelf_id: "top".into(),
        what: "plum".into(),
        secret: String::new(),
    }
}

/// What a sentence panics with.
#[track_caller]
fn panic_text<R>(sentence: impl FnOnce() -> R + UnwindSafe) -> String {
    let panic = catch_unwind(sentence).err().expect("it passed");
    let text = panic.downcast_ref::<String>().expect("a text");
    mask_line_numbers(text)
}

#[test]
fn unit_fold_reports_fields_changed_outside_apply() {
    let told = panic_text(|| {
        unit::<Shelf>()
            .given_events(jar())
            .when(|shelf| {
                shelf.raise(jar());
                shelf.is_dusty = true;
            })
            .then_events(jar())
    });

    insta::assert_snapshot!(told, @r#"
    Shelf broke a law

      expected  an event-sourced aggregate is what its events make of it (the law `fold`)
      found     Shelf "top", as the method left it, is not what its events make of it
                is_dusty  is true, folded false
                Change it in `apply`, not beside it: only its events are kept
                If it is meant so, say why: `.without_law(flow_harness::Law::Fold, "..")`
    "#);
}

#[test]
fn unit_fold_reports_a_change_before_a_rejection() {
    let told = panic_text(|| {
        unit::<Shelf>()
            .given_events(jar())
            .when(|shelf| {
                shelf.n_jars += 1;
                Err::<(), _>(Error::setup("the shelf is full"))
            })
            .then_no_events()
    });

    insta::assert_snapshot!(told, @r#"
    Shelf broke a law

      expected  an event-sourced aggregate is what its events make of it (the law `fold`)
      found     Shelf "top", as the method left it, is not what its events make of it
                n_jars  is 2, folded 1
                Change it in `apply`, not beside it: only its events are kept
                If it is meant so, say why: `.without_law(flow_harness::Law::Fold, "..")`

      the method refused with Setup("the shelf is full")
    "#);
}

#[test]
fn unit_round_trip_reports_a_lost_event_field() {
    let told = panic_text(|| {
        unit::<Shelf>()
            .given_nothing()
            .when(|shelf| *shelf = Shelf::put("top", "plum", "honey"))
            .then_event(jar())
    });

    insta::assert_snapshot!(told, @r#"
    Shelf broke a law

      expected  what is serialised comes back equal (the law `round trip`)
      found     JarPut, as the method left it, comes back as something else
                secret  is "honey", comes back as ""
                `secret` is not written (`#[serde(skip)]`?): whoever reads it has the default
                If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
}

#[test]
fn unit_round_trip_reports_a_lost_state_field() {
    let told = panic_text(|| {
        unit::<Label>()
            .given_aggregate(Label::new("l-1"))
            .when(|label| label.colour = "red".into())
            .has(|label| label.colour == "red")
    });

    insta::assert_snapshot!(told, @r#"
    Label broke a law

      expected  what is serialised comes back equal (the law `round trip`)
      found     Label "l-1", as the method left it, comes back as something else
                colour  is "red", comes back as ""
                `colour` is not written (`#[serde(skip)]`?): whoever reads it has the default
                If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
}

#[test]
fn unit_invariant_is_disabled_by_name() {
    unit::<Shelf>()
        .given_events(jar())
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
    let told = panic_text(|| {
        unit::<Shelf>()
            .given_nothing()
            .disable_invariant(Invariant::Fold, " ")
    });

    insta::assert_snapshot!(told, @r"
    Shelf is not asked for a law

      expected  a reason why the law `fold` is not looked after
      found     none: whoever reads it later cannot tell whether it still holds
    ");
}

/// What happened to an aggregate before is in it, and cannot be folded.
#[test]
fn unit_given_aggregate_is_not_checked() {
    let mut dusty = Shelf::put("top", "plum", "");
    dusty.is_dusty = true;

    unit::<Shelf>()
        .given_aggregate(dusty)
        .when(|shelf| shelf.raise(jar()))
        .then_events(jar())
        .has(|shelf| shelf.n_jars == 2);
}
