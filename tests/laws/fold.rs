//! An event-sourced aggregate is what its events make of it.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    mismatch, report,
    shelf::{Shelf, pantry, put},
};

#[test]
fn an_aggregate_that_is_changed_beside_apply_is_told_with_its_fields() {
    let flow = pantry().when(put("count beside")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "count beside" }      tests/laws/fold.rs:LINE

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
fn it_is_told_in_both_modes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
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
fn an_aggregate_that_changed_and_raised_nothing_is_told() {
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
fn an_aggregate_that_is_given_and_is_something_else_than_its_events_is_told() {
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
fn an_aggregate_that_is_what_its_events_make_of_it_is_not_told() {
    pantry()
        .given_aggregate(Shelf::put("top", "plum", ""))
        .when(put("fig"))
        .then_aggregate::<Shelf>("top")
        .has(|shelf| shelf.n_jars == 2)
        .run();
}
