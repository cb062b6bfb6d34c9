//! Handlers get the deserialized value, never the value that was serialized.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flow_domain::{
    Domain, Error, Event, EventHandler, EventRoutes, Projection, Projector, ProjectorRoutes, Rows,
    UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use rstest::rstest;
use serde::{Deserialize, Serialize};

/// Two values are equal if their serialized fields are, so the round trip finds no difference.
#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(category = "parcel", id = parcel_id)]
struct ParcelArrived {
    parcel_id: String,
    #[serde(skip)]
    scribble: String,
}

impl PartialEq for ParcelArrived {
    fn eq(&self, other: &Self) -> bool {
        self.parcel_id == other.parcel_id
    }
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Parcel {
    id: String,
    n_arrivals: u32,
    #[serde(skip)]
    scribble: String,
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.n_arrivals) == (&other.id, other.n_arrivals)
    }
}

/// Counts the letters of all scribbles that reach it.
struct Porter(Arc<AtomicUsize>);

impl EventHandler for Porter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_parcel_arrived);
    }
}

impl Porter {
    async fn on_parcel_arrived(
        &self,
        event: ParcelArrived,
        _: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.0.fetch_add(event.scribble.len(), Ordering::Relaxed);
        Ok(())
    }
}

/// Counts the letters of all scribbles that reach it, also from stored rows.
struct ParcelProjector(Arc<AtomicUsize>);

impl Projector for ParcelProjector {
    type Projection = Parcel;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_parcel_arrived);
    }
}

impl ParcelProjector {
    async fn on_parcel_arrived(
        &self,
        event: ParcelArrived,
        rows: &mut Rows<'_, Parcel>,
    ) -> Result<(), Error> {
        let ParcelArrived {
            parcel_id: id,
            scribble,
        } = event;
        self.0.fetch_add(scribble.len(), Ordering::Relaxed);

        let row = rows.get(&id).await?;
        let stored_scribble = row.as_ref().map_or("", |row| &row.scribble);
        self.0.fetch_add(stored_scribble.len(), Ordering::Relaxed);

        rows.put(Parcel {
            id,
            n_arrivals: row.map_or(0, |row| row.n_arrivals) + 1,
            scribble: "mine".to_owned(),
        })
        .await
    }
}

fn depot(n_leaked: &Arc<AtomicUsize>) -> Result<Domain, WiringErrors> {
    Domain::builder("depot")
        .event_from_outside::<ParcelArrived>()
        .projection::<Parcel>()
        .event_handler(Porter(Arc::clone(n_leaked)))
        .projector(ParcelProjector(Arc::clone(n_leaked)))
        .build()
}

#[rstest]
fn skipped_field_reaches_no_handler(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let n_leaked = Arc::new(AtomicUsize::new(0));
    let parcel_arrived = || ParcelArrived {
        parcel_id: "p-1".into(),
        scribble: "yours".into(),
    };

    let counter = Arc::clone(&n_leaked);
    FlowHarness::new(move || depot(&counter))
        .mode(mode)
        .given_events(parcel_arrived())
        .when_event(parcel_arrived())
        .then_projection::<Parcel>("p-1")
        .has(|row| row.n_arrivals == 2 && row.scribble.is_empty())
        .run();

    assert_eq!(n_leaked.load(Ordering::Relaxed), 0);
}
