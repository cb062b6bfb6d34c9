//! Missing aggregates are in the record.

use flow_domain::{
    Aggregate, Apply, Domain, Error, Event, EventHandler, EventRoutes, PendingEvents, UnitOfWork,
    record::{EntryKind, Record},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{Ping, ping},
    runtime::fixture::World,
};

/// Stored as state.
#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = shelf_id)]
struct Shelf {
    shelf_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Event-sourced.
#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = crate_id, event_sourced, events(Filled))]
struct Crate {
    crate_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Crate, id = crate_id)]
struct Filled {
    crate_id: String,
}

impl Apply<Filled> for Crate {
    fn apply(&mut self, event: &Filled) {
        self.crate_id.clone_from(&event.crate_id);
    }
}

/// Looks for both aggregates under the id of the event. On `make` it creates them, on `fail` it
/// fails afterwards.
struct Searcher;

impl EventHandler for Searcher {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().once();
    }
}

impl Searcher {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        let _shelf = work.find::<Shelf>(&event.id).await?;
        let _crate = work.find::<Crate>(&event.id).await?;

        match event.id.as_str() {
            "make" => {
                work.add(Shelf {
                    shelf_id: event.id.clone(),
                    ..Shelf::default()
                })?;

                let mut filled = Crate::default();
                filled.raise(Filled { crate_id: event.id });

                work.add(filled)
            }
            "fail" => work.load::<Shelf>("fail").await.map(|_| ()),
            _ => Ok(()),
        }
    }
}

fn warehouse() -> DomainBuilder {
    Domain::builder("warehouse")
        .aggregate::<Shelf>()
        .aggregate::<Crate>()
        .event_from_outside::<Ping>()
        .event_handler(Searcher)
}

#[track_caller]
fn check_missing(record: &Record, expected: &[&str]) {
    let missing: Vec<String> = record
        .entries()
        .iter()
        .filter(|entry| {
            let cause = entry.cause.map(|cause| &record.entry(cause).kind);

            matches!(entry.kind, EntryKind::NotFound { .. })
                && matches!(cause, Some(EntryKind::HandlerStarted { .. }))
        })
        .map(|entry| entry.kind.to_string())
        .collect();

    assert_eq!(missing, expected);
}

#[tokio::test]
async fn missing_aggregate_is_recorded_with_its_id() {
    let world = World::new(warehouse());

    world.app.publish(ping("x")).await.unwrap();

    let expected = [
        "found no aggregate Shelf `x`",
        "found no aggregate Crate `x`",
    ];
    check_missing(&world.record(), &expected);
}

#[tokio::test]
async fn missing_aggregate_that_is_created_is_not_recorded() {
    let world = World::new(warehouse());

    world.app.publish(ping("make")).await.unwrap();

    check_missing(&world.record(), &[]);
}

#[tokio::test]
async fn missing_aggregate_is_recorded_for_a_failed_handler() {
    let world = World::new(warehouse());

    world.app.publish(ping("fail")).await.unwrap_err();

    let expected = [
        "found no aggregate Shelf `fail`",
        "found no aggregate Crate `fail`",
    ];
    check_missing(&world.record(), &expected);
}
