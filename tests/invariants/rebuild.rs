//! A projection that is rebuilt from all events is the same.

use std::fmt;

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    mismatch, report,
    shelf::{Stock, StockKeeper, pantry, put},
};

#[test]
fn rebuild_reports_a_projector_with_memory() {
    let flow = pantry().when(put("remember")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "remember" }      tests/invariants/rebuild.rs:LINE

      expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
      found     Stock "top", last written by StockKeeper on JarPut, is not what the events make of it
                last  is "call 1", rebuilt "call 2"
                A projector knows its rows and the event, and nothing else: not the clock (`rows.event_time()`),
                not what it remembers itself, and not in which order streams come
                If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`

    story   1 when   PutJar { shelf_id: "top", what: "remember" }  accepted
            2 then   settled                                       ok

    chain  PutJar                              Keeper  handled
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    left   nothing waiting · no handlers failed
    "#);
}

#[rstest]
fn rebuild_violation_is_reported_in_both_modes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = pantry().mode(mode).when(put("remember")).then_settled();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @r#"
        expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
        found     Stock "top", last written by StockKeeper on JarPut, is not what the events make of it
                  last  is "call 1", rebuilt "call 2"
                  A projector knows its rows and the event, and nothing else: not the clock (`rows.event_time()`),
                  not what it remembers itself, and not in which order streams come
                  If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
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
        expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
        found     Stock "top", last written by StockKeeper on JarPut, is not what the events make of it
                  n_jars  is 2, rebuilt 1
                  JarPut came 2 times and counts once: `on.subscription().once()` lets what comes again go
                  If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
        "#);
    }
}

#[test]
fn rebuild_reports_a_row_without_an_event() {
    let flow = pantry().when(put("first only")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
    found     Stock "top", last written by StockKeeper on JarPut, is not what the events make of it
              is       { shelf_id: "top", n_jars: 1, last: "first only" }
              rebuilt  nothing
              A projector knows its rows and the event, and nothing else: not the clock (`rows.event_time()`),
              not what it remembers itself, and not in which order streams come
              If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
    "#);
}

#[test]
fn rebuild_reports_a_missing_row() {
    let mut other = put("plum");
    other.shelf_id = "low".into();

    let flow = pantry().when(put("then only")).when(other).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
    found     Stock "top", written by StockKeeper, is not what the events make of it
              is       nothing
              rebuilt  { shelf_id: "top", n_jars: 1, last: "then only" }
              A projector knows its rows and the event, and nothing else: not the clock (`rows.event_time()`),
              not what it remembers itself, and not in which order streams come
              If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
    "#);
}

#[test]
fn rebuild_reports_several_rows_together() {
    let mut other = put("remember");
    other.shelf_id = "low".into();

    let flow = pantry().when(put("remember")).when(other).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
    found     Stock "low", last written by StockKeeper on JarPut, is not what the events make of it
              neither is "top"
              last  is "call 2", rebuilt "call 4"
              A projector knows its rows and the event, and nothing else: not the clock (`rows.event_time()`),
              not what it remembers itself, and not in which order streams come
              If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
    "#);
}

#[test]
fn rebuild_reports_a_projector_that_fails_again() {
    let flow = pantry().when(put("once only")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
    found     a projector that handled an event fails on it when it is rebuilt
              position 1 in shelf-top: StockKeeper on JarPut: panicked at tests/invariants/shelf.rs:LINE: it was asked twice
              If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
    "#);
}

#[rstest]
fn rebuild_skips_a_projection_after_a_failure(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    pantry()
        .mode(mode)
        .when(put("remember"))
        .when(put("break"))
        .then_handler_failed_saying::<StockKeeper>("the jar broke")
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
        .then_pending(1)
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
    expected  a projection that is rebuilt from all events is the same (the law `rebuild`)
    found     Stock "top", last written by StockKeeper on JarPut, is not what the events make of it
              last  is "call 1", rebuilt "call 2"
              A projector knows its rows and the event, and nothing else: not the clock (`rows.event_time()`),
              not what it remembers itself, and not in which order streams come
              If it is meant so, say why: `.without_law(flow_harness::Law::Rebuild, "..")`
    "#);
}
