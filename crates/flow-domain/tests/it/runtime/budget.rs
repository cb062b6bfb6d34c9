//! Endless cascades, and long ones that end.

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{Ping, Pong, ping, pong, timeout_error},
    runtime::fixture::World,
};

struct Left;

impl EventHandler for Left {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Left {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong(event.id))
    }
}

struct Right;

impl EventHandler for Right {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_pong);
    }
}

impl Right {
    async fn on_pong(&self, event: Pong, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(ping(&event.id))
    }
}

struct Spectator;

impl EventHandler for Spectator {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_pong);
    }
}

impl Spectator {
    async fn on_pong(&self, _: Pong, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timeout_error())
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "countdown", id = id)]
struct Counted {
    id: String,
    left: u32,
}

struct Countdown;

impl EventHandler for Countdown {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_counted);
    }
}

impl Countdown {
    async fn on_counted(&self, event: Counted, work: &mut UnitOfWork) -> Result<(), Error> {
        let Counted { id, left } = event;
        match left.checked_sub(1) {
            Some(left) => work.raise(Counted { id, left }),
            None => Ok(()),
        }
    }
}

#[tokio::test]
async fn cycle_is_stopped_and_reported_as_a_path() {
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Left)
        .event_handler(Right);
    let world = World::with_budget(domain, 10);

    let err = world.app.publish(ping("1")).await.unwrap_err();

    insta::assert_snapshot!(err, @"
    the flow did not settle within 10 deliveries
    busy     Left, called 5 times
    busy     Right, called 5 times
    cycle    Ping -> Left -> Pong -> Right -> Ping, repeated 5 times
    pending  Left on Ping
    fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
    let stall = err.stall().unwrap();
    assert_eq!(stall.budget, 10);
    assert_eq!(stall.cycle, ["Ping", "Left", "Pong", "Right"]);
    assert_eq!(stall.n_repeats, 5);
    assert_eq!(stall.handler_calls, [("Left", 5), ("Right", 5)]);
    assert_eq!(stall.pending, ["Left on Ping"]);
}

#[tokio::test]
async fn cycle_that_is_stopped_still_reports_failures() {
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Left)
        .event_handler(Right)
        .event_handler(Spectator);
    let world = World::with_budget(domain, 20);

    let err = world.app.publish(ping("1")).await.unwrap_err();

    insta::assert_snapshot!(err, @"
    the flow did not settle within 20 deliveries
    busy     Left, called 7 times
    busy     Right, called 7 times
    busy     Spectator, called 6 times
    cycle    Ping -> Left -> Pong -> Right -> Ping, repeated 7 times
    pending  Spectator on Pong
    pending  Left on Ping
    failed   Spectator failed on Pong: charging the card failed: timed out, 6 times
    fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
    assert_eq!(err.handler_failures().len(), 6);
}

#[tokio::test]
async fn budget_of_the_exact_size_is_enough() {
    let domain = Domain::builder("game")
        .event_from_outside::<Counted>()
        .event_handler(Countdown);
    let world = World::with_budget(domain, 10);
    let id = "c-1".to_owned();

    world.app.publish(Counted { id, left: 9 }).await.unwrap();

    assert_eq!(world.stored_event_names().await.len(), 10);
}

#[tokio::test]
async fn budget_error_names_the_repeated_messages() {
    let domain = Domain::builder("game")
        .event_from_outside::<Counted>()
        .event_handler(Countdown);
    let world = World::with_budget(domain, 10);
    let id = "c-1".to_owned();

    let err = world.app.publish(Counted { id, left: 10 }).await;

    insta::assert_snapshot!(err.unwrap_err(), @"
    the flow did not settle within 10 deliveries
    busy     Countdown, called 10 times
    cycle    Counted -> Countdown -> Counted, repeated 10 times
    pending  Countdown on Counted
    fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}

#[tokio::test]
async fn long_chain_of_a_thousand_hops_ends() {
    let domain = Domain::builder("game")
        .event_from_outside::<Counted>()
        .event_handler(Countdown);
    let world = World::new(domain);
    let id = "c-1".to_owned();

    world.app.publish(Counted { id, left: 999 }).await.unwrap();

    assert_eq!(world.stored_event_names().await.len(), 1_000);
}
