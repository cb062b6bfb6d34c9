//! An event-sourced aggregate is what its events make of it.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    mismatch, report,
    shelf::{Shelf, pantry, put},
};

#[test]
fn fold_reports_fields_changed_outside_apply() {
    let flow = pantry().when(put("count beside")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "count beside" }      tests/invariants/fold.rs:LINE

      expected  an event-sourced aggregate is what its events make of it (the law `fold`)
      found     Shelf "top", as Keeper wrote it, is not what its events make of it
                is_dusty  is true, folded false
                Change it in `apply`, not beside it: only its events are kept
                If it is meant so, say why: `.without_law(flow_harness::Law::Fold, "..")`

    story   1 when   PutJar { shelf_id: "top", what: "count beside" }  accepted
            2 then   settled                                           ok

    chain  PutJar                              Keeper  broke the law `fold`   <- here
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    left   nothing waiting · no handlers failed
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
        expected  an event-sourced aggregate is what its events make of it (the law `fold`)
        found     Shelf "top", as Keeper wrote it, is not what its events make of it
                  is_dusty  is true, folded false
                  Change it in `apply`, not beside it: only its events are kept
                  If it is meant so, say why: `.without_law(flow_harness::Law::Fold, "..")`
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
    expected  an event-sourced aggregate is what its events make of it (the law `fold`)
    found     Shelf "top", as Keeper wrote it, is not what its events make of it
              n_jars  is 2, folded 1
              Change it in `apply`, not beside it: only its events are kept
              If it is meant so, say why: `.without_law(flow_harness::Law::Fold, "..")`
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
    expected  an event-sourced aggregate is what its events make of it (the law `fold`)
    found     Shelf "top", as the sentence says it, is not what its events make of it
              n_jars  is 5, folded 1
              Change it in `apply`, not beside it: only its events are kept
              If it is meant so, say why: `.without_law(flow_harness::Law::Fold, "..")`
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
