//! The invariant `rebuild`: a projection rebuilt from all events is equal.

use std::fmt;

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    fixture::{mismatch, report},
    invariants::shelf::{Stock, StockKeeper, pantry, put},
};

#[test]
fn rebuild_reports_a_projector_with_memory() {
    let flow = pantry().when(put("remember")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "remember" }      tests/it/invariants/rebuild.rs:LINE

      expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
      found     Stock "top", last written by StockKeeper on JarPut, differs from the row rebuilt from the events
                last  "call 1", but "call 2" when rebuilt
                A projector must use only its rows and the event. It must not use the clock (use `rows.event_time()`),
                its own fields, or the order of the streams
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`

    story   1 when   PutJar { shelf_id: "top", what: "remember" }  accepted
            2 then   settled                                       ok

    chain  PutJar                              Keeper  handled
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    end    nothing pending · no handlers failed
    "#);
}

#[rstest]
fn rebuild_violation_is_reported_in_both_modes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = pantry().mode(mode).when(put("remember")).then_settled();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @r#"
        expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
        found     Stock "top", last written by StockKeeper on JarPut, differs from the row rebuilt from the events
                  last  "call 1", but "call 2" when rebuilt
                  A projector must use only its rows and the event. It must not use the clock (use `rows.event_time()`),
                  its own fields, or the order of the streams
                  If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
        "#);
    }
}

#[rstest]
fn rebuild_reports_a_redelivery_that_counts_twice(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = pantry()
        .mode(mode)
        .when(put("plum"))
        .when_redelivered(1)
        .then_settled();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @r#"
        expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
        found     Stock "top", last written by StockKeeper on JarPut, differs from the row rebuilt from the events
                  n_jars  2, but 1 when rebuilt
                  JarPut was handled 2 times and a rebuild handles it once: `on.subscription().once()` skips redelivered messages
                  If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
        "#);
    }
}

#[test]
fn rebuild_reports_a_row_without_an_event() {
    let flow = pantry().when(put("first only")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
    found     Stock "top", last written by StockKeeper on JarPut, differs from the row rebuilt from the events
              stored   { shelf_id: "top", n_jars: 1, last: "first only" }
              rebuilt  nothing
              A projector must use only its rows and the event. It must not use the clock (use `rows.event_time()`),
              its own fields, or the order of the streams
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
    "#);
}

#[test]
fn rebuild_reports_a_missing_row() {
    let mut other = put("plum");
    other.shelf_id = "low".into();

    let flow = pantry().when(put("then only")).when(other).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
    found     Stock "top", written by StockKeeper, differs from the row rebuilt from the events
              stored   nothing
              rebuilt  { shelf_id: "top", n_jars: 1, last: "then only" }
              A projector must use only its rows and the event. It must not use the clock (use `rows.event_time()`),
              its own fields, or the order of the streams
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
    "#);
}

#[test]
fn rebuild_reports_several_rows_together() {
    let mut other = put("remember");
    other.shelf_id = "low".into();

    let flow = pantry().when(put("remember")).when(other).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
    found     Stock "low", last written by StockKeeper on JarPut, differs from the row rebuilt from the events
              also different: "top"
              last  "call 2", but "call 4" when rebuilt
              A projector must use only its rows and the event. It must not use the clock (use `rows.event_time()`),
              its own fields, or the order of the streams
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
    "#);
}

#[test]
fn rebuild_reports_a_projector_that_fails_again() {
    let flow = pantry().when(put("once only")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
    found     a projector handled an event, but fails on it in a rebuild
              position 1 in shelf-top: StockKeeper failed on JarPut: panicked at tests/it/invariants/shelf.rs:LINE: it was asked twice
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
    "#);
}

#[rstest]
fn rebuild_skips_a_projection_after_a_failure(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    pantry()
        .mode(mode)
        .when(put("remember"))
        .when(put("break"))
        .then(expect::handler_failed_with_message::<StockKeeper>(
            "the jar broke",
        ))
        .then_projection::<Stock>("top")
        .has(|row| row.last == "call 1")
        .run();
}

#[test]
fn rebuild_skips_a_projection_with_pending_events() {
    pantry()
        .mode(Mode::Engine)
        .paused()
        .when(put("remember"))
        .when_engine_runs()
        .when(put("remember"))
        .then(expect::pending(1))
        .run();
}

#[test]
fn rebuild_ignores_a_failed_attempt_that_was_retried() {
    let flow = pantry()
        .mode(Mode::Engine)
        .with_fault(
            Fault::handler::<StockKeeper>()
                .fails(fmt::Error)
                .on_attempts(1..=1),
        )
        .when(put("remember"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection rebuilt from all events equals the stored one (the invariant `rebuild`)
    found     Stock "top", last written by StockKeeper on JarPut, differs from the row rebuilt from the events
              last  "call 1", but "call 2" when rebuilt
              A projector must use only its rows and the event. It must not use the clock (use `rows.event_time()`),
              its own fields, or the order of the streams
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Rebuild, "..")`
    "#);
}
