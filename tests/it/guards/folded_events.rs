//! An event that only an aggregate is folded from: no handler is called for it.

use flow_domain::{Aggregate, Apply, Domain, Event, PendingEvents, WiringErrors};
use flow_harness::{Flow, flow::Acted, prelude::*};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = meter_id, event_sourced, events(MeterRead))]
struct Meter {
    meter_id: String,
    watts: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Apply<MeterRead> for Meter {
    fn apply(&mut self, event: &MeterRead) {
        self.meter_id.clone_from(&event.meter_id);
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
fn folded_event_cannot_go_wrong(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    for flow in [read(mode).then_settled(), read(mode).then_accepted()] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(mismatch(flow), @"
            expected  an expectation that can fail
            found     no handler subscribes to MeterRead, so nothing can go wrong in this act
                      Expect the aggregate that is folded from it: `.then_aggregate::<..>(..)`
            ");
        }
    }
}

#[rstest]
fn folded_event_changes_its_aggregate(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let flow = read(mode).then_aggregate::<Meter>("m-1");

    flow.has(|meter| meter.watts == 5).run();
}
