//! Aggregates whose streams would mix, or whose snapshots have no effect.

use flow_domain::{Aggregate, Apply, Domain, Event, PendingEvents, SnapshotPolicy};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{Order, wiring_errors_text};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, category = "order")]
struct Purchase {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(MeterRead))]
struct Meter {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Meter, id = id)]
struct MeterRead {
    id: String,
}

impl Apply<MeterRead> for Meter {
    fn apply(&mut self, event: &MeterRead) {
        self.id.clone_from(&event.id);
    }
}

#[test]
fn category_of_two_aggregates_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Purchase>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Order` and `Purchase` both have the category `order`, so their streams would mix
         give one of them another category: `#[aggregate(.., category = "..")]`
    "#);
}

#[test]
fn snapshots_that_nobody_writes_are_mistakes() {
    let domain = Domain::builder("shop")
        .aggregate_with_snapshots::<Order>(SnapshotPolicy::every(100))
        .aggregate_with_snapshots::<Meter>(SnapshotPolicy::every(0));

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 2 wiring mistakes

      1. `Order` is stored as state, so snapshots of it have no effect
         write `.aggregate::<Order>()`

      2. `Meter` gets a snapshot after every 0 events, which is never
         write `SnapshotPolicy::every(100)`, or `.aggregate::<Meter>()`
    "#);
}
