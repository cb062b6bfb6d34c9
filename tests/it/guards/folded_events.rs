//! An event that only an aggregate is folded from: no handler is called for it.

use flow_domain::{Aggregate, Apply, Domain, Event, PendingEvents, WiringErrors};
use flow_harness::{Flow, flow::Acted, prelude::*};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(MeterRead))]
struct Meter {
    id: String,
    watts: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Apply<MeterRead> for Meter {
    fn apply(&mut self, event: &MeterRead) {
        self.id.clone_from(&event.meter_id);
        self.watts += event.watts;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Meter, id = meter_id)]
struct MeterRead {
    meter_id: String,
    watts: u32,
}

fn meters() -> Result<Domain, WiringErrors> {
    Domain::builder("meters").aggregate::<Meter>().build()
}

fn read(mode: Mode) -> Flow<'static, Acted> {
    FlowHarness::new(meters).mode(mode).when_event(MeterRead {
        meter_id: "m-1".into(),
        watts: 5,
    })
}

#[rstest]
fn folded_event_that_no_step_reads_fails(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flows = [
        read(mode).then_settled(),
        read(mode).then_accepted(),
        read(mode).then_reply(()),
        read(mode).then_no_events(),
        read(mode).then(expect::dead_letters().none()),
        read(mode).then(|_: &Outcome| Ok(())),
    ];
    for flow in flows {
        insta::allow_duplicates! {
            insta::assert_snapshot!(mismatch(flow), @"
            expected  a `then` step that the event of the act can meet
            found     no handler subscribes to MeterRead, so nothing can go wrong
                      Check the aggregate that is folded from it: `.then_aggregate::<..>(..)`
            ");
        }
    }
}

/// A later act does not need the step that cannot fail.
#[rstest]
fn folded_event_before_a_then_is_read_by_it(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let again = || MeterRead {
        meter_id: "m-1".into(),
        watts: 6,
    };
    let in_a_row = read(mode)
        .when_event(again())
        .then_aggregate::<Meter>("m-1");
    let unread = read(mode)
        .then_settled()
        .when_event(again())
        .then_aggregate::<Meter>("m-1");
    let other = read(mode).then_aggregate::<Meter>("m-2").absent();

    in_a_row.has(|meter| meter.watts == 11).run();
    assert!(mismatch(unread).contains("MeterRead"));
    assert!(mismatch(other).contains("MeterRead"));
}

#[rstest]
fn folded_event_is_read_by_a_closure(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let closure = |outcome: &Outcome| match outcome.aggregate::<Meter>("m-1") {
        Some(_) => Ok(()),
        None => Err(Mismatch::new("a meter", "none")),
    };

    read(mode).then(closure).run();
}

#[rstest]
fn folded_event_changes_its_aggregate(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = read(mode).then_aggregate::<Meter>("m-1");

    flow.has(|meter| meter.watts == 5).run();
}
