//! What is serialised comes back equal.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    mismatch, report,
    shelf::{Shelf, pantry, put, write},
};

#[test]
fn round_trip_reports_a_lost_event_field() {
    let flow = pantry().when(put("secret")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "secret" }      tests/invariants/round_trip.rs:LINE

      expected  what is serialised comes back equal (the law `round trip`)
      found     JarPut, as Keeper wrote it, comes back as something else
                secret  is "honey", comes back as ""
                `secret` is not written (`#[serde(skip)]`?): whoever reads it has the default
                If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`

    story   1 when   PutJar { shelf_id: "top", what: "secret" }  accepted
            2 then   settled                                     ok

    chain  PutJar                              Keeper  broke the law `round trip`   <- here
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    left   nothing waiting · no handlers failed
    "#);
}

#[rstest]
fn round_trip_violation_is_reported_in_both_modes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = pantry().mode(mode).when(put("secret")).then_settled();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @r#"
        expected  what is serialised comes back equal (the law `round trip`)
        found     JarPut, as Keeper wrote it, comes back as something else
                  secret  is "honey", comes back as ""
                  `secret` is not written (`#[serde(skip)]`?): whoever reads it has the default
                  If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
        "#);
    }
}

#[test]
fn round_trip_reports_a_lost_command_field() {
    let mut command = put("plum");
    command.whisper = "psst".into();

    insta::assert_snapshot!(mismatch(pantry().when(command.clone()).then_settled()), @r#"
    expected  what is serialised comes back equal (the law `round trip`)
    found     PutJar, as the sentence says it, comes back as something else
              whisper  is "psst", comes back as ""
              `whisper` is not written (`#[serde(skip)]`?): whoever reads it has the default
              If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
    insta::assert_snapshot!(mismatch(pantry().given_command(command.clone()).when(put("fig")).then_settled()), @r#"
    expected  what is serialised comes back equal (the law `round trip`)
    found     PutJar, as the sentence says it, comes back as something else
              whisper  is "psst", comes back as ""
              `whisper` is not written (`#[serde(skip)]`?): whoever reads it has the default
              If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
    let made = pantry()
        .when(put("fig"))
        .when_with(|_| command.clone())
        .then_settled();
    insta::assert_snapshot!(mismatch(made), @r#"
    expected  what is serialised comes back equal (the law `round trip`)
    found     PutJar, as the sentence says it, comes back as something else
              whisper  is "psst", comes back as ""
              `whisper` is not written (`#[serde(skip)]`?): whoever reads it has the default
              If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_reports_a_lost_field_of_a_given_event() {
    let flow = pantry()
        .given_aggregate(Shelf::put("top", "plum", "honey"))
        .when(put("fig"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  what is serialised comes back equal (the law `round trip`)
    found     JarPut, as the sentence says it, comes back as something else
              secret  is "honey", comes back as ""
              `secret` is not written (`#[serde(skip)]`?): whoever reads it has the default
              If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_reports_a_lost_state_field() {
    let flow = pantry().when(write("in colour")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  what is serialised comes back equal (the law `round trip`)
    found     Label "l-1", as Keeper wrote it, comes back as something else
              colour  is "red", comes back as ""
              `colour` is not written (`#[serde(skip)]`?): whoever reads it has the default
              If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_compares_json_without_partial_eq() {
    let flow = pantry().when(write("in large")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  what is serialised comes back equal (the law `round trip`)
    found     LabelWritten, as Keeper wrote it, comes back as something else
              size  is 7, comes back as 14
              What writes it and what reads it do not agree, or its `PartialEq` compares something else
              If it is meant so, say why: `.without_law(flow_harness::Law::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_violation_is_reported_first() {
    let failure = crate::failure(pantry().when(put("secret")).then_no_events());

    assert_eq!(failure.n_failed(), 2);
    assert_eq!(failure.step(), 1);
}
