//! A value that JSON cannot represent fails in the test, not in production.

use std::collections::BTreeMap;

use flow_domain::{
    Domain, Error, Event, EventHandler, EventRoutes, Projection, Projector, ProjectorRoutes, Rows,
    UnitOfWork, WiringErrors,
};
use flow_harness::{Invariant, prelude::*};
use serde::{Deserialize, Serialize, Serializer};

use crate::fixture::mismatch;

/// JSON has no maps with pairs as keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "chart", id = chart_id)]
struct Charted {
    chart_id: String,
    points: BTreeMap<(u8, u8), u8>,
}

/// JSON has no number for NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "chart", id = chart_id)]
struct Sampled {
    chart_id: String,
    values: Vec<f64>,
}

/// Its `null` cannot be read as a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "chart", id = chart_id)]
struct Measured {
    chart_id: String,
    #[serde(serialize_with = "finite_or_null")]
    value: f64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn finite_or_null<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(value).serialize(serializer)
}

/// JSON loses a skipped field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "chart", id = chart_id)]
struct Noted {
    chart_id: String,
    #[serde(skip)]
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = chart_id)]
struct Chart {
    chart_id: String,
    #[serde(serialize_with = "finite_or_null")]
    value: f64,
}

#[derive(Debug)]
struct ChartProjector;

impl Projector for ChartProjector {
    type Projection = Chart;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_measured);
        on.event(Self::on_noted);
    }
}

impl ChartProjector {
    async fn on_measured(&self, event: Measured, rows: &mut Rows<'_, Chart>) -> Result<(), Error> {
        rows.put(Chart {
            chart_id: event.chart_id,
            value: 1.0 / event.value,
        })
        .await
    }

    async fn on_noted(&self, event: Noted, rows: &mut Rows<'_, Chart>) -> Result<(), Error> {
        rows.put(Chart {
            chart_id: format!("note:{}", event.note),
            value: 1.0,
        })
        .await
    }
}

#[derive(Debug)]
struct Plotter;

impl EventHandler for Plotter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_charted);
        on.event(Self::on_measured);
    }
}

impl Plotter {
    async fn on_charted(&self, _: Charted, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    async fn on_measured(&self, event: Measured, work: &mut UnitOfWork) -> Result<(), Error> {
        if event.value < 0.0 {
            return work.raise(charted());
        }
        Ok(())
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("charts")
        .event_from_outside::<Charted>()
        .event_from_outside::<Measured>()
        .event_from_outside::<Noted>()
        .event_from_outside::<Sampled>()
        .projection::<Chart>()
        .event_handler(Plotter)
        .projector(ChartProjector)
        .build()
}

fn charts() -> FlowHarness {
    FlowHarness::new(domain)
}

fn charted() -> Charted {
    Charted {
        chart_id: "c-1".into(),
        points: BTreeMap::from([((1, 2), 3)]),
    }
}

fn measured(value: f64) -> Measured {
    Measured {
        chart_id: "c-1".into(),
        value,
    }
}

#[test]
fn unserializable_event_fails_its_act() {
    insta::assert_snapshot!(mismatch(charts().when_event(charted()).then_settled()), @"
    expected  a message that has a JSON form
    found     serializing `Charted` failed: `points`: key must be a string
    ");
}

#[test]
fn number_without_a_json_form_fails_its_act() {
    let sampled = Sampled {
        chart_id: "c-1".into(),
        values: vec![1.0, f64::NAN],
    };

    insta::assert_snapshot!(mismatch(charts().when_event(sampled).then_settled()), @"
    expected  a message that has a JSON form
    found     serializing `Sampled` failed: `values[1]`: NaN has no JSON form, so it cannot be read back
    ");
}

#[test]
fn unserializable_event_cannot_be_given() {
    let flow = charts()
        .given_events(charted())
        .when_event(measured(1.0))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  a value that can be given
    found     serializing `Charted` failed: `points`: key must be a string
    ");
}

#[test]
fn unserializable_event_cannot_be_expected() {
    let flow = charts().when_event(measured(1.0)).then_event(charted());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  messages that have a JSON form
    found     serializing `Charted` failed: `points`: key must be a string
    ");

    let flow = charts().when_event(measured(1.0)).then_events(charted());
    insta::assert_snapshot!(mismatch(flow), @"
    expected  messages that have a JSON form
    found     serializing `Charted` failed: `points`: key must be a string
    ");
}

#[test]
fn unserializable_event_fails_its_handler() {
    charts()
        .when_event(measured(-1.0))
        .then(expect::handler_failed_with_message::<Plotter>(
            "serializing `Charted` failed: `points`: key must be a string",
        ))
        .run();
}

#[test]
fn undeserializable_event_fails_its_handlers() {
    charts()
        .when_event(measured(f64::NAN))
        .then(expect::handler_failed_with_message::<Plotter>(
            "deserializing `Measured` failed: invalid type: null",
        ))
        .then(expect::handler_failed_with_message::<ChartProjector>(
            "deserializing `Measured` failed",
        ))
        .run();
}

#[test]
fn undeserializable_row_violates_the_round_trip() {
    let flow = charts().when_event(measured(0.0)).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     Chart "c-1", written by ChartProjector, cannot be deserialized
              deserializing `Chart` failed: invalid type: null, expected f64 at line 1 column 30
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn undeserializable_row_is_reported_beside_another_json_failure() {
    let flow = charts()
        .when_event(measured(-1.0))
        .then(expect::handler_failed_with_message::<Plotter>("`Charted`"))
        .when_event(measured(0.0))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a value stays equal when it is serialized and deserialized (the invariant `round trip`)
    found     Chart "c-1", written by ChartProjector, cannot be deserialized
              deserializing `Chart` failed: invalid type: null, expected f64 at line 1 column 30
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::RoundTrip, "..")`
    "#);
}

#[test]
fn undeserializable_row_fails_when_read() {
    let flow = charts()
        .disable_invariant(Invariant::RoundTrip, "it is to be read")
        .when_event(measured(0.0))
        .then_projection::<Chart>("c-1")
        .has(|chart| chart.value.is_infinite());

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Chart "c-1"
    found     deserializing `Chart` failed: invalid type: null, expected f64 at line 1 column 30 (from {"chart_id":"c-1","value":null})
    "#);
}

#[test]
fn skipped_field_does_not_reach_a_handler() {
    charts()
        .disable_invariant(Invariant::RoundTrip, "the note is for nobody else")
        .when_event(Noted {
            chart_id: "c-1".into(),
            note: "lost".into(),
        })
        .then_projection::<Chart>("note:lost")
        .absent()
        .then_projection::<Chart>("note:")
        .run();
}
