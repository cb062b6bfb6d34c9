//! The invariant `fold`: an event-sourced aggregate equals the fold of its events.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    fixture::{mismatch, report},
    invariants::shelf::{Shelf, pantry, put},
};

#[test]
fn fold_reports_fields_changed_outside_apply() {
    let flow = pantry().when(put("count beside")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "count beside" }      tests/it/invariants/fold.rs:LINE

      expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
      found     Shelf "top", written by Keeper, differs from the state folded from its events
                is_dusty  true, but false when folded
                Change the state only in `apply`, because only its events are stored
                A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,
                and the `apply` of this event sets it, also the id
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`

    story   1 when   PutJar { shelf_id: "top", what: "count beside" }  accepted
            2 then   settled                                           ok

    chain  PutJar                              Keeper  violated the invariant `fold`   <- here
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    end    nothing pending · no handlers failed
    "#);
}

#[rstest]
fn fold_violation_is_reported_in_both_modes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = pantry()
        .mode(mode)
        .given_command(put("plum"))
        .when(put("count beside"))
        .then_settled();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @r#"
        expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
        found     Shelf "top", written by Keeper, differs from the state folded from its events
                  is_dusty  true, but false when folded
                  Change the state only in `apply`, because only its events are stored
                  If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
        "#);
    }
}

#[test]
fn fold_reports_a_change_without_an_event() {
    let flow = pantry()
        .given_command(put("plum"))
        .when(put("forget the event"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Shelf "top", written by Keeper, differs from the state folded from its events
              n_jars  2, but 1 when folded
              Change the state only in `apply`, because only its events are stored
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn fold_reports_a_field_that_is_not_serialized() {
    let flow = pantry().when(put("smell")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Shelf "top", written by Keeper, differs from the state folded from its events
              in memory  Shelf { id: "top", n_jars: 1, is_dusty: false, smell: "plums", raised: [] }
              folded     Shelf { id: "top", n_jars: 1, is_dusty: false, smell: "", raised: [] }
              Change the state only in `apply`, because only its events are stored
              A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,
              and the `apply` of this event sets it, also the id
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn fold_reports_a_given_aggregate_that_differs() {
    let mut shelf = Shelf::put("top", "plum", "");
    shelf.n_jars = 5;

    let flow = pantry()
        .given_aggregate(shelf)
        .when(put("fig"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Shelf "top", from the test flow, differs from the state folded from its events
              n_jars  5, but 1 when folded
              Change the state only in `apply`, because only its events are stored
              A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,
              and the `apply` of this event sets it, also the id
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn fold_accepts_an_aggregate_equal_to_its_events() {
    pantry()
        .given_aggregate(Shelf::put("top", "plum", ""))
        .when(put("fig"))
        .then_aggregate::<Shelf>("top")
        .has(|shelf| shelf.n_jars == 2)
        .run();
}
