//! A `given` that does not create the state which the flow needs.

use std::{error, fmt};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, Rejection, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::diagnosis::diagnosis_text::diagnosis_in_both_modes;

/// A tour, stored as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = tour_id, commands(PlanTour, DepartTour), events(TourPlanned, TourDeparted))]
struct Tour {
    tour_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Tour, id = tour_id)]
struct PlanTour {
    tour_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Tour, id = tour_id)]
struct DepartTour {
    tour_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Tour, id = tour_id)]
struct TourPlanned {
    tour_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Tour, id = tour_id)]
struct TourDeparted {
    tour_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NoTour;

impl fmt::Display for NoTour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such tour")
    }
}

impl error::Error for NoTour {}

impl Rejection for NoTour {}

struct TourPlanner;

impl CommandHandler for TourPlanner {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::plan).raises::<TourPlanned>();
        on.command(Self::depart).raises::<TourDeparted>();
    }
}

impl TourPlanner {
    async fn plan(&self, command: PlanTour, work: &mut UnitOfWork) -> Result<(), Error> {
        let tour_id = command.tour_id;
        let mut tour = Tour {
            tour_id: tour_id.clone(),
            raised: PendingEvents::default(),
        };

        tour.raise(TourPlanned { tour_id });
        work.add(tour)
    }

    async fn depart(&self, command: DepartTour, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut tour = work.find::<Tour>(&command.tour_id).await?.ok_or(NoTour)?;

        let tour_id = command.tour_id;
        tour.raise(TourDeparted { tour_id });
        work.add(tour)
    }
}

/// Departs as soon as a tour is planned.
struct Impatient;

impl EventHandler for Impatient {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_tour_planned).issues::<DepartTour>();
    }
}

impl Impatient {
    async fn on_tour_planned(
        &self,
        event: TourPlanned,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let tour_id = event.tour_id;
        work.process(DepartTour { tour_id }).await
    }
}

fn tours() -> Result<Domain, WiringErrors> {
    Domain::builder("tours")
        .aggregate::<Tour>()
        .command_handler(TourPlanner)
        .build()
}

fn impatient_tours() -> Result<Domain, WiringErrors> {
    Domain::builder("tours")
        .aggregate::<Tour>()
        .command_handler(TourPlanner)
        .event_handler(Impatient)
        .build()
}

fn depart_tour() -> DepartTour {
    DepartTour {
        tour_id: "T7".into(),
    }
}

fn tour_planned() -> TourPlanned {
    TourPlanned {
        tour_id: "T7".into(),
    }
}

#[test]
fn given_event_does_not_make_a_state_aggregate() {
    let flow = |mode| {
        FlowHarness::new(tours)
            .mode(mode)
            .given_events(tour_planned())
            .when(depart_tour())
            .then_event(TourDeparted {
                tour_id: "T7".into(),
            })
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    2 TourPlanner rejected DepartTour: there is no such tour
    do create Tour "T7" with `.given_command(..)` or `.given_aggregate(..)`: it is stored as state, so its events do not create it
    "#);
}

#[test]
fn rejected_command_has_no_given_state() {
    let flow = |mode| {
        FlowHarness::new(tours)
            .mode(mode)
            .when(depart_tour())
            .then_accepted()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    2 TourPlanner rejected DepartTour: there is no such tour
    do set up the required state in a `given_..` step, if DepartTour should be accepted
    ");
}

/// A given event has no result, so the flow cannot expect a rejection of it.
#[test]
fn given_event_causes_a_rejection() {
    let flow = |mode| {
        FlowHarness::new(impatient_tours)
            .mode(mode)
            .given_events(tour_planned())
            .when(depart_tour())
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    2 TourPlanner rejected DepartTour: there is no such tour
    do create Tour "T7" with `.given_command(..)` or `.given_aggregate(..)`: it is stored as state, so its events do not create it
    "#);
}
