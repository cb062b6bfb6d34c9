//! The invariant `round trip`: a deserialized value equals the serialized one.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::{
    fixture::{mismatch, report},
    invariants::shelf::{Shelf, pantry, put, write},
};

#[test]
fn round_trip_reports_a_lost_event_field() {
    let flow = pantry().when(put("secret")).then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when PutJar { shelf_id: "top", what: "secret" }      tests/it/invariants/round_trip.rs:LINE

      expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
      found     JarPut, written by Keeper, changes when it is serialized and deserialized
                in memory     JarPut { shelf_id: "top", what: "secret", secret: "honey" }
                deserialized  JarPut { shelf_id: "top", what: "secret", secret: "" }
                What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
                If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`

    story   1 when   PutJar { shelf_id: "top", what: "secret" }  accepted
            2 then   settled                                     ok

    chain  PutJar                              Keeper  violated the invariant `round trip`   <- here
           └ JarPut                            shelf-top @1
             └ StockKeeper                     wrote Stock "top"

    end    nothing pending · no handlers failed
    "#);
}

#[rstest]
fn round_trip_violation_is_reported_in_both_modes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = pantry().mode(mode).when(put("secret")).then_settled();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @r#"
        expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
        found     JarPut, written by Keeper, changes when it is serialized and deserialized
                  in memory     JarPut { shelf_id: "top", what: "secret", secret: "honey" }
                  deserialized  JarPut { shelf_id: "top", what: "secret", secret: "" }
                  What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
                  If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
        "#);
    }
}

#[test]
fn round_trip_reports_a_lost_command_field() {
    let mut command = put("plum");
    command.whisper = "psst".into();

    insta::assert_snapshot!(mismatch(pantry().when(command.clone()).then_settled()), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     PutJar, from the test flow, changes when it is serialized and deserialized
              in memory     PutJar { shelf_id: "top", what: "plum", whisper: "psst" }
              deserialized  PutJar { shelf_id: "top", what: "plum", whisper: "" }
              What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
    insta::assert_snapshot!(mismatch(pantry().given_command(command.clone()).when(put("fig")).then_settled()), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     PutJar, from the test flow, changes when it is serialized and deserialized
              in memory     PutJar { shelf_id: "top", what: "plum", whisper: "psst" }
              deserialized  PutJar { shelf_id: "top", what: "plum", whisper: "" }
              What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);

    let flow = pantry()
        .when(put("fig"))
        .when_with(|_| command.clone())
        .then_settled();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     PutJar, from the test flow, changes when it is serialized and deserialized
              in memory     PutJar { shelf_id: "top", what: "plum", whisper: "psst" }
              deserialized  PutJar { shelf_id: "top", what: "plum", whisper: "" }
              What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_reports_a_lost_field_of_a_given_event() {
    let flow = pantry()
        .given_aggregate(Shelf::put("top", "plum", "honey"))
        .when(put("fig"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     JarPut, from the test flow, changes when it is serialized and deserialized
              in memory     JarPut { shelf_id: "top", what: "plum", secret: "honey" }
              deserialized  JarPut { shelf_id: "top", what: "plum", secret: "" }
              What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_reports_a_lost_state_field() {
    let flow = pantry().when(write("in colour")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     Label "l-1", written by Keeper, changes when it is serialized and deserialized
              in memory     Label { id: "l-1", text: "plum", colour: "red", raised: [] }
              deserialized  Label { id: "l-1", text: "plum", colour: "", raised: [] }
              What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_compares_json_without_partial_eq() {
    let flow = pantry().when(write("in large")).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     LabelWritten, written by Keeper, changes when it is serialized and deserialized
              size  14, but 28 when deserialized
              `Serialize` and `Deserialize` do not match
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn round_trip_violation_is_reported_first() {
    let failure = crate::fixture::failure(pantry().when(put("secret")).then_no_events());

    assert_eq!(failure.n_failed(), 2);
    assert_eq!(failure.step(), 1);
}

#[test]
fn round_trip_violation_is_reported_once() {
    let flow = pantry()
        .when(put("secret"))
        .when(put("secret"))
        .then_settled();

    assert_eq!(crate::fixture::failure(flow).n_failed(), 1);
}
